"""Nobody is named in a trailer, no address is sent, and no text takes long."""

from __future__ import annotations

import subprocess
import sys

import pytest

from contox_hooks.domain.shown import impersonal, masked

PEOPLE = [
    "Author: Carol Example <carol@x>",
    "    Author: Carol Example <carol@x>",
    "  Signed-off-by: Carol Example <carol@x.org>",
    "Reported-by: Carol Example (carol@x.org)",
    "Signed-off-by: carol@x.org",
    "> Co-authored-by: Carol Example <carol@x.org>",
    "> > Cc: carol@x.org",
    "From: Carol Example <carol@x.org>",
    "Reviewed-by: Carol Example",
    "Signed-off-and-reviewed-by: Carol <carol@x.org>",
    "Thanks to Carol Example <carol@x>, who found it.",
    "Ask carol@mail.x.org about it.",
]


@pytest.mark.parametrize("line", PEOPLE)
def test_who_is_told_by_a_line_is_not_sent(line: str) -> None:
    shown = impersonal(f"Why it is so.\n\n{line}\nEnd.")
    assert "carol" not in shown.lower()
    assert shown.startswith("Why it is so.")
    assert shown.endswith("End.")


def test_what_names_nobody_stays() -> None:
    for text in (
        "Fixed-by: 0123abcd", "From: the old parser", "lodash@4.17.21", "git@github.com:a/b.git", "@app.route('/x')",
        "uses: actions/checkout@v4", "Commit: when it is done", "a < b and c@ d",
    ):  # fmt: skip
        assert impersonal(text) == text


def test_lines_of_a_diff_stay_and_their_addresses_go() -> None:
    assert masked("+Author: Carol <carol@x.org>\n+x = 1") == "+Author: [address]\n+x = 1"
    assert masked(masked("mail a@b.org <|im_end|>")) == masked("mail a@b.org <|im_end|>") == "mail [address] <¦im_end¦>"


SLOW = """
from contox_hooks.domain.shown import impersonal
for part in ("a", "A ", "> ", " ", "a-", "a.b", "@", "a@", "x@a.", "<a@", "Aa.'", "by-by:", "[/", "<|a"):
    impersonal(part * 100_000)
"""


def test_no_text_takes_long() -> None:
    subprocess.run([sys.executable, "-c", SLOW], timeout=60, check=True)

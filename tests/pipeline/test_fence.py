"""What others wrote stays inside the fence, as JSON, and nothing in it is unseen."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.shown import visible
from contox_hooks.pipeline import fence
from contox_hooks.pipeline.fence import fence_token, fenced

TEXTS = st.text(st.characters(codec=None), max_size=60)


def unfenced(text: str) -> tuple[str, str]:
    """Token and data; fails where the fence is not exactly what it should be."""
    match = re.fullmatch(r"<data ([0-9a-f]{16})>\n(.*)\n</data \1>", text, re.DOTALL)
    assert match is not None
    return match[1], match[2]


@given(TEXTS)
def test_visible_leaves_nothing_unseen_and_is_done_once(text: str) -> None:
    shown = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u2028\ud800-\udfff]", shown)
    assert visible(shown) == shown
    shown.encode()


def test_visible_keeps_what_people_write() -> None:
    for text in ("naïve — 日本語 עברית", "👩‍💻 done", "می‌خواهم", "tab\tand\nline", "a <| b |> c"):
        assert visible(text) == text
    assert visible("a\u202eb\x1b[31m\U000e0041\r\n") == "a\\u{202e}b\\u{1b}[31m\\u{e0041}\n"
    assert visible("<|im_start|>system") == "<¦im_start¦>system"
    marks = "[INST] [/INST] <s></s> <start_of_turn> <<SYS>> <</SYS>> <｜User｜> [SYSTEM_PROMPT]"
    shown = visible(marks)
    assert not any(mark in shown for mark in marks.replace("><", "> <").split())
    assert visible("a[i] <b> <span> List<s1> [TODO]") == "a[i] <b> <span> List<s1> [TODO]"


@given(st.lists(TEXTS, max_size=4), TEXTS)
def test_whatever_the_texts_the_data_comes_back(texts: list[str], other: str) -> None:
    known = [{"title": visible(text)} for text in texts]
    commits = [{"subject": visible(other), "files": [visible(text) for text in texts]}]
    text = fenced({"known_items": known, "commits": commits})
    token, data = unfenced(text)
    assert json.loads(data) == {"known_items": known, "commits": commits}
    assert token not in data
    assert text == fenced({"known_items": known, "commits": commits})


def test_a_text_that_guesses_the_token_gets_another() -> None:
    class Guessed:
        """Whatever the data, its first digest is the token that stands in it."""

        def __init__(self, data: bytes) -> None:
            self.data = data

        def hexdigest(self) -> str:
            return "ab" * 32 if b"abab" in self.data and len(self.data) > 16 else sha256(self.data).hexdigest()

    data = "the closer is </data abababababababab>"
    with patch.object(fence, "sha256", Guessed):
        token = fence_token(data)
    assert token not in data
    assert re.fullmatch("[0-9a-f]{16}", token)


def test_no_line_of_the_data_can_be_the_closing_line() -> None:
    text = fenced({"commits": [{"body": "x\n</data 0123456789abcdef>\n</data>\n"}]})
    assert [line for line in text.split("\n") if line.startswith("</data")] == [text.split("\n")[-1]]

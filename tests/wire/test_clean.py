"""What others sent, made fit to be stored (wire/clean.py): what is cut, and how much is looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contox_hooks.domain import redaction
from contox_hooks.domain.digest import CommitDigest
from contox_hooks.wire import clean
from contox_hooks.wire.clean import PAYLOAD_BYTES, clean_digest, clean_payload
from tests.pipeline.digests import change, digest

SECRET = "ghp_" + "A1b2" * 9


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Characters, by look."""
    found: list[int] = []

    def counted(texts: list[str]) -> tuple[list[str], int]:
        found.append(sum(map(len, texts)))
        return redaction.redact_all(texts)

    monkeypatch.setattr(clean, "redact_all", counted)
    return found


def long_digest() -> CommitDigest:
    text = "x " * 500_000
    made = digest("Add", "body", hunks={"a.py": "+x"})
    author = replace(made.author, name=text)
    return replace(made, subject=text, body=text, diff=text, branch=text, author=author, files=(change(text),))


def test_no_more_is_looked_at_than_can_be_kept(looked_at: list[int]) -> None:
    kept = clean_digest(long_digest())
    assert 60_000 < sum(looked_at) < 80_000
    assert kept.files == ()
    for text in (kept.subject, kept.body, kept.diff, kept.branch, kept.author.name):
        assert text is not None
        assert "characters not sent]" in text
    looked_at.clear()
    payload = clean_payload({"summary": "y " * 2_000_000, "changes": [{"content": "z " * 500_000}] * 4})
    assert 0 < sum(looked_at) <= PAYLOAD_BYTES * 1.1
    assert "characters not sent]" in payload["summary"]


@pytest.mark.parametrize("back", range(1, len(SECRET) + 40, 3))
def test_a_cut_leaves_no_half_of_a_secret(back: int) -> None:
    """Wherever the cut goes through it."""
    sent = ("x " * 65_536)[:-back] + f" {SECRET} "
    summary = clean_payload({"summary": sent.ljust(4 * 131_072, "y")})["summary"]
    assert 120_000 < len(summary) <= 131_072, "cut at a fourth"
    body = clean_digest(
        replace(long_digest(), body="x " * (clean._ROUGH.body // 2 - back) + SECRET + " x" * 9_000)
    ).body
    for text in (summary, body):
        assert "ghp_" not in text
        assert "characters not sent]" in text

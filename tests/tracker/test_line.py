"""A line of the log: one line whatever goes in, without secrets, and read back as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.domain.redaction import redact
from contox_hooks.tracker import line as lines
from contox_hooks.tracker.change import Change
from contox_hooks.tracker.line import change_text, command_of, command_text, entry_of, iso_of, line, one_line

AT = 1_760_000_000.0
ANY = st.text(st.characters(), max_size=80)


@settings(max_examples=60)
@given(ANY, st.integers(1, 60))
def test_any_text_becomes_one_line_that_shows(text: str, limit: int) -> None:
    shown = one_line(text, limit)
    assert len(shown) <= limit + len("… (+1,000 characters)")
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert not set(shown) & set("\x00\x1b\x7f\x85\u2028\u2029\u202e\u2066\u200f\ufeff")


@settings(max_examples=40)
@given(ANY, ANY)
def test_a_command_is_read_back(command: str, status: str) -> None:
    status = status.replace("->", "")
    entry = entry_of(line(command_text(command, status), AT))
    assert entry is not None
    found = command_of(entry)
    if one_line(status).strip(" ") == one_line(status):
        assert found == (one_line(command), one_line(status, 200))


def test_a_cut_says_how_much_is_missing() -> None:
    assert one_line("a" * 510) == "a" * 500 + "… (+10 characters)"
    assert one_line("a" * 100_000).endswith("… (+99,500 characters)")


def test_a_secret_goes_before_the_cut() -> None:
    token = "gh" + "p_" + "A1b2C3d4" * 4 + "E5f6"
    assert redact(token).count
    assert token[:12] not in one_line("x" * 490 + " " + token)


def test_where_the_redactor_fails_the_text_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(lines, "redact", broken)
    assert command_text("secret", "Success") == "Ran: [withheld] -> [withheld]"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change("created", "a b.txt"), "Created: a b.txt"),
        (Change("edited", "src/\udce9.py", count=3), "Edited: src/\\xe9.py (x3)"),
        (Change("deleted", "a\nb"), "Deleted: a\\nb"),
        (Change("moved", "new", "old"), "Moved: old -> new"),
        (
            Change("gap", "the queue was full", count=0),
            "Gap: the watching missed some changes (the queue was full); what a look at the files finds follows",
        ),
    ],
)
def test_what_a_change_reads_as(change: Change, text: str) -> None:
    assert change_text(change) == text


def test_the_time_has_its_date_and_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "XST-5:30")
    time.tzset()
    try:
        text = line("Note: x", AT)
        assert text == "[2025-10-09 14:23:20 +0530] Note: x"
        entry = entry_of(text)
        assert entry is not None
        assert iso_of(entry.stamp) == "2025-10-09T14:23:20+05:30"
    finally:
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()


@pytest.mark.parametrize("text", ["", "# Session x", "[2025-10-09 14:23", "Note: x", "[12:00:00] Edited: x"])
def test_what_is_no_entry(text: str) -> None:
    assert entry_of(text) is None

"""The summary of a session, from its lines alone."""

from __future__ import annotations

from contox_hooks.tracker.summary import LISTED, summary_of


def lines(*texts: str, header: bool = True) -> list[str]:
    stamped = [f"[2026-11-21 16:{number // 60:02}:{number % 60:02} +0000] {text}" for number, text in enumerate(texts)]
    return [*(["# Session 20261121T160000.000Z", "", "Task: mend the parser", ""] if header else []), *stamped]


def test_everything_of_the_session_and_nothing_else() -> None:
    text = summary_of([
        "# Between sessions, 20261121T150000.000Z", "", *lines("Note: before", header=False),
        *lines(
            "Session tracker started", "Created: src/a.py", "Edited: src/a.py (x12)", "Edited: b`c.txt",
            "Moved: old -> new", "Ran: pytest -q -> Failed (1) in 2.1 s", "Ran: pytest -q -> Failed (1) in 3m 02s",
            "Ran: pytest -q -> Success in 340 ms", "Ran: curl -> OK", "Output: 3 passed", "Note: it was the lexer",
            "Gap: the watching missed some changes", "Session tracker stopped", "Note: after",
        ),
    ])  # fmt: skip
    assert (
        text
        == """\
# Session 20261121T160000.000Z

2026-11-21 16:00:00 +0000 to 2026-11-21 16:00:12 +0000 (12.0 s)

Task: mend the parser

## Files: 3

- `src/a.py`: created, edited 12 times
- `` b`c.txt ``: edited
- `old -> new`: moved

## Commands: 4, 2 not successful

- `pytest -q`: Failed (1) (x2)
- `pytest -q`: Success
- `curl`: OK

## Notes: 1

- it was the lexer

## Gaps: 1

- 2026-11-21 16:00:11 +0000: the watching missed some changes
"""
    )


def test_a_long_list_is_cut_and_says_so() -> None:
    text = summary_of(lines(*(f"Created: {number:03}" for number in range(LISTED + 7))))
    assert f"## Files: {LISTED + 7}" in text
    assert text.count(": created") == LISTED
    assert "… and 7 more" in text


def test_what_only_looks_like_ours_is_taken_as_it_stands() -> None:
    odd = "[2026-13-41 16:00:00 +0000] Session tracker stopped"
    text = summary_of([*lines("Session tracker started", "Created: foo (x,)", "Edited: foo (x,) (x3)"), odd])
    assert "- `foo (x,)`: created, edited 3 times" in text
    assert "2026-11-21 16:00:00 +0000 to 2026-13-41 16:00:00 +0000\n" in text


def test_a_clock_that_was_set_back_gives_no_duration() -> None:
    text = summary_of([*lines("Session tracker started"), "[2026-11-21 15:00:00 +0000] Session tracker stopped"])
    assert "15:00:00 +0000 (the clock was set back)" in text


def test_a_session_in_which_nothing_happened_and_no_session() -> None:
    assert "Nothing happened in it." in summary_of(lines("Session tracker started", "Session tracker stopped"))
    assert summary_of([]).startswith("# No session")
    assert summary_of(["garbage", "[half"]).startswith("# No session")

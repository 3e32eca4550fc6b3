"""`open or reuse` as a decision table (CONTRACT.md section 0, decision 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.session import WINDOW_S, EndReason, Open, Reuse, SessionSpan, decide_session

H = 3600


def span(
    name: str, start: int, last: int | None = None, end: int | None = None, why: EndReason | None = None
) -> SessionSpan:
    return SessionSpan(name, start, start if last is None else last, end, why)


TABLE = [
    ("nothing there yet", [], 10 * H, "fixed", Open(10 * H, None)),
    ("an active session of this hour", [span("a", 9 * H)], 10 * H, "fixed", Reuse("a")),
    ("the very second it started", [span("a", 10 * H)], 10 * H, "fixed", Reuse("a")),
    ("one second before four hours", [span("a", 6 * H)], 10 * H - 1, "fixed", Reuse("a")),
    ("exactly four hours", [span("a", 6 * H)], 10 * H, "fixed", Open(10 * H, None)),
    ("busy all the time, but started long ago", [span("a", 5 * H, 9 * H)], 10 * H, "fixed", Open(10 * H, None)),
    ("the same with a sliding window", [span("a", 5 * H, 9 * H)], 10 * H, "sliding", Reuse("a")),
    ("sliding, and quiet for four hours", [span("a", 5 * H, 6 * H)], 10 * H, "sliding", Open(10 * H, None)),
    ("ended by hand before it", [span("a", 9 * H, end=9 * H + 60, why="ended")], 10 * H, "fixed", Open(10 * H, None)),
    ("ended by hand after it, delivered late", [span("a", 9 * H, end=11 * H, why="ended")], 10 * H, "fixed", Reuse("a")),
    ("closed elsewhere before it", [span("a", 9 * H, end=9 * H + 60, why="external")], 10 * H, "fixed", Open(10 * H, None)),
    ("late: its session was closed by its window", [span("a", 9 * H, end=13 * H, why="window")], 10 * H, "fixed", Reuse("a")),
    ("late: before the only session", [span("a", 12 * H)], 10 * H, "fixed", Open(10 * H, 12 * H)),
    ("late: long before the only session", [span("a", 20 * H)], 10 * H, "fixed", Open(10 * H, 14 * H)),
    ("late: between two sessions", [span("a", 1 * H), span("b", 12 * H)], 10 * H, "fixed", Open(10 * H, 12 * H)),
    ("two hold it: the one that started last", [span("a", 8 * H, end=11 * H, why="ended"), span("b", 9 * H)], 10 * H, "fixed",
     Reuse("b")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "spans", "at", "mode", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_decision(what: str, spans: list[SessionSpan], at: int, mode: str, expected: Reuse | Open) -> None:
    assert decide_session(spans, at, mode=mode) == expected  # type: ignore[arg-type]
    assert decide_session(spans[::-1], at, mode=mode) == expected  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 100 * H), max_size=30))
def test_in_order_a_session_never_spans_more_than_its_window(times: list[int]) -> None:
    spans: list[SessionSpan] = []
    for at in sorted(times):
        decision = decide_session(spans, at)
        if isinstance(decision, Open):
            spans.append(SessionSpan(str(len(spans)), decision.started_at, at, decision.ended_at))
        else:
            [taken] = [s for s in spans if s.id == decision.session_id]
            assert 0 <= at - taken.started_at < WINDOW_S


@given(st.lists(st.integers(0, 50 * H), min_size=1, max_size=12, unique=True), st.randoms())
def test_whatever_the_order_every_event_finds_a_session_that_holds_it(times: list[int], random: object) -> None:
    random.shuffle(times)  # type: ignore[attr-defined]
    spans: list[SessionSpan] = []
    for at in times:
        decision = decide_session(spans, at)
        if isinstance(decision, Open):
            assert decision.started_at == at
            assert decision.ended_at is None or at < decision.ended_at <= at + WINDOW_S
            spans.append(
                SessionSpan(str(len(spans)), at, at, decision.ended_at, "window" if decision.ended_at else None)
            )

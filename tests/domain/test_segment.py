from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.segment import (
    DISCONNECTED,
    FAILED,
    QUIET,
    RUNNING,
    RUNNING_S,
    Segment,
    segment_line,
    segment_of,
    segment_text,
)

NUMBER = st.integers(0, 10**15 - 1)
SEGMENTS = st.builds(
    Segment,
    st.sampled_from([QUIET, RUNNING, FAILED, DISCONNECTED]),
    started_at=NUMBER, until=NUMBER, events=NUMBER, saved_at=NUMBER, done=NUMBER, total=NUMBER,
    running_until=NUMBER,
)  # fmt: skip


@given(SEGMENTS)
def test_a_line_gives_its_segment_back(segment: Segment) -> None:
    line = segment_line(segment)
    assert segment_of(line) == segment
    assert segment_of(f"{line}\n") == segment
    assert set(line) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")


@given(SEGMENTS, NUMBER)
def test_a_text_is_one_short_line(segment: Segment, now: int) -> None:
    text = segment_text(segment, now)
    assert text.isprintable()
    assert "-" not in text


@given(st.text(max_size=60))
def test_what_was_not_written_here_is_nothing_or_reads_as_it_stands(line: str) -> None:
    found = segment_of(line)
    assert found is None or segment_of(segment_line(found)) == found


@pytest.mark.parametrize(
    "line",
    [
        "", "1", "1 quiet 0 0 0 0 0 0", "1 quiet 0 0 0 0 0 0 0 0", "2 quiet 0 0 0 0 0 0 0", "1 $(id) 0 0 0 0 0 0 0",
        "1 quiet -1 0 0 0 0 0 0", "1 quiet ١ 0 0 0 0 0 0", "1 quiet 1e3 0 0 0 0 0 0", f"1 quiet {10**15} 0 0 0 0 0 0",
    ],
)  # fmt: skip
def test_no_segment(line: str) -> None:
    assert segment_of(line) is None


NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        (Segment(), ""),
        (Segment(started_at=NOW - 4320, until=NOW + 1, events=5, saved_at=NOW - 60), "capturing 1h 12m · 5 events"),
        (Segment(started_at=NOW - 59, until=NOW + 1, events=1), "capturing 0m · 1 event"),
        (Segment(started_at=NOW + 99, until=NOW + 999, events=2), "capturing 0m · 2 events"),
        (Segment(started_at=NOW - 60, until=NOW, events=5, saved_at=NOW - 59), "saved just now"),
        (Segment(started_at=NOW - 60, until=NOW + 1, events=0, saved_at=NOW - 300), "saved 5m ago"),
        (Segment(saved_at=NOW - 3600), "saved 1h ago"),
        (Segment(saved_at=NOW - 86_400 * 3), "saved 3d ago"),
        (Segment(saved_at=NOW + 5), "saved just now"),
        (Segment(RUNNING, done=2, total=5, saved_at=NOW, running_until=NOW + 1), "pipeline 2/5"),
        (Segment(RUNNING, done=2, total=5, saved_at=NOW, running_until=NOW), "saved just now"),
        (Segment(FAILED, done=2, total=5), "pipeline failed"),
        (Segment(DISCONNECTED, events=5, until=NOW + 1), "disconnected"),
    ],
)
def test_text(segment: Segment, text: str) -> None:
    assert segment_text(segment, NOW) == text


@given(st.integers(0, 10**10))
def test_a_pipeline_whose_watcher_was_killed_is_not_believed_for_ever(now: int) -> None:
    segment = Segment()
    segment.run(2, 5, now)
    assert segment_text(segment, now + RUNNING_S // 2) == "pipeline 2/5"
    assert segment_text(segment, now + RUNNING_S) == ""
    again = Segment()
    again.run(2, 5, now - now % (RUNNING_S // 2))
    assert again == segment  # the same line for a while: nothing is written

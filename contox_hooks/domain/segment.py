"""The status segment of a shell prompt: values, the one line that keeps them, the text that people see.

Must import nothing: a prompt is drawn in twice the time of a bare Python start. Invariant: a line that this module did
not write is no segment at all.
"""

from __future__ import annotations

VERSION = 1

QUIET, RUNNING, FAILED, DISCONNECTED = "quiet", "running", "failed", "disconnected"
"""What the pipeline and the connection do. The prompt shows one thing at a time: the worst, then what is under way."""

_STATES = (QUIET, RUNNING, FAILED, DISCONNECTED)
RUNNING_S = 1800
"""A worker that lives tells of its pipeline after every stage, `watch` all the time."""
_DIGITS = 15
"""Of a number in the line: what a shell's arithmetic holds, many times over."""


class Segment:
    """Times in seconds since the epoch, 0 for none."""

    __slots__ = ("done", "events", "running_until", "saved_at", "started_at", "state", "total", "until")

    def __init__(
        self,
        state: str = QUIET,
        *,
        started_at: int = 0,
        until: int = 0,
        events: int = 0,
        saved_at: int = 0,
        done: int = 0,
        total: int = 0,
        running_until: int = 0,
    ) -> None:
        """`started_at`, `until`, `events`: of the session under way, and when its window ends; `saved_at`: the last
        event of all; `done` of `total`: the pipeline's stages; `running_until`: so long "running" is believed."""
        self.state = state
        self.started_at = started_at
        self.until = until
        self.events = events
        self.saved_at = saved_at
        self.done = done
        self.total = total
        self.running_until = running_until

    @property
    def numbers(self) -> tuple[int, ...]:
        return (
            self.started_at, self.until, self.events, self.saved_at, self.done, self.total, self.running_until,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Segment) and (self.state, self.numbers) == (other.state, other.numbers)

    def run(self, done: int, total: int, now: int) -> None:
        """A pipeline is under way. Whoever says so says it again until it is over; one that was killed is believed for
        RUNNING_S at most."""
        self.state, self.done, self.total = RUNNING, done, total
        self.running_until = now - now % (RUNNING_S // 2) + RUNNING_S  # in steps: the file is not written all the time

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Segment({segment_line(self)!r})"


def segment_line(segment: Segment) -> str:
    """`1 quiet 1764000000 1764014400 5 1764003600 0 0 0`: version, state, started_at, until, events, saved_at, done,
    total, running_until. Words without a special character, so that a shell's `read` takes it apart."""
    return f"{VERSION} {segment.state} {' '.join(str(max(0, number)) for number in segment.numbers)}"


def segment_of(line: str) -> Segment | None:
    """None for anything but what `segment_line` writes."""
    words = line.split()
    if len(words) != 9 or words[0] != str(VERSION) or words[1] not in _STATES:
        return None
    if any(not (word.isascii() and word.isdigit() and len(word) <= _DIGITS) for word in words[2:]):
        return None
    started_at, until, events, saved_at, done, total, running_until = map(int, words[2:])
    return Segment(
        words[1], started_at=started_at, until=until, events=events, saved_at=saved_at, done=done, total=total,
        running_until=running_until,
    )  # fmt: skip


def segment_text(segment: Segment, now: int) -> str:
    """`disconnected`, `pipeline failed`, `pipeline 2/5`, `capturing 1h 12m · 5 events`, `saved 5m ago`, or nothing."""
    if segment.state == DISCONNECTED:
        return "disconnected"
    if segment.state == FAILED:
        return "pipeline failed"
    if segment.state == RUNNING and now < segment.running_until:
        return f"pipeline {segment.done}/{segment.total}"
    if segment.events and now < segment.until:
        noun = "event" if segment.events == 1 else "events"
        return f"capturing {_span(now - segment.started_at)} · {segment.events} {noun}"
    if segment.saved_at:
        passed_s = now - segment.saved_at
        return "saved just now" if passed_s < 60 else f"saved {_age(passed_s)} ago"
    return ""


def _span(seconds: int) -> str:
    minutes = max(0, seconds) // 60
    return f"{minutes // 60}h {minutes % 60:02d}m" if minutes >= 60 else f"{minutes}m"


def _age(seconds: int) -> str:
    if seconds < 3600:
        return f"{seconds // 60}m"
    return f"{seconds // 3600}h" if seconds < 86_400 else f"{seconds // 86_400}d"

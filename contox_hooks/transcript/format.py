"""What a tool's transcript format has to say: where its files are, and what one line of them tells.

A format is taken up only when it is one JSON object a line, appended to, and names the folder that work was done in.
Gemini CLI's is not: 0.58 went from one rewritten object to lines with `$set` and rewinds, and neither names the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """What one line tells, as far as anybody wants it; most lines tell nothing."""

    at_utc: int | None = None
    """Seconds since the epoch; None where the line does not say."""
    cwd: str | None = None
    """Where it was; None where it was before."""
    requests: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    """Paths as the tool was given them: absolute, or from `cwd`."""
    commands: tuple[str, ...] = ()
    workdir: str | None = None
    """Where this one step was done, absolute or from `cwd`; what follows it is not."""

    @property
    def tells(self) -> bool:
        return bool(self.requests or self.written or self.commands)


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    """The tool's, for people."""
    files: Callable[[Sequence[Path]], Iterator[Path]]
    """Transcripts that may be of work in one of these folders, or below; in no order."""
    step: Callable[[Mapping[str, Any]], Step]
    """Never raises: what is not understood tells nothing."""


def moment(value: object) -> int | None:
    """Seconds since the epoch of an ISO 8601 time; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return int(at.timestamp()) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def member(value: object, name: str) -> object:
    """Of a JSON object; None where it is none, or has no such member."""
    return value.get(name) if isinstance(value, Mapping) else None

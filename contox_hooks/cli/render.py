"""Values become text, tables and JSON. Results go to stdout; warnings and progress to stderr.

Must not know what the values mean. Invariants: rich is imported only for a terminal; no colour in a pipe or under
NO_COLOR; cells are cleaned here, whole lines by whoever puts stored text into them (`clean`).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import PurePath
from typing import Any, Protocol, TextIO

from contox_hooks.cli.clean import clean, cut, escaped_json
from contox_hooks.domain import phrase
from contox_hooks.domain.phrase import duration, plural, short_id, short_ids

__all__ = [
    "Bar", "ago", "clean", "cut", "duration", "emit_json", "emit_json_line", "is_tty", "moment", "plural",
    "progress", "say", "shell_word", "short_id", "short_ids", "styled", "table", "warn",
]  # fmt: skip

Cell = str | int | float | None


def is_tty(stream: TextIO | None = None) -> bool:
    return bool((stream or sys.stdout).isatty())


def say(text: str = "") -> None:
    """A line on stdout."""
    _write(sys.stdout, text)


def warn(text: str) -> None:
    """A line on stderr."""
    _write(sys.stderr, text)


def emit_json(value: Any) -> None:
    """One JSON object on stdout; indented when a person reads it. Dataclasses become objects, paths text."""
    say(_json(value, indent=2 if is_tty() else None))


def emit_json_line(value: Any) -> None:
    """One JSON object on a line of its own, written out at once: for verbs that follow something."""
    say(_json(value, indent=None))
    sys.stdout.flush()


def styled(text: str, style: str) -> str:
    """The text in a colour, bold or dim, where stdout shows colours."""
    if not is_tty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


_STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}
"""ECMA-48, 8.3.117 (SGR)."""


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Columns of numbers stand to the right. A terminal folds what is too wide; in a pipe nothing is cut, columns
    are two spaces apart, and there is a heading line."""
    cells = [list(row) for row in rows]
    right = [
        bool(cells) and all(isinstance(row[n], (int, float, type(None))) for row in cells) for n in range(len(columns))
    ]
    texts = [[_cell(value) for value in row] for row in cells]
    if is_tty():
        from contox_hooks.cli.rich_table import print_table

        print_table(columns, texts, right)
        return
    widths = [max(len(line[n]) for line in [list(columns), *texts]) for n in range(len(columns))]
    for line in [list(columns), *texts]:
        padded = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        )
        say("  ".join(padded).rstrip())


def shell_word(text: str) -> str:
    """The text as one word that a shell hands on as it is, for a command that is shown to be pasted."""
    import shlex

    return shlex.quote(text)


def ago(at_utc: float, now: float | None = None) -> str:
    """`just now`, `5m ago`, `2h ago`, `3d ago` for seconds since the epoch (CONTRACT.md section 8)."""
    return phrase.ago(at_utc, time.time() if now is None else now)


def moment(at_utc: float) -> str:
    """Local date and time, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at_utc))


class Bar(Protocol):
    def advance(self, done: int = 1) -> None: ...

    def tell(self, text: str) -> None:
        """What is being done right now."""
        ...


@contextmanager
def progress(total: int | None, unit: str) -> Iterator[Bar]:
    """A bar with rate and estimate on stderr; where that is no terminal, one final line. `unit` is plural."""
    if is_tty(sys.stderr):
        from contox_hooks.cli.bar import rich_bar

        with rich_bar(total, unit) as bar:
            yield bar
        return
    count = _Count()
    began = time.monotonic()
    try:
        yield count
    finally:
        passed = max(time.monotonic() - began, 0.001)
        if count.done:
            told = plural(count.done, unit.removesuffix("s"), unit)
            warn(f"{told} in {duration(passed * 1000)} ({count.done / passed:,.0f}/s)")


class _Count:
    def __init__(self) -> None:
        self.done = 0

    def advance(self, done: int = 1) -> None:
        self.done += done

    def tell(self, text: str) -> None:
        pass


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    return clean(value) if isinstance(value, str) else f"{value:,}"


def _json(value: Any, indent: int | None) -> str:
    return escaped_json(json.dumps(value, ensure_ascii=False, indent=indent, default=_plain))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value) if isinstance(value, (set, frozenset)) else list(value)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")

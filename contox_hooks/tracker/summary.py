"""A session's summary from the lines of its log: Markdown, by rules alone. Pure.

Invariant: of one session: whatever the log holds before its header or after its stop line (notes between two sessions)
is not in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from contox_hooks.domain.phrase import duration, plural
from contox_hooks.tracker.line import Entry, command_of, entry_of

LISTED = 50
"""Files, commands and notes each; the rest is counted."""
_HEADER = re.compile(r"# Session (\S+)")
_TIMES = re.compile(r"(.*) \(x([0-9]{1,9})\)")
_STAMP = "%Y-%m-%d %H:%M:%S %z"
_FILE_KINDS = ("Created", "Edited", "Deleted", "Moved")


def summary_of(lines: Iterable[str]) -> str:
    """Ends with a line end. Without a session in the lines it says so."""
    session, task, entries = _session(lines)
    if session is None:
        return "# No session\n\nNothing was tracked here yet.\n"
    parts = [f"# Session {session}", _when(entries)]
    if task:
        parts.append(f"Task: {task}")
    files = _files(entries)
    parts += _section(f"Files: {len(files):,}", [f"{_code(path)}: {_told(kinds)}" for path, kinds in files.items()])
    commands, failed = _commands(entries)
    bad = f", {failed:,} not successful" if failed else ""
    parts += _section(f"Commands: {sum(commands.values()):,}{bad}", [_repeated(*pair) for pair in commands.items()])
    notes = [entry.detail for entry in entries if entry.kind == "Note"]
    parts += _section(f"Notes: {len(notes):,}", notes)
    gaps = [f"{entry.stamp}: {entry.detail}" for entry in entries if entry.kind == "Gap"]
    parts += _section(f"Gaps: {len(gaps):,}", gaps)
    if not (files or commands or notes):
        parts.append("Nothing happened in it.")
    return "\n\n".join(parts) + "\n"


def _session(lines: Iterable[str]) -> tuple[str | None, str | None, list[Entry]]:
    session = task = None
    entries: list[Entry] = []
    is_over = False
    for text in lines:
        header = _HEADER.fullmatch(text)
        if header:
            session, task, is_over, entries = header[1], None, False, []
        elif text.startswith("Task: ") and not entries:
            task = text.removeprefix("Task: ")
        elif not is_over and (entry := entry_of(text)):
            entries.append(entry)
            is_over = entry.kind.startswith("Session tracker stopped")
    return session, task, entries


def _when(entries: list[Entry]) -> str:
    if not entries:
        return ""
    first, last = entries[0].stamp, entries[-1].stamp
    try:
        passed = datetime.strptime(last, _STAMP) - datetime.strptime(first, _STAMP)
    except ValueError:  # a line that somebody wrote by hand: 2026-13-01
        return f"{first} to {last}"
    if passed.total_seconds() < 0:
        return f"{first} to {last} (the clock was set back)"
    return f"{first} to {last} ({duration(passed.total_seconds() * 1000)})"


def _files(entries: list[Entry]) -> dict[str, Counter[str]]:
    """By path, the most changed first."""
    files: dict[str, Counter[str]] = {}
    for entry in entries:
        if entry.kind in _FILE_KINDS:
            found = _TIMES.fullmatch(entry.detail)
            path, times = (found[1], int(found[2])) if found else (entry.detail, 1)
            files.setdefault(path, Counter())[entry.kind.lower()] += times
    return dict(sorted(files.items(), key=lambda pair: (-pair[1].total(), pair[0])))


def _told(kinds: Counter[str]) -> str:
    return ", ".join(kind if number == 1 else f"{kind} {number:,} times" for kind, number in kinds.items())


def _commands(entries: list[Entry]) -> tuple[Counter[tuple[str, str]], int]:
    """How often each command ended how, in the order of their first time; and how many did not succeed."""
    found = [command for entry in entries if (command := command_of(entry))]
    plain = [(command, re.sub(r" in [\d.hms ]+$", "", status)) for command, status in found]
    return Counter(plain), sum(1 for _, status in plain if status.lower() not in ("success", "ok", "0"))


def _repeated(command: tuple[str, str], times: int) -> str:
    return f"{_code(command[0])}: {command[1]}" + (f" (x{times:,})" if times > 1 else "")


def _section(title: str, rows: list[str]) -> Iterator[str]:
    if rows:
        more = [f"- … and {plural(len(rows) - LISTED, 'more', 'more')}"] if len(rows) > LISTED else []
        yield f"## {title}"
        yield "\n".join([*(f"- {row}" for row in rows[:LISTED]), *more])


def _code(text: str) -> str:
    """As Markdown code, whatever backticks it holds (CommonMark, 6.1)."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"

"""Commits as records of the Agent Trace format, 0.1.0 (agent-trace.dev): which lines of which files they made, and who.

Pure. Must not know storage. Invariants: a range is there only where the digest holds all that was added to its file, as
lines of the file at that commit; else the file has no ranges and the record says which ones; the same digest gives the
same record.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from contox_hooks import __version__
from contox_hooks.domain.diff import spent_files
from contox_hooks.domain.digest import CommitDigest, FileChange
from contox_hooks.exchange.contributor import contributor_of

VERSION: Final = "0.1.0"
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://agent-trace.dev/contox-hooks")
_HUNK: Final = re.compile(r"@@ -\d+(?:,\d+)? \+(?P<start>\d+)(?:,(?P<count>\d+))? @@")
_LAST_S: Final = 253_402_300_799
"""The last second of 9999."""

Range = tuple[int, int]
"""First and last line, from 1."""


def record_of(digest: CommitDigest, *, at_utc: int) -> dict[str, Any]:
    """`at_utc`: when the commit was recorded, seconds since the epoch."""
    by = contributor_of(digest)
    contributor = {"type": by.type} | ({} if by.model_id is None else {"model_id": by.model_id})
    patches = dict(spent_files(digest.diff))
    files, unknown = [], []
    for file in digest.files:
        ranges = added_ranges(patches.get(file.path, ""), file)
        if ranges is None:
            unknown.append(file.path)
        rows = [{"start_line": first, "end_line": last} for first, last in ranges or ()]
        files.append({"path": file.path, "conversations": [{"contributor": contributor, "ranges": rows}]})
    ours: dict[str, Any] = {"tools": list(by.tools), "files_without_lines": unknown}
    if digest.files_cut or digest.excluded_files:
        ours["files_not_listed"] = digest.files_cut + digest.excluded_files
    return {
        "version": VERSION,
        "id": str(uuid.uuid5(_NAMESPACE, digest.sha)),
        "timestamp": _rfc3339(at_utc),
        "vcs": {"type": "git", "revision": digest.sha},
        "tool": {"name": "contox-hooks", "version": __version__},
        "files": files,
        "metadata": {"contox-hooks": ours},
    }


def added_ranges(patch: str, file: FileChange) -> list[Range] | None:
    """Runs of lines that a file's part of a diff adds; None where that part is not all of it."""
    if not file.insertions:
        return [] if file.insertions == 0 else None
    ranges: list[Range] = []
    for number in _added(patch.split("\n")):
        if number is None:
            return None
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges if sum(last - first + 1 for first, last in ranges) == file.insertions else None


def _added(lines: list[str]) -> Iterator[int | None]:
    """Numbers of added lines; None where a hunk does not hold what its head says."""
    at = left = 0
    for line in lines:
        if (hunk := _HUNK.match(line)) and not left:
            at, left = int(hunk["start"]), int(hunk["count"] or 1)
        elif left and line.startswith("+"):
            yield at
            at, left = at + 1, left - 1
        elif left and (line.startswith(" ") or not line):
            at, left = at + 1, left - 1
    if left:
        yield None


def _rfc3339(at_utc: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(max(at_utc, 0), _LAST_S))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def line_of(digest: CommitDigest, *, at_utc: int) -> bytes:
    """The record on a line of its own."""
    return json.dumps(record_of(digest, at_utc=at_utc), separators=(",", ":")).encode() + b"\n"

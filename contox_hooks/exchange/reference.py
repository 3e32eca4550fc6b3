"""What a file's rows name besides the lines before them: items that come later, events that bear one out, runs.

Must not know fields. Invariant: no row of a project names an item or an event that is not its own; a run that is
nowhere is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from contox_hooks.exchange.line import Line, Malformed
from contox_hooks.memory.among import rows_among
from contox_hooks.memory.sql import exchange as sql
from contox_hooks.memory.store import Store

_RUNS: Final = {"event": ("processed_run",), "chunk": ("stored_run",), "item": ("deepened_run", "deduped_run")}


class References:
    def __init__(self) -> None:
        self._named: dict[str, dict[str, int]] = {"item": {}, "event": {}, "run": {}}
        """Table to the ids that are named, and the first line of each."""
        self._there: dict[str, set[str]] = {name: set() for name in self._named}

    def add(self, line: Line) -> None:
        if line.kind in self._there:
            self._there[line.kind].add(line.fields["id"])
        for table, row_id in _named_by(line.kind, line.fields):
            self._named[table].setdefault(row_id, line.number)

    def check(self, store: Store, project_id: str) -> None:
        """All lines were added. Raises Malformed."""
        for table, lines in self._named.items():
            left = sorted(lines.keys() - self._there[table])
            owners = {row["id"]: row["project_id"] for row in rows_among(store, sql.OWNERS[table], left)}
            for row_id in left:
                if owners.get(row_id, project_id if table == "run" else None) != project_id:
                    raise Malformed(lines[row_id], f"{table} {row_id} is neither in the file nor this project's")


def _named_by(kind: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _RUNS.get(kind, ()):
        if fields[name] is not None:
            yield "run", fields[name]
    said: list[str | None] = []
    if kind == "chunk":
        drafts = (fields["result"] or {}).get("drafts", ())
        said = [row.get("event_id") for draft in drafts for row in draft["evidence"]]
    elif kind == "item":
        yield from (
            ("item", row_id) for row_id in (*fields["merged_from"], fields["superseded_by"]) if row_id is not None
        )
        origin = fields["origin"] or {"evidence": ()}
        said = [row["event_id"] for row in fields["evidence"]] + [row[3] for row in origin["evidence"] if len(row) > 3]
    yield from (("event", row_id) for row_id in said if row_id is not None)

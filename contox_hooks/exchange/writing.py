"""A file's lines into a project of a store: what is there and equal is passed over, so that an import that was broken
off goes on when it is run again.

Must not know files. Invariants: a batch is one transaction; what is there and says something else stays, unless the
user wants it replaced; an event that came already, under whatever id, is one event; nothing of another project changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contox_hooks.domain.error import Refused
from contox_hooks.exchange.clean import clean
from contox_hooks.exchange.kind import KINDS, Kind
from contox_hooks.exchange.line import Line
from contox_hooks.exchange.reading import AT_ONCE, with_parts
from contox_hooks.exchange.reference import References
from contox_hooks.exchange.replacing import over, replaced
from contox_hooks.memory.item import Items
from contox_hooks.memory.sql import exchange as sql
from contox_hooks.memory.sql import moving as moving_sql
from contox_hooks.memory.sql.item import DELETE_VECTORS
from contox_hooks.memory.store import Row, Said, Store

_BATCH_BYTES: Final = 8 * 1024 * 1024


@dataclass(slots=True)
class Count:
    """Of one kind of lines."""

    new: int = 0
    same: int = 0
    kept: int = 0
    """Said something else here, and stayed."""
    replaced: int = 0


@dataclass(slots=True)
class Writing:
    store: Store
    project_id: str
    replace: bool
    """What says something else here is replaced by the file's."""
    dry: bool
    """Only looked at."""
    counts: dict[str, Count] = field(default_factory=lambda: {name: Count() for name in KINDS})
    _renamed: dict[str, str] = field(default_factory=dict)
    """Events of the file that are here under another id."""
    _references: References = field(default_factory=References)
    _opened: set[str] = field(default_factory=set)
    """Sessions that came with this file, and have as many events as it says."""
    _uncounted: set[str] = field(default_factory=set)
    """Sessions that got events or items, or got fewer than the file says."""
    _merged: set[str] = field(default_factory=set)
    """Items that were merged into others here since: their relations went along."""
    _parents: dict[str, str] = field(default_factory=dict)
    """Contexts that hang under others: told when all are there."""

    def write(self, lines: Iterable[Line]) -> None:
        """All lines but the first. Raises Malformed and Refused for what is another project's, StoreError."""
        for batch in _batches(lines):
            with self.store.transaction():
                self._take(KINDS[batch[0].kind], batch)
        if self.dry:
            self._references.check(self.store, self.project_id)
        else:
            with self.store.transaction():
                self.store.run_all([(sql.RECOUNT, {"id": session_id}) for session_id in sorted(self._uncounted)])
                late = moving_sql.set_late("context", ("id",))
                self.store.run_all([(late, {"late": above, "id": below}) for below, above in self._parents.items()])

    def _take(self, kind: Kind, batch: list[Line]) -> None:
        if self.dry:
            for line in batch:
                self._references.add(line)
        rows = [self._mapped(kind, clean(line)) for line in batch]
        there = self._there(kind, rows)
        namesakes = self._namesakes(kind, rows)
        count, changes, written = self.counts[kind.table], list[Said](), []
        for line, fields, found, namesake in zip(batch, rows, there, namesakes, strict=True):
            if found is None and namesake is not None:
                self._passed_over(kind, fields, namesake)
                count.same += 1
                continue
            if kind.table == "relation" and found is None and {fields["from_id"], fields["to_id"]} & self._merged:
                count.kept += 1
                continue
            if found is not None:
                self._check_owner(kind, line, fields, found)
                here = next(with_parts(self.store, kind, [found]))
                if kind.table == "item" and here["status"] == "superseded" != fields["status"]:
                    self._merged.add(fields["id"])
                if self._is_same(kind, fields, here):
                    count.same += 1
                    continue
                fields = dict(replaced(kind.table, here, fields)) if self.replace else here
                if fields == here:
                    count.kept += 1
                    continue
            if found is None and kind.table == "session":
                fields = dict(over(fields, self.store.now()))
            count.new += found is None
            count.replaced += found is not None
            changes += self._changes(kind, fields)
            written.append(fields)
            self._count_again(kind, fields, is_new=found is None)
        if not self.dry:
            self.store.run_all(changes)
            if kind.table == "item":
                items = Items(self.store)
                for fields in written:
                    items.index(fields["id"])

    def _mapped(self, kind: Kind, fields: dict[str, Any]) -> dict[str, Any]:
        """Its events by the ids that they have here."""
        names = self._renamed
        if not names:
            return fields
        if kind.table == "commit_file":
            return fields | {"event_id": names.get(fields["event_id"], fields["event_id"])}
        if kind.table != "item":
            return fields
        fields["evidence"] = [
            row | {"event_id": names.get(row["event_id"], row["event_id"])} for row in fields["evidence"]
        ]
        if fields["origin"] is not None:
            said = [[*row[:3], *(names.get(name, name) for name in row[3:])] for row in fields["origin"]["evidence"]]
            fields["origin"] = fields["origin"] | {"evidence": said}
        return fields

    def _there(self, kind: Kind, rows: list[dict[str, Any]]) -> list[Row | None]:
        key = moving_sql.MEMORY[kind.table]
        asked = sql.one(kind.table, key)
        own = {"project_id": self.project_id}
        answers = self.store.rows_all([(asked, {name: (row | own)[name] for name in key}) for row in rows])
        return [next(iter(found), None) for found in answers]

    def _namesakes(self, kind: Kind, rows: list[dict[str, Any]]) -> list[Row | None]:
        if not kind.also:
            return [None] * len(rows)
        also = ("project_id", *kind.also) if kind.has_project else kind.also
        asked = sql.one(kind.table, also)  # null is equal to nothing
        own = {"project_id": self.project_id}
        answers = self.store.rows_all([(asked, {name: (row | own)[name] for name in also}) for row in rows])
        return [next(iter(found), None) for found in answers]

    def _passed_over(self, kind: Kind, fields: Mapping[str, Any], namesake: Row) -> None:
        if kind.table == "event":
            self._renamed[fields["id"]] = namesake["id"]
            self._uncounted.add(fields["session_id"])

    def _count_again(self, kind: Kind, fields: Mapping[str, Any], *, is_new: bool) -> None:
        if kind.table == "session" and is_new:
            self._opened.add(fields["id"])
        elif kind.table in ("session", "event", "item"):
            session_id = fields["id" if kind.table == "session" else "session_id"]
            if session_id is not None and session_id not in self._opened:
                self._uncounted.add(session_id)

    def _check_owner(self, kind: Kind, line: Line, fields: Mapping[str, Any], found: Row) -> None:
        """Raises Refused."""
        if kind.has_project:
            is_ours = found["project_id"] == self.project_id
        else:
            is_ours = all(found[name] == fields[name] for name in kind.refers)
        if not is_ours:
            hint = "import it there, or into another store (--database)"
            name = " ".join(str(fields[each]) for each in kind.key)
            raise Refused(f"line {line.number}: {kind.table} {name} is another project's here", hint=hint)

    def _is_same(self, kind: Kind, fields: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
        if kind.table == "context" and here["parent_id"] is None and fields["parent_id"] is not None:
            here = {**here, "parent_id": fields["parent_id"]}  # an import was broken off before it told
            if here == fields:
                self._parents[fields["id"]] = fields["parent_id"]
        return here == fields

    def _changes(self, kind: Kind, fields: Mapping[str, Any]) -> Iterator[Said]:
        values = stored(fields, kind)
        if kind.has_project:
            values["project_id"] = self.project_id
        if kind.table == "context" and fields["parent_id"] is not None:
            self._parents[fields["id"]] = fields["parent_id"]
            values["parent_id"] = None
        yield moving_sql.put(kind.table, moving_sql.MEMORY[kind.table], list(values)), values
        for name, part in kind.parts.items():
            owner = {str(part.owner): fields["id"]}
            yield sql.delete_of(part.table, str(part.owner)), owner
            for row in fields[name]:
                said = stored(row, part) | owner
                if part.has_project:
                    said["project_id"] = self.project_id
                yield moving_sql.put(part.table, moving_sql.MEMORY[part.table], list(said)), said
        if kind.table == "item":
            yield DELETE_VECTORS, {"item_id": fields["id"]}


def stored(fields: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """As columns; JSON in the form that the rest of the program writes, which some statements look at."""
    values = {}
    for name, spec in kind.fields.items():
        value = fields[name]
        if spec.is_json and value is not None:
            value = json.dumps(value, separators=(",", ":") if name == "payload" else None)
        values[name] = value
    return values


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Of one kind each."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (line.kind != batch[0].kind or len(batch) == AT_ONCE or size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size_bytes
    if batch:
        yield batch

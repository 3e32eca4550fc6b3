"""Memory items: stored with their evidence and words, listed, judged, merged.

Owns an item's rows in every table; the pipeline decides what to write. Invariants: an item, its files, its evidence and
its words for the search change in one transaction; what people say of one is stored without secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from contox_hooks.domain.error import NotFound, UsageError
from contox_hooks.domain.item import (
    ITEM_STATUSES,
    ITEM_TYPES,
    MAX_FACTS,
    MAX_FILES,
    MAX_IMPACT,
    MAX_RATIONALE,
    MAX_TAGS,
    MAX_TITLE,
    RELATION_KINDS,
    Draft,
    Evidence,
    Item,
    ItemStatus,
    ItemType,
    RelationKind,
)
from contox_hooks.domain.redaction import redact
from contox_hooks.memory.merge import merge
from contox_hooks.memory.prefix import only_match, prefix_range
from contox_hooks.memory.relation import Related
from contox_hooks.memory.sql import item as sql
from contox_hooks.memory.sql import relation as relation_sql
from contox_hooks.memory.sql import search as search_sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.memory.word import spread

_EDITABLE = ("type", "title", "facts", "schema_key", "importance", "rationale", "impact", "tags", "dedup_hint")
_OPTIONAL = ("rationale", "impact", "dedup_hint")
_EMBEDDED = ("title", "facts", "rationale")


class Items:
    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self,
        project_id: str,
        *,
        type: ItemType | None = None,
        schema_key: str | None = None,
        status: ItemStatus | None = "active",
        file: str | None = None,
        session_id: str | None = None,
        since: int | None = None,
        confidence: tuple[float, float] | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Item]:
        """Most important first, then newest. `schema_key` is a prefix, `file` a path or a folder, `since` in seconds
        since the epoch, `status` None is any; `confidence`: from, included, to, not, as two digits show it. Evidence is
        not loaded: `get` has it."""
        where = _where(project_id, type, schema_key, status, file, session_id, since, confidence)
        return [_item(row) for row in self._store.rows(sql.PAGE, **where, limit=limit, offset=offset)]

    def count(
        self,
        project_id: str,
        *,
        type: ItemType | None = None,
        schema_key: str | None = None,
        status: ItemStatus | None = "active",
        file: str | None = None,
        session_id: str | None = None,
        since: int | None = None,
        confidence: tuple[float, float] | None = None,
    ) -> int:
        """How many `page` would give without a limit."""
        where = _where(project_id, type, schema_key, status, file, session_id, since, confidence)
        return self._store.count(sql.count(where), **where)

    def counts_by_key(self, project_id: str, *, status: ItemStatus | None = "active") -> dict[str, int]:
        """By schema key; `tree_of` makes a tree of it."""
        rows = self._store.rows(sql.COUNT_BY_KEY, project_id=project_id, status=status)
        return {row["schema_key"]: row["items"] for row in rows}

    def newest_at(self, project_id: str) -> int:
        """When the newest active item happened, seconds since the epoch; 0 before the first."""
        return self._store.count(sql.NEWEST_AT, project_id=project_id)

    def counts_by_status(self, project_id: str) -> dict[str, int]:
        return {row["status"]: row["items"] for row in self._store.rows(sql.COUNT_BY_STATUS, project_id=project_id)}

    def get(self, item_id: str) -> Item:
        """With its evidence. Raises NotFound."""
        row = self._store.row(sql.BY_ID, id=item_id)
        if row is None:
            raise NotFound(f"there is no memory item {item_id}", hint="contox-hooks memory")
        return self.with_evidence(row)

    def find(self, project_id: str, prefix: str) -> Item:
        """The item whose id begins so, with its evidence. Raises NotFound, saying when there are several."""
        low, high = prefix_range(prefix)
        rows = self._store.rows(sql.BY_PREFIX, project_id=project_id, low=low, high=high)
        return self.with_evidence(only_match(rows, prefix, noun="memory item", listing="contox-hooks memory"))

    def with_evidence(self, row: Row) -> Item:
        evidence = tuple(
            Evidence(found["commit_sha"], found["quote"], found["path"], found["event_id"])
            for found in self._store.rows(sql.EVIDENCE, item_id=row["id"])
        )
        return _item(row, evidence)

    def set_status(
        self, item_id: str, status: ItemStatus, *, reason: str | None = None, superseded_by: str | None = None
    ) -> Item:
        if status not in ITEM_STATUSES:
            raise UsageError(f"{status!r} is no status of an item", hint=f"one of {', '.join(ITEM_STATUSES)}")
        with self._store.transaction():
            self._store.run(
                sql.SET_STATUS, id=item_id, status=status, reason=_clean(reason), superseded_by=superseded_by,
                now=self._store.now(),
            )  # fmt: skip
            return self.get(item_id)

    def edit(self, item_id: str, **changes: Any) -> Item:
        """Change type, title, facts, schema_key, importance, rationale, impact, tags or dedup_hint; texts are cut at
        their limits. The item is embedded anew by its session's next run. Raises NotFound, UsageError."""
        return self._say(sql.EDIT, item_id, changes)

    def retell(self, item_id: str, **words: Any) -> Item:
        """As `edit`, where its commits say something else now: that is no approval. Raises NotFound, UsageError."""
        return self._say(sql.RETELL, item_id, words)

    def index(self, item_id: str) -> None:
        """Its words and files into the index of words. Raises NotFound."""
        self._index(self.get(item_id))

    def _say(self, statement: str, item_id: str, changes: Mapping[str, Any]) -> Item:
        unknown = sorted(set(changes) - set(_EDITABLE))
        if unknown:
            raise UsageError(f"an item's {unknown[0]} cannot be edited", hint=f"one of {', '.join(_EDITABLE)}")
        with self._store.transaction():
            item = self.get(item_id)
            values = _edited({name: changes.get(name, getattr(item, name)) for name in _EDITABLE})
            self._store.run(statement, id=item_id, now=self._store.now(), **values)
            if any(values[name] != getattr(item, name) for name in _EMBEDDED):
                self._store.run(sql.DELETE_VECTORS, item_id=item_id)
            changed = self.get(item_id)
            self._index(changed)
            return changed

    def add(self, project_id: str, session_id: str | None, draft: Draft) -> str:
        """A draft becomes an active item; its id."""
        item_id = self._store.new_id()
        now = self._store.now()
        self._store.run(
            sql.INSERT, id=item_id, project_id=project_id, session_id=session_id, type=draft.type,
            title=draft.title[:MAX_TITLE], facts=draft.facts[:MAX_FACTS], schema_key=draft.schema_key,
            confidence=draft.confidence, importance=draft.importance, status="active",
            rationale=draft.rationale and draft.rationale[:MAX_RATIONALE], impact=draft.impact,
            files=json.dumps(draft.files[:MAX_FILES]), tags=json.dumps(draft.tags[:MAX_TAGS]),
            dedup_hint=draft.dedup_hint, commit_range=draft.commit_range,
            at_utc=now if draft.at_utc is None else draft.at_utc, now=now,
        )  # fmt: skip
        self._add_evidence(item_id, draft.evidence)
        self._link_files(project_id, item_id, draft.files)
        for relation in draft.relations:
            if self._store.row(sql.BY_ID, id=relation.item_id) is not None:  # a model may name what is not there
                self.relate(item_id, relation.item_id, relation.kind, relation.reason)
        self._index(self.get(item_id))
        return item_id

    def deepen(self, item_id: str, facts: str) -> None:
        with self._store.transaction():
            self._store.run(sql.DEEPEN, id=item_id, facts=facts[:MAX_FACTS], now=self._store.now())
            self._store.run(sql.DELETE_VECTORS, item_id=item_id)
            self._index(self.get(item_id))

    def merge(self, survivor_id: str, absorbed_id: str, reason: str) -> None:
        """The survivor says what the newest of all merged into it says, unless a person approved it; it has the
        evidence, files, tags and relations of all, and is reinforced. The absorbed one is superseded."""
        with self._store.transaction():
            self._index(merge(self._store, self, survivor_id, absorbed_id, reason))

    def relate(self, from_id: str, to_id: str, kind: RelationKind, reason: str) -> None:
        """The newer item `from_id` stands so to `to_id`; said again, the first reason stays."""
        if kind not in RELATION_KINDS:
            raise UsageError(f"{kind!r} is no relation of items", hint=f"one of {', '.join(RELATION_KINDS)}")
        with self._store.transaction():
            self._store.run(
                relation_sql.INSERT, from_id=from_id, to_id=to_id, kind=kind, reason=_clean(reason),
                now=self._store.now(),
            )  # fmt: skip

    def unrelate(self, from_id: str, to_id: str, kind: RelationKind) -> None:
        with self._store.transaction():
            self._store.run(relation_sql.DELETE, from_id=from_id, to_id=to_id, kind=kind)

    def relations(self, item_id: str) -> list[Related]:
        """What it says of others, and others of it, in the order of time."""
        rows = self._store.rows(relation_sql.OF_ITEM, item_id=item_id)
        return [Related(*(row[name] for name in Related.__slots__)) for row in rows]

    def replace_evidence(self, item_id: str, evidence: Iterable[Evidence]) -> None:
        with self._store.transaction():
            self._store.run(sql.DELETE_EVIDENCE, item_id=item_id)
            self._add_evidence(item_id, evidence)

    def _add_evidence(self, item_id: str, evidence: Iterable[Evidence]) -> None:
        self._store.run_many(
            sql.INSERT_EVIDENCE,
            [
                {"item_id": item_id, "position": position, "commit_sha": found.commit_sha,
                 "event_id": found.event_id, "path": found.path, "quote": found.quote}
                for position, found in enumerate(evidence)
            ],
        )  # fmt: skip

    def _link_files(self, project_id: str, item_id: str, files: Sequence[str]) -> None:
        self._store.run_many(
            sql.INSERT_FILE,
            [
                {"project_id": project_id, "path": path, "item_id": item_id, "cited_as": path}
                for path in files[:MAX_FILES]
            ],
        )

    def _index(self, item: Item) -> None:
        store = self._store
        store.run(search_sql.INSERT_NUMBER, item_id=item.id)
        number = store.count(search_sql.NUMBER, item_id=item.id)
        store.run(search_sql.DELETE, number=number)
        store.run(
            search_sql.INSERT, number=number, title=spread(item.title), facts=spread(item.facts),
            rationale=spread(item.rationale or ""), files=spread(" ".join(item.files)),
            tags=spread(" ".join((*item.tags, item.schema_key))),
        )  # fmt: skip


def _edited(values: dict[str, Any]) -> dict[str, Any]:
    """The values as they are stored. Raises UsageError for what an item cannot be."""
    values = {name: _clean(value) for name, value in values.items()}
    if values["type"] not in ITEM_TYPES:
        raise UsageError(f"{values['type']!r} is no type of an item", hint=f"one of {', '.join(ITEM_TYPES)}")
    for name in ("title", "schema_key"):
        if not str(values[name]).strip():
            raise UsageError(f"an item's {name} cannot be empty")
    try:
        importance = min(5, max(1, int(values["importance"])))
    except (TypeError, ValueError) as error:
        raise UsageError(f"an item's importance is 1 to 5, not {values['importance']!r}") from error
    optional = {name: None if values[name] is None else str(values[name]).strip() or None for name in _OPTIONAL}
    rationale, impact = optional["rationale"], optional["impact"]
    return {
        "type": values["type"],
        "title": str(values["title"]).strip()[:MAX_TITLE],
        "facts": str(values["facts"])[:MAX_FACTS],
        "schema_key": str(values["schema_key"]).strip(),
        "importance": importance,
        "rationale": rationale and rationale[:MAX_RATIONALE],
        "impact": impact and impact[:MAX_IMPACT],
        "tags": json.dumps(list(dict.fromkeys(_clean(str(tag)) for tag in values["tags"]))[:MAX_TAGS]),
        "dedup_hint": optional["dedup_hint"],
    }


def _clean(value: Any) -> Any:
    """Before its last cut."""
    return redact(value).text if isinstance(value, str) else value


def _where(
    project_id: str,
    type: str | None,
    schema_key: str | None,
    status: str | None,
    file: str | None,
    session_id: str | None,
    since: int | None,
    confidence: tuple[float, float] | None,
) -> dict[str, Any]:
    least, below = confidence or (None, None)
    folder = None if file is None else file.rstrip("/")
    return {
        "project_id": project_id,
        "type": type,
        "status": status,
        "session_id": session_id,
        "since": since,
        "least": least,
        "below": below,
        "low": schema_key,
        "high": None if schema_key is None else schema_key + "\U0010ffff",
        "file": folder,
        "folder_low": None if folder is None else folder + "/",
        "folder_high": None if folder is None else folder + "0",  # the character after "/"
    }


def item_of(row: Row) -> Item:
    """Without its evidence."""
    return _item(row)


def _item(row: Row, evidence: tuple[Evidence, ...] = ()) -> Item:
    return Item(
        id=row["id"],
        project_id=row["project_id"],
        session_id=row["session_id"],
        type=row["type"],
        title=row["title"],
        facts=row["facts"],
        schema_key=row["schema_key"],
        confidence=row["confidence"],
        importance=row["importance"],
        status=row["status"],
        rationale=row["rationale"],
        impact=row["impact"],
        files=tuple(json.loads(row["files"])),
        tags=tuple(json.loads(row["tags"])),
        dedup_hint=row["dedup_hint"],
        commit_range=row["commit_range"],
        merged_from=tuple(json.loads(row["merged_from"])),
        superseded_by=row["superseded_by"],
        reinforced=row["reinforced"],
        last_reinforced_at=row["last_reinforced_at"],
        status_reason=row["status_reason"],
        approved_at=row["approved_at"],
        at_utc=row["at_utc"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        evidence=evidence,
    )

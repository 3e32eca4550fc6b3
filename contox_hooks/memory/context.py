"""Contexts: named documents of a project, in a tree, as Contox's CLI and MCP server keep them (CONTRACT.md 1.5).

Invariants: what others wrote is redacted before it is stored, and bounded; each change is a version, whose hash is that
of what is stored; a state goes forward only; a context keeps its place in the tree, so that the tree has no cycle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from contox_hooks.domain.error import NotFound, Refused, UsageError
from contox_hooks.domain.redaction import redact
from contox_hooks.memory.sql import context as sql
from contox_hooks.memory.store import Row, Store
from contox_hooks.memory.text import storable

MAX_CONTEXTS: Final = 5_000
"""A project's: real clients ask for all of them at once (a scan makes 15 to 20)."""
MAX_DEPTH: Final = 20
"""The V1 brain schema is three deep (CONTRACT.md section 6)."""
MAX_CONTENT: Final = 1_000_000
"""Characters of a content: a pushed file, a flat scan."""
MAX_NAME: Final = 300
"""Characters; `push` names a context after a file, whose name has 255 bytes at most."""
MAX_DESCRIPTION: Final = 5_000
MAX_KEY: Final = 300
SEARCH_LIMIT: Final = 50

State = Literal["draft", "approved", "deprecated"]
STATES: Final[tuple[State, ...]] = get_args(State)
"""In the order they are gone through."""


@dataclass(frozen=True, slots=True)
class Context:
    """Times in seconds since the epoch."""

    id: str
    project_id: str
    parent_id: str | None
    name: str
    description: str | None
    content: str | None
    """None where a list left it out."""
    size: int
    """Characters of the content."""
    schema_key: str | None
    context_type: str | None
    tier: int | None
    """1 always loaded, 2 on demand, 3 archive."""
    state: State
    version: int
    content_hash: str
    """SHA-256 of the content, hex."""
    source: str | None
    source_ref: str | None
    position: int
    last_entry_at: int | None
    created_at: int
    updated_at: int


def kept(text: str) -> str:
    """As it is stored: without secrets, and as a database takes it."""
    return redact(storable(text)).text


def maybe_kept(text: str | None) -> str | None:
    return None if text is None else kept(text)


def hash_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


class Contexts:
    def __init__(self, store: Store) -> None:
        self._store = store

    def page(
        self,
        project_id: str,
        *,
        schema_key: str | None = None,
        tier: int | None = None,
        state: State | None = None,
        context_type: str | None = None,
        parent_id: str | None = None,
        limit: int = MAX_CONTEXTS,
        offset: int = 0,
    ) -> list[Context]:
        """Without their content, unless one key's are asked for; of several with one key the oldest is first."""
        values: dict[str, Any] = {
            "project_id": project_id, "tier": tier, "state": state, "context_type": context_type,
            "parent_id": parent_id, "limit": limit, "offset": offset,
        }  # fmt: skip
        if schema_key is None:
            return [_context(row) for row in self._store.rows(sql.OF_PROJECT, **values)]
        return [_context(row) for row in self._store.rows(sql.OF_KEY, schema_key=kept(schema_key), **values)]

    def get(self, context_id: str) -> Context:
        """Raises NotFound."""
        row = self._store.row(sql.BY_ID, id=context_id)
        if row is None:
            raise NotFound("Context not found")
        return _context(row)

    def found(self, project_id: str, query: str) -> list[Context]:
        """At most SEARCH_LIMIT that hold these words as they stand, ASCII letters in either case."""
        literal = "".join(f"!{char}" if char in "!%_" else char for char in ascii_lower(query))
        rows = self._store.rows(sql.FOUND, project_id=project_id, pattern=f"%{literal}%", limit=SEARCH_LIMIT)
        return [_context(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """By project; those without contexts are missing."""
        return {row["project_id"]: row["contexts"] for row in self._store.rows(sql.COUNTS)}

    def create(
        self,
        project_id: str,
        name: str,
        *,
        description: str | None = None,
        content: str = "",
        parent_id: str | None = None,
        schema_key: str | None = None,
        context_type: str | None = None,
        tier: int | None = None,
        state: State = "draft",
        source: str | None = None,
        source_ref: str | None = None,
    ) -> Context:
        """Raises NotFound for a parent that the project does not have, UsageError for one too deep, Refused where the
        project is full."""
        content = kept(content)
        with self._store.transaction():
            if self._store.count(sql.COUNT, project_id=project_id) >= MAX_CONTEXTS:
                raise Refused(f"a project has at most {MAX_CONTEXTS:,} contexts")
            self._check_parent(project_id, parent_id)
            context_id = self._store.new_id()
            self._store.run(
                sql.INSERT, id=context_id, project_id=project_id, parent_id=parent_id, name=kept(name),
                description=maybe_kept(description), content=content, size=len(content),
                schema_key=maybe_kept(schema_key), context_type=maybe_kept(context_type), tier=tier, state=state,
                content_hash=hash_of(content), source=maybe_kept(source), source_ref=maybe_kept(source_ref),
                position=0, now=self._store.now(),
            )  # fmt: skip
            return self.get(context_id)

    def _check_parent(self, project_id: str, parent_id: str | None) -> None:
        depth = 1
        while parent_id is not None:
            parent = self.get(parent_id)
            if parent.project_id != project_id:
                raise NotFound("Context not found")
            depth += 1
            if depth > MAX_DEPTH:
                raise UsageError(f"contexts nest at most {MAX_DEPTH} deep")
            parent_id = parent.parent_id

    def change(self, context_id: str, values: Mapping[str, Any], *, version: int | None = None) -> Context:
        """Set any of name, description, content, context_type, tier, state, source, source_ref, position.

        What changes nothing makes no version. Raises NotFound; Refused when `version` is not the one that is stored,
        and for a state that lies behind.
        """
        clean: dict[str, Any] = {
            name: kept(value) if isinstance(value, str) else value for name, value in values.items()
        }
        with self._store.transaction():
            current = self.get(context_id)
            if version is not None and version != current.version:
                raise Refused(f"the context is at version {current.version}, not {version}")
            if "state" in clean:
                check_state(current.state, clean["state"])
            new = replace(current, **clean)
            if new == current:
                return current
            content = new.content or ""
            self._store.run(
                sql.CHANGE, id=context_id, name=new.name, description=new.description, content=content,
                size=len(content), context_type=new.context_type, tier=new.tier, state=new.state,
                version=current.version + 1, content_hash=hash_of(content), source=new.source,
                source_ref=new.source_ref, position=new.position, now=self._store.now(),
            )  # fmt: skip
            return self.get(context_id)

    def delete(self, context_id: str) -> int:
        """Its entries go with it, and links of a key that nobody else has; what stood under it moves up: how many.
        Raises NotFound."""
        with self._store.transaction():
            context = self.get(context_id)
            moved = self._store.run(sql.MOVE_CHILDREN, id=context_id, to=context.parent_id)
            self._store.run(sql.DELETE_ENTRIES, context_id=context_id)
            self._store.run(sql.DELETE, id=context_id)
            key = context.schema_key
            if key is not None and not self.page(context.project_id, schema_key=key, limit=1):
                self._store.run(sql.DELETE_LINKS, project_id=context.project_id, key=key)
            return moved


def check_state(current: State, wanted: State) -> None:
    """Raises Refused for a way back: draft, approved, deprecated go one way (CONTRACT.md section 1.5)."""
    if STATES.index(wanted) < STATES.index(current):
        raise Refused(f"a context that is {current} does not become {wanted} again")


def ascii_lower(text: str) -> str:
    """As both databases' `lower`: letters beyond ASCII stay."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def _context(row: Row) -> Context:
    return Context(
        row["id"], row["project_id"], row["parent_id"], row["name"], row["description"], row["content"], row["size"],
        row["schema_key"], row["context_type"], row["tier"], row["state"], row["version"], row["content_hash"],
        row["source"], row["source_ref"], row["position"], row["last_entry_at"], row["created_at"], row["updated_at"],
    )  # fmt: skip

"""Links between schema keys of a project: which context sees which.

Invariant: one link a pair and type; linking again says why anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contox_hooks.domain.error import Refused
from contox_hooks.memory.context import kept, maybe_kept
from contox_hooks.memory.sql import context as sql
from contox_hooks.memory.store import Row, Store

LinkType = Literal["see-also", "depends-on", "child-of", "related"]
MAX_LINKS: Final = 10_000
"""A project's; the V1 brain schema declares some dozens."""


@dataclass(frozen=True, slots=True)
class Link:
    from_key: str
    to_key: str
    link_type: LinkType
    reason: str | None
    confidence: float | None
    """0 to 1."""
    source: str | None
    created_at: int


class Links:
    def __init__(self, store: Store) -> None:
        self._store = store

    def outgoing(self, project_id: str, schema_key: str) -> list[Link]:
        return [_link(row) for row in self._store.rows(sql.OUTGOING, project_id=project_id, key=kept(schema_key))]

    def incoming(self, project_id: str, schema_key: str) -> list[Link]:
        return [_link(row) for row in self._store.rows(sql.INCOMING, project_id=project_id, key=kept(schema_key))]

    def add(
        self,
        project_id: str,
        from_key: str,
        to_key: str,
        link_type: LinkType,
        *,
        reason: str | None = None,
        confidence: float | None = None,
        source: str | None = None,
    ) -> Link:
        """The keys need no context yet: a scan may bring it later. Raises Refused where the project is full."""
        pair = {
            "project_id": project_id, "from_key": kept(from_key), "to_key": kept(to_key), "link_type": link_type,
        }  # fmt: skip
        with self._store.transaction():
            is_known = self._store.row(sql.LINK, **pair) is not None
            if not is_known and self._store.count(sql.LINK_COUNT, project_id=project_id) >= MAX_LINKS:
                raise Refused(f"a project has at most {MAX_LINKS:,} links")
            self._store.run(
                sql.SET_LINK, **pair, reason=maybe_kept(reason), confidence=confidence, source=maybe_kept(source),
                now=self._store.now(),
            )  # fmt: skip
            row = self._store.row(sql.LINK, **pair)
            assert row is not None
            return _link(row)


def _link(row: Row) -> Link:
    return Link(
        row["from_key"], row["to_key"], row["link_type"], row["reason"], row["confidence"], row["source"],
        row["created_at"],
    )  # fmt: skip

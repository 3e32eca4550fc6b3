"""What was spent, in `spend.db` beside the memory store's file, or beside it in its database: calls of models, and who
may extract which commits.

Apart from memory, since memory can be computed again and this cannot: a memory store that is set aside and filled anew
neither pays again nor forgets what was spent today. So it must not use ids that memory makes: a project is known by its
repository, a claim by its commit.
"""

from __future__ import annotations

from pathlib import Path

from contox_hooks.domain.error import StoreDamaged
from contox_hooks.memory import migration
from contox_hooks.memory.sql.spend import SCHEMA
from contox_hooks.memory.store import Place, Store

NAME = "spend.db"

_STEPS = (migration.Migration(1, "model calls", (migration.RECORDS, *SCHEMA)),)


class SpendStore(Store):
    """Open it `FULL`: what a power cut took would be paid again."""

    @classmethod
    def steps(cls) -> tuple[migration.Migration, ...]:
        return _STEPS

    @classmethod
    def schema_name(cls) -> str:
        return "contox_spend"


def spend_path(memory: Place) -> Place:
    """A database's URL is the same: the schema is another."""
    return memory.with_name(NAME) if isinstance(memory, Path) else memory


def is_begun(spend: Place) -> bool:
    """Whether anything was ever spent; true where only a look into the database could tell."""
    return not isinstance(spend, Path) or spend.exists()


def explained(error: StoreDamaged, path: Place) -> StoreDamaged:
    """Not set aside by itself, as memory is: nobody could say what was spent."""
    return StoreDamaged(
        f"what models were paid for stands in {path}, which is damaged: none is asked",
        hint=f"mv '{path}' '{path}.damaged' begins anew, and forgets what today cost",
    )

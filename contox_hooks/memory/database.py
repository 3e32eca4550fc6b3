"""What the store needs of a database: rows, one transaction at a time, a version of its schema.

SQLite's is in sqlite.py, PostgreSQL's in postgres.py. Must not know the tables. Invariant: a statement is written once
for both; where that cannot be, the two stand side by side as Each, in `sql/`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from contox_hooks.domain.error import StoreNewer


class Each(NamedTuple):
    """The same said to both databases; "" where there is nothing to say to one."""

    sqlite: str
    postgres: str


Statement = str | Each
Said = tuple[Statement, Mapping[str, Any]]
"""A statement and its values."""


def among_names(statement: str) -> Each:
    """With `{names}` where one of the names is meant that `:names` lists: a JSON array of texts without NUL and lone
    surrogates, which PostgreSQL's JSON cannot hold."""
    return Each(
        statement.format(names="IN (SELECT value FROM json_each(:names))"),
        statement.format(names="= ANY (ARRAY(SELECT json_array_elements_text(CAST(:names AS json))))"),
    )


class Row(Protocol):
    """Its values by name and by place."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...

    def keys(self) -> list[str]: ...


class Database(Protocol):
    """Every error of the driver leaves as StoreError, but our own mistakes: a broken constraint, a wrong statement.
    After an error a transaction can only be rolled back: whoever catches one inside must not go on."""

    @property
    def where(self) -> str:
        """For people: without a password."""

    @property
    def version(self) -> int:
        """Of the schema; 0 while there is none."""

    def own(self, statement: Statement) -> str:
        """What is meant for this database."""

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]: ...

    def row(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        """The first."""

    def run(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """How many rows it changed."""

    def rows_all(self, questions: Sequence[Said]) -> list[list[Row]]:
        """The rows of each, in one round trip where there are trips."""

    def run_all(self, changes: Sequence[Said]) -> None:
        """In this order, and in one round trip where there are trips."""

    def prepare(self) -> None:
        """In the transaction of a step: somewhere to put it."""

    def define(self, statement: Statement) -> None:
        """A statement of a step of the schema."""

    def begin(self, scope: str | None, *, patient: bool = False) -> None:
        """Alone among writers, or, where the database can tell them apart, among those of one project. `patient`: as
        long as it takes."""

    def commit(self) -> None: ...

    def rollback(self) -> None:
        """Nothing happens where the database did so itself."""

    def migrated(self, version: int) -> None:
        """In the transaction of a step: this is the version from here on."""

    def settle(self) -> None:
        """After all steps."""

    def alone(self, scope: str) -> AbstractContextManager[bool]: ...

    @property
    def shared(self) -> object:
        """The same for all connections whose stamps can be compared."""

    def stamp(self, project_id: str) -> Hashable:
        """Equal to an earlier one only while nothing has changed that a search of the project reads."""

    def sync(self) -> None: ...

    def damage(self) -> str | None: ...

    def close(self) -> None: ...


def newer(where: str, found: int, known: int) -> StoreNewer:
    return StoreNewer(
        f"the memory store {where} was written by a newer contox-hooks (schema {found}, this program knows {known})",
        hint="pip install --upgrade contox-hooks; nothing was touched",
    )

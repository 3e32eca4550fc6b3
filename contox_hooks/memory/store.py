"""The memory store: open, migrate, transact, run the statements of `sql`, set aside when damaged.

A file of SQLite's, or a database of PostgreSQL's (database.py says what each must do). Must not know what the rows
mean. Invariants: a change is one transaction, alone among writers, or nothing; every error of a database leaves here as
a StoreError.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contox_hooks.domain.error import StoreDamaged, StoreError
from contox_hooks.memory import migration, sqlite
from contox_hooks.memory.database import Database, Each, Row, Said, Statement, newer
from contox_hooks.memory.ulid import new_id

__all__ = ["Place", "Row", "Said", "Statement", "Store", "is_url", "set_aside"]

Place = Path | str
"""A file, or the URL of a PostgreSQL database."""


def is_url(where: Place) -> bool:
    return isinstance(where, str) and where.startswith(("postgresql://", "postgres://"))


class Store:
    """One connection, used by one thread at a time; processes may share the database."""

    def __init__(self, path: Place, database: Database, clock: Callable[[], float]) -> None:
        self.path = path
        self.scope: str | None = None
        """The project that transactions change, so that PostgreSQL lets other projects' go on; None: any."""
        self._database = database
        self._clock = clock
        self._depth = 0

    @classmethod
    def steps(cls) -> tuple[migration.Migration, ...]:
        """What makes the schema, the latest last."""
        return migration.MIGRATIONS

    @classmethod
    def schema_name(cls) -> str:
        """The namespace in a PostgreSQL database that is this kind of store's own."""
        return "contox"

    @classmethod
    def open(
        cls,
        path: Place,
        *,
        readonly: bool = False,
        synchronous: sqlite.Synchronous = "FULL",
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """The store at `path`, made and migrated if need be. `NORMAL`: a file may lose the last transactions with the
        power, never with the process: for what can be computed again.

        Raises StoreNewer (nothing is touched), StoreDamaged, StoreError; SettingError where PostgreSQL's driver is not
        installed.
        """
        latest = cls.steps()[-1].version
        database = cls._database_at(path, readonly, synchronous, clock)
        try:
            store = cls(path, database, clock)
            version = store.version
            if version > latest:
                raise newer(database.where, version, latest)
            if version < latest and readonly:
                cls.open(path, clock=clock).close()
            elif version < latest:
                store._migrate()
        except BaseException:
            database.close()
            raise
        return store

    @classmethod
    def _database_at(
        cls, path: Place, readonly: bool, synchronous: sqlite.Synchronous, clock: Callable[[], float]
    ) -> Database:
        if not isinstance(path, Path):
            from contox_hooks.memory.postgres import Postgres  # not on the hook's path

            return Postgres(path, cls.schema_name(), readonly=readonly)
        latest = cls.steps()[-1].version
        version = sqlite.stored_version(path)
        if version > latest:
            raise newer(str(path), version, latest)
        if readonly and path.exists() and version < latest:
            cls.open(path, clock=clock).close()
        return sqlite.SQLite(path, readonly=readonly, synchronous=synchronous)

    @property
    def where(self) -> str:
        """For people: without a password."""
        return self._database.where

    @property
    def version(self) -> int:
        return self._database.version

    def now(self) -> int:
        """Seconds since the epoch."""
        return int(self._clock())

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

    def new_id(self) -> str:
        return new_id(self.now_ms())

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        return self._database.rows(statement, values)

    def row(self, statement: Statement, **values: Any) -> Row | None:
        """The first row, or None."""
        return self._database.row(statement, values)

    def count(self, statement: Statement, **values: Any) -> int:
        """The one number that the statement selects; 0 for NULL or no row."""
        found = self.row(statement, **values)
        return int(found[0] or 0) if found is not None else 0

    def run(self, statement: Statement, **values: Any) -> int:
        """Change rows; how many. Only inside `transaction()`."""
        return self._database.run(statement, values)

    def run_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        self.run_all([(statement, values) for values in rows])

    def rows_all(self, questions: Sequence[Said]) -> list[list[Row]]:
        """The rows of each of them; in one round trip, where there are trips. Only inside `transaction()`."""
        return self._database.rows_all(questions)

    def run_all(self, changes: Sequence[Said]) -> None:
        """Several statements in their order; in one round trip, where there are trips."""
        self._database.run_all(changes)

    def own(self, text: Each) -> str:
        """What is meant for this store's database."""
        return self._database.own(text)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, alone among writers from its first statement on (of `scope`, where the database can tell).
        An inner one joins the outer one."""
        with self._transaction(self.scope):
            yield

    @contextmanager
    def _transaction(self, scope: str | None, *, patient: bool = False) -> Iterator[None]:
        if self._depth == 0:
            self._database.begin(scope, patient=patient)
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._database.rollback()
            raise
        self._depth -= 1
        if self._depth == 0:
            self._database.commit()

    @property
    def in_transaction(self) -> bool:
        return self._depth > 0

    def alone(self, scope: str) -> AbstractContextManager[bool]:
        """Whether this connection alone works on `scope` until the block ends, among all processes of all machines.
        Where it dies, or its connection, the next one may. PostgreSQL's only; a file has a lock beside it."""
        return self._database.alone(scope)

    @property
    def shared(self) -> object:
        """The same for all stores whose stamps can be compared."""
        return self._database.shared

    def stamp(self, project_id: str) -> Hashable:
        """Equal to an earlier one only while nothing has changed that a search of the project reads."""
        return self._database.stamp(project_id)

    def _migrate(self) -> None:
        for step in self.steps():
            with self._transaction(None, patient=True):
                if step.version <= self.version:
                    continue  # another process was quicker
                self._database.prepare()
                for statement in step.statements:
                    self._database.define(statement)
                if step.fill is not None:
                    step.fill(self)
                self.run(migration.RECORD, version=step.version, name=step.name, applied_at=self.now())
                self._database.migrated(step.version)
        self._database.settle()

    def sync(self) -> None:
        """What is committed outlives a power cut from here on, also in a store opened `NORMAL`."""
        self._database.sync()

    def damage(self) -> str | None:
        """What the database's own quick check finds wrong; None where it has none."""
        return self._database.damage()

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def set_aside(path: Path) -> Path | None:
    """Rename a damaged store, with what SQLite keeps beside it, to `<name>.damaged-<time>`; where it is now.

    None when the file turns out to be sound (another process has replaced it already) or is not there.
    """
    if not path.exists() or _is_sound(path):
        return None
    base = f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    names = itertools.chain([base], (f"{base}-{number}" for number in itertools.count(2)))
    aside = next(found for name in names if not (found := path.with_name(name)).exists())
    try:
        for suffix in ("-wal", "-shm", ""):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StoreError(f"cannot set the damaged store {path} aside: {error.strerror}") from error
    return aside


def _is_sound(path: Path) -> bool:
    try:
        with Store.open(path) as store:
            return store.damage() is None
    except StoreDamaged:
        return False

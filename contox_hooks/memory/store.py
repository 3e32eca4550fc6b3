"""The memory store's file: open, transact, run the statements of `sql`, set aside when damaged.

Must not know what the rows mean. Invariants: a change is one `BEGIN IMMEDIATE` transaction or nothing; every error of
SQLite leaves here as a StoreError.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from contox_hooks.domain.error import StoreDamaged, StoreError
from contox_hooks.memory import migration, sqlite
from contox_hooks.memory.ulid import new_id

Row = sqlite3.Row


class Store:
    """One connection. Use it from one thread; processes may share the file."""

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self.path = path
        self._connection = connection
        self._clock = clock
        self._depth = 0

    @classmethod
    def steps(cls) -> tuple[migration.Migration, ...]:
        """What makes the schema, the latest last."""
        return migration.MIGRATIONS

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        readonly: bool = False,
        synchronous: sqlite.Synchronous = "FULL",
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """The store at `path`, made and migrated if need be. `NORMAL` may lose the last transactions with the power,
        never with the process: for what can be computed again.

        Raises StoreNewer (the file is untouched), StoreDamaged, StoreError.
        """
        latest = cls.steps()[-1].version
        version = sqlite.stored_version(path)
        if version > latest:
            raise sqlite.newer(path, version, latest)
        if readonly and path.exists() and version < latest:
            cls.open(path, clock=clock).close()
        connection = None
        try:
            connection = sqlite.connect(path, readonly=readonly, synchronous=synchronous)
            store = cls(path, connection, clock)
            version = store.version
            if version > latest:
                raise sqlite.newer(path, version, latest)
            if version < latest:
                store._migrate()
        except (sqlite3.Error, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error):
                raise sqlite.translated(error, path) from error
            raise
        return store

    @property
    def version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def now(self) -> int:
        """Seconds since the epoch."""
        return int(self._clock())

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

    def new_id(self) -> str:
        return new_id(self.now_ms())

    def rows(self, statement: str, **values: Any) -> list[Row]:
        try:
            return self._execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def row(self, statement: str, **values: Any) -> Row | None:
        """The first row, or None."""
        try:
            found: Row | None = self._execute(statement, values).fetchone()
        except sqlite3.Error as error:
            raise self._explained(error) from error
        return found

    def count(self, statement: str, **values: Any) -> int:
        """The one number that the statement selects; 0 for NULL or no row."""
        found = self.row(statement, **values)
        return int(found[0] or 0) if found is not None else 0

    def run(self, statement: str, **values: Any) -> int:
        """Change rows; how many. Only inside `transaction()`."""
        try:
            return self._execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def run_many(self, statement: str, values: Sequence[Mapping[str, Any]]) -> None:
        try:
            for row in values:
                self._execute(statement, row)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _execute(self, statement: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, values)
        except UnicodeEncodeError:
            return self._connection.execute(statement, _encodable(values))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, alone among writers from its first statement on. An inner one joins the outer one."""
        if self._depth == 0:
            self._begin()
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0 and self._connection.in_transaction:  # a full disk rolls back by itself
                self._connection.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0:
            self._commit()

    @property
    def in_transaction(self) -> bool:
        return self._depth > 0

    def _begin(self) -> None:
        for last in (False, False, True):  # SQLite itself waits BUSY_TIMEOUT_S each time
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.Error as error:
                if last or not sqlite.is_busy(error):
                    raise sqlite.translated(error, self.path) from error

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise sqlite.translated(error, self.path) from error

    def _explained(self, error: sqlite3.Error) -> Exception:
        """A broken constraint or a wrong statement is our own mistake, and stays what it is."""
        if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
            return error
        return sqlite.translated(error, self.path)

    def _migrate(self) -> None:
        for step in self.steps():
            with self.transaction():
                if step.version <= self.version:
                    continue  # another process was quicker
                for statement in step.statements:
                    self._connection.execute(statement)
                if step.fill is not None:
                    step.fill(self)
                self.run(migration.RECORD, version=step.version, name=step.name, applied_at=self.now())
                self._connection.execute(f"PRAGMA user_version = {step.version}")
        sqlite.use_wal(self._connection)
        sqlite.checkpoint(self._connection)

    def sync(self) -> None:
        """What is committed outlives a power cut from here on, also in a store opened `NORMAL`."""
        try:
            sqlite.checkpoint(self._connection)
        except sqlite3.Error as error:
            raise sqlite.translated(error, self.path) from error

    def damage(self) -> str | None:
        """What SQLite's own quick check finds wrong; reads the whole file."""
        try:
            found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return str(error)
        return None if found == "ok" else str(found)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _encodable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Bytes of paths and messages that are no UTF-8 arrive as lone surrogates, which no text column takes."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in values.items()
    }


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

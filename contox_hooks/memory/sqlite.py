"""What is SQLite's own in the memory store: opening a file safely, transactions, what its errors mean to a person.

Must not know the tables. Invariant: a file that is newer than this program, or no database at all, is recognised from
its first 100 bytes, before SQLite may write beside it.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

from contox_hooks.domain.error import StoreDamaged, StoreError
from contox_hooks.memory.database import Each, Row, Said, Statement
from contox_hooks.memory.sql.search_postgres import CHANGED_IN
from contox_hooks.memory.text import encodable

Synchronous = Literal["FULL", "NORMAL"]

BUSY_TIMEOUT_S = 5.0
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_USER_VERSION = slice(60, 64)
"""sqlite.org/fileformat2.html, 1.3: big-endian user version at offset 60."""


def stored_version(path: Path) -> int:
    """The schema version in the file's header, 0 for a missing or empty file. Reads, never writes.

    Raises StoreDamaged when this is no SQLite file, StoreError when it cannot be read.
    """
    try:
        header = os.pread(_descriptor(path), _HEADER_BYTES, 0) if hasattr(os, "pread") else path.read_bytes()[:100]
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(f"cannot read the memory store {path}: {error.strerror}", hint=f"ls -l {path}") from error
    if not header:
        return 0
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise damaged(path, "it is not a database")
    return int.from_bytes(header[_USER_VERSION], "big")


_DESCRIPTORS: dict[tuple[int, int], int] = {}


def _descriptor(path: Path) -> int:
    """An open descriptor of the file, never closed: closing any would drop the POSIX locks that this process' other
    connections hold on it (sqlite.org/howtocorrupt.html, 2.2), and the next process to leave would delete the WAL."""
    found = path.stat()
    key = (found.st_dev, found.st_ino)
    if key not in _DESCRIPTORS:
        _DESCRIPTORS[key] = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    return _DESCRIPTORS[key]


class _Shared:
    """What weak references can lead from."""


_SHARED: dict[tuple[int, int], _Shared] = {}


class SQLite:
    """A connection to one file. From thread to thread it may go, used by one at a time."""

    def __init__(self, path: Path, *, readonly: bool, synchronous: Synchronous) -> None:
        self._path = path
        self._own = object()
        self.where = str(path)
        try:
            self._connection = connect(path, readonly=readonly, synchronous=synchronous)
        except sqlite3.Error as error:
            raise translated(error, path) from error

    @property
    def version(self) -> int:
        return int(self.rows("PRAGMA user_version", {})[0][0])

    def own(self, statement: Statement) -> str:
        return statement.sqlite if isinstance(statement, Each) else statement

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        try:
            return self._execute(self.own(statement), values).fetchall()
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def row(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        try:
            found: Row | None = self._execute(self.own(statement), values).fetchone()
        except sqlite3.Error as error:
            raise self._explained(error) from error
        return found

    def run(self, statement: Statement, values: Mapping[str, Any]) -> int:
        try:
            return self._execute(self.own(statement), values).rowcount
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def rows_all(self, questions: Sequence[Said]) -> list[list[Row]]:
        return [self.rows(statement, values) for statement, values in questions]

    def run_all(self, changes: Sequence[Said]) -> None:
        for statement, values in changes:
            self.run(statement, values)

    def prepare(self) -> None:
        """The file is there."""

    def define(self, statement: Statement) -> None:
        self.run(statement, {})

    def _execute(self, statement: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, values)
        except UnicodeEncodeError:
            return self._connection.execute(statement, encodable(values))

    def begin(self, scope: str | None, *, patient: bool = False) -> None:
        """One writer a file, whatever the project."""
        for last in (False, False, True):  # SQLite itself waits BUSY_TIMEOUT_S each time
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.Error as error:
                if last or not is_busy(error):
                    raise translated(error, self._path) from error

    def commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.rollback()
            raise translated(error, self._path) from error

    def rollback(self) -> None:
        if self._connection.in_transaction:  # a full disk rolls back by itself
            self._connection.execute("ROLLBACK")

    def migrated(self, version: int) -> None:
        self.run(f"PRAGMA user_version = {version}", {})

    def settle(self) -> None:
        try:
            use_wal(self._connection)
        except sqlite3.Error as error:
            raise translated(error, self._path) from error
        self.sync()

    def alone(self, scope: str) -> AbstractContextManager[bool]:
        raise StoreError(f"who works on {self._path} is said by a lock beside it")

    @property
    def shared(self) -> object:
        found = self._path.stat()
        return _SHARED.setdefault((found.st_dev, found.st_ino), _Shared())

    def stamp(self, project_id: str) -> Hashable:
        row = self.row(CHANGED_IN, {"project_id": project_id})
        changed_in = None if row is None else row["changed_in"]
        if self._connection.in_transaction:  # what is not committed is for this connection only
            return (changed_in, self._own, self._connection.total_changes)
        return changed_in

    def sync(self) -> None:
        try:
            checkpoint(self._connection)
        except sqlite3.Error as error:
            raise translated(error, self._path) from error

    def damage(self) -> str | None:
        """What SQLite's own quick check finds wrong; reads the whole file."""
        try:
            found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return str(error)
        return None if found == "ok" else str(found)

    def close(self) -> None:
        self._connection.close()

    def _explained(self, error: sqlite3.Error) -> Exception:
        if isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError)):
            return error
        return translated(error, self._path)


def connect(path: Path, *, readonly: bool, synchronous: Synchronous) -> sqlite3.Connection:
    """An open connection in autocommit mode with rows by name. Makes the file, for its owner alone, if need be."""
    try:
        if readonly:
            connection = _connect_readonly(path)
        else:
            if not path.exists():
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            elif not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    except OSError as error:
        hint = "make its folder writable, or point CONTOX_DATA_DIR at another one"
        raise StoreError(f"cannot open the memory store {path}: {error.strerror}", hint=hint) from error
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def _connect_readonly(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StoreError(f"there is no memory store at {path}", hint="contox-hooks init")
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if not _named(error, "SQLITE_CANTOPEN", "SQLITE_READONLY"):
            raise translated(error, path) from error
        # A folder where SQLite can make no -shm file: nobody can be writing either.
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    return connection


def use_wal(connection: sqlite3.Connection) -> None:
    """Readers never wait for the writer. Switching takes the file alone for a moment: others may hold it now."""
    for pause_s in (0.01, 0.05, 0.2, 0.5):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _named(error, "SQLITE_BUSY"):
                raise
            time.sleep(pause_s)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Bring the schema version into the file's header, where `stored_version` of an older program looks."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def is_busy(error: sqlite3.Error) -> bool:
    return _named(error, "SQLITE_BUSY", "SQLITE_LOCKED")


def translated(error: sqlite3.Error, path: Path) -> StoreError:
    """SQLite's error as one line for people."""
    if _named(error, "SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return damaged(path, str(error))
    if is_busy(error):
        return StoreError(f"the memory store {path} is in use by another process", hint="try again in a moment")
    if _named(error, "SQLITE_FULL"):
        hint = "free some space; what could not be stored stays queued in the repository"
        return StoreError(f"no room left for the memory store {path}", hint=hint)
    if _named(error, "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"):
        hint = "make its folder writable, or point CONTOX_DATA_DIR at another one"
        return StoreError(f"cannot write the memory store {path}: {error}", hint=hint)
    return StoreError(f"the memory store {path} failed: {error}", hint="contox-hooks doctor")


def damaged(path: Path, why: str) -> StoreDamaged:
    return StoreDamaged(f"the memory store {path} is damaged: {why}", hint="contox-hooks doctor")


def _named(error: sqlite3.Error, *names: str) -> bool:
    return (getattr(error, "sqlite_errorname", None) or "").startswith(names)

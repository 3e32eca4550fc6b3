"""What is PostgreSQL's own in the memory store: connecting, transactions that know their project, who works alone.

Each kind of store has a schema (namespace) of its own in the database. Must not know the tables. Invariants: what
begins a transaction holds its locks before its first statement, in one round trip; a connection that was lost is opened
anew only where nothing hung on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from contox_hooks.domain.error import SettingError, StoreError
from contox_hooks.memory.database import Each, Row, Said, Statement
from contox_hooks.memory.dialect import bound, typed
from contox_hooks.memory.sql.search_postgres import CHANGED_IN
from contox_hooks.memory.text import without_nul

try:
    import psycopg
except ImportError as missing:
    raise SettingError("PostgreSQL needs psycopg", hint="pip install 'contox-hooks[team]'") from missing

from contox_hooks.memory.postgres_error import cannot_connect, explained
from contox_hooks.memory.postgres_value import ADAPTERS, named_rows

T = TypeVar("T")

OLDEST = 150_000
"""PostgreSQL 15."""
LOCK_TIMEOUT_S = 15
"""As long as SQLite is waited for."""
CONNECT_TIMEOUT_S = 10
_AT_ONCE = 200
"""Statements in one round trip."""

# Tables, not to_regclass(): that looks into the connection's cache, which may not have heard of a migration that this
# transaction has waited for.
_KNOWN_SCHEMA = "SELECT 1 FROM pg_namespace WHERE nspname = :schema"
_KNOWN_TABLE = "SELECT 1 FROM pg_tables WHERE schemaname = :schema AND tablename = 'migration'"


class Postgres:
    """A connection to one database, in one schema of it."""

    def __init__(self, url: str, schema: str, *, readonly: bool = False) -> None:
        self._url = url
        self._schema = schema
        self._settings = _settings(schema, readonly=readonly)
        self._held: list[int] = []
        self._begun = False
        self.where = shown(url)
        self._connection = self._connect()

    def _connect(self) -> psycopg.Connection[Row]:
        connection = None
        try:
            params = psycopg.conninfo.conninfo_to_dict(self._url)
            connection = psycopg.connect(
                self._url, autocommit=True, context=ADAPTERS, client_encoding="utf8", **_unsaid(params),
            )  # fmt: skip
            if connection.info.server_version < OLDEST:
                found = connection.info.parameter_status("server_version")
                raise StoreError(f"{self.where} is PostgreSQL {found}", hint=f"{OLDEST // 10_000} or newer is needed")
            connection.execute(self._settings)
        except (psycopg.Error, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, StoreError):
                raise
            raise cannot_connect(error, self._url, self.where) from error
        return connection

    @property
    def version(self) -> int:
        if self.row(_KNOWN_TABLE, {"schema": self._schema}) is None:
            return 0
        found = self.row("SELECT COALESCE(MAX(version), 0) AS version FROM migration", {})
        return int(found["version"]) if found is not None else 0

    def own(self, statement: Statement) -> str:
        return statement.postgres if isinstance(statement, Each) else statement

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        return self._asked(statement, values, psycopg.Cursor.fetchall)

    def row(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        return self._asked(statement, values, psycopg.Cursor.fetchone)

    def run(self, statement: Statement, values: Mapping[str, Any]) -> int:
        return self._asked(statement, values, lambda cursor: cursor.rowcount)

    def rows_all(self, questions: Sequence[Said]) -> list[list[Row]]:
        return [cursor.fetchall() for cursor in self._said(questions).results()] if questions else []

    def run_all(self, changes: Sequence[Said]) -> None:
        for start in range(0, len(changes), _AT_ONCE):
            self._said(changes[start : start + _AT_ONCE])

    def _said(self, statements: Sequence[Said]) -> psycopg.Cursor[Row]:
        """In one round trip."""
        cursor = psycopg.ClientCursor(self._connection, row_factory=named_rows)
        try:
            return cursor.execute(
                ";".join(_written(cursor, bound(self.own(each)), values) for each, values in statements)
            )
        except psycopg.Error as error:
            raise explained(error, self.where) from error

    def prepare(self) -> None:
        """The schema, where nobody made it before: making one takes a right that using one does not."""
        if self.row(_KNOWN_SCHEMA, {"schema": self._schema}) is None:
            self.run(f"CREATE SCHEMA {self._schema}", {})

    def define(self, statement: Statement) -> None:
        if text := self.own(statement):
            self.run(typed(text), {})

    def _asked(self, statement: Statement, values: Mapping[str, Any], read: Callable[[psycopg.Cursor[Row]], T]) -> T:
        text = bound(self.own(statement))
        try:
            return read(self._sent(text, values))
        except psycopg.Error as error:
            if not self._may_reopen():
                raise explained(error, self.where) from error
        self._connection = self._connect()
        try:
            return read(self._sent(text, values))
        except psycopg.Error as error:
            raise explained(error, self.where) from error

    def _sent(self, text: str, values: Mapping[str, Any]) -> psycopg.Cursor[Row]:
        cursor = psycopg.ClientCursor(self._connection, row_factory=named_rows)
        return cursor.execute(_written(cursor, text, values))

    def _may_reopen(self) -> bool:
        """The server went away, or closed what was idle; nothing was begun and no lock hung on the connection."""
        return self._connection.closed and not self._begun and not self._held

    def begin(self, scope: str | None, *, patient: bool = False) -> None:
        """Transactions of one project come one after the other; one of any project is alone. The key of all comes
        first, shared by those of one project, so that nobody waits for each other."""
        all_of_them = self._key("")
        if scope is None:
            locks = f"pg_advisory_xact_lock({all_of_them})"
        else:
            locks = f"pg_advisory_xact_lock_shared({all_of_them}), pg_advisory_xact_lock({self._key(scope)})"
        wait = "SET LOCAL lock_timeout = 0; " if patient else ""
        try:
            self._asked(f"BEGIN; {wait}SELECT {locks}", {}, lambda cursor: None)
        except BaseException:
            self.rollback()
            raise
        self._begun = True

    def commit(self) -> None:
        try:
            done = self._asked("COMMIT", {}, lambda cursor: cursor.statusmessage)
            if done != "COMMIT":  # an error that somebody caught inside: PostgreSQL then takes all of it back
                raise StoreError(f"nothing was stored in {self.where}: a statement of the transaction had failed")
        except BaseException:
            self.rollback()
            raise
        self._begun = False

    def rollback(self) -> None:
        self._begun = False
        with suppress(psycopg.Error):  # a connection that is lost took its transaction along
            self._connection.execute("ROLLBACK")

    def migrated(self, version: int) -> None:
        """Its record says so already."""

    def settle(self) -> None:
        """Nothing is left to do."""

    @contextmanager
    def alone(self, scope: str) -> Iterator[bool]:
        key = self._key(f"alone:{scope}")
        found = self.row(f"SELECT pg_try_advisory_lock({key}) AS taken", {})
        if found is None or not found["taken"]:
            yield False
            return
        self._held.append(key)
        try:
            yield True
        finally:
            self._held.remove(key)
            with suppress(psycopg.Error):  # the server has freed what was the lost connection's
                self._connection.execute(f"SELECT pg_advisory_unlock({key})")

    @property
    def shared(self) -> object:
        return _SHARED.setdefault((self._url, self._schema), _Shared())

    def stamp(self, project_id: str) -> Hashable:
        if self._begun:
            return object()  # what is not committed is nobody's to keep
        row = self.row(CHANGED_IN, {"project_id": project_id})
        return None if row is None else row["changed_in"]

    def sync(self) -> None:
        """What is committed is on the disk."""

    def damage(self) -> str | None:
        return None

    def close(self) -> None:
        self._connection.close()

    def _key(self, name: str) -> int:
        """Of an advisory lock: the database's own, one set a schema."""
        digest = hashlib.blake2b(f"contox-hooks/{self._schema}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)


def _written(cursor: psycopg.ClientCursor[Any], text: str, values: Mapping[str, Any]) -> str:
    """The statement with its values in it."""
    try:
        return cursor.mogrify(text, values)
    except (UnicodeEncodeError, psycopg.DataError):
        return cursor.mogrify(text, without_nul(values))


class _Shared:
    """What weak references can lead from."""


_SHARED: dict[tuple[str, str], _Shared] = {}


def shown(url: str) -> str:
    """Host and database of a URL, never who or with which password."""
    try:
        params = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "the PostgreSQL database"
    if "@" in str(params.get("host")):
        return "the PostgreSQL database"  # a password's @ that is not written as %40
    port = f":{params['port']}" if params.get("port") else ""
    return f"postgresql://{params.get('host') or ''}{port}/{params.get('dbname') or ''}"


def _unsaid(params: Mapping[str, Any]) -> dict[str, Any]:
    """Ours only where the URL says nothing."""
    own = {
        "application_name": "contox-hooks", "connect_timeout": CONNECT_TIMEOUT_S, "keepalives_idle": 30,
        "keepalives_interval": 10, "keepalives_count": 3,
    }  # fmt: skip
    return {name: value for name, value in own.items() if name not in params}


def _settings(schema: str, *, readonly: bool) -> str:
    """A session that dies with its machine frees its locks within a minute. Statements, not startup options: poolers
    let those pass. Any page is about as near as the next one: PostgreSQL takes disks to turn, and one page to be as far
    as four, and reads whole tables for what an index counts."""
    said = {
        "search_path": schema, "lock_timeout": f"'{LOCK_TIMEOUT_S}s'", "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3",
        "random_page_cost": "1.1",
        "default_transaction_isolation": "'read committed'",
        "default_transaction_read_only": "on" if readonly else "off",
    }  # fmt: skip
    return "; ".join(f"SET {name} = {value}" for name, value in said.items())

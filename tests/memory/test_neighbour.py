"""pgvector's index: the same hits as comparing everything, wherever it is, is not, comes later, or goes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import pytest

from contox_hooks.domain.error import StoreError
from contox_hooks.memory import neighbour
from contox_hooks.memory.moving import move_memory
from contox_hooks.memory.neighbour import make_index, nearest
from contox_hooks.memory.search import search
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.memory.vector import save
from contox_hooks.pipeline.embedding import default_embedder
from contox_hooks.team.worker import Worker
from tests.memory.events import a_project, open_service
from tests.memory.test_search import Bag
from tests.memory.test_search_rank import GOLDEN, filled
from tests.postgres import made_database

COUNT = 600
WANTED = 60
AT_ONCE = 120
"""Rows that the index looks at in one go, so few that not enough are the smaller project's, as in a large table."""
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
_ITEM = """
INSERT INTO item (id, project_id, type, title, facts, schema_key, confidence, importance, status, at_utc, created_at,
    updated_at)
VALUES (:id, :project_id, 'bug', '', '', 'root', 1, 3, 'active', 1, 1, 1)
"""


class Wide(Bag):
    """As Bag, as wide as the index."""

    name = "wide"

    def embed(self, texts: Any) -> Any:
        return np.pad(super().embed(texts), ((0, 0), (0, 252)))


def phrases(count: int) -> list[str]:
    """Of some subjects, each with words of its own."""
    drawn = random.Random(7)
    words = ["".join(drawn.choices(_SYLLABLES, k=2)) for _ in range(1500)]
    subjects = [drawn.sample(words, 60) for _ in range(40)]
    return [" ".join(drawn.sample(drawn.choice(subjects), 25)) for _ in range(count)]


def fill(service: Service, count: int = 120) -> tuple[str, str]:
    """Two projects with items of the same subjects, one in six the second's."""
    many, few = (
        service.projects.find_or_create(common_dir=f"/{name}", root_commit=None, remote=None, name=name).id
        for name in ("many", "few")
    )
    rows = default_embedder().embed(phrases(count))
    with service.store.transaction():
        for number, row in enumerate(rows):
            item_id = f"{number:026}"
            service.store.run(_ITEM, id=item_id, project_id=few if number % 6 == 5 else many)
            save(service.store, item_id, default_embedder().name, [row])
    return many, few


def refused(*_: object) -> None:
    raise AssertionError("all vectors were read")


@contextmanager
def large_from(few: int, *, may_read_all: bool = True) -> Iterator[None]:
    """Projects of more than so many items are asked of the index; whether one may be read as a whole."""
    with pytest.MonkeyPatch.context() as then:
        then.setattr(neighbour, "FEW", few)
        then.setattr(neighbour, "_LARGE", type(neighbour._LARGE)())
        if not may_read_all:
            then.setattr(neighbour, "current", refused)
        yield


def exact(store: Store, project_id: str, query: Any, count: int = WANTED) -> dict[str, float]:
    with large_from(1 << 60):
        return nearest(store, project_id, default_embedder().name, query, count)


def by_index(store: Store, project_id: str, query: Any, count: int = WANTED) -> dict[str, float]:
    with large_from(0, may_read_all=False):
        return nearest(store, project_id, default_embedder().name, query, count)


def elsewhere(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(scope="module", autouse=True)
def has_pgvector(postgres_server: str) -> None:
    import psycopg

    with psycopg.connect(postgres_server) as connection:
        if not connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone():
            pytest.skip("this PostgreSQL has no pgvector to install")


@pytest.fixture(scope="module")
def team(postgres_server: str) -> Iterator[tuple[str, str, str]]:
    """A database with an index, and two projects in it."""
    with made_database(postgres_server) as url:
        with open_service(url) as service:
            projects = fill(service, COUNT)
            assert make_index(service.store)
        elsewhere(url, f"ALTER FUNCTION contox.near_to SET hnsw.ef_search = {AT_ONCE}")
        yield url, *projects


@pytest.fixture
def store(team: tuple[str, str, str]) -> Iterator[Store]:
    with Store.open(team[0]) as store:
        yield store


def test_the_index_finds_what_comparing_all_finds(store: Store, team: tuple[str, str, str]) -> None:
    """Also of a small project among many other vectors; and it says the same cosines."""
    queries = default_embedder().embed([" ".join(text.split()[:6]) for text in phrases(25)]).astype(np.float32)
    for project_id in team[1:]:
        same = 0
        for query in queries:
            wanted, found = (ask(store, project_id, query) for ask in (exact, by_index))
            assert len(found) == len(wanted) == WANTED
            assert [found[item_id] for item_id in found if item_id in wanted] == pytest.approx(
                [wanted[item_id] for item_id in found if item_id in wanted], abs=1e-6
            )
            same += list(wanted)[:10] == list(found)[:10]
        assert same >= 0.95 * len(queries)


def test_more_than_the_index_can_give_is_compared(store: Store, team: tuple[str, str, str]) -> None:
    """No project has that many: nothing may be missing from the answer."""
    query = default_embedder().embed(["bada"])[0].astype(np.float32)
    with large_from(0):
        assert len(nearest(store, team[2], default_embedder().name, query, COUNT)) == COUNT // 6


def test_what_is_hidden_is_not_found(store: Store, team: tuple[str, str, str]) -> None:
    query = default_embedder().embed(phrases(1))[0].astype(np.float32)
    first = next(iter(by_index(store, team[1], query)))
    with store.transaction():
        Service(store).items.set_status(first, "archived")
    assert first not in by_index(store, team[1], query)
    with store.transaction():
        Service(store).items.set_status(first, "active")
    assert first in by_index(store, team[1], query)


def test_every_number_is_read_as_it_was_written(store: Store) -> None:
    """All that float16 can say but infinity and what is no number."""
    halves = np.arange(1 << 16, dtype=np.uint16).view("<f2")
    halves = halves[np.isfinite(halves)]
    for start in range(0, len(halves), 16000):
        some = halves[start : start + 16000]
        said = store.row(
            "SELECT CAST(public.halfvec_to_float4(half_of(:raw), -1, true) AS text) AS said", raw=some.tobytes()
        )
        assert said is not None
        assert np.array_equal(np.array(said["said"][1:-1].split(","), np.float32), some.astype(np.float32))


@pytest.mark.parametrize(
    "how",
    [
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'contox.vector_near'::regclass",
        "DROP FUNCTION contox.near_to",
    ],
)
def test_what_is_left_half_made_is_made_again(store: Store, team: tuple[str, str, str], how: str) -> None:
    query = default_embedder().embed(["bada"])[0].astype(np.float32)
    elsewhere(team[0], how)
    with pytest.raises(AssertionError, match="all vectors"):
        by_index(store, team[1], query)
    with Store.open(team[0]) as other:
        with store.alone("vector_near"):
            assert not make_index(other)
        assert make_index(other)
    assert by_index(store, team[1], query)


def test_golden(postgres_url: str) -> None:
    """Words, and meaning of another width and of the index's: by the index and without."""
    with open_service(postgres_url) as service:
        assert make_index(service.store)
        project_id = filled(service, a_project(service).id)
        with service.store.transaction():
            for item in service.items.page(project_id):
                save(service.store, item.id, Wide.name, Wide().embed([f"{item.title} {item.facts}"]))

        def told(query: str, by: Bag | None, few: int) -> list[tuple[str, float, float | None]]:
            with large_from(few):
                hits = search(service.store, project_id, query, embedder=by)
            return [(hit.item.title, hit.score, hit.similarity) for hit in hits]

        for query, wanted in GOLDEN.items():
            assert [title for title, *_ in told(query, None, 0)] == wanted
            assert told(query, Wide(), 0) == told(query, Wide(), 1 << 60) == told(query, Bag(), 0)


@contextmanager
def a_user(server: str) -> Iterator[tuple[str, str]]:
    """One who may use a database but not extend it: its URL as the server's owner, and as that user."""
    name, password = f"contox_{uuid.uuid4().hex[:16]}", "p" + "w"
    elsewhere(server, f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    try:
        with made_database(server) as url:
            elsewhere(url, f"CREATE SCHEMA contox AUTHORIZATION {name}")
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2]
            yield url, urlunsplit(parts._replace(netloc=f"{name}:{password}@{host}"))
    finally:
        elsewhere(server, f"DROP ROLE {name}")


def test_the_extension_comes_later_and_goes(postgres_server: str, caplog: pytest.LogCaptureFixture) -> None:
    query = default_embedder().embed(["bada"])[0].astype(np.float32)
    with a_user(postgres_server) as (owners, url), open_service(url) as service:
        store, (many, _) = service.store, fill(service)
        wanted = exact(store, many, query)
        with Store.open(url) as denied, pytest.raises(StoreError, match="does not let us"):
            make_index(denied)
        caplog.set_level("INFO")
        worker = Worker(url, lambda stack: pytest.fail("no work"))
        worker.index_vectors()
        assert "no index of vectors" in caplog.text
        with large_from(0):
            assert nearest(store, many, default_embedder().name, query, WANTED) == wanted
        elsewhere(owners, "CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions")
        elsewhere(owners, "GRANT USAGE ON SCHEMA extensions TO PUBLIC")
        worker.index_vectors()
        assert list(by_index(store, many, query))[:10] == list(wanted)[:10]
        elsewhere(owners, "DROP EXTENSION vector CASCADE")
        with large_from(0):
            assert nearest(store, many, default_embedder().name, query, WANTED) == wanted
        with service.store.transaction():
            save(store, f"{0:026}", default_embedder().name, default_embedder().embed(["bada"]))


def test_an_older_pgvector_is_none(postgres_url: str) -> None:
    with Store.open(postgres_url) as store:
        make_index(store)
        elsewhere(postgres_url, "UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
        with pytest.raises(StoreError, match=r"older than 0\.8"):
            make_index(store)


def test_a_move_fills_the_index(tmp_path: Path, postgres_url: str) -> None:
    query = default_embedder().embed(["bada"])[0].astype(np.float32)
    with open_service(tmp_path) as source, Store.open(postgres_url) as target:
        many, _ = fill(source)
        assert not make_index(source.store)  # a file has none
        assert make_index(target)
        move_memory(source.store, target)
        wanted = exact(source.store, many, query)
        assert list(by_index(target, many, query)) == list(wanted)

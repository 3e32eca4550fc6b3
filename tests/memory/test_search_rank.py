"""The golden search set: what comes first, and why, for any database that hands over the same candidates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import Draft, Evidence, ItemType
from contox_hooks.memory import search_candidate
from contox_hooks.memory.search import Filters, SearchHit, search
from contox_hooks.memory.search_rank import Asked, Candidate, ranked, rarity
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from contox_hooks.memory.vector import current, save
from contox_hooks.memory.word import spread
from tests.memory.events import DAY, a_project, open_service, sha
from tests.memory.test_search import Bag

ITEMS: tuple[tuple[str, str, ItemType, str, str], ...] = (
    ("Store events in SQLite", "One file and no server.", "decision", "root/data", "src/store.py"),
    ("Retry failed deliveries", "Backoff with jitter, capped at a minute.", "implementation", "root/api", "src/send.py"),
    ("Fix retries after a timeout", "The client gave up on the first timeout.", "bug", "root/api", "src/send.py"),
    ("Orders are paged", "Clients follow `next`; OrderPage holds fifty.", "decision", "root/api/orders", "api/orders.py"),
    ("Fix typo in the retry message", "Only a word.", "bug", "root/docs", "docs/retry.md"),
    ("Deliver events in order", "A queue a project; store_events writes first.", "architecture", "root/data", "src/queue.py"),
    ("Test the store", "Events come back as they went in.", "implementation", "root/testing", "tests/test_store.py"),
)  # fmt: skip
GOLDEN = {
    "sqlite": ["Store events in SQLite"],
    "retry": ["Retry failed deliveries", "Fix typo in the retry message", "Fix retries after a timeout"],
    "retried timeouts": ["Fix retries after a timeout", "Retry failed deliveries", "Fix typo in the retry message"],
    "store events": ["Deliver events in order", "Store events in SQLite", "Test the store"],
    "order page": ["Orders are paged", "Deliver events in order"],
    "OrderPage": ["Orders are paged", "Deliver events in order"],
    "backoff jitt": ["Retry failed deliveries"],
    "send": ["Fix retries after a timeout", "Retry failed deliveries"],
    "fix delivery": ["Retry failed deliveries", "Fix retries after a timeout", "Fix typo in the retry message"],
    "quantum physics": [],
}


@pytest.fixture
def service(where: Place) -> Iterator[Service]:
    with open_service(where) as service:
        yield service


@pytest.fixture
def project_id(service: Service) -> str:
    return filled(service, a_project(service).id)


def filled(service: Service, project_id: str) -> str:
    with service.store.transaction():
        for number, (title, facts, kind, key, file) in enumerate(ITEMS):
            draft = Draft(
                kind, title, facts, key, 0.8, 3, (Evidence(sha(1), title),), files=(file,), at_utc=DAY + number
            )
            item_id = service.items.add(project_id, None, draft)
            save(service.store, item_id, Bag.name, Bag().embed([f"{title} {facts}"]))
    return project_id


def titles(service: Service, project_id: str, query: str, **more: Any) -> list[str]:
    return [hit.item.title for hit in search(service.store, project_id, query, **more)]


@pytest.mark.parametrize("query", GOLDEN)
def test_golden(service: Service, project_id: str, query: str) -> None:
    assert titles(service, project_id, query) == GOLDEN[query]


def test_what_another_project_holds_changes_nothing(service: Service, project_id: str) -> None:
    def told() -> list[list[SearchHit]]:
        return [search(service.store, project_id, query, embedder=Bag()) for query in GOLDEN]

    before = told()
    other = service.projects.find_or_create(common_dir=Path("/o"), root_commit="o" * 40, remote=None, name="o")
    for _ in range(3):
        filled(service, other.id)
    assert told() == before


def test_every_part_is_told(service: Service, project_id: str) -> None:
    best, *_, last = search(service.store, project_id, "retry timeout", active_files=["src/send.py"])
    assert (best.item.title, best.matched_by, best.similarity) == ("Fix retries after a timeout", "words", None)
    assert (best.score, best.parts.words, best.parts.files) == (1.0, 1.0, 1.0)
    assert list(best.parts.matched) == ["timeout", "retri"]
    assert 0.8 < sum(best.parts.matched.values()) <= 1
    assert (last.item.title, last.parts.files, list(last.parts.matched)) == (
        "Fix typo in the retry message",
        0.0,
        ["retri"],
    )
    assert last.score == pytest.approx(last.parts.words / 1.2, abs=1e-4)


TYPO, FIX, RETRY = "Fix typo in the retry message", "Fix retries after a timeout", "Retry failed deliveries"
FILTERED = {
    "type": (Filters(type="bug"), [TYPO, FIX]),
    "key": (Filters(schema_key="root/a"), [RETRY, FIX]),
    "path": (Filters(file="docs/retry.md"), [TYPO]),
    "folder": (Filters(file="src"), [RETRY, FIX]),
    "folder/": (Filters(file="src/"), [RETRY, FIX]),
    "pattern": (Filters(file="*.md"), [TYPO]),
    "deep pattern": (Filters(file="**/sen*.py"), [RETRY, FIX]),
    "another file's end": (Filters(file="retry.md"), []),
    "since": (Filters(since=DAY + 4), [TYPO]),
    "status": (Filters(status="review"), []),
    "two": (Filters(type="bug", file="src"), [FIX]),
}


@pytest.mark.parametrize("name", FILTERED)
def test_filters(service: Service, project_id: str, name: str) -> None:
    filters, expected = FILTERED[name]
    assert titles(service, project_id, "retry", filters=filters) == expected


def test_a_filter_hides_nothing_behind_what_it_leaves_out(service: Service, project_id: str) -> None:
    with service.store.transaction():
        for number in range(200):
            service.items.add(project_id, None, Draft(
                "decision", f"Retry {number}", "retry", "root/api", 0.8, 3, (Evidence(sha(1), "retry"),), at_utc=DAY,
            ))  # fmt: skip
    assert TYPO not in titles(service, project_id, "retry", limit=50)
    assert len(titles(service, project_id, "retry", limit=500)) == 203
    assert titles(service, project_id, "retry", filters=Filters(file="docs")) == [TYPO]


def test_a_word_that_is_everywhere_finds_the_newest(
    service: Service, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And beside a rarer word it only counts in the ranking."""
    monkeypatch.setattr(search_candidate, "_MAX_ROWS", 2)
    assert titles(service, project_id, "retry") == [TYPO, FIX]
    assert titles(service, project_id, "retry backoff") == [RETRY]
    assert titles(service, project_id, "retry", filters=Filters(type="implementation")) == [RETRY]


def test_superseded_items_are_asked_for_by_name(service: Service, project_id: str) -> None:
    (hit,) = search(service.store, project_id, "sqlite")
    service.items.set_status(hit.item.id, "superseded")
    assert titles(service, project_id, "sqlite") == []
    assert titles(service, project_id, "sqlite", filters=Filters(status="superseded")) == ["Store events in SQLite"]


def test_active_files_lift_and_find_nothing(service: Service, project_id: str) -> None:
    assert titles(service, project_id, "retry", active_files=["src/send.py"]) == [RETRY, FIX, TYPO]
    assert titles(service, project_id, "retry", active_files=["docs/retry.md"]) == [TYPO, RETRY, FIX]
    assert titles(service, project_id, "sqlite", active_files=["docs/retry.md"]) == ["Store events in SQLite"]
    (hit,) = search(service.store, project_id, "sqlite", active_files=["src/other.py"])
    assert hit.parts.files == 0.5  # beside it


def test_vectors_are_read_anew_when_the_store_changes(service: Service, project_id: str) -> None:
    store = service.store
    first = current(store, project_id, Bag.name)
    assert current(store, project_id, Bag.name) is first
    (hit,) = search(store, project_id, "wal", embedder=Bag())  # by meaning alone
    service.items.set_status(hit.item.id, "archived")
    assert search(store, project_id, "wal", embedder=Bag()) == []
    seen = current(store, project_id, Bag.name)
    with Service.open(store.path) as elsewhere:
        elsewhere.items.set_status(hit.item.id, "active")
    assert current(store, project_id, Bag.name) is not seen
    assert len(search(store, project_id, "wal", embedder=Bag())) == 1


words = st.lists(st.sampled_from(["retri", "store", "event", "page"]), max_size=6).map(" ".join)
candidates = st.lists(
    st.builds(
        Candidate,
        item_id=st.text("abc", min_size=3, max_size=3),
        at_utc=st.integers(0, 2),
        fields=st.fixed_dictionaries({"title": words, "facts": words}),
        title_cosine=st.floats(-1, 1),
        text_cosine=st.none() | st.floats(-1, 1),
    ),
    max_size=5,
    unique_by=lambda candidate: candidate.item_id,
)


@given(candidates)
def test_the_order_of_candidates_changes_nothing(found: list[Candidate]) -> None:
    asked = Asked(("retri", "store"), {"retri": rarity(10, 1), "store": rarity(10, 9)})
    hits = ranked(asked, found)
    assert all(ranked(asked, other) == hits for other in permutations(found))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert 0 <= hit.score <= 1
        assert bool(hit.matched_words) == (hit.matched_by != "meaning")


def test_a_rare_word_weighs_more() -> None:
    weights = [rarity(100, held) for held in (1, 10, 50, 100, 120)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0


def test_neighbours_count_once_more() -> None:
    asked = Asked(("store", "event"), {"store": 1.0, "event": 1.0})
    together, apart = (
        Candidate(name, 0, {"title": title}) for name, title in (("b", "store event now"), ("a", "store now event"))
    )
    assert [hit.item_id for hit in ranked(asked, [apart, together])] == ["b", "a"]


def test_the_index_holds_words_only(service: Service, project_id: str) -> None:
    rows = service.store.rows("SELECT title FROM item_fts ORDER BY rowid")
    assert [row["title"] for row in rows] == [spread(title) for title, *_ in ITEMS]


def test_a_title_that_is_wholly_asked_for_weighs_more_than_a_word_said_often() -> None:
    asked = Asked(("alpha", "beta"), {"alpha": 1.0, "beta": 1.0})
    wholly = Candidate("A", DAY, {"title": "beta alpha"})
    often = Candidate("B", DAY, {"title": "alpha other", "facts": "beta x " * 6})
    assert [hit.item_id for hit in ranked(asked, [often, wholly])] == ["A", "B"]

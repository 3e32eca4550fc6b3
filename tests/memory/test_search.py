"""Search by words and meaning, on any query; the brain within its budget; items edited and listed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.error import NotFound, UsageError
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.search import Filters
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place, Store
from contox_hooks.memory.vector import Vectors, of_item, save
from contox_hooks.memory.word import asked_words, parts, spread
from tests.memory.events import DAY, a_project, open_service, sha


class Bag:
    """Texts as bags of four topics: enough to see meaning without words."""

    name = "bag"
    topics = (
        ("sqlite", "database", "wal"),
        ("login", "password", "auth"),
        ("css", "colour", "button"),
        ("ci", "build"),
    )

    def embed(self, texts: Sequence[str]) -> Any:
        rows = np.zeros((len(texts), 4), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for number, topic in enumerate(self.topics):
                row[number] = sum(word in text.lower() for word in topic)
            row /= max(float(np.linalg.norm(row)), 1.0)
        return rows.astype(np.float16)


def draft(
    title: str, facts: str = "", *, key: str = "root/other", importance: int = 3, files: tuple[str, ...] = ()
) -> Draft:
    return Draft(
        "decision", title, facts or title, key, 0.8, importance, (Evidence(sha(1), title),), files=files, at_utc=DAY
    )


@pytest.fixture
def service(where: Place) -> Iterator[Service]:
    with open_service(where) as service:
        yield service


@pytest.fixture
def project_id(service: Service) -> str:
    project_id = a_project(service).id
    with service.store.transaction():
        for entry in (
            draft("Store in SQLite", "WAL lets readers work.", key="root/data", importance=5, files=("src/store.py",)),
            draft("Log in with a token", "AuthTokenProvider checks the password.", key="root/auth"),
            draft("Blue buttons", "The colour is in theme.css", key="root/frontend", importance=1),
        ):
            item_id = service.items.add(project_id, None, entry)
            save(service.store, item_id, Bag.name, Bag().embed([f"{entry.title} {entry.facts}"]))
    return project_id


def titles(service: Service, project_id: str, query: str, embedder: Bag | None = None) -> list[str]:
    return [hit.item.title for hit in service.search(project_id, query, embedder=embedder)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("why sqlite", "Store in SQLite"),
        ("token provider", "Log in with a token"),  # inside a camelCase name
        ("authtokenprov", "Log in with a token"),  # half typed
        ("store.py", "Store in SQLite"),
        ("readers", "Store in SQLite"),
        ("button", "Blue buttons"),  # stemmed
    ],
)
def test_words(service: Service, project_id: str, query: str, first: str) -> None:
    assert titles(service, project_id, query)[0] == first


def test_meaning_finds_what_no_word_says(service: Service, project_id: str) -> None:
    assert titles(service, project_id, "database") == []
    (hit,) = service.search(project_id, "database", embedder=Bag())
    assert (hit.item.title, hit.matched_by) == ("Store in SQLite", "meaning")
    (best, *_) = service.search(project_id, "sqlite", embedder=Bag())
    assert (best.matched_by, best.score) == ("both", 1.0)
    assert service.search(project_id, "unrelated", embedder=Bag()) == []


def test_hidden_items_and_other_projects_stay_out(service: Service, project_id: str) -> None:
    other = service.projects.find_or_create(common_dir="/o", root_commit="o" * 40, remote=None, name="o")
    assert service.search(other.id, "sqlite", embedder=Bag()) == []
    (hit, *_) = service.search(project_id, "sqlite")
    service.items.set_status(hit.item.id, "archived")
    assert service.search(project_id, "sqlite", embedder=Bag()) == []


def test_the_service_takes_filters_and_active_files(service: Service, project_id: str) -> None:
    found = service.search(project_id, "store password colour", filters=Filters(schema_key="root/auth"))
    assert [hit.item.title for hit in found] == ["Log in with a token"]
    both = "sqlite colour"
    assert service.search(project_id, both, active_files=["src/store.py"])[0].parts.files == 1.0
    assert service.search(project_id, both)[0].parts.files == 0.0


def test_what_is_kept_between_searches_follows_every_change(service: Service, project_id: str, where: Place) -> None:
    """Counts of words, vectors and titles are read again when anything was written, here or by another process."""
    assert titles(service, project_id, "quorum", Bag()) == []
    with open_service(where) as other, other.store.transaction():
        item_id = other.items.add(project_id, None, draft("Quorum of the database"))
        save(other.store, item_id, Bag.name, Bag().embed(["database"]))
    assert titles(service, project_id, "quorum", Bag()) == ["Quorum of the database"]
    assert titles(service, project_id, "wal", Bag())[:2] == ["Store in SQLite", "Quorum of the database"]
    with service.store.transaction():
        service.items.edit(item_id, title="Login", facts="password")
    assert titles(service, project_id, "quorum") == []
    (first, *_) = service.search(project_id, "login auth", embedder=Bag())
    assert (first.item.title, first.parts.meaning) == ("Login", 1.0)


def test_projects_in_turn_keep_what_is_theirs(
    service: Service, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = service.projects.find_or_create(common_dir="/o", root_commit="o" * 40, remote=None, name="o").id
    loads: list[str] = []
    load = Vectors.load

    def counted(store: Store, project_id: str, model: str) -> Vectors:
        loads.append(project_id)
        return load(store, project_id, model)

    monkeypatch.setattr(Vectors, "load", counted)
    for _ in range(3):
        assert titles(service, project_id, "database", Bag()) == ["Store in SQLite"]
        assert titles(service, other, "database", Bag()) == []
    assert loads == [project_id, other]


@pytest.mark.parametrize(
    "query", ["", "  ", '"', "'", "a AND", "NEAR(", "title:x", "^a", "*", "-sqlite", "(", "a\0b", "\udce9", "_", "x" * 9000,
              "{title}: a", "a OR OR b", "NOT", "%", ";--", "🦊 żółw"],
)  # fmt: skip
def test_odd_queries(service: Service, project_id: str, query: str) -> None:
    service.search(project_id, query, embedder=Bag())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text()
    | st.lists(st.sampled_from(["AND", "OR", "NEAR", '"', "(", ")", "*", "^", ":", "sqlite", "-", "+"])).map(" ".join)
)
def test_no_query_raises(service: Service, project_id: str, query: str) -> None:
    hits = service.search(project_id, query)
    assert all(0 < hit.score <= 1 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("parseHTTPHeader", ["parse", "HTTP", "Header"]),
        ("busy_timeout_s", ["busy", "timeout", "s"]),
        ("sha256", ["sha", "256"]),
        ("plain", ["plain"]),
    ],
)
def test_parts(word: str, expected: list[str]) -> None:
    assert parts(word) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("requests", "requested"),
        ("retries", "retry"),
        ("running", "runs"),
        ("Authorization", "authorize"),
        ("HTTPHeaders", "http_header"),
        ("Żółw", "zołw"),  # marks on letters fall away; the stroke is part of its letter
    ],
)
def test_words_that_are_the_same(one: str, other: str) -> None:
    assert spread(one) == spread(other)


@pytest.mark.parametrize(("one", "other"), [("class", "clas"), ("status", "statu"), ("v1", "v2"), ("用户", "用")])
def test_words_that_are_not(one: str, other: str) -> None:
    assert spread(one) != spread(other)


@given(st.text())
def test_what_is_stored_is_what_is_asked(text: str) -> None:
    held = spread(text).split(" ") if spread(text) else []
    assert all(word.isalnum() and word == word.casefold() for word in held)
    asked = asked_words(text)
    assert asked == list(dict.fromkeys(held))[:32]


@pytest.mark.parametrize("text", ["Überprüfung café", "naïve Ωμέγα", "각하"])
def test_letters_are_the_same_composed_or_not(text: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    assert apart != text
    assert spread(apart) == spread(text)
    assert asked_words(apart) == asked_words(text)


def test_edit_is_found_by_its_new_words(service: Service, project_id: str) -> None:
    (hit, *_) = service.search(project_id, "sqlite")
    service.items.edit(hit.item.id, title="Store in PostgreSQL", facts="It serves a team.", importance=9)
    assert titles(service, project_id, "sqlite") == []
    assert titles(service, project_id, "team") == ["Store in PostgreSQL"]
    assert service.items.get(hit.item.id).importance == 5
    with pytest.raises(UsageError, match="confidence cannot be edited"):
        service.items.edit(hit.item.id, confidence=1)
    with pytest.raises(UsageError, match="no type"):
        service.items.edit(hit.item.id, type="rumour")
    with pytest.raises(UsageError, match="no status"):
        service.items.set_status(hit.item.id, "gone")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        service.items.get("nope")


def test_filters(service: Service, project_id: str) -> None:
    def found(**where: Any) -> list[str]:
        assert service.items.count(project_id, **where) == len(service.items.page(project_id, **where))
        return [item.title for item in service.items.page(project_id, **where)]

    assert found() == ["Store in SQLite", "Log in with a token", "Blue buttons"]  # by importance
    assert found(schema_key="root/a") == ["Log in with a token"]
    assert found(file="src/store.py") == found(file="src") == found(file="src/") == ["Store in SQLite"]
    assert found(file="src/stor") == found(type="bug") == found(since=DAY + 1) == found(status="review") == []
    assert len(found(status=None)) == 3
    assert [item.title for item in service.items.page(project_id, limit=1, offset=1)] == ["Log in with a token"]


def test_a_merge_keeps_both_evidences(service: Service, project_id: str) -> None:
    one, two, _ = service.items.page(project_id)
    service.items.merge(one.id, two.id, "same meaning (0.99)")
    survivor, absorbed = service.items.get(one.id), service.items.get(two.id)
    assert {found.quote for found in survivor.evidence} == {"Log in with a token", "Store in SQLite"}
    assert (survivor.reinforced, survivor.merged_from) == (1, (two.id,))
    assert (absorbed.status, absorbed.superseded_by) == ("superseded", one.id)


@pytest.mark.parametrize("older_first", [True, False])
def test_a_merge_says_what_the_newer_says(service: Service, project_id: str, older_first: bool) -> None:
    told = {5: "Raise to ten", 9: "Raise to sixty"}
    ids = {}
    with service.store.transaction():
        for at in sorted(told, reverse=not older_first):
            made = replace(
                draft(told[at], f"timeout = {at}"), at_utc=DAY + at, rationale=f"because {at}", commit_range=f"a..{at}"
            )
            ids[at] = service.items.add(project_id, None, made)
            save(service.store, ids[at], "m", [np.array([at, 0], np.float16)])
    survivor_id, absorbed_id = ids.values()
    service.items.merge(survivor_id, absorbed_id, "same title")
    item = service.items.get(survivor_id)
    assert (item.title, item.facts, item.rationale, item.commit_range) == (
        "Raise to sixty", "timeout = 9", "because 9", "a..9",
    )  # fmt: skip
    assert [found.quote for found in item.evidence] == ["Raise to sixty", "Raise to ten"]
    assert (item.at_utc, item.reinforced) == (DAY + 9, 1)
    vectors = of_item(service.store, survivor_id, "m")
    assert vectors is not None
    assert vectors.tolist() == [[9, 0]]
    assert [hit.item.id for hit in service.search(project_id, "sixty")] == [survivor_id]

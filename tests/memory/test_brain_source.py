"""Reading little of a store tells the same, with the same counts, as laying out all of its items (held.py)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.item import ITEM_TYPES, Draft, Evidence
from contox_hooks.memory import brain_source
from contox_hooks.memory.brain import brain_of
from contox_hooks.memory.brain_layer import RECENT_S
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from tests.memory.events import DAY, open_service, sha
from tests.memory.held import Held

KEYS = ("root/api", "root/api/orders", "root/stack", "root/stack/web", "root/stack-x", "root/stackable")
FILES = ("app.py", "src/app.py", "src/web/page.py", "src-old/app.py", "docs/web.md", "/src")
AGES = (0, 0, 1, RECENT_S - 1, RECENT_S, RECENT_S + 1, 3 * RECENT_S)
"""Seconds before the newest; equal ones often."""

drafts = st.builds(
    Draft,
    st.sampled_from(ITEM_TYPES),
    st.sampled_from(("Short", "A title of some words", "word " * 30)),
    st.sampled_from(("", "Said once.", "One fact.\nAnother of more words.\nA third")),
    st.sampled_from(KEYS),
    st.sampled_from((0.3, 0.5, 0.9)),
    st.integers(1, 5),
    st.just((Evidence(sha(1), "q"),)),
    rationale=st.sampled_from((None, "It was lost.")),
    files=st.lists(st.sampled_from(FILES), max_size=2, unique=True).map(tuple),
    dedup_hint=st.sampled_from((None, None, None, "", "a", "b")),
    at_utc=st.sampled_from(AGES).map(lambda seconds: DAY - seconds),
)
asked = st.fixed_dictionaries({
    "budget_tokens": st.sampled_from((0, 100, 200, 300, 500, 1000, 6000)),
    "limit": st.sampled_from((None, None, 0, 3, 10)),
    "active_files": st.lists(st.sampled_from((*FILES, "src", "src/", "sr", "/", "docs//")), max_size=3),
})  # fmt: skip


@pytest.fixture
def service(where: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(brain_source, "_AT_ONCE", 2)  # many pages of few items
    with open_service(where) as service:
        yield service


def fill(service: Service, said: list[Draft], archived: set[int]) -> str:
    project_id = service.projects.create("work").id
    with service.store.transaction():
        for number, draft in enumerate(said):
            item_id = service.items.add(project_id, None, draft)
            if number in archived:
                service.items.set_status(item_id, "archived")
    return project_id


@given(
    said=st.lists(drafts, max_size=25), archived=st.sets(st.integers(0, 24), max_size=3),
    min_confidence=st.sampled_from((0.0, 0.0, 0.5, 0.9, 1.0)), several=st.lists(asked, min_size=3, max_size=3),
)  # fmt: skip
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_as_of_all_items(
    service: Service, said: list[Draft], archived: set[int], min_confidence: float, several: list[dict[str, Any]]
) -> None:
    project_id = fill(service, said, archived)
    held = Held(service.items.page(project_id, limit=1000), min_confidence)
    for ask in several:
        whole = brain_of("work", held, lambda head: service.items.get(head.id), **ask)
        assert service.brain(project_id, min_confidence=min_confidence, **ask) == whole


def test_counts_are_those_of_pages(service: Service) -> None:
    """Whatever is given, and however the statement is put together for it."""
    said = [
        Draft(
            ITEM_TYPES[n % len(ITEM_TYPES)], f"T{n}", "", KEYS[n % 5], (0.3, 0.5, 0.9)[n % 3], 1 + n % 5,
            (Evidence(sha(n), "q"),), files=(FILES[n % 4],), at_utc=DAY + n,
        )
        for n in range(40)
    ]  # fmt: skip
    project_id = fill(service, said, {3, 4, 9})
    fill(service, said[:7], set())
    given = {
        "type": "decision", "schema_key": "root/api", "status": "archived", "file": "src", "session_id": "s",
        "since": DAY + 9, "confidence": (0.4, 0.9),
    }  # fmt: skip
    seen = set()
    for names in itertools.chain.from_iterable(itertools.combinations(given, size) for size in range(3)):
        for status in ("active", None):
            where: dict[str, Any] = {"status": status, **{name: given[name] for name in names}}
            found = service.items.count(project_id, **where)
            assert found == len(service.items.page(project_id, limit=100, **where)), where
            seen.add(found)
    assert {37, 40, 3, 0} <= seen
    assert len(seen) > 8

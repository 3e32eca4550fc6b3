"""Contexts, entries and links as the service keeps them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contox_hooks.domain.error import NotFound, Refused
from contox_hooks.memory import context as context_module
from contox_hooks.memory import context_link, entry
from contox_hooks.memory.context import STATES, ascii_lower, check_state
from contox_hooks.memory.context_brain import context_brain
from contox_hooks.memory.populate import Node, populate
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from tests.memory.events import open_service


@pytest.fixture
def service(where: Place) -> Iterator[Service]:
    with open_service(where) as service:
        yield service


@pytest.fixture
def project_id(service: Service) -> str:
    return service.projects.create("demo").id


def test_the_whole_life_of_contexts(service: Service, project_id: str) -> None:
    contexts = service.contexts
    top = contexts.create(project_id, "Top 50%", tier=1, schema_key="root/a", content="ÄB c", state="approved")
    below = contexts.create(project_id, "below", parent_id=top.id)
    assert [one.id for one in contexts.page(project_id, tier=1, state="approved")] == [top.id]
    assert contexts.page(project_id, schema_key="root/a") == [top]
    assert [one.id for one in contexts.page(project_id, parent_id=top.id, limit=1)] == [below.id]
    assert [one.name for one in contexts.found(project_id, "ÄB C")] == ["Top 50%"]
    assert [one.name for one in contexts.found(project_id, "0%")] == ["Top 50%"]
    assert contexts.found(project_id, "äb") == [], "neither database knows letters beyond ASCII"
    assert contexts.found(project_id, "5_") == []
    assert contexts.counts() == {project_id: 2}
    changed = contexts.change(below.id, {"content": "text", "position": -1, "tier": 2}, version=1)
    assert (changed.version, changed.size) == (2, 4)
    assert [one.name for one in contexts.page(project_id)] == ["below", "Top 50%"]
    with pytest.raises(Refused):
        contexts.change(below.id, {"content": "x"}, version=1)
    brain = context_brain(service.store, project_id, "demo", include_drafts=True)
    assert (brain.loaded, brain.available) == (1, 2)
    assert "ÄB c" in brain.document
    service.links.add(project_id, "root/a", "root/b", "related", confidence=0.5)
    assert contexts.delete(top.id) == 1
    assert contexts.get(below.id).parent_id is None
    assert service.links.outgoing(project_id, "root/a") == []
    with pytest.raises(NotFound):
        contexts.get(top.id)


def test_entries_come_once_and_go_into_the_content_once(service: Service, project_id: str) -> None:
    context = service.contexts.create(project_id, "journal")
    first, is_new = service.entries.add(context.id, "one", "text", idempotency_key="k", tags=["t"])
    again, is_again_new = service.entries.add(context.id, "else", "", idempotency_key="k")
    assert (again, is_new, is_again_new) == (first, True, False)
    second, _ = service.entries.add(context.id, "two", "", entry_type="bug")
    assert [one.id for one in service.entries.page(context.id, limit=9)] == [second.id, first.id]
    assert [one.id for one in service.entries.page(context.id, limit=9, after=second.id)] == [first.id]
    assert service.entries.page(context.id, limit=9, entry_type="bug") == [second]
    assert service.entries.compact(context.id).entries == 2
    assert service.entries.compact(context.id).entries == 0
    assert service.entries.loose(context.id, limit=9) == []
    assert service.entries.count(context.id) == 2


def test_a_long_journal_is_compacted_from_its_beginning(
    service: Service, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "COMPACTED_AT_ONCE", 2)
    context = service.contexts.create(project_id, "journal")
    for title in ("one", "two", "three"):
        service.entries.add(context.id, title, "")
    done = service.entries.compact(context.id)
    assert (done.entries, done.waiting) == (2, 1)
    content = service.contexts.get(context.id).content or ""
    assert "**one**" in content
    assert "**three**" not in content
    monkeypatch.setattr(entry, "MAX_CONTENT", len(content))
    with pytest.raises(Refused):
        service.entries.compact(context.id)
    assert [one.title for one in service.entries.loose(context.id, limit=9)] == ["three"]


def test_a_dry_run_leaves_nothing_behind(service: Service, project_id: str) -> None:
    nodes = [Node("root/a", "A", "text"), Node("root/a/b", "B", parent_key="root/a")]
    dry = populate(service.store, project_id, nodes, dry_run=True)
    assert (dry.created, service.contexts.page(project_id)) == (2, [])
    done = populate(service.store, project_id, nodes)
    assert (done.created, done.updated, done.unchanged) == (2, 0, 0)
    assert populate(service.store, project_id, nodes).unchanged == 2


def test_a_project_holds_so_many(service: Service, project_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_module, "MAX_CONTEXTS", 1)
    monkeypatch.setattr(context_link, "MAX_LINKS", 1)
    service.contexts.create(project_id, "one")
    with pytest.raises(Refused):
        populate(service.store, project_id, [Node("root/a", "A")])
    service.links.add(project_id, "a", "b", "related")
    service.links.add(project_id, "a", "b", "related", reason="known already")
    with pytest.raises(Refused):
        service.links.add(project_id, "a", "c", "related")
    assert len(service.contexts.page(project_id)) == 1


def test_a_person_leaves_with_all_keys(service: Service, project_id: str) -> None:
    access = service.access
    owner, ada = access.add_person("owner", is_owner=True), access.add_person("ada")
    key, text = access.create_key(ada.id, "k", scopes={"read"})  # type: ignore[arg-type]
    cookie = access.create_ticket(key.id, "cookie", life_s=60)
    team = access.team()
    assert (team.members, access.team()) == (2, team)
    access.remove_person(ada.id)
    assert (access.of_text(text), access.of_ticket(cookie, "cookie")) == (None, None)
    assert [person.id for person in access.people()] == [owner.id]
    with pytest.raises(Refused):
        access.remove_person(owner.id)


@pytest.mark.parametrize("current", STATES)
@pytest.mark.parametrize("wanted", STATES)
def test_states_never_go_back(current: context_module.State, wanted: context_module.State) -> None:
    if STATES.index(wanted) >= STATES.index(current):
        check_state(current, wanted)
    else:
        with pytest.raises(Refused):
            check_state(current, wanted)


def test_lower_is_as_the_databases_have_it() -> None:
    assert ascii_lower("ABC Äİß") == "abc Äİß"

"""What a process keeps of a project is told anew after any change, by whichever connection (memory/kept.py)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory import kept
from contox_hooks.memory.brain import Brain
from contox_hooks.memory.kept import kept_brain, kept_count
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from tests.memory.events import a_project, commit, open_service, sha


def remember(service: Service, project_id: str, title: str) -> str:
    with service.store.transaction():
        draft = Draft("decision", title, "", "root/data", 0.8, 4, (Evidence(sha(1), title),), at_utc=1)
        return service.items.add(project_id, None, draft)


def test_a_change_by_another_connection_is_seen(where: Place) -> None:
    with open_service(where) as one, open_service(where) as other:
        project_id = a_project(one).id
        item_id = remember(one, project_id, "Use WAL")
        for service in (one, other):
            assert "Use WAL" in kept_brain(service, project_id).document
            assert kept_count(service, project_id, status="active") == 1
        other.items.edit(item_id, title="Use a rollback journal")
        assert "rollback journal" in kept_brain(one, project_id).document
        one.reviews.decide(item_id, "archived")
        assert "rollback journal" not in kept_brain(other, project_id).document
        assert kept_count(other, project_id, status="active") == 0


def test_what_changes_no_memory_changes_no_answer(where: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_service(where) as service:
        project_id = a_project(service).id
        other_id = service.projects.create("other").id
        remember(service, project_id, "Use WAL")
        first = kept_brain(service, project_id)
        monkeypatch.setattr(Service, "brain", lambda *_, **__: pytest.fail("laid out again"))
        service.ingest(project_id, [commit(1, 1_760_000_000)])
        remember(service, other_id, "Use Rust")
        assert kept_brain(service, project_id) == first
        monkeypatch.undo()
        service.projects.rename(project_id, "Anew")
        assert "Memory of Anew" in kept_brain(service, project_id).document


def test_what_was_rolled_back_is_not_kept(where: Place) -> None:
    with open_service(where) as service:
        project_id = a_project(service).id
        item_id = remember(service, project_id, "Use WAL")
        with suppress(RuntimeError), service.store.transaction():
            service.items.edit(item_id, title="Never said")
            assert "Never said" in kept_brain(service, project_id).document
            raise RuntimeError
        assert "Use WAL" in kept_brain(service, project_id).document
        service.items.edit(item_id, title="Said at last")  # as many changes as the one that never was
        assert "Said at last" in kept_brain(service, project_id).document


def test_only_so_many_are_kept(where: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST_BRAINS", 2)
    with open_service(where) as service:
        project_id = a_project(service).id
        remember(service, project_id, "Use WAL")
        for budget in (1000, 2000, 3000, 1000):
            assert kept_brain(service, project_id, budget_tokens=budget).items_loaded == 1
        assert len(kept._BRAINS[service.store.shared]) == 2


def test_many_who_ask_at_once_have_it_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_service(tmp_path) as service:
        project_id = a_project(service).id
        remember(service, project_id, "Use WAL")
    laid_out = []
    brain = Service.brain

    def slow(service: Service, *given: Any, **named: Any) -> Brain:
        laid_out.append(given)
        time.sleep(0.05)
        return brain(service, *given, **named)

    monkeypatch.setattr(Service, "brain", slow)
    every = threading.Barrier(4)

    def ask(_: int) -> str:
        with open_service(tmp_path) as mine:
            every.wait(10)
            return kept_brain(mine, project_id).etag

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert len(laid_out) == 1

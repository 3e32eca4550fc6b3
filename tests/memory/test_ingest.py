"""Once and only once, from any number of processes; what a rewrite does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.domain.error import NotFound
from contox_hooks.domain.event import SOURCE_HOOKS, digests_of, rewrite_event
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from tests.memory.events import DAY, HOUR, a_project, commit, open_service, sha


@pytest.fixture
def service(where: Place) -> Iterator[Service]:
    with open_service(where) as service:
        yield service


def test_again_is_the_same(service: Service) -> None:
    project = a_project(service)
    events = [commit(number, DAY + number * HOUR) for number in range(10)]
    first = service.ingest(project.id, events)
    before = (service.status(project.id), service.sessions.page(project.id))
    again = service.ingest(project.id, events[::-1])[::-1]
    assert [(r.key, r.event_id, r.session_id) for r in again] == [(r.key, r.event_id, r.session_id) for r in first]
    assert all(receipt.duplicate for receipt in again)
    assert not any(receipt.duplicate for receipt in first)
    assert (service.status(project.id), service.sessions.page(project.id)) == before


def test_the_same_event_twice_in_one_batch(service: Service) -> None:
    project = a_project(service)
    one, two = service.ingest(project.id, [commit(1, DAY), commit(1, DAY)])
    assert (one.event_id, one.duplicate, two.duplicate) == (two.event_id, False, True)


def test_a_batch_is_all_or_nothing(service: Service) -> None:
    project = a_project(service)
    good, bad = commit(1, DAY), commit(2, DAY + 1)
    object.__setattr__(bad, "payload", {"files": [], "unserialisable": object()})
    with pytest.raises(TypeError):
        service.ingest(project.id, [good, bad])
    assert service.status(project.id).events == 0
    assert service.sessions.page(project.id) == []
    service.ingest(project.id, [good])
    assert service.status(project.id).events == 1


def test_paths_and_messages_that_are_no_utf8(service: Service) -> None:
    project = a_project(service)
    odd = commit(1, DAY, subject="caf\udce9", files=("caf\udce9.py", "new\nline", "\x01"))
    (receipt,) = service.ingest(project.id, [odd])
    (stored,) = service.sessions.events(receipt.session_id)
    assert digests_of([stored.event]) == digests_of([odd])
    assert service.sessions.get(receipt.session_id).files == ("caf\udce9.py", "new\nline", "\x01")


_WRITER = """
import sys
from contox_hooks.memory.service import Service
from tests.memory.events import DAY, commit, place_of
with Service.open(place_of(sys.argv[1])) as service:
    for number in range(int(sys.argv[3]), int(sys.argv[3]) + 60):
        receipts = service.ingest(sys.argv[2], [commit(number, DAY + 30 * number), commit(number + 1, DAY)])
        assert len(receipts) == 2
"""


def test_processes_at_once(where: Place) -> None:
    with open_service(where) as service:
        project = a_project(service)
    script = [sys.executable, "-c", _WRITER, str(where), project.id]
    writers = [subprocess.Popen([*script, str(start)], cwd=Path.cwd()) for start in (0, 20, 40, 0)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    with open_service(where) as service:
        sessions = service.sessions.page(project.id, limit=100)
        keys = [event.event.key for session in sessions for event in service.sessions.events(session.id)]
        assert sorted(keys) == sorted(f"commit:{sha(number)}" for number in range(101))
        assert sum(session.event_count for session in sessions) == 101


def test_processes_creating_the_store_at_once(nowhere: Place) -> None:
    code = "import sys; from tests.memory.events import place_of; from contox_hooks.memory.store import Store; Store.open(place_of(sys.argv[1])).close()"
    creators = [subprocess.Popen([sys.executable, "-c", code, str(nowhere)]) for _ in range(6)]
    assert [creator.wait(timeout=60) for creator in creators] == [0] * 6
    with open_service(nowhere) as service:
        assert service.store.damage() is None
        assert service.store.count("SELECT COUNT(*) FROM migration") == service.store.version


@pytest.mark.parametrize("old_first", [True, False])
def test_a_rewrite_supersedes(service: Service, old_first: bool) -> None:
    project = a_project(service)
    old, new = commit(1, DAY), commit(2, DAY + 60)
    amend = rewrite_event([(sha(1), sha(2))], command="amend", at_utc=DAY + 60)
    batches = [[old], [new, amend]] if old_first else [[new, amend], [old]]
    for batch in batches:
        service.ingest(project.id, batch)
    (session,) = service.sessions.page(project.id, source=SOURCE_HOOKS, limit=1)
    events = {
        event.event.key: event for s in service.sessions.page(project.id) for event in service.sessions.events(s.id)
    }
    assert events[f"commit:{sha(1)}"].superseded_by == sha(2)
    assert events[f"commit:{sha(2)}"].superseded_by is None
    assert session.head_sha == sha(2)
    assert service.jobs.unprocessed(project.id) == 1


def test_a_dropped_commit_is_no_work_to_do(service: Service) -> None:
    project = a_project(service)
    (receipt, *_) = service.ingest(
        project.id, [commit(1, DAY), rewrite_event([(sha(1), None)], command="rebase", at_utc=DAY)]
    )
    assert service.sessions.events(receipt.session_id)[0].superseded_by == ""
    assert service.jobs.unprocessed(project.id) == 0
    assert service.jobs.request([receipt.session_id], trigger="manual") == []


def _draft(*shas: str) -> Draft:
    evidence = tuple(Evidence(found, "quoted") for found in shas)
    return Draft("decision", "Use WAL", "Readers never wait.", "root/data", 0.9, 4, evidence, files=("app.py",))


def test_items_follow_a_rewrite(service: Service) -> None:
    """Only what rests on dropped commits alone is superseded at once; the rest goes along when the heir is read."""
    project = a_project(service)
    service.ingest(project.id, [commit(1, DAY), commit(2, DAY)])
    with service.store.transaction():
        alone = service.items.add(project.id, None, _draft(sha(1)))
        both = service.items.add(project.id, None, _draft(sha(1), sha(2)))
    service.ingest(project.id, [rewrite_event([(sha(1), sha(3))], command="amend", at_utc=DAY)])
    assert service.items.get(both).status == "active"
    assert service.items.get(alone).status == "active"
    service.ingest(project.id, [rewrite_event([(sha(2), None)], command="rebase", at_utc=DAY + 1)])
    assert service.items.get(both).status == "active"
    service.ingest(project.id, [rewrite_event([(sha(1), None)], command="rebase", at_utc=DAY + 2)])
    for item in (service.items.get(alone), service.items.get(both)):
        assert (item.status, item.status_reason) == ("superseded", f"rebase dropped {sha(1)[:12]}")


def test_unknown_session_is_named(service: Service) -> None:
    with pytest.raises(NotFound, match="no session nope"):
        service.jobs.request(["nope"], trigger="auto")

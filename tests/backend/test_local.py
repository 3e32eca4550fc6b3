"""What the capture side may rely on in any backend; run here against the local one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.backend.local import LocalBackend
from contox_hooks.backend.protocol import Backend
from contox_hooks.domain.error import StoreError
from tests.memory.events import DAY, HOUR, Clock, a_project, commit, open_service


@pytest.fixture
def clock() -> Clock:
    return Clock(DAY + HOUR)


@pytest.fixture
def backend(tmp_path: Path, clock: Clock) -> Iterator[Backend]:
    with open_service(tmp_path, clock) as service:
        yield LocalBackend(service, a_project(service).id, min_interval_s=600)


def test_receipts_are_in_order_and_say_what_was_known(backend: Backend) -> None:
    first = backend.deliver([commit(2, DAY + 2), commit(1, DAY + 1)])
    again = backend.deliver([commit(1, DAY + 1), commit(3, DAY + 3), commit(2, DAY + 2)])
    assert [receipt.duplicate for receipt in (*first, *again)] == [False, False, True, False, True]
    assert (again[0].event_id, again[2].event_id) == (first[1].event_id, first[0].event_id)
    assert backend.deliver([]) == []


def test_end_session(backend: Backend) -> None:
    assert backend.end_session(at_utc=DAY, open_new=True) is None
    (receipt,) = backend.deliver([commit(1, DAY)])
    ended = backend.end_session(at_utc=DAY + 60, open_new=False)
    assert ended is not None
    assert (ended.closed_id, ended.new_id, ended.events) == (receipt.session_id, None, 1)
    assert backend.end_session(at_utc=DAY + 60, open_new=False) is None


def test_runs_are_asked_for_once(backend: Backend) -> None:
    (receipt,) = backend.deliver([commit(1, DAY)])
    assert len(backend.request_run([receipt.session_id] * 2, trigger="auto")) == 1
    assert backend.request_run([receipt.session_id], trigger="auto") == []
    assert backend.request_run([receipt.session_id], trigger="manual") == []


def test_automatic_runs_keep_their_distance(tmp_path: Path, clock: Clock) -> None:
    with open_service(tmp_path, clock) as service:
        backend = LocalBackend(service, a_project(service).id, min_interval_s=600)
        (one,) = backend.deliver([commit(1, DAY)])
        backend.request_run([one.session_id], trigger="auto")
        (run,) = service.jobs.pending()
        clock.now += 60
        (two,) = backend.deliver([commit(2, DAY - 10 * HOUR)])
        backend.request_run([two.session_id], trigger="auto")
        assert service.jobs.pending() == [run]
        assert service.jobs.pending_count(backend.project_id) == 2
        clock.now += 540
        assert len(service.jobs.pending()) == 2
        clock.now -= 540
        backend.request_run([two.session_id], trigger="manual")
        assert len(service.jobs.pending()) == 2


def test_a_clock_that_was_once_ahead_does_not_put_off_what_comes(tmp_path: Path, clock: Clock) -> None:
    with open_service(tmp_path, clock) as service:
        backend = LocalBackend(service, a_project(service).id, min_interval_s=600)
        clock.now += 400 * 86_400
        (one,) = backend.deliver([commit(1, DAY)])
        backend.request_run([one.session_id], trigger="auto")
        clock.now -= 400 * 86_400
        (two,) = backend.deliver([commit(2, DAY - 10 * HOUR)])
        backend.request_run([two.session_id], trigger="auto")
        clock.now += 601
        assert [run.session_id for run in service.jobs.pending()] == [two.session_id]


def test_nothing_is_stored_when_it_cannot_be(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        project = a_project(service)
        backend = LocalBackend(service, project.id)
        service.store.rows(f"PRAGMA max_page_count = {service.store.count('PRAGMA page_count') + 1}")
        with pytest.raises(StoreError):
            backend.deliver([commit(number, DAY, diff="x" * 4000) for number in range(20)])
        assert service.status(project.id).events == 0


def test_the_hooks_path_stays_light() -> None:
    """Opening a store and delivering needs the standard library alone (ARCHITECTURE.md, Decisions)."""
    code = """
import sys
from contox_hooks.backend.local import LocalBackend
from contox_hooks.memory.service import Service
from tests.memory.events import DAY, a_project, commit
from contox_hooks.place import memory_path
with Service.open(memory_path()) as service:
    backend = LocalBackend(service, a_project(service).id)
    (receipt,) = backend.deliver([commit(1, DAY)])
    backend.request_run([receipt.session_id], trigger="auto")
    service.status(backend.project_id)
allowed = sys.stdlib_module_names | {"__main__", "contox_hooks", "tests"}
foreign = {name.partition(".")[0] for name in sys.modules} - allowed
print(sorted(name for name in foreign if not name.startswith(("_", "sitecustomize"))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

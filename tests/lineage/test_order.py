"""Whatever comes first, the run of either commit or the word of their kinship: one item, on the commit that stands."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from contox_hooks.domain.event import Event, rewrite_event
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.runner import run_pending
from tests.memory.events import DAY, HOUR, a_project, commit, open_service, sha
from tests.pipeline.bench import Extractor, tools

PAIR = rewrite_event([(sha(1), sha(2))], command="amend", at_utc=DAY + 9)


def events(hours_apart: int) -> dict[str, Event]:
    """Equal but for their ids, as a rebase leaves them."""
    old, new = (commit(n, DAY, subject="decide so", files=("app.py", "more.py")) for n in (1, 2))
    return {
        "old": old,
        "new": Event("commit", new.key, new.source, DAY + hours_apart * HOUR, new.payload),
        "pair": PAIR,
    }


@pytest.mark.parametrize("hours_apart", [0, 7], ids=["one session", "two sessions"])
@pytest.mark.parametrize("runs", ["after each", "at the end"])
@pytest.mark.parametrize("order", list(permutations(("old", "new", "pair"))), ids="-".join)
def test_every_order(tmp_path: Path, order: tuple[str, ...], runs: str, hours_apart: int) -> None:
    happened = events(hours_apart)
    extractor = Extractor(paid=True)
    with open_service(tmp_path) as service:
        project_id = a_project(service).id
        for name in order:
            service.ingest(project_id, [happened[name]])
            if runs == "after each":
                run(service, tmp_path, project_id, extractor)
        run(service, tmp_path, project_id, extractor)
        (item,) = [item for item in service.items.page(project_id, status=None) if item.status == "active"]
        assert {entry.commit_sha for entry in service.items.get(item.id).evidence} - {sha(1)} == {sha(2)}
        assert sum(extractor.calls) == 1
        assert service.jobs.unprocessed(project_id) == 0


@pytest.mark.parametrize("first", ["old", "new"])
def test_approved_stays_when_the_word_comes_last(tmp_path: Path, first: str) -> None:
    """Both became memory before anybody said that one is the other, and a person approved the older item."""
    old, new = commit(1, DAY, subject="decide so"), commit(2, DAY + 7 * HOUR, subject="decide so, better")
    with open_service(tmp_path) as service:
        project_id = a_project(service).id
        for event in (old, new) if first == "old" else (new, old):
            service.ingest(project_id, [event])
            run(service, tmp_path, project_id, Extractor())
        (mine,) = [item for item in service.items.page(project_id) if item.title == "decide so"]
        with service.store.transaction():
            service.store.run("UPDATE item SET approved_at = 1 WHERE id = :id", id=mine.id)
        service.ingest(project_id, [PAIR])
        service.ingest(project_id, [commit(3, DAY + 8 * HOUR, subject="go on")])
        run(service, tmp_path, project_id, Extractor())
        shown = {item.title: service.items.get(item.id) for item in service.items.page(project_id)}
        assert set(shown) == {"decide so", "go on"}
        assert {entry.commit_sha for entry in shown["decide so"].evidence} == {sha(2)}


def run(service: Service, folder: Path, project_id: str, extractor: Extractor) -> None:
    service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
    report = run_pending(folder / "memory.db", tools(extractor), clock=lambda: DAY + 24 * HOUR)
    assert report.failed == ()

"""The same commits become the same memory on both databases: sessions, items, what is found, what is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.memory.search_candidate import Filters
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store, is_url
from contox_hooks.pipeline.embedding import default_embedder
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.pipeline.runner import run_alone, run_pending
from contox_hooks.pipeline.work import Tools
from tests.memory.events import DAY, HOUR, Clock, a_project, commit

VERBS = ("Fix", "Add", "Deprecate", "Rename", "Speed up")
THINGS = ("retry of the queue", "login by token", "cache of pages", "order of events", "export to CSV", "Bücher suche")
WHY = "Because {thing} lost what {other} had written. TODO: measure it again."
DIFF = "--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,3 @@\n-old = {n}\n+def keep_{n}(events):\n+    return events  # TODO: sort {thing}\n"


def told(service: Service, project_id: str) -> dict[str, Any]:
    """All that people see, without ids and times of their own."""
    items = [service.items.get(item.id) for item in service.items.page(project_id, status=None, limit=1000)]
    embedder = default_embedder()
    queries = (*THINGS, "why was it lost", "keep_7", "src/queue.py", "bucher", "eve")
    return {
        "sessions": [
            (s.started_at, s.status, s.event_count, s.files, s.head_sha, s.summary, s.items_extracted)
            for s in service.sessions.page(project_id, limit=1000)
        ],
        "items": sorted(
            (i.title, i.type, i.facts, i.status, i.status_reason, i.confidence, i.importance, i.files, i.tags, i.reinforced)
            for i in items
        ),
        "evidence": sorted((i.title, found.commit_sha, found.quote, found.path or "") for i in items for found in i.evidence),
        "found": {
            (query, bool(by), filters.type): [
                (hit.item.title, hit.score, hit.matched_by, hit.similarity, hit.parts)
                for hit in service.search(project_id, query, embedder=by, filters=filters)
            ]
            for query in queries for by in (None, embedder) for filters in (Filters(), Filters(type="todo"))
        },
        "review": [(item.title, item.status_reason) for item in service.reviews.queue(project_id, history=True)],
        "brain": re.sub(r"`01[0-9A-Z]{24}`", "ID", service.brain(project_id).document),
    }  # fmt: skip


def fill(store: Store) -> dict[str, Any]:
    service = Service(store)
    project_id = a_project(service).id
    events = []
    for n in range(36):
        verb, thing, other = VERBS[n % 5], THINGS[n % 6], THINGS[(n + 1) % 6]
        path = f"src/{thing.split()[-1].lower()}.py"
        events.append(
            commit(n, DAY + n * HOUR // 6, subject=f"{verb} the {thing}", body=WHY.format(thing=thing, other=other),
                   files=(path,), diff=DIFF.format(path=path, n=n, thing=thing))
        )  # fmt: skip
    service.ingest(project_id, events[:20])
    service.ingest(project_id, events[20:])
    service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
    tools = Tools(OfflineExtractor(), default_embedder, None)
    if is_url(store.path):
        first = service.jobs.pending(project_id=project_id)[0].session_id
        report = run_alone(store, lambda *_: tools, project_id=project_id, session_id=first, patience_s=600)
    else:
        assert isinstance(store.path, Path)
        report = run_pending(store.path, lambda *_: tools, clock=Clock())
    assert (report.failed, report.busy) == ((), False)
    return told(service, project_id)


@pytest.fixture
def stores(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Store, Store]]:
    with Store.open(tmp_path / "memory.db", clock=Clock()) as one, Store.open(postgres_url, clock=Clock()) as other:
        yield one, other


def test_both_databases_tell_the_same(stores: tuple[Store, Store]) -> None:
    one, other = (fill(store) for store in stores)
    assert len(one["items"]) > 20
    assert all(one["found"][query, False, None] for query in THINGS)
    for part, said in one.items():
        assert other[part] == said, part

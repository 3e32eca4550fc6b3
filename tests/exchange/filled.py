"""A memory with something in every table that is exported."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from contox_hooks.domain.event import Event, checkout_event, key_of, rewrite_event
from contox_hooks.exchange.bringing import Brought, bring_in
from contox_hooks.exchange.reading import exported
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.pipeline.runner import run_pending
from tests.memory.events import DAY, HOUR, Clock, commit, open_service, sha
from tests.pipeline.bench import tools


def filled(folder: Path, commits: int = 12) -> tuple[Service, str]:
    """The service and the project's id."""
    folder.mkdir(exist_ok=True)
    service = open_service(folder)
    project = service.projects.find_or_create(common_dir="/work/.git", root_commit=sha(7), remote=None, name="work")
    events = [
        commit(
            number, DAY + number * 7000, subject=f"decision about sessions {number}", body="NUL \0 and \udcff é",
            files=("app.py", f"ä {number}.py"),
        )
        for number in range(commits)
    ]  # fmt: skip
    note = {"summary": "s", "changes": [{"category": "Decision", "title": "We use SQLite", "content": "It is small."}]}
    events.append(Event("mcp_save", key_of("mcp_save", "n"), "mcp-server", DAY + 50, note))
    events.append(rewrite_event([(sha(3), sha(4)), (sha(99), None)], command="rebase", at_utc=DAY + 90_000 - 5000))
    events.append(
        checkout_event(worktree="", old=sha(1), new=sha(2), old_branch="a", new_branch="b", left_behind=0, at_utc=DAY)
    )
    receipts = service.ingest(project.id, events)
    service.jobs.request([receipt.session_id for receipt in receipts], trigger="manual")
    run_pending(folder / "memory.db", tools())
    items = service.items.page(project.id, status=None)
    service.reviews.approve(items[0].id)
    service.items.set_status(items[1].id, "archived", reason="nobody needs it")
    service.items.merge(items[2].id, items[3].id, "the same")
    service.items.relate(items[4].id, items[5].id, "contradicts", "says otherwise")
    service.projects.set_setting(project.id, "diff_budget", 500)
    service.projects.change(project.id, description="what it is for")
    below = service.contexts.create(project.id, "child", content="# c é\n")
    parent = service.contexts.create(project.id, "parent")
    with service.store.transaction():  # as after a move: a parent with a later id
        service.store.run("UPDATE context SET parent_id = :p WHERE id = :c", p=parent.id, c=below.id)
    service.entries.add(parent.id, "entry", "told", tags=("t",), idempotency_key="k")
    service.links.add(project.id, "root/a", "root/b", "depends_on", reason="so")
    return service, project.id


def export_of(store: Store, project_id: str) -> bytes:
    return b"".join(exported(store, project_id))


def file_of(text: bytes) -> io.BytesIO:
    return io.BytesIO(text)


def empty(folder: Path) -> Store:
    """Of the day after: every session is over."""
    folder.mkdir(exist_ok=True)
    return Store.open(folder / "memory.db", clock=later())


def later() -> Clock:
    return Clock(DAY + 48 * HOUR)


Whole = tuple[Service, str, bytes]
"""A service, its project and its export; nobody changes them."""


def bring(store: Store, text: bytes, **options: Any) -> Brought:
    return bring_in(store, file_of(text), **{"project_id": None, "replace": False, "dry_run": False} | options)


def totals(brought: Brought, what: str) -> int:
    return sum(getattr(count, what) for count in brought.counts.values())


def changed(text: bytes, kind: str, **fields: Any) -> bytes:
    """The first line of a kind says something else."""
    lines = [json.loads(line) for line in text.splitlines()]
    line = next(line for line in lines if line["kind"] == kind)
    line.get("row", line).update(fields)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

"""What runs on the hook's path and in `status` costs the same however much is stored: no statement reads a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.memory.service import Service
from contox_hooks.memory.sql import event, item, job, project, session
from tests.memory.events import open_service

STATEMENTS = {
    "project.BY_CLONE": project.BY_CLONE,
    "project.BY_ROOT": project.BY_ROOT,
    "session.SPANS_FIXED": session.SPANS_FIXED,
    "session.SPANS_SLIDING": session.SPANS_SLIDING,
    "session.SPAN_AFTER": session.SPAN_AFTER,
    "session.CLOSE_ELAPSED": session.CLOSE_ELAPSED,
    "session.ACTIVE": session.ACTIVE,
    "session.PAGE": session.PAGE,
    "session.LATEST_EVENT": session.LATEST_EVENT,
    "session.LATEST_EVENT_OF_SOURCE": session.LATEST_EVENT_OF_SOURCE,
    "session.TOTALS": session.TOTALS,
    "event.BY_KEY": event.BY_KEY,
    "event.HEAD": event.HEAD,
    "event.SUPERSEDE": event.SUPERSEDE,
    "event.REWRITE_OF": event.REWRITE_OF,
    "event.REWRITTEN_INTO": event.REWRITTEN_INTO,
    "event.UNPROCESSED_COUNT": event.UNPROCESSED_COUNT,
    "event.UNASSIGNED": event.UNASSIGNED,
    "event.LATER_ON_PATH": event.LATER_ON_PATH,
    "job.QUEUED_RUN": job.QUEUED_RUN,
    "job.LATEST_RUN_OF_SESSION": job.LATEST_RUN_OF_SESSION,
    "job.LATEST_RUN_OF_PROJECT": job.LATEST_RUN_OF_PROJECT,
    "job.JOBS_OF_RUN": job.JOBS_OF_RUN,
    "job.PENDING_COUNT": job.PENDING_COUNT,
    "job.PENDING": job.PENDING,
    "job.FAILED": job.FAILED,
    "item.COUNT_BY_STATUS": item.COUNT_BY_STATUS,
    "item.ONLY_REWRITTEN": item.ONLY_REWRITTEN,
    "item.ORPHANS_OF": item.ORPHANS_OF,
    "item.HEIR": item.HEIR,
    "item.OF_FILE": item.OF_FILE,
    "item.NEWEST_EVENT": item.NEWEST_EVENT,
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_service(tmp_path) as service:
        yield service


@pytest.mark.parametrize("name", STATEMENTS)
def test_by_an_index(service: Service, name: str) -> None:
    statement = STATEMENTS[name]
    values = dict.fromkeys(re.findall(r":([a-z_]+)", statement), "x")
    plan = [row["detail"] for row in service.store.rows(f"EXPLAIN QUERY PLAN {statement}", **values)]
    # A scan is fine over a partial index: it holds what is open or failed, not what was ever stored.
    scans = [step for step in plan if step.startswith("SCAN") and not re.search(r"INDEX (job_open|job_failed)\b", step)]
    assert scans == [], plan


def test_the_newest_page_is_not_sorted(service: Service) -> None:
    values = dict.fromkeys(re.findall(r":([a-z_]+)", session.PAGE), "x")
    plan = [row["detail"] for row in service.store.rows(f"EXPLAIN QUERY PLAN {session.PAGE}", **values)]
    assert not any("TEMP B-TREE" in step for step in plan), plan

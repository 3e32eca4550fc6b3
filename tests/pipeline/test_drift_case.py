"""What a worker remembers between sessions is used only while the store says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.git.lookup import Blobs
from contox_hooks.memory.service import Service
from contox_hooks.memory.sql import drift as sql
from contox_hooks.pipeline import drift_case
from contox_hooks.pipeline.drift_case import Cases, Standing
from contox_hooks.pipeline.drift_sieve import Sieve
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.work import Tools
from tests.gitrepo import Repo
from tests.memory.events import Clock, a_project, open_service
from tests.pipeline.bench import Topics
from tests.pipeline.digests import change, digest
from tests.pipeline.test_runner_git import ANSWER, Quoting, World, commit_event

DRAFT = Draft(
    "implementation", "Round total_of", "f", "root/x", 0.9, 3, (Evidence("e" * 40, "return sum(prices)", "shop.py"),),
    files=("shop.py",), at_utc=1,
)  # fmt: skip
TEXT = "def total_of(prices):\n    return sum(prices)\n"


@pytest.fixture
def world(repo: Repo, tmp_path: Path) -> World:
    (tmp_path / "memory").mkdir()
    return World(repo, tmp_path / "memory")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_service(tmp_path, Clock()) as service:
        yield service


def stored(service: Service, draft: Draft = DRAFT) -> tuple[str, str]:
    project_id = a_project(service).id
    with service.store.transaction():
        return project_id, service.items.add(project_id, None, draft)


def only(cases: Cases, service: Service, project_id: str, path: str = "shop.py") -> Standing:
    (found,) = cases.standing_in(service.store, project_id, [path])
    return found


def test_the_same_words_are_worked_out_once(service: Service) -> None:
    cases = Cases()
    project_id, item_id = stored(service)
    first = only(cases, service, project_id)
    assert (first.item_id, first.status) == (item_id, "active")
    assert first.case.stakes == {"shop.py": ["return sum(prices)", "total_of"]}
    assert only(cases, service, project_id).case is first.case


def test_a_change_by_another_process_is_seen(service: Service, tmp_path: Path) -> None:
    cases = Cases()
    project_id, item_id = stored(service)
    before = only(cases, service, project_id).case
    with open_service(tmp_path, Clock()) as other:
        other.items.edit(item_id, title="Round")
    assert only(cases, service, project_id).case.stakes == {"shop.py": ["return sum(prices)"]}
    with open_service(tmp_path, Clock()) as other:
        other.items.replace_evidence(item_id, [Evidence("e" * 40, "x = 1", "shop.py")])
    assert only(cases, service, project_id).case.stakes == {"shop.py": ["x = 1"]}
    with open_service(tmp_path, Clock()) as other:
        other.items.set_status(item_id, "review", reason="by hand")
    found = only(cases, service, project_id)
    assert (found.status, found.reason) == ("review", "by hand")
    with open_service(tmp_path, Clock()) as other:
        other.items.set_status(item_id, "superseded")
    assert cases.standing_in(service.store, project_id, ["shop.py"]) == []
    assert before.stakes == {"shop.py": ["return sum(prices)", "total_of"]}


def test_a_merge_brings_what_the_other_cites(service: Service) -> None:
    cases = Cases()
    project_id, item_id = stored(service)
    only(cases, service, project_id)
    other = replace(DRAFT, evidence=(Evidence("f" * 40, "x = 1", "other.py"),), files=("other.py",))
    with service.store.transaction():
        absorbed_id = service.items.add(project_id, None, other)
    service.items.merge(item_id, absorbed_id, "the same")
    for path in ("shop.py", "other.py"):
        found = only(cases, service, project_id, path)
        assert found.item_id == item_id
        assert found.case.cited == {"shop.py": ["return sum(prices)"], "other.py": ["x = 1"]}


def test_what_never_stood_cannot_be_taken(service: Service) -> None:
    project_id, _ = stored(service, replace(DRAFT, files=("shop.py", "user.py")))
    case = only(Cases(), service, project_id).case
    then = {"shop.py": TEXT, "user.py": "import total_of\n"}
    assert case.stood("e" * 40, then.get) == {"shop.py": ["return sum(prices)", "total_of"]}
    assert case.stood("f" * 40, {"shop.py": "x\n", "user.py": "x\n"}.get) == {}  # of another commit: looked at anew
    missing = case.stood("0" * 40, {"shop.py": TEXT}.get)
    assert missing["user.py"] == ["total_of"]  # unknown there: nothing is said


def test_renames_and_cited_lines_are_met_and_other_files_are_not(service: Service) -> None:
    project_id, _ = stored(service)
    found = only(Cases(), service, project_id)
    assert found.may_be_met_by(Sieve(digest("moves", files=[change("new.py", "R", "shop.py")])))
    assert found.may_be_met_by(Sieve(digest("takes", hunks={"shop.py": "-    return sum(prices)\n+    pass"})))
    assert not found.may_be_met_by(Sieve(digest("around", hunks={"shop.py": "-x = 1\n+x = 2"})))
    assert not found.may_be_met_by(Sieve(digest("elsewhere", files=[change("other.py", "D")])))


def test_what_is_remembered_is_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift_case, "MAX_CASES", 2)
    cases = Cases()
    project_id, _ = stored(service)
    with service.store.transaction():
        for number in range(4):
            service.items.add(project_id, None, replace(DRAFT, title=f"number {number}"))
    assert len(cases.standing_in(service.store, project_id, ["shop.py"])) == 5
    assert len(cases._kept) == 2


def test_a_change_between_two_sessions_of_one_worker_counts(world: World) -> None:
    """One worker takes both sessions; between them another process changes what the item cites."""
    first = world.commit("add answer", {"app.py": ANSWER})
    second = world.commit("around it", {"app.py": "import os\n" + ANSWER})
    third = world.commit("drop it", {"app.py": "pass\n"})
    with open_service(world.folder, world.clock) as service, Blobs(world.repo.path / ".git") as blobs:
        service.ingest(world.project_id, [commit_event(d, at_utc=d.committer.at_utc) for d in (first, second, third)])
        service.jobs.request(service.jobs.unprocessed_sessions(world.project_id), trigger="manual")
        tools = Tools(Quoting(), Topics, blobs)  # type: ignore[arg-type]
        done: list[str] = []

        def meddle(progress: object) -> None:
            if progress.job.stage == "drift_check" and progress.job.status == "done":  # type: ignore[attr-defined]
                done.append("session")
                if len(done) == 2:
                    (item,) = service.items.page(world.project_id)
                    service.items.replace_evidence(item.id, [Evidence(first.sha, "pass", "app.py")])

        report = run_pending(
            world.folder / "memory.db", lambda project, clones: tools, on_progress=meddle, clock=world.clock
        )
        assert report.failed == ()
        assert len(done) == 3
    assert world.item("add answer").status == "active"


@pytest.mark.parametrize("statement", [sql.ITEMS_IN_FILE, sql.EVIDENCE_IN_FILE, sql.NAMES_IN_FILE])
def test_items_of_other_files_are_not_gone_through(service: Service, statement: str) -> None:
    plan = [row["detail"] for row in service.store.rows(f"EXPLAIN QUERY PLAN {statement}", project_id="p", path="x")]
    assert any("item_file" in step for step in plan)
    assert not any(step.startswith("SCAN") or "item_order" in step for step in plan)

"""`watch` as a process, beside what happens in the repository; and its pure half on readings."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.mark import Mark
from contox_hooks.cli.follow import CLOSED_EXTERNALLY, Follower, Notice, Reading
from contox_hooks.domain.event import SOURCE_HOOKS
from contox_hooks.domain.pipeline import STAGES, Job, JobStatus, Stage
from contox_hooks.lock import FileLock
from contox_hooks.memory.session import Session
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, drain, start
from tests.gitrepo import Repo

# The pure half

SESSION = Session(
    id="S1", project_id="P", source=SOURCE_HOOKS, started_at=1, last_event_at=1, ended_at=None, end_reason=None,
    status="active", event_count=1, files=(), files_cut=False, head_sha=None, summary=None, items_extracted=0,
    window_ends_at=10**10,
)  # fmt: skip


def jobs(*statuses: JobStatus, run: str = "R1", attempts: int = 1, error: str | None = None) -> list[Job]:
    return [
        Job(
            f"{run}-{stage}",
            run,
            "S1",
            stage,
            status,
            attempts=attempts,
            started_at_ms=1000,
            finished_at_ms=1340,
            last_error=error,
        )
        for stage, status in zip(STAGES, statuses, strict=True)
    ]


def reading(sessions: Sequence[Session] = (), **runs: list[Job]) -> Reading:
    return Reading(sessions, {}, runs)


def texts(notices: Sequence[Notice]) -> list[str]:
    return [notice.text.strip() for notice in notices]


DONE = jobs("done", "done", "done", "done", "done")
QUEUED = jobs("queued", "queued", "queued", "queued", "queued", attempts=0)


def test_what_was_there_before_is_not_news() -> None:
    follower = Follower()
    assert follower.fold(reading([SESSION], R1=DONE)) == []
    assert follower.fold(reading([SESSION], R1=DONE)) == []


def test_a_new_session_is_told_with_its_source_and_later_its_summary() -> None:
    follower = Follower()
    follower.fold(reading())
    assert texts(follower.fold(reading([SESSION]))) == ["Session saved (Git hooks) — New session saved"]
    assert follower.fold(reading([SESSION])) == []
    long = replace(SESSION, summary="w" * 121)
    assert texts(follower.fold(reading([long]))) == ["Session saved (Git hooks) — " + "w" * 117 + "..."]
    assert follower.fold(reading([long])) == []


@pytest.mark.parametrize(("reason", "told"), [("external", True), ("window", False), ("ended", False)])
def test_a_session_closed_from_elsewhere_is_told_once(reason: Any, told: bool) -> None:
    follower = Follower()
    follower.fold(reading([SESSION]))
    closed = replace(SESSION, status="closed", ended_at=5, end_reason=reason)
    assert texts(follower.fold(reading([closed]))) == ([CLOSED_EXTERNALLY] if told else [])
    assert follower.fold(reading([closed])) == []


def test_another_source_closed_from_elsewhere_is_not_ours() -> None:
    follower = Follower()
    other = replace(SESSION, source="mcp-server")
    follower.fold(reading([other]))
    assert follower.fold(reading([replace(other, status="closed", end_reason="external")])) == []


def test_stages_are_told_as_they_change() -> None:
    follower = Follower()
    follower.fold(reading())
    assert texts(follower.fold(reading(R1=QUEUED))) == [
        "Pipeline pending: ○ Enrichment  ○ Deep Enrich  ○ Embedding  ○ Deduplication  ○ Drift Check"
    ]
    running = jobs("done", "skipped", "running", "queued", "queued")
    assert texts(follower.fold(reading(R1=running))) == [
        "✓ Enrichment (340 ms)", "– Deep Enrich skipped (340 ms)", "… Embedding running",
    ]  # fmt: skip
    assert follower.fold(reading(R1=running)) == []
    assert texts(follower.fold(reading(R1=DONE)))[-1] == (
        "Pipeline complete: ✓ Enrichment  ✓ Deep Enrich  ✓ Embedding  ✓ Deduplication  ✓ Drift Check"
    )
    assert follower.fold(reading(R1=DONE)) == []


def test_a_failure_shows_eighty_characters_of_its_error_and_a_retry_is_told_again() -> None:
    follower = Follower()
    follower.fold(reading())
    failed = jobs("done", "done", "failed", "queued", "queued", error="x" * 100)
    last = follower.fold(reading(R1=failed))[-1]
    assert last.text.startswith("Pipeline failed: ✓ Enrichment  ✓ Deep Enrich  ✗ Embedding  ○ Deduplication")
    assert "— " + "x" * 77 + "...\n" in last.text
    assert "contox-hooks retry S1" in last.text
    assert follower.fold(reading(R1=failed)) == []
    again = [replace(job, attempts=job.attempts + (job.stage is Stage.EMBED)) for job in failed]
    assert follower.fold(reading(R1=again))[-1].data["status"] == "failed"


# The process


def lines_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_commits_made_without_hooks_become_memory_before_it_ends(repo: Repo) -> None:
    begin(repo)
    commit(repo)
    process = start(repo, "watch", "--until-idle", "--json")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    found = lines_of(out)
    assert all({"kind", "at"} <= set(line) for line in found)
    assert found[0]["kind"] == "watching"
    over = [line for line in found if line["kind"] == "pipeline" and line["status"] == "done"]
    assert len(over) == 1
    assert over[0]["line"].startswith("✓ Enrichment")
    stages = [line["stage"] for line in found if line["kind"] == "stage" and line["status"] in ("done", "skipped")]
    assert stages == list(STAGES)
    assert found[-1]["kind"] == "saved"


def test_it_ends_at_once_when_nothing_is_to_do(repo: Repo) -> None:
    begin(repo)
    process = start(repo, "watch", "--until-idle")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out == "Watching work: 0 events in the session. Ctrl-C ends.\n"


def test_a_session_closed_from_elsewhere(repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    commit(repo)
    drain(repo)
    process = start(repo, "watch")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Watching work: 1 event in the session, last save ")
    session_id = call("sessions", "--json").json["sessions"][0]["id"]
    call("session", "end", session_id)
    assert process.stdout.readline() == "Session closed externally — new session started.\n"
    commit(repo, "fix: later", 5)
    assert process.stdout.readline() == "Session saved (Git hooks) — New session saved\n"
    assert "fix: later" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    found = call("sessions", "--json").json["sessions"]
    assert [(session["status"], session["event_count"]) for session in found] == [("active", 1), ("closed", 1)]


def test_the_first_session_of_all_is_news_with_its_events(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    process = start(repo, "watch")
    assert process.stdout is not None
    assert process.stdout.readline() == "Watching work: 0 events in the session. Ctrl-C ends.\n"
    commit(repo, "feat: first")
    assert process.stdout.readline() == "Session saved (Git hooks) — New session saved\n"
    assert "feat: first (+12 −0, 1 file)" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_until_idle_waits_for_a_drain_that_is_at_work(repo: Repo) -> None:
    begin(repo)
    state = Assembly(repo.repository).state
    process = None
    mark = Mark(state.mark)
    with FileLock(state.lock) as lock:
        assert lock.take()
        mark.raise_()
        process = start(repo, "watch", "--until-idle", "--json")
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        commit(repo)  # what that drain has not seen
        mark.lower()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [line["status"] for line in lines_of(out) if line["kind"] == "pipeline"][-1] == "done"


def test_for_so_many_seconds(repo: Repo) -> None:
    begin(repo)
    started = time.monotonic()
    process = start(repo, "watch", "--for", "0.5")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert time.monotonic() - started >= 0.5


def test_trouble_is_told_once_and_it_goes_on(repo: Repo) -> None:
    begin(repo)
    lock = repo.repository.common_dir / "contox" / "drain.lock"
    lock.unlink()
    lock.mkdir()
    process = start(repo, "watch", "--for", "2.5", "--json")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [line["kind"] for line in lines_of(out)].count("trouble") == 1


def test_not_captured(repo: Repo, call: Call) -> None:
    told = call("watch", "--until-idle")
    assert (told.code, told.out) == (5, "")

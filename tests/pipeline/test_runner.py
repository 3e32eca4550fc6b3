"""Stages are durable: each result is stored with its job, a failed stage is retried from itself, kill -9 resumes."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.domain.error import NotFound, StageFailed, StoreError
from contox_hooks.domain.event import rewrite_event
from contox_hooks.domain.pipeline import STAGES, Stage
from contox_hooks.lock import FileLock
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.embed import embedded_text
from contox_hooks.pipeline.runner import MAX_DEATHS, Progress, run_pending
from contox_hooks.pipeline.stage import STAGE_FUNCTIONS
from contox_hooks.pipeline.work import Result, Work, Writing
from tests.memory.events import DAY, HOUR, a_project, commit, open_service, sha
from tests.pipeline.bench import Extractor, Topics, tools


def prepare(folder: Path, commits: int = 3, *, hours_apart: float = 0.01) -> str:
    """A store with one run queued for each session; the project's id."""
    with open_service(folder) as service:
        project = a_project(service)
        events = [commit(n, DAY + int(n * hours_apart * HOUR), subject=f"decide thing {n}") for n in range(commits)]
        service.ingest(project.id, events)
        service.jobs.request(service.jobs.unprocessed_sessions(project.id), trigger="manual")
        return project.id


def shown(service: Service, project_id: str) -> list[tuple[str, str, list[str]]]:
    """What must be the same however often the pipeline was interrupted."""
    items = (service.items.get(item.id) for item in service.items.page(project_id, status=None, limit=1000))
    return sorted((item.title, item.status, sorted(found.quote for found in item.evidence)) for item in items)


def statuses(service: Service, session_id: str) -> list[str]:
    return [job.status for job in service.jobs.of_session(session_id)]


def test_all_five_stages(tmp_path: Path) -> None:
    project_id = prepare(tmp_path)
    seen: list[Progress] = []
    report = run_pending(tmp_path / "memory.db", tools(), on_progress=seen.append)
    assert (report.runs, report.failed, report.busy) == (1, (), False)
    assert [(p.job.stage, p.job.status) for p in seen] == [
        (s, status) for s in STAGES for status in ("running", "done")
    ]
    with open_service(tmp_path) as service:
        (session,) = service.sessions.page(project_id)
        assert statuses(service, session.id) == ["done"] * 5
        assert session.items_extracted == 3
        assert session.summary
        item = service.items.get(service.items.page(project_id)[0].id)
        assert item.evidence[0].event_id in {event.id for event in service.sessions.events(session.id)}
        assert service.jobs.unprocessed(project_id) == 0
        assert service.search(project_id, embedded_text(item), embedder=Topics())[0].matched_by == "both"
        assert all(job.duration_ms is not None and job.attempts == 1 for job in service.jobs.of_session(session.id))


def test_nothing_is_done_twice(tmp_path: Path) -> None:
    project_id = prepare(tmp_path)
    extractor = Extractor()
    run_pending(tmp_path / "memory.db", tools(extractor))
    with open_service(tmp_path) as service:
        before = shown(service, project_id)
        (session,) = service.sessions.page(project_id)
        assert service.jobs.request([session.id], trigger="manual") == []
    assert run_pending(tmp_path / "memory.db", tools(extractor)).runs == 0
    with open_service(tmp_path) as service:
        assert shown(service, project_id) == before
    assert extractor.calls == [3]


def test_new_commits_of_a_session_get_a_run_and_chunks_of_their_own(tmp_path: Path) -> None:
    project_id = prepare(tmp_path, 23)
    extractor = Extractor()
    run_pending(tmp_path / "memory.db", tools(extractor))
    with open_service(tmp_path) as service:
        (receipt,) = service.ingest(project_id, [commit(50, DAY + 60, subject="decide late")])
        assert len(service.jobs.request([receipt.session_id], trigger="auto")) == 1
    run_pending(tmp_path / "memory.db", tools(extractor))
    assert extractor.calls == [10, 10, 3, 1]
    with open_service(tmp_path) as service:
        assert service.items.count(project_id) == 24
        assert service.sessions.page(project_id)[0].items_extracted == 24


@pytest.mark.parametrize("stage", STAGES)
def test_a_failed_stage_is_retried_from_itself(tmp_path: Path, stage: Stage) -> None:
    project_id = prepare(tmp_path)
    extractor = Extractor()

    def broken(work: Work) -> Writing:
        STAGE_FUNCTIONS[stage](work)
        raise ValueError("no such\nluck")

    report = run_pending(tmp_path / "memory.db", tools(extractor), stages={**STAGE_FUNCTIONS, stage: broken})
    (failed,) = report.failed
    assert (failed.stage, failed.last_error, failed.attempts) == (stage, "ValueError: no such luck", 1)
    place = STAGES.index(stage)
    with open_service(tmp_path) as service:
        (session,) = service.sessions.page(project_id)
        assert statuses(service, session.id) == ["done"] * place + ["failed"] + ["queued"] * (4 - place)
        assert [job.id for job in service.status(project_id).failed] == [failed.id]
        assert run_pending(tmp_path / "memory.db", tools()).runs == 0  # it waits for `retry`
        before = service.jobs.of_session(session.id)[:place]
        service.jobs.retry(session.id)
        with pytest.raises(NotFound, match="no stage"):
            service.jobs.retry(session.id)
    run_pending(tmp_path / "memory.db", tools(extractor))
    with open_service(tmp_path) as service:
        jobs = service.jobs.of_session(session.id)
        assert [job.status for job in jobs] == ["done"] * 5
        assert jobs[:place] == before
        assert jobs[place].attempts == 1  # `retry` counts anew
        assert service.items.count(project_id) == 3
    assert extractor.calls == [3]  # its answer was stored before the stage failed


def test_what_fails_while_writing_leaves_nothing(tmp_path: Path) -> None:
    project_id = prepare(tmp_path)

    def half(work: Work) -> Writing:
        write = STAGE_FUNCTIONS[Stage.ENRICH](work)

        def halfway() -> Result:
            write()
            raise StageFailed("the model's answer is not valid", hint="contox-hooks retry")

        return halfway

    (failed,) = run_pending(tmp_path / "memory.db", tools(), stages={**STAGE_FUNCTIONS, Stage.ENRICH: half}).failed
    assert failed.last_error == "the model's answer is not valid"
    with open_service(tmp_path) as service:
        assert shown(service, project_id) == []
        assert service.jobs.unprocessed(project_id) == 3


def test_one_bad_session_does_not_hold_up_the_others(tmp_path: Path) -> None:
    project_id = prepare(tmp_path, 4, hours_apart=5)
    report = run_pending(tmp_path / "memory.db", tools(Extractor(refuses={sha(1)})))
    assert (report.runs, len(report.failed)) == (4, 1)
    with open_service(tmp_path) as service:
        assert service.items.count(project_id) == 3


def test_a_paid_answer_is_never_asked_for_again(tmp_path: Path) -> None:
    """The second chunk fails: the first one's answer is kept over the retry, and over a new run."""
    project_id = prepare(tmp_path, 15)
    extractor = Extractor(refuses={sha(12)}, paid=True)
    run_pending(tmp_path / "memory.db", tools(extractor))
    extractor.refuses.clear()
    with open_service(tmp_path) as service:
        (receipt,) = service.ingest(project_id, [commit(99, DAY + 600, subject="decide more")])
        service.jobs.request([receipt.session_id], trigger="auto")
    run_pending(tmp_path / "memory.db", tools(extractor))
    assert extractor.calls == [10, 5, 5, 1]
    with open_service(tmp_path) as service:
        assert service.items.count(project_id) == 16
        assert service.status(project_id).failed == ()  # the newer run did what the failed one could not


def test_limit_session_and_project(tmp_path: Path) -> None:
    project_id = prepare(tmp_path, 4, hours_apart=5)
    assert run_pending(tmp_path / "memory.db", tools(), limit=1).runs == 1
    assert run_pending(tmp_path / "memory.db", tools(), project_id="another").runs == 0
    with open_service(tmp_path) as service:
        newest = service.sessions.page(project_id)[0].id
    assert run_pending(tmp_path / "memory.db", tools(), session_id=newest).runs == 1
    assert run_pending(tmp_path / "memory.db", tools()).runs == 2


def test_one_worker_at_a_time(tmp_path: Path) -> None:
    prepare(tmp_path)
    with FileLock(tmp_path / "memory.db.worker") as lock:
        assert lock.take()
        report = run_pending(tmp_path / "memory.db", tools())
        assert (report.runs, report.busy) == (0, True)
    assert run_pending(tmp_path / "memory.db", tools()).runs == 1


def test_what_is_queued_meanwhile_is_not_left_behind(tmp_path: Path) -> None:
    project_id = prepare(tmp_path)
    pending = [commit(70, DAY + 10 * HOUR, subject="decide later")]

    def meanwhile(progress: Progress) -> None:
        if pending and progress.job.stage is Stage.DRIFT_CHECK:
            with open_service(tmp_path) as service:
                (receipt,) = service.ingest(project_id, [pending.pop()])
                service.jobs.request([receipt.session_id], trigger="auto")
            assert run_pending(tmp_path / "memory.db", tools()).busy

    assert run_pending(tmp_path / "memory.db", tools(), on_progress=meanwhile).runs == 2


def test_a_store_error_ends_the_worker_not_the_job(tmp_path: Path) -> None:
    project_id = prepare(tmp_path)

    def full(work: Work) -> Writing:
        raise StoreError("no room left")

    with pytest.raises(StoreError):
        run_pending(tmp_path / "memory.db", tools(), stages={**STAGE_FUNCTIONS, Stage.EMBED: full})
    run_pending(tmp_path / "memory.db", tools())
    with open_service(tmp_path) as service:
        assert statuses(service, service.sessions.page(project_id)[0].id) == ["done"] * 5


def test_switched_off_or_without_a_repository(tmp_path: Path) -> None:
    project_id = prepare(tmp_path)
    run_pending(tmp_path / "memory.db", lambda project, clones: replace(tools()(project, clones), blobs=None))
    with open_service(tmp_path) as service:
        jobs = service.jobs.of_session(service.sessions.page(project_id)[0].id)
        assert [job.status for job in jobs] == ["done", "skipped", "done", "done", "skipped"]
        assert {job.detail for job in jobs if job.status == "skipped"} == {
            "no clone of the repository is on this machine"
        }


def test_equal_items_merge_over_sessions(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        project = a_project(service)
        events = [commit(number, DAY + number * 5 * HOUR, subject="keep tokens in cookies") for number in range(3)]
        service.ingest(project.id, events)
        service.jobs.request(service.jobs.unprocessed_sessions(project.id), trigger="manual")
    run_pending(tmp_path / "memory.db", tools())
    with open_service(tmp_path) as service:
        (survivor,) = service.items.page(project.id)
        assert (survivor.reinforced, len(service.items.get(survivor.id).evidence)) == (2, 3)
        assert service.items.counts_by_status(project.id) == {"active": 1, "superseded": 2}


def test_a_rewritten_commit_hands_over_to_the_new_one(tmp_path: Path) -> None:
    project_id = prepare(tmp_path, 1)
    run_pending(tmp_path / "memory.db", tools())
    with open_service(tmp_path) as service:
        (old,) = service.items.page(project_id)
        steps = [(sha(0), sha(90)), (sha(90), sha(91))]
        rewrites = [rewrite_event([step], command="amend", at_utc=DAY + n) for n, step in enumerate(steps)]
        (receipt, *_) = service.ingest(project_id, [commit(91, DAY + 5, subject="decide thing 0 better"), *rewrites])
        service.jobs.request([receipt.session_id], trigger="auto")
    run_pending(tmp_path / "memory.db", tools())
    with open_service(tmp_path) as service:
        (new,) = service.items.page(project_id)
        assert new.title == "decide thing 0 better"
        assert new.id == old.id
        assert {entry.commit_sha for entry in service.items.get(new.id).evidence} == {sha(91)}


def test_a_session_does_not_tell_of_what_was_amended_away(tmp_path: Path) -> None:
    project_id = prepare(tmp_path, 2)
    run_pending(tmp_path / "memory.db", tools())
    with open_service(tmp_path) as service:
        amended = rewrite_event([(sha(1), sha(9))], command="amend", at_utc=DAY + 50)
        (receipt, _) = service.ingest(project_id, [commit(9, DAY + 50, subject="decide better"), amended])
        service.jobs.request([receipt.session_id], trigger="auto")
    run_pending(tmp_path / "memory.db", tools())
    with open_service(tmp_path) as service:
        (session,) = service.sessions.page(project_id)
        assert session.items_extracted == 2
        assert str(session.summary).startswith("2 commits")
        assert "decide better" in str(session.summary)
        assert "decide thing 1" not in str(session.summary)


def test_a_rewrite_that_arrives_after_the_new_commit_is_memory(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        project = a_project(service)
        service.ingest(project.id, [commit(1, DAY, subject="decide so"), commit(2, DAY + 9, subject="decide better")])
        service.jobs.request(service.jobs.unprocessed_sessions(project.id), trigger="auto")
    run_pending(tmp_path / "memory.db", tools())
    with open_service(tmp_path) as service:
        service.ingest(project.id, [rewrite_event([(sha(1), sha(2))], command="amend", at_utc=DAY + 9)])
        (new,) = service.items.page(project.id)
        (old,) = service.items.page(project.id, status="superseded")
        assert (new.title, old.superseded_by) == ("decide better", new.id)


def test_rewritten_between_extraction_and_writing(tmp_path: Path) -> None:
    project_id = prepare(tmp_path, 2)

    def overtaken(work: Work) -> Writing:
        write = STAGE_FUNCTIONS[Stage.ENRICH](work)
        with open_service(tmp_path) as service:
            service.ingest(project_id, [rewrite_event([(sha(0), None)], command="rebase", at_utc=DAY)])
        return write

    run_pending(tmp_path / "memory.db", tools(), stages={**STAGE_FUNCTIONS, Stage.ENRICH: overtaken})
    with open_service(tmp_path) as service:
        assert [item.title for item in service.items.page(project_id, status=None)] == ["decide thing 1"]


_VICTIM = """
import os, signal, sys
from pathlib import Path
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.embed import embedded_text
from contox_hooks.pipeline.stage import STAGE_FUNCTIONS
from tests.pipeline.bench import Extractor, tools

path, stage, moment = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def dying(function):
    def run(work):
        if moment == "before":
            die()
        write = function(work)
        if moment == "computed":
            die()
        def writing():
            result = write()
            die()
            return result
        return writing if moment == "writing" else write
    return run

def after(progress):
    if moment == "after" and progress.job.stage == stage and progress.job.status == "done":
        die()

class DyingExtractor(Extractor):
    def extract(self, digests, *, context=None):
        if moment == "between chunks" and self.calls:
            die()
        return super().extract(digests)

stages = {name: dying(function) if name == stage else function for name, function in STAGE_FUNCTIONS.items()}
run_pending(path, tools(DyingExtractor()), stages=stages, on_progress=after)
"""

MOMENTS = [(stage, moment) for stage in STAGES for moment in ("before", "computed", "writing", "after")]


def kill(folder: Path, stage: str, moment: str) -> None:
    done = subprocess.run([sys.executable, "-c", _VICTIM, str(folder / "memory.db"), stage, moment],
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize(("stage", "moment"), [*MOMENTS, (Stage.ENRICH, "between chunks")])
def test_killed_and_resumed(tmp_path: Path, stage: Stage, moment: str) -> None:
    """Whatever the moment, going on gives what a run in one go gives, and the dead worker's job counts an attempt."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    project_ids = [prepare(folder, 13) for folder in (whole, killed)]
    run_pending(whole / "memory.db", tools())
    kill(killed, stage, moment)
    assert run_pending(killed / "memory.db", tools()).failed == ()
    with open_service(whole) as one, open_service(killed) as other:
        assert shown(one, project_ids[0]) == shown(other, project_ids[1])
        assert len(shown(other, project_ids[1])) == 13
        vectors = "SELECT COUNT(*) FROM vector"
        assert one.store.count(vectors) == other.store.count(vectors) == 13
        jobs = other.jobs.of_session(other.sessions.page(project_ids[1])[0].id)
        assert [job.status for job in jobs] == ["done"] * 5
        assert [job.attempts for job in jobs] == [2 if job.stage == stage and moment != "after" else 1 for job in jobs]


def test_a_stage_that_kills_its_worker_is_given_up(tmp_path: Path) -> None:
    project_id = prepare(tmp_path)
    for _ in range(MAX_DEATHS):
        kill(tmp_path, Stage.EMBED, "computed")
    (failed,) = run_pending(tmp_path / "memory.db", tools()).failed
    assert (failed.stage, failed.last_error) == (Stage.EMBED, f"the worker died {MAX_DEATHS} times in this stage")
    with open_service(tmp_path) as service:
        (session,) = service.sessions.page(project_id)
        service.jobs.retry(session.id)
    kill(tmp_path, Stage.EMBED, "computed")  # one more is not the third
    assert run_pending(tmp_path / "memory.db", tools()).failed == ()

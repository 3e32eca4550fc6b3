"""The pipeline's worker with a model: asked through its endpoint, on record, and never the end of a session's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks import work
from contox_hooks.domain.pipeline import Job
from contox_hooks.memory.spend import spend_path
from contox_hooks.model.ledger import Ledger, Recorded
from contox_hooks.place import memory_path
from tests.cli.world import begin, commit, drain, learn, parts_of
from tests.gitrepo import Repo
from tests.model.server import ModelServer, fails, says


@pytest.fixture
def set_up(model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    values = {
        "AUTO_LEARN": "false", "MODEL": "small", "MODEL_PROVIDER": "custom", "MODEL_URL": model_server.url,
        "MODEL_SMALL": "m", "MODEL_PRICE": "1/1",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"CONTOX_{name}", value)
    return model_server


def enriched(repo: Repo) -> tuple[Job, list[Recorded], int]:
    """The newest run's enrichment, the ledger, and how many items there are."""
    job, items = job_of(repo)
    service, project_id = parts_of(repo)
    with service:
        return job, Ledger(service.store, project_id).calls(), items


def job_of(repo: Repo) -> tuple[Job, int]:
    service, project_id = parts_of(repo)
    with service:
        run = service.jobs.latest_run_of_project(project_id)
        assert run is not None
        job = next(job for job in service.jobs.of_run(run.id) if job.stage == "enrich")
        return job, sum(service.items.counts_by_status(project_id).values())


def made(repo: Repo) -> None:
    begin(repo)
    commit(repo, "feat: keep orders in SQLite\n\nBecause one file survives kill -9.", name="store.py", lines=5)


def test_an_endpoint_that_fails_leaves_the_commits_to_the_rules_and_says_so(repo: Repo, set_up: ModelServer) -> None:
    set_up.script(fails(503))
    made(repo)
    learn(repo)
    job, calls, items = enriched(repo)
    assert job.status == "done"
    assert "failed (503)" in (job.detail or "")
    assert items
    assert [(call.status, call.purpose, call.chunk_no, call.model) for call in calls] == [
        ("failed", "enrich", 1, "custom/m")
    ]
    assert len(set_up.asked) == 1


def test_an_answer_that_stays_unfit_fails_the_chunk_and_retry_pays_nothing(repo: Repo, set_up: ModelServer) -> None:
    set_up.script(says("no JSON", prompt_tokens=900, completion_tokens=100))
    made(repo)
    learn(repo)
    job, calls, _ = enriched(repo)
    assert job.status == "failed"
    assert "custom/test-model" in (job.last_error or "")
    assert [(call.status, call.micro_dollars) for call in calls] == [("done", 1000), ("done", 1000)]
    service, _ = parts_of(repo)
    with service:
        service.jobs.retry(job.session_id)
    work.run()
    job, calls, items = enriched(repo)
    assert (job.status, len(calls), len(set_up.asked)) == ("done", 2, 2)
    assert items


def test_a_cap_of_nothing_asks_nobody(repo: Repo, set_up: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_TOKENS_A_DAY", "0")
    made(repo)
    learn(repo)
    job, calls, items = enriched(repo)
    assert (job.status, calls, set_up.asked) == ("done", [], [])
    assert "tokens_a_day: 0 of 0 tokens used today" in (job.detail or "")
    assert items


def test_without_a_key_the_rules_read_and_the_job_says_why(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    monkeypatch.setenv("CONTOX_MODEL", "small")
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    made(repo)
    learn(repo)
    job, calls, items = enriched(repo)
    assert (job.status, calls) == ("done", [])
    assert "there is no API key for mistral (api.mistral.ai)" in (job.detail or "")
    assert items


def test_no_key_reaches_a_log(repo: Repo, set_up: ModelServer, monkeypatch: pytest.MonkeyPatch, sealed: Path) -> None:
    key = "sk-" + "logged" * 6
    monkeypatch.setenv("CONTOX_MODEL_API_KEY", key)
    set_up.respond = lambda asked: fails(401, f"{asked.headers['authorization']} is no key of ours")
    made(repo)
    learn(repo)
    job, calls, _ = enriched(repo)
    assert set_up.asked[0].headers["authorization"] == f"Bearer {key}"
    assert "[key] is no key of ours" in (calls[0].error or "")
    assert "401" in (job.detail or "")
    files = [path for folder in (sealed, repo.path) for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if key.encode() in path.read_bytes()]


@pytest.mark.parametrize(("own", "apart_s"), [("", 600), ("60", 60)])
def test_automatic_runs_of_a_paid_model_are_ten_minutes_apart_unless_the_user_says_otherwise(
    repo: Repo, set_up: ModelServer, monkeypatch: pytest.MonkeyPatch, own: str, apart_s: int
) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "true")
    monkeypatch.setenv("CONTOX_MIN_INTERVAL_S", own)
    set_up.script(fails(503))
    due_ms = []
    begin(repo)
    for number in range(2):
        commit(repo, lines=5 + number, name=f"m{number}.py")
        drain(repo)
        service, project_id = parts_of(repo)
        with service:
            run = service.jobs.latest_run_of_project(project_id)
            assert run is not None
            due_ms.append(run.due_ms)
        work.run()
    assert due_ms[1] - due_ms[0] == apart_s * 1000
    assert len(set_up.asked) == 1


def test_a_damaged_record_of_spending_leaves_the_commits_to_the_rules(repo: Repo, set_up: ModelServer) -> None:
    made(repo)
    drain(repo)
    spend_path(memory_path()).write_bytes(b"no database" * 100)
    learn(repo)
    job, items = job_of(repo)
    assert job.status == "done"
    assert "which is damaged: none is asked" in (job.detail or "")
    assert items
    assert set_up.asked == []

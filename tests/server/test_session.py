"""Sessions, their events and jobs (CONTRACT.md section 1.2), over the real server and by our real client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from contox_hooks.backend.remote.api import Api
from contox_hooks.domain.access import Role, Scope
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.pipeline import STAGES
from contox_hooks.domain.session import WINDOW_S
from contox_hooks.net.http import Http
from contox_hooks.net.pace import pace_of
from contox_hooks.place import data_dir
from contox_hooks.wire.endpoint import parse_endpoint
from contox_hooks.wire.envelope import iso_ms
from tests.gitrepo import Repo
from tests.server.captured import START, captured, commits_of, open_session, run_pipeline, some_work
from tests.server.conftest import Running

EXT_SESSION = {"id", "projectId", "startedAt", "status", "source", "messageCount", "summary", "updatedAt"}
DOCS_SESSION = {"id", "projectId", "status", "eventCount", "itemsExtracted", "createdAt", "completedAt"}
EXT_JOB = {"id", "jobType", "status", "attempts", "lastError", "createdAt", "processedAt"}


@pytest.fixture
def worked(repo: Repo) -> Repo:
    some_work(repo)
    return repo


@pytest.fixture
def api(running: Running, project_id: str) -> Iterator[Api]:
    """Our own client, as the CLI uses it."""
    endpoint = parse_endpoint(running.url)
    http = Http(endpoint, running.person("ada", {project_id: Role.WRITER}), pace=pace_of(data_dir(), endpoint, 10_000))
    yield Api(http, project_id)
    http.close()


def listed(client: httpx.Client, project_id: str, **query: object) -> list[str]:
    answer = client.get("/api/v2/sessions", params={"projectId": project_id, **query})  # type: ignore[dict-item]
    assert answer.status_code == 200, answer.text
    return [session["id"] for session in answer.json()["sessions"]]


def test_a_list_has_the_names_of_both_worlds(
    running: Running, owner: httpx.Client, project_id: str, worked: Repo
) -> None:
    session_id = captured(running, project_id, worked)
    answer = owner.get("/api/v2/sessions", params={"projectId": project_id, "limit": 5})
    told = answer.json()
    assert told["total"] == 1
    (session,) = told["sessions"]
    assert session.keys() >= EXT_SESSION | DOCS_SESSION
    assert (session["id"], session["source"], session["status"]) == (session_id, "cli", "closed")
    assert session["messageCount"] == session["eventCount"] == 2
    assert session["createdAt"] == session["startedAt"] == iso_ms(START)
    assert session["updatedAt"] == iso_ms(START + 60)  # that its window ran out is no change
    assert session["completedAt"] == session["endedAt"] == iso_ms(START + WINDOW_S)
    assert answer.headers["X-Contox-Stream"] == f"/api/v2/projects/{project_id}/stream"


def test_newest_first_in_pages(running: Running, owner: httpx.Client, project_id: str, worked: Repo) -> None:
    sessions = [captured(running, project_id, worked)]
    with running.service() as service:
        sessions += [open_session(service, project_id, source=f"ide{number}") for number in range(3)]
    newest = listed(owner, project_id)
    assert newest[-1] == sessions[0]
    assert sorted(newest) == sorted(sessions)
    assert [*listed(owner, project_id, limit=2), *listed(owner, project_id, limit=2, offset=2)] == newest
    assert listed(owner, project_id, offset=4) == []
    assert listed(owner, project_id, source="ide1") == [sessions[2]]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"offset": -1}, {"status": "open"}, {"projectId": None}]
)
def test_what_is_asked_wrongly_is_told_so(owner: httpx.Client, project_id: str, query: dict[str, object]) -> None:
    params = {name: value for name, value in {"projectId": project_id, **query}.items() if value is not None}
    answer = owner.get("/api/v2/sessions", params=params)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


def test_an_unchanged_list_is_not_sent_again(running: Running, owner: httpx.Client, project_id: str) -> None:
    params = {"projectId": project_id}
    first = owner.get("/api/v2/sessions", params=params)
    again = owner.get("/api/v2/sessions", params=params, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-Contox-Stream"]
    with running.service() as service:
        open_session(service, project_id)
    assert owner.get("/api/v2/sessions", params=params, headers={"If-None-Match": first.headers["etag"]}).json()


def test_statuses_in_all_vocabularies(running: Running, owner: httpx.Client, project_id: str, worked: Repo) -> None:
    done = captured(running, project_id, worked)
    with running.service() as service:
        active = open_session(service, project_id)
    assert listed(owner, project_id, status="active") == [active]
    assert listed(owner, project_id, status="closed") == listed(owner, project_id, status="completed") == [done]
    assert listed(owner, project_id, status="enriched") == listed(owner, project_id, status="compacted") == []
    owner.post(f"/api/v2/sessions/{done}/enrich")
    assert listed(owner, project_id, status="enriching") == [done]
    assert listed(owner, project_id, status="completed") == []
    assert listed(owner, project_id, status="closed") == [done]
    run_pipeline(running)
    assert listed(owner, project_id, status="enriched") == listed(owner, project_id, status="completed") == [done]
    fail(running, done, "embed")
    assert listed(owner, project_id, status="failed") == [done]
    assert listed(owner, project_id, status="completed") == listed(owner, project_id, status="enriched") == []


def fail(running: Running, session_id: str, stage: str) -> str:
    """As if this stage of the newest run had failed, and those after it had not come about; the job's id."""
    with running.service() as service:
        jobs = service.jobs.of_session(session_id)
        place = [str(job.stage) for job in jobs].index(stage)
        service.jobs.finish(service.jobs.start(jobs[place]), "failed", error="the model said no")
        for job in jobs[place + 1 :]:
            service.jobs.finish(job, "queued")
        return jobs[place].id


def test_an_open_session_is_active_whatever_its_pipeline_does(
    running: Running, owner: httpx.Client, project_id: str, worked: Repo
) -> None:
    """The extension opens a new one as soon as the word is another."""
    with running.service() as service:
        session_id = open_session(service, project_id, source="cli")
        events = [replace(event, at_utc=service.store.now()) for event in commits_of(worked)]
        service.ingest(project_id, events)
        service.jobs.request([session_id], trigger="auto")
    (session,) = owner.get("/api/v2/sessions", params={"projectId": project_id}).json()["sessions"]
    assert (session["status"], session["lifecycle"], session["completedAt"]) == ("active", "enriching", None)
    assert listed(owner, project_id, status="active") == listed(owner, project_id, status="enriching") == [session_id]


def test_opened_once_a_source(running: Running, owner: httpx.Client, project_id: str) -> None:
    body = {"projectId": project_id, "source": "vscode", "extensionVersion": "2.0.0"}
    first, again = owner.post("/api/v2/sessions", json=body), owner.post("/api/v2/sessions", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"ok": True, "sessionId": first.json()["sessionId"]}
    other = owner.post("/api/v2/sessions", json={"projectId": project_id}).json()["sessionId"]
    assert other != first.json()["sessionId"]
    assert listed(owner, project_id, source="api") == [other]


def test_closed_from_outside_and_opened_anew(owner: httpx.Client, project_id: str) -> None:
    """The extension's reaction to a closure (CONTRACT.md section 4) gets a session of its own."""
    body = {"projectId": project_id, "source": "vscode"}
    session_id = owner.post("/api/v2/sessions", json=body).json()["sessionId"]
    for _ in range(2):
        answer = owner.patch(f"/api/v2/sessions/{session_id}", json={"status": "closed"})
        assert answer.status_code == 200
        assert answer.json() == {"ok": True, "sessionId": session_id, "status": "closed"}
    closed = owner.get(f"/api/v2/sessions/{session_id}").json()
    assert (closed["status"], closed["endReason"]) == ("closed", "external")
    assert closed["completedAt"] is not None
    assert owner.post("/api/v2/sessions", json=body).json()["sessionId"] != session_id
    assert owner.patch(f"/api/v2/sessions/{session_id}", json={"status": "active"}).status_code == 400
    assert owner.patch(f"/api/v2/sessions/{session_id}", json=["closed"]).status_code == 400


def test_one_session(running: Running, owner: httpx.Client, project_id: str, worked: Repo) -> None:
    session_id = captured(running, project_id, worked)
    told = owner.get(f"/api/v2/sessions/{session_id}").json()
    assert told.keys() >= EXT_SESSION | DOCS_SESSION | {"enrichmentModel"}
    assert (told["enrichmentModel"], told["filesModified"]) == ("offline", ["hello.py"])
    assert told["headCommitSha"] == worked.head()
    assert owner.get("/api/v2/sessions/nonesuch").json() == {"error": "Session not found"}


def test_events_with_their_digests_and_without_addresses(
    running: Running, owner: httpx.Client, project_id: str, worked: Repo
) -> None:
    session_id = captured(running, project_id, worked)
    answer = owner.get(f"/api/v2/sessions/{session_id}/events", params={"limit": 1})
    told = answer.json()
    assert (told["total"], told["hasMore"]) == (2, True)
    (event,) = told["events"]
    assert (event["type"], event["createdAt"], event["processed"]) == ("commit", iso_ms(START), False)
    assert event["payload"]["message"] == "feat: add greeting"
    assert "+def greet(name):" in event["payload"]["diff"]
    assert event["payload"]["author"] == "Ada Example"
    assert "@example.org" not in answer.text
    last = owner.get(f"/api/v2/sessions/{session_id}/events", params={"offset": 1}).json()
    assert ([each["payload"]["message"] for each in last["events"]], last["hasMore"]) == (["fix: greet nobody"], False)


def test_a_session_that_nobody_enriches_is_done(running: Running, owner: httpx.Client, project_id: str) -> None:
    with running.service() as service:
        session_id = open_session(service, project_id)
    told = owner.get(f"/api/v2/sessions/{session_id}/jobs").json()
    pipeline = {"totalSteps": 0, "completedSteps": 0, "failedSteps": 0, "status": "done"}
    assert told == {"jobs": [], "pipeline": pipeline}
    enriched = owner.post(f"/api/v2/sessions/{session_id}/enrich")
    assert (enriched.status_code, enriched.json()["jobId"], enriched.json()["status"]) == (200, None, "done")


def test_generate_memory(running: Running, owner: httpx.Client, project_id: str, worked: Repo) -> None:
    session_id = captured(running, project_id, worked)
    asked = owner.post(f"/api/v2/sessions/{session_id}/enrich").json()
    assert (asked["status"], asked["pipeline"]) == ("queued", [str(stage) for stage in STAGES])
    waiting = owner.get(f"/api/v2/sessions/{session_id}/jobs").json()
    assert waiting["jobs"][0]["id"] == asked["jobId"]
    assert waiting["pipeline"] == {"totalSteps": 5, "completedSteps": 0, "failedSteps": 0, "status": "pending"}
    assert owner.post(f"/api/v2/sessions/{session_id}/enrich").json() == asked  # asked twice is asked once
    run_pipeline(running)
    told = owner.get(f"/api/v2/sessions/{session_id}/jobs").json()
    assert told["pipeline"] == {"totalSteps": 5, "completedSteps": 5, "failedSteps": 0, "status": "done"}
    assert [job["jobType"] for job in told["jobs"]] == [str(stage) for stage in STAGES]
    assert {job["status"] for job in told["jobs"]} == {"done"}  # what was skipped, too: see the mark
    assert all(job.keys() >= EXT_JOB and job["processedAt"] for job in told["jobs"])
    assert [job["jobType"] for job in told["jobs"] if job["skipped"]] == ["deep_enrich", "drift_check"]
    session = owner.get(f"/api/v2/sessions/{session_id}").json()
    assert (session["lifecycle"], session["itemsExtracted"]) == ("enriched", 1)
    assert session["summary"].startswith("2 commits")
    assert owner.post(f"/api/v2/sessions/{session_id}/enrich").json()["jobId"] is None


def test_generate_memory_ends_the_session(running: Running, owner: httpx.Client, project_id: str) -> None:
    with running.service() as service:
        session_id = open_session(service, project_id)
    owner.post(f"/api/v2/sessions/{session_id}/enrich")
    assert owner.get(f"/api/v2/sessions/{session_id}").json()["status"] == "closed"


def test_retried_from_the_stage_that_failed(
    running: Running, owner: httpx.Client, project_id: str, worked: Repo
) -> None:
    session_id = captured(running, project_id, worked)
    owner.post(f"/api/v2/sessions/{session_id}/enrich")
    run_pipeline(running)
    job_id = fail(running, session_id, "dedup")
    path = f"/api/v2/sessions/{session_id}/jobs"
    told = owner.get(path).json()
    assert told["pipeline"]["status"] == "failed"
    assert (told["jobs"][3]["status"], told["jobs"][3]["lastError"]) == ("failed", "the model said no")
    assert owner.post(f"{path}/{told['jobs'][0]['id']}/retry").status_code == 409
    assert owner.post(f"{path}/nonesuch/retry").json() == {"error": "Job not found"}
    for _ in range(2):
        again = owner.post(f"{path}/{job_id}/retry")
        assert (again.status_code, again.json()["pipeline"]["status"]) == (200, "running")
    run_pipeline(running)
    jobs = owner.get(path).json()["jobs"]
    assert [job["status"] for job in jobs] == ["done"] * 5
    assert jobs[0]["attempts"] == 1  # what was done before stayed


def test_generate_memory_takes_up_what_failed(
    running: Running, owner: httpx.Client, project_id: str, worked: Repo
) -> None:
    session_id = captured(running, project_id, worked)
    owner.post(f"/api/v2/sessions/{session_id}/enrich")
    run_pipeline(running)
    job_id = fail(running, session_id, "dedup")
    assert owner.post(f"/api/v2/sessions/{session_id}/enrich").json()["jobId"] == job_id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("GET", "/events"), ("GET", "/jobs"), ("PATCH", ""), ("POST", "/enrich"),
        ("POST", "/jobs/x/retry"),
    ],
)  # fmt: skip
def test_others_sessions_are_not_there(running: Running, project_id: str, method: str, path: str) -> None:
    with running.service() as service:
        session_id = open_session(service, project_id)
    stranger = running.client(running.person("eve", {running.project("other"): Role.ADMIN}))
    body = {"status": "closed"} if method == "PATCH" else None
    answer = stranger.request(method, f"/api/v2/sessions/{session_id}{path}", json=body)
    assert (answer.status_code, answer.json()) == (404, {"error": "Session not found"})
    viewer = running.client(running.person("bob", {project_id: Role.VIEWER}))
    answer = viewer.request(method, f"/api/v2/sessions/{session_id}{path}", json=body)
    assert answer.status_code == (200 if method == "GET" else 403)


def test_opening_and_listing_want_their_rights(running: Running, project_id: str) -> None:
    stranger = running.client(running.person("eve", {running.project("other"): Role.ADMIN}))
    body = {"projectId": project_id, "source": "vscode"}
    assert stranger.post("/api/v2/sessions", json=body).status_code == 404
    assert stranger.get("/api/v2/sessions", params={"projectId": project_id}).status_code == 404
    sender = running.client(running.person("bob", {project_id: Role.WRITER}, scopes={Scope.INGEST}))
    assert sender.post("/api/v2/sessions", json=body).status_code == 201
    assert sender.get("/api/v2/sessions", params={"projectId": project_id}).status_code == 403


def test_the_document_names_every_field_and_its_examples_work(
    running: Running, owner: httpx.Client, project_id: str, worked: Repo
) -> None:
    session_id = captured(running, project_id, worked)
    document = owner.get("/api/openapi.json").json()
    models = document["components"]["schemas"]

    def example(name: str) -> dict[str, str]:
        (found,) = models[name]["examples"]
        return {key: value.replace("proj_1", project_id) for key, value in found.items()}

    of_session = f"/api/v2/sessions/{session_id}"
    answers = {
        "SessionOpened": owner.post("/api/v2/sessions", json=example("OpenSession")),
        "SessionChanged": owner.patch(of_session, json=example("ChangeSession")),
        "EnrichReply": owner.post(f"{of_session}/enrich"),
        "SessionsReply": owner.get("/api/v2/sessions", params={"projectId": project_id}),
        "WholeSessionReply": owner.get(of_session),
        "EventsReply": owner.get(f"{of_session}/events"),
        "JobsReply": owner.get(f"{of_session}/jobs"),
    }
    for name, answer in answers.items():
        assert answer.status_code in (200, 201), answer.text
        assert answer.json().keys() == models[name]["properties"].keys(), name
    rows = {
        "SessionReply": answers["SessionsReply"].json()["sessions"],
        "EventReply": answers["EventsReply"].json()["events"],
        "JobReply": answers["JobsReply"].json()["jobs"],
        "PipelineReply": [answers["JobsReply"].json()["pipeline"]],
    }
    for name, found in rows.items():
        assert found
        assert all(row.keys() == models[name]["properties"].keys() for row in found), name


# Our own client


def test_our_client_reads_what_the_server_says(running: Running, project_id: str, worked: Repo, api: Api) -> None:
    session_id = captured(running, project_id, worked)
    page = api.sessions()
    assert (page.total, page.stream) == (1, f"/api/v2/projects/{project_id}/stream")
    (session,) = page.sessions
    assert (session.id, session.status, session.source, session.events) == (session_id, "closed", "cli", 2)
    assert session.started_at is not None
    assert session.ended_at == session.started_at + 4 * 3600
    again = api.sessions(etag=page.etag)
    assert (again.not_modified, again.stream) == (True, page.stream)
    with running.service() as service:
        service.generate(session_id)
    waiting = api.jobs(session_id)
    assert waiting.pipeline is not None
    assert waiting.pipeline.status == "pending"
    run_pipeline(running)
    done = api.jobs(session_id, etag=waiting.etag)
    assert done.pipeline is not None
    assert (done.pipeline.completed, done.pipeline.status) == (5, "done")
    assert [job.status for job in done.jobs] == ["done", "skipped", "done", "done", "skipped"]
    assert api.sessions().sessions[0].summary.startswith("2 commits")


def test_our_client_ends_and_opens(running: Running, project_id: str, api: Api) -> None:
    assert api.active_session("cli") is None
    opened = api.open_session("cli")
    api.open_session("vscode")
    active = api.active_session("cli")
    assert active is not None
    assert (active.id, active.events) == (opened, 0)
    api.close_session(opened)
    api.close_session(opened)
    assert api.active_session("cli") is None
    with pytest.raises(NotFound):
        api.close_session("nonesuch")

"""Sessions, their window and pipeline, and the account's routes."""

from __future__ import annotations

import pytest

from tests.contox.client import Client
from tests.contox.server import ContoxServer
from tests.contox.store import WINDOW_S, iso

NOON = 1_767_355_200.0


def capture_at(at: float) -> dict[str, object]:
    return {"type": "vscode_capture", "contoxHooks": {"format": 1, "startedAt": iso(at)}}


def test_the_window_counts_from_the_start_and_by_the_events_own_time(server: ContoxServer) -> None:
    def session(at: float, source: str = "cli") -> str:
        return str(client.ingest(capture_at(at), source=source).data["sessionId"])

    with Client(server) as client:
        morning = session(NOON)
        assert session(NOON + WINDOW_S - 1) == morning
        evening = session(NOON + WINDOW_S)
        assert evening != morning
        assert session(NOON + 60) == morning, "a late delivery lands where it belongs"
        assert session(NOON + WINDOW_S + 60) == evening
        assert session(NOON, "vscode") not in (morning, evening)
        before = session(NOON - 5 * WINDOW_S)
        assert before not in (morning, evening)
    shown = {one.id: one for one in server.sessions}
    assert [shown[one].status for one in (before, morning, evening)] == ["closed", "closed", "active"]
    assert [shown[one].events for one in (before, morning, evening)] == [1, 3, 2]
    assert shown[morning].ended_at == NOON + WINDOW_S


def test_an_event_without_its_own_time_counts_from_its_arrival() -> None:
    now = [NOON]
    with ContoxServer(clock=lambda: now[0]) as server, Client(server) as client:
        first = client.ingest({"a": 1}).data["sessionId"]
        now[0] += WINDOW_S - 1
        assert client.ingest({"a": 2, "contoxHooks": {"startedAt": 7}}).data["sessionId"] == first
        now[0] += 1
        assert client.ingest({"a": 3}).data["sessionId"] != first


def test_a_session_closed_from_outside_takes_nothing_more(server: ContoxServer) -> None:
    with Client(server) as client:
        first = client.ingest({"a": 1}).data["sessionId"]
        assert server.close_session() == first
        with pytest.raises(KeyError):
            server.close_session()
        second = client.ingest({"a": 2}).data["sessionId"]
        assert second != first
        assert client.ingest({"a": 1}).data["sessionId"] == first, "a repeat keeps its answer"


def test_a_session_is_opened_closed_and_read(server: ContoxServer) -> None:
    with Client(server) as client:
        opened = client.ask("POST", "/api/v2/sessions", {"projectId": server.project_id, "source": "cli"}).data
        assert opened["ok"] is True
        path = f"/api/v2/sessions/{opened['sessionId']}"
        assert client.ingest({}).data["sessionId"] == opened["sessionId"]
        shown = client.ask("GET", path).data
        assert (shown["status"], shown["source"], shown["messageCount"], shown["eventCount"]) == ("active", "cli", 1, 1)
        for _ in range(2):
            assert client.ask("PATCH", path, {"status": "closed"}).data == {
                "ok": True,
                "sessionId": opened["sessionId"],
            }
        shown = client.ask("GET", path).data
        assert (shown["status"], shown["endedAt"]) == ("closed", shown["completedAt"])
        assert client.ask("PATCH", path, {"status": "odd"}).status == 400
        assert client.ask("PATCH", "/api/v2/sessions/x", {"status": "closed"}).data == {"error": "Session not found"}
        assert client.ask("GET", "/api/v2/sessions/x/jobs").status == 404


def test_sessions_are_listed_newest_first_in_pages_with_an_etag(server: ContoxServer) -> None:
    ids = [server.open_session("cli", started_at=NOON + index) for index in range(4)]
    path = f"/api/v2/sessions?projectId={server.project_id}"
    with Client(server) as client:
        got = client.ask("GET", path + "&limit=2&offset=1")
        assert [one["id"] for one in got.data["sessions"]] == [ids[2], ids[1]]
        assert got.data["total"] == 4
        assert [one["id"] for one in client.ask("GET", path + "&status=active").data["sessions"]] == [ids[3]]
        assert len(client.ask("GET", path + "&status=completed").data["sessions"]) == 3
        etag = client.ask("GET", path).headers["etag"]
        unchanged = client.ask("GET", path, If_None_Match=etag)
        assert (unchanged.status, unchanged.body) == (304, b"")
        server.close_session(ids[3])
        assert client.ask("GET", path, If_None_Match=etag).status == 200
        server.names = "docs"
        bare = client.ask("GET", path).data
        assert [one["status"] for one in bare] == ["completed"] * 4
        assert "messageCount" not in bare[0]


@pytest.mark.parametrize(
    ("statuses", "pipeline"),
    [
        ((), (0, 0, 0, "done")),
        (("pending",) * 4, (4, 0, 0, "pending")),
        (("done", "running", "pending", "pending"), (4, 1, 0, "running")),
        (("done", "failed", "pending", "pending"), (4, 1, 1, "failed")),
        (("done",) * 4, (4, 4, 0, "done")),
    ],
)
def test_the_pipeline_is_what_was_set(
    server: ContoxServer, statuses: tuple[str, ...], pipeline: tuple[object, ...]
) -> None:
    session_id = server.open_session()
    server.set_pipeline(session_id, *statuses, error="no model")
    with Client(server) as client:
        got = client.ask("GET", f"/api/v2/sessions/{session_id}/jobs")
        etag = got.headers["etag"]
        assert client.ask("GET", f"/api/v2/sessions/{session_id}/jobs", If_None_Match=etag).status == 304
    assert tuple(got.data["pipeline"].values()) == pipeline
    assert [job["status"] for job in got.data["jobs"]] == list(statuses)
    assert {job["lastError"] for job in got.data["jobs"] if job["status"] == "failed"} <= {"no model"}


# -- account ------------------------------------------------------------------------------------------------------------


def test_orgs_and_projects(server: ContoxServer) -> None:
    with Client(server) as client:
        assert [org["id"] for org in client.ask("GET", "/api/orgs").data["orgs"]] == [server.team_id]
        made = client.ask("POST", "/api/projects", {"name": "second", "teamId": server.team_id}).data
        listed = client.ask("GET", f"/api/projects?teamId={server.team_id}").data
        assert [project["id"] for project in listed] == [server.project_id, made["id"]]
        assert client.ask("GET", "/api/projects?teamId=x").data == []
        assert client.ask("POST", "/api/projects", {"name": "second"}).status == 400
        assert "autoLearn" not in client.ask("GET", f"/api/projects/{made['id']}").data
        server.set_auto_learn(False, made["id"])
        for path in ("/api/projects", "/api/v2/projects"):
            assert client.ask("GET", f"{path}/{made['id']}").data["autoLearn"] is False
        assert client.ask("GET", "/api/nothing").data == {"error": "Not found"}
        assert client.ingest({}, projectId=made["id"], secret=server.secrets[made["id"]]).status == 202

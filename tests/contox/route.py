"""The API's paths. Each route takes the server and a request and returns a reply; CONTRACT.md section 1 is the source."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.contox import ingest
from tests.contox.reply import Reply, Request, answer, error, with_etag
from tests.contox.store import Session, iso

if TYPE_CHECKING:
    from tests.contox.server import ContoxServer

Route = Callable[..., Reply]

STREAM_PATH = "/api/v2/sessions/stream"


def reply_to(server: ContoxServer, request: Request) -> Reply:
    """The true answer."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if bearer not in server.store.keys:
        return error(401, "Unauthorized")
    for method, pattern, route in _ROUTES:
        match = pattern.fullmatch(request.path)
        if match and method == request.method:
            try:
                return route(server, request, *match.groups())
            except ValueError:
                return error(400, "Invalid request body")
    return error(404, "Not found")


def _sessions(server: ContoxServer, request: Request) -> Reply:
    project_id = request.query.get("projectId", "")
    if project_id not in server.store.projects:
        return error(404, "Project not found")
    found = server.store.newest_first(project_id)
    wanted = {"completed": "closed"}.get(request.query.get("status", ""), request.query.get("status"))
    if wanted:
        found = [one for one in found if one.status == wanted]
    start = int(request.query.get("offset", 0))
    page = [_shown(server, one) for one in found[start : start + min(int(request.query.get("limit", 20)), 200)]]
    stream = {"X-Contox-Stream": f"{STREAM_PATH}?projectId={project_id}"} if server.announces_stream else {}
    data: Any = page if server.names == "docs" else {"sessions": page, "total": len(found)}
    return with_etag(answer(data, headers=stream), request)


def _open_session(server: ContoxServer, request: Request) -> Reply:
    data = request.json()
    if data.get("projectId") not in server.store.projects:
        return error(404, "Project not found")
    session = server.store.open_session(str(data["projectId"]), str(data.get("source") or "api"))
    return answer({"ok": True, "sessionId": session.id}, 201)


def _patch_session(server: ContoxServer, request: Request, session_id: str) -> Reply:
    if request.json().get("status") not in ("closed", "completed"):
        return error(400, "Invalid status")
    try:
        server.store.close_session(session_id)
    except KeyError:
        return error(404, "Session not found")
    return answer({"ok": True, "sessionId": session_id})


def _session(server: ContoxServer, request: Request, session_id: str) -> Reply:
    try:
        return with_etag(answer(_shown(server, server.store.session(session_id))), request)
    except KeyError:
        return error(404, "Session not found")


def _jobs(server: ContoxServer, request: Request, session_id: str) -> Reply:
    try:
        jobs = server.store.session(session_id).jobs
    except KeyError:
        return error(404, "Session not found")
    done = sum(job["status"] in ("done", "skipped") for job in jobs)
    failed = sum(job["status"] == "failed" for job in jobs)
    if failed:
        status = "failed"
    elif done == len(jobs):
        status = "done"  # decision 0.6: so that polling clients stop where nobody enriches
    else:
        status = "running" if done or any(job["status"] == "running" for job in jobs) else "pending"
    pipeline = {"totalSteps": len(jobs), "completedSteps": done, "failedSteps": failed, "status": status}
    return with_etag(answer({"jobs": jobs, "pipeline": pipeline}), request)


def _shown(server: ContoxServer, session: Session) -> dict[str, Any]:
    """Under the names of the real clients and of the documents (decision 0.4); `names = "docs"`: the latter only."""
    ended = None if session.ended_at is None else iso(session.ended_at)
    docs: dict[str, Any] = {
        "id": session.id,
        "projectId": session.project_id,
        "status": {"closed": "completed"}.get(session.status, session.status),
        "eventCount": session.events,
        "itemsExtracted": 0,
        "createdAt": iso(session.started_at),
        "completedAt": ended,
    }
    if server.names == "docs":
        return docs
    return docs | {
        "status": session.status,
        "source": session.source,
        "messageCount": session.events,
        "summary": session.summary,
        "startedAt": iso(session.started_at),
        "updatedAt": iso(session.updated_at),
        "endedAt": ended,
    }


def _orgs(server: ContoxServer, request: Request) -> Reply:
    return answer({"orgs": server.orgs})


def _projects(server: ContoxServer, request: Request) -> Reply:
    wanted = {"teamId": request.query.get("teamId"), "name": request.query.get("name")}
    with server.store.lock:
        return answer(
            [
                project
                for project in server.store.projects.values()
                if all(value is None or project[name] == value for name, value in wanted.items())
            ]
        )


def _create_project(server: ContoxServer, request: Request) -> Reply:
    data = request.json()
    if not data.get("name") or not data.get("teamId"):
        return error(400, "name and teamId are required")
    return answer(server.store.add_project(str(data["name"]), str(data["teamId"])), 201)


def _project(server: ContoxServer, request: Request, project_id: str) -> Reply:
    project = server.store.projects.get(project_id)
    if project is None:
        return error(404, "Project not found")
    return answer(project | {"memberCount": 1})


def _hmac_secret(server: ContoxServer, request: Request, project_id: str) -> Reply:
    secret = server.store.secrets.get(project_id)
    return error(404, "Project not found") if secret is None else answer({"hmacSecret": secret})


def _ping(server: ContoxServer, request: Request) -> Reply:
    return error(404, "Context not found")  # anything but `Unauthorized` means: a good key


_ROUTES: list[tuple[str, re.Pattern[str], Route]] = [
    (method, re.compile(pattern), route)
    for method, pattern, route in (
        ("POST", "/api/v2/ingest", ingest.take),
        ("GET", "/api/v2/sessions", _sessions),
        ("POST", "/api/v2/sessions", _open_session),
        ("GET", "/api/v2/sessions/([^/]+)", _session),
        ("PATCH", "/api/v2/sessions/([^/]+)", _patch_session),
        ("GET", "/api/v2/sessions/([^/]+)/jobs", _jobs),
        ("GET", "/api/orgs", _orgs),
        ("GET", "/api/projects", _projects),
        ("POST", "/api/projects", _create_project),
        ("GET", "/api/projects/([^/]+)", _project),
        ("GET", "/api/v2/projects/([^/]+)", _project),
        ("GET", "/api/projects/([^/]+)/hmac-secret", _hmac_secret),
        ("GET", "/api/contexts/__ping__", _ping),
    )
]

"""What is asked of a server besides delivery: the key, projects, secrets, sessions, jobs (CONTRACT.md 1.2, 1.5).

Must not know httpx, terminals or where anything is kept. Invariant: an answer that cannot be used is an Error of
domain/error.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contox_hooks.backend.remote.asking import Asking, path_of, unless
from contox_hooks.domain.error import RemoteError
from contox_hooks.wire.jsontext import stringify
from contox_hooks.wire.loose import count_of, first, name_of, object_of, objects_of, text_of
from contox_hooks.wire.session import RemoteJob, RemotePipeline, RemoteSession, parse_jobs, parse_sessions
from contox_hooks.wire.token import MAX_SECRET, is_token

PAGE = 50
"""Sessions a page where all are looked through."""
MAX_PAGES = 20
"""Active sessions are among the newest; a thousand others before ours means that it is not there."""
_AUTO_LEARN = ("autoLearn", "autoLearnEnabled", "autoEnrich")
"""CONTRACT.md section 5 knows the switch, not its name on the wire: what the products call it."""


@dataclass(frozen=True, slots=True)
class SessionsPage:
    sessions: list[RemoteSession]
    """Newest first; empty when `not_modified`."""
    total: int | None
    """Of all pages, where the server says so."""
    etag: str | None
    not_modified: bool
    stream: str | None
    """The path of the server's event stream (stream.py), where it has one."""


@dataclass(frozen=True, slots=True)
class JobsPage:
    jobs: list[RemoteJob]
    pipeline: RemotePipeline | None
    """None when `not_modified`."""
    etag: str | None
    not_modified: bool


class SecretNotServed(RemoteError):
    """The server answers, and does not give out the project's signing secret."""

    code = "secret_not_served"


class Api(Asking):
    """Every method raises as `Asking.json`."""

    def check_key(self) -> None:
        """Raises AccessRefused when the key is bad: only `Unauthorized` says so (CONTRACT.md section 1.0)."""
        reply = self.http.request("GET", "/api/contexts/__ping__")
        if reply.status == 401 or reply.error_text() == "Unauthorized":
            self.refuse(reply, "the key check")
        if reply.status == 429 or reply.status >= 500:
            self.refuse(reply, "the key check")  # it says nothing about the key
        if reply.status < 300:
            reply.json()  # a login page is no proof

    def orgs(self) -> list[Mapping[str, object]]:
        """Teams: each has `id`, a text, and `name`."""
        return self._rows(self.get("/api/orgs", "the teams"), "orgs", "teams")

    def projects(self, team_id: str) -> list[Mapping[str, object]]:
        """Each has `id`, a text, and `name`."""
        data = self.get("/api/projects", "the projects", {"teamId": team_id})
        return self._rows(data, "projects")

    def project(self, project_id: str) -> dict[str, object]:
        data = object_of(self.get(path_of("/api/projects/{}", project_id), f"project {project_id}"))
        return dict(object_of(data.get("project")) or data)

    def hmac_secret(self, project_id: str) -> str:
        """Also raises SecretNotServed: the server has no such path, or its answer no secret."""
        reply = self.http.request("GET", path_of("/api/projects/{}/hmac-secret", project_id))
        host = self.http.endpoint.host
        if reply.status == 405:
            raise SecretNotServed(f"{host} does not give out signing secrets")
        data = object_of(self.json(reply, "the project's signing secret"))
        secret = text_of(first(data, "hmacSecret", "secret"))
        if not secret:
            hint = "is it made on the project's page?"
            raise SecretNotServed(f"{host} answered without a signing secret", hint=hint)
        if not is_token(secret, MAX_SECRET):
            raise RemoteError(f"{host} answered with what is no signing secret", hint="make it anew on its pages")
        return secret

    def auto_learn(self) -> bool | None:
        """The project's Auto-Learn setting; None where the server does not tell."""
        for template in ("/api/projects/{}", "/api/v2/projects/{}"):
            reply = self.http.request("GET", path_of(template, self.project_id))
            if reply.status in (403, 404, 405):
                continue
            data = object_of(self.json(reply, "the project's settings"))
            project = object_of(data.get("project")) or data
            for row in (project, object_of(project.get("settings"))):
                value = first(row, *_AUTO_LEARN)
                if isinstance(value, bool):
                    return value
        return None

    def sessions(
        self, *, limit: int = 5, offset: int = 0, status: str | None = None, etag: str | None = None
    ) -> SessionsPage:
        """`etag`: of an earlier page of the same arguments; unchanged since is `not_modified`."""
        query: dict[str, str | int] = {"projectId": self.project_id, "limit": limit}
        if offset:
            query["offset"] = offset
        if status:
            query["status"] = status
        reply = self.http.request("GET", "/api/v2/sessions", query=query, headers=unless(etag))
        stream = reply.headers.get("x-contox-stream")
        if reply.status == 304:
            return SessionsPage([], None, etag, True, stream)
        data = self.json(reply, "the sessions")
        try:
            sessions = parse_sessions(data)
        except ValueError as error:
            raise RemoteError(str(error)) from error
        told = object_of(data)
        total = count_of(told["total"]) if "total" in told else None
        return SessionsPage(sessions, total, reply.headers.get("etag"), False, stream)

    def jobs(self, session_id: str, *, etag: str | None = None) -> JobsPage:
        path = path_of("/api/v2/sessions/{}/jobs", session_id)
        reply = self.http.request("GET", path, headers=unless(etag))
        if reply.status == 304:
            return JobsPage([], None, etag, True)
        try:
            jobs, pipeline = parse_jobs(self.json(reply, f"the jobs of session {session_id}"))
        except ValueError as error:
            raise RemoteError(str(error)) from error
        return JobsPage(jobs, pipeline, reply.headers.get("etag"), False)

    def active_session(self, source: str) -> RemoteSession | None:
        """The newest active session of this source, looked for through all pages: other sources do not hide it."""
        seen: set[str] = set()
        for page_number in range(MAX_PAGES):
            page = self.sessions(limit=PAGE, offset=page_number * PAGE, status="active")
            for session in page.sessions:
                if session.source == source and session.status == "active":
                    return session
            fresh = {session.id for session in page.sessions} - seen
            seen |= fresh
            if not fresh or (page.total is not None and len(seen) >= page.total):
                return None  # the end, or a server that knows no offset
        return None

    def open_session(self, source: str) -> str:
        """The new session's id."""
        body = stringify({"projectId": self.project_id, "source": source}).encode()
        reply = self.http.request("POST", "/api/v2/sessions", body=body)
        data = object_of(self.json(reply, "a new session"))
        session_id = name_of(first(data, "sessionId", "id") or first(object_of(data.get("session")), "id", "sessionId"))
        if not session_id:
            raise RemoteError(
                "the server's answer names no new session", hint="contox-hooks sessions shows what is there"
            )
        return session_id

    def close_session(self, session_id: str) -> None:
        """Closing a closed one is no error. Raises NotFound when the server does not know it."""
        body = stringify({"status": "closed"}).encode()
        reply = self.http.request("PATCH", path_of("/api/v2/sessions/{}", session_id), body=body)
        self.json(reply, f"closing session {session_id}")

    def _rows(self, data: object, *names: str) -> list[Mapping[str, object]]:
        """Objects that have an id, a number as its digits, from a bare array or one under a name."""
        rows = data if isinstance(data, list) else first(object_of(data), *names, "data", "items")
        if not isinstance(rows, list):
            raise RemoteError(f"{self.http.endpoint.host} answered without a list of {names[0]}")
        return [{**row, "id": row_id} for row in objects_of(rows) if (row_id := name_of(row.get("id")))]

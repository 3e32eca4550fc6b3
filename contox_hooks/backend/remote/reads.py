"""What is asked of a server's memory: brain, search, items, questions, hygiene, reports, whole sessions
(CONTRACT.md 1.2 to 1.4).

Must not know httpx, terminals or MCP. Invariant: every answer has the names that our own server gives, whatever set of
them this one knows; one that cannot be read so is an Error of domain/error.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn

from contox_hooks.backend.remote.asking import Asking, path_of, unless
from contox_hooks.domain.error import Error, NotFound, Refused, RemoteError, SpendRefused, UsageError
from contox_hooks.net.http import Http, Reply
from contox_hooks.wire.envelope import iso_ms
from contox_hooks.wire.loose import object_of
from contox_hooks.wire.told.form import Form, told
from contox_hooks.wire.told.memory import ANSWER, ITEM, ITEMS, SEARCH, brain_told
from contox_hooks.wire.told.report import (
    APPLIED,
    CHANGELOG,
    DRIFT,
    GUIDE,
    IMPACT,
    PLAN,
    PROBLEMS,
    RESOLVED,
)
from contox_hooks.wire.told.session import SESSIONS, WHOLE_SESSION, jobs_told

MOST_ENTRIES: Final = 200
"""Of a changelog, as Contox's MCP server asks for it."""
_CAP: Final = "AI token limit reached"
"""CONTRACT.md section 1.3, ask."""
_LISTED_BY: Final = {"item": "contox-hooks memory", "session": "contox-hooks sessions"}

Query = dict[str, str | int]
Told = dict[str, Any]


class Brain(NamedTuple):
    told: Told | None
    """None: it is what it was when its etag was given."""
    etag: str | None


class Reads(Asking):
    """Every method raises as `Asking.json`, UsageError for 400 and Refused for 409."""

    def __init__(self, http: Http, project_id: str, team_id: str) -> None:
        super().__init__(http, project_id)
        self._team_id = team_id

    def brain(
        self, *, budget_tokens: int, limit: int | None, active_files: Sequence[str], etag: str | None = None
    ) -> Brain:
        """`etag`: of an earlier answer to the same arguments."""
        query = self._query(tokenBudget=budget_tokens, limit=limit, activeFiles=",".join(active_files))
        reply = self.http.request("GET", "/api/v2/brain", query=query, headers=unless(etag))
        if reply.status == 304 and etag:
            return Brain(None, etag)
        data = self.json(reply, "the brain")
        try:
            return Brain(brain_told(data), reply.headers.get("etag"))
        except ValueError as error:
            raise RemoteError(f"{self.http.endpoint.host}: {error}") from None

    def search(self, query: str, *, limit: int, min_similarity: float, active_files: Sequence[str]) -> Told:
        asked = self._query(
            q=query, limit=limit, minSimilarity=str(min_similarity), activeFiles=",".join(active_files),
            useCompositeScore="true" if active_files else "",
        )  # fmt: skip
        return told(
            {"query": query, **self._rows_of(self.get("/api/v2/search", "the search", asked), "results")}, SEARCH
        )

    def items(self, *, schema_key: str | None, status: str, limit: int, offset: int) -> Told:
        asked = self._query(schemaKey=schema_key, status=status, limit=limit, offset=offset)
        data = self._rows_of(self.get("/api/v2/items", "the items", asked), "items")
        count = len(data["items"])  # the documentation's bare array says neither a total nor whether there are more
        return told({"total": offset + count, "hasMore": count >= limit, **data}, ITEMS)

    def item(self, item_id: str) -> Told:
        """Raises NotFound also for another project's."""
        reply = self.http.request("GET", path_of("/api/v2/items/{}", item_id))
        return self._own(self._found(reply, "item", item_id), ITEM, "item", item_id)

    def decide(self, item_id: str, status: str) -> Told:
        """Raises Refused for an item whose words went into another."""
        reply = self._sent("PATCH", path_of("/api/v2/items/{}", item_id), {"status": status})
        return self._own(self._found(reply, "item", item_id), ITEM, "item", item_id)

    def ask(self, question: str) -> Told:
        """Raises SpendRefused at a cap."""
        reply = self._sent("POST", "/api/v2/ask", {**self._of_project, "question": question, "mode": "sync"})
        if reply.status == 403 and reply.error_text() == _CAP:
            raise SpendRefused(f"{self.http.endpoint.host}: {_CAP}")
        data = object_of(self.json(reply, "the question"))
        if not isinstance(data.get("answer"), str):
            raise RemoteError(f"{self.http.endpoint.host} gave no answer to the question")
        return told({"question": question, **data}, ANSWER)

    def analyze(self, *, mode: str, schema_key_prefix: str | None) -> Told:
        filters = {"filters": {"schemaKeyPrefix": schema_key_prefix}} if schema_key_prefix else {}
        body = {"action": "analyze", "mode": mode, **self._scope, **filters}
        return self._listed(self._posted("/api/v2/hygiene", "hygiene", body), "actions", PLAN)

    def apply(self, plan: Mapping[str, Any], action_ids: Sequence[str], *, dry_run: bool) -> Told:
        body = {
            "action": "apply", **self._scope, "plan": plan, "selectedActionIds": list(action_ids), "dryRun": dry_run,
        }  # fmt: skip
        data = self._posted("/api/v2/hygiene", "the plan", body)
        return told({"dryRun": dry_run, **self._checked(data, "appliedActionIds")}, APPLIED)

    def auto_resolve(self, commits: Sequence[Mapping[str, Any]], *, dry_run: bool) -> Told:
        body = {**self._of_project, "commits": [dict(commit) for commit in commits], "dryRun": dry_run}
        data = self._posted("/api/v2/auto-resolve", "to resolve", body)
        return told({"dryRun": dry_run, **self._checked(data, "resolved")}, RESOLVED)

    def check_drift(self) -> Told:
        return self._listed(self._posted(self._project("drift-check"), "the drift check"), "details", DRIFT)

    def drift(self) -> Told:
        return self._listed(self.get(self._project("drift-check"), "what drifted"), "problems", PROBLEMS)

    def changelog(self, *, mode: str, since: int) -> Told:
        asked: Query = {"mode": mode, "since": iso_ms(since), "limit": MOST_ENTRIES}
        return self._listed(self.get(self._project("changelog"), "the changelog", asked), "entries", CHANGELOG)

    def impact(self, *, days: int) -> Told:
        return self._listed(
            self._posted(self._project("impact"), "the impact", query={"days": days}), "modules", IMPACT
        )

    def onboarding(self) -> Told:
        data = object_of(self._posted(self._project("onboarding-guide"), "the guide"))
        self._checked(data.get("guide"), "sections")
        return told(data, GUIDE)

    def sessions(self, *, limit: int, offset: int, status: str | None) -> Told:
        asked = self._query(limit=limit, offset=offset, status=status)
        data = self._rows_of(self.get("/api/v2/sessions", "the sessions", asked), "sessions")
        return told({"total": offset + len(data["sessions"]), **data}, SESSIONS)

    def session(self, session_id: str) -> Told:
        """Raises NotFound also for another project's."""
        reply = self.http.request("GET", path_of("/api/v2/sessions/{}", session_id))
        return self._own(self._found(reply, "session", session_id), WHOLE_SESSION, "session", session_id)

    def jobs(self, session_id: str) -> Told:
        """`jobs` and `pipeline`."""
        data = self.get(path_of("/api/v2/sessions/{}/jobs", session_id), f"the jobs of session {session_id}")
        try:
            return jobs_told(data)
        except ValueError as error:
            raise RemoteError(f"{self.http.endpoint.host}: {error}") from None

    def events(self, session_id: str, *, limit: int) -> list[Mapping[str, object]] | None:
        """In the order they happened; None: a server that does not tell (they are ours, not Contox's)."""
        path = path_of("/api/v2/sessions/{}/events", session_id)
        reply = self.http.request("GET", path, query={"limit": limit})
        if reply.status in (404, 405):
            return None
        data = self._checked(self.json(reply, f"the events of session {session_id}"), "events")
        return [object_of(row) for row in data["events"]]

    def close_session(self, session_id: str) -> None:
        """Closing a closed one is no error."""
        reply = self._sent("PATCH", path_of("/api/v2/sessions/{}", session_id), {"status": "closed"})
        self.json(reply, f"closing session {session_id}")

    def refuse(self, reply: Reply, what: str) -> NoReturn:
        kinds: dict[int, type[Error]] = {400: UsageError, 409: Refused}
        kind = kinds.get(reply.status)
        if kind is not None:
            raise kind(f"{self.http.endpoint.host} refuses {what}: {reply.error_text() or reply.status}")
        super().refuse(reply, what)

    @property
    def _of_project(self) -> dict[str, str]:
        return {"projectId": self.project_id}

    @property
    def _scope(self) -> dict[str, Any]:
        """Where the clients name the project, and where the documentation does."""
        return {"scope": {"teamId": self._team_id, **self._of_project}, **self._of_project}

    def _project(self, of: str) -> str:
        return path_of(f"/api/v2/projects/{{}}/{of}", self.project_id)

    def _query(self, **values: str | int | None) -> Query:
        """Without what is empty."""
        return {
            **self._of_project,
            **{name: value for name, value in values.items() if value is not None and value != ""},
        }

    def _posted(
        self, path: str, what: str, body: Mapping[str, Any] | None = None, *, query: Query | None = None
    ) -> Any:
        return self.json(self._sent("POST", path, body or {}, query=query), what)

    def _sent(self, method: str, path: str, body: Mapping[str, Any], *, query: Query | None = None) -> Reply:
        """What is asked here may be asked twice."""
        text = json.dumps(body, separators=(",", ":")).encode()
        return self.http.request(method, path, query=query, body=text, is_repeatable=True)

    def _listed(self, data: object, name: str, form: Form) -> Told:
        return told(self._rows_of(data, name), form)

    def _rows_of(self, data: object, name: str) -> Told:
        """An answer with a list of that name; a bare list stands for one."""
        return self._checked({name: data} if isinstance(data, list) else data, name)

    def _checked(self, data: object, name: str) -> Told:
        """Raises RemoteError when there is no list of that name."""
        found = dict(object_of(data))
        if not isinstance(found.get(name), list):
            raise RemoteError(f"{self.http.endpoint.host} answered without a list of {name}")
        return found

    def _found(self, reply: Reply, noun: str, id_: str) -> Any:
        if reply.status == 404:
            raise NotFound(f"{self.http.endpoint.host} has no {noun} {id_} of this project", hint=_LISTED_BY[noun])
        return self.json(reply, f"{noun} {id_}")

    def _own(self, data: object, form: Form, noun: str, id_: str) -> Told:
        """One thing of this project; some servers wrap it. Raises NotFound, RemoteError."""
        row = object_of(data)
        found = told(object_of(row.get(noun)) or row, form)
        if not found["id"]:
            raise RemoteError(f"{self.http.endpoint.host} answered without {noun} {id_}")
        if found["projectId"] not in ("", self.project_id):
            raise NotFound(f"{noun} {id_} is of another project", hint=_LISTED_BY[noun])
        return found

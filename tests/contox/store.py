"""What the server knows: keys, projects, events and sessions. Knows nothing of HTTP.

Every method is atomic. An event is stored once under its identity; a repeat gets the first answer.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.contox import proof

WINDOW_S = 4 * 3600.0
"""Decision 0.5."""
NONCE_LIFE_S = 600.0
"""Decision 0.3."""
STEPS = ("enrich", "embed", "dedup", "drift_check")


@dataclass(frozen=True)
class Stored:
    event: dict[str, Any]
    text: str
    """The exact text of the event on the wire."""
    headers: Mapping[str, str]
    session_id: str
    content_hash: str
    skip_enrichment: bool
    at: float
    """Arrival, seconds since the epoch by the server's clock."""
    event_id: str
    project_id: str
    source: str


@dataclass
class Session:
    id: str
    project_id: str
    source: str
    started_at: float
    updated_at: float
    status: str = "active"
    ended_at: float | None = None
    is_ended_by_hand: bool = False
    """Closed by someone, not by the window: takes no late events either."""
    events: int = 0
    summary: str | None = None
    jobs: list[dict[str, Any]] = field(default_factory=list)


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def happened_at(event: Mapping[str, Any], arrival: float) -> float:
    """The event's own time, else its arrival; seconds since the epoch."""
    ours = event.get("contoxHooks")
    try:
        return datetime.fromisoformat(ours["startedAt"]).timestamp()  # type: ignore[index]
    except (KeyError, TypeError, ValueError, OverflowError):
        return arrival


class Store:
    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.team_id = f"team_{secrets.token_hex(6)}"
        self.key = f"ctx_{secrets.token_hex(16)}"
        self.keys = {self.key}
        self.orgs = [{"id": self.team_id, "name": "Example team", "members": 1, "createdAt": iso(clock())}]
        self.projects: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, str] = {}
        self.sessions: list[Session] = []
        self.stored: list[Stored] = []
        self.repeats = 0
        self._by_hash: dict[str, Stored] = {}
        self._nonces: dict[str, float] = {}
        self.project_id: str = self.add_project("example")["id"]

    # -- projects ---------------------------------------------------------------------------------------------------

    def add_project(self, name: str, team_id: str | None = None) -> dict[str, Any]:
        with self.lock:
            now = iso(self.clock())
            project: dict[str, Any] = {
                "id": f"proj_{secrets.token_hex(6)}",
                "name": name,
                "description": None,
                "status": "active",
                "teamId": team_id or self.team_id,
                "contextsCount": 0,
                "createdAt": now,
                "updatedAt": now,
            }
            self.projects[project["id"]] = project
            self.secrets[project["id"]] = secrets.token_hex(32)
            return project

    # -- events -----------------------------------------------------------------------------------------------------

    def is_fresh(self, nonce: str) -> bool:
        """Takes note of the nonce; False when it was used in the last ten minutes."""
        with self.lock:
            now = self.clock()
            last = self._nonces.get(nonce)
            self._nonces[nonce] = now
            return last is None or now - last > NONCE_LIFE_S

    def put(
        self, project_id: str, source: str, raw: bytes, *, headers: Mapping[str, str], skip_enrichment: bool
    ) -> tuple[Stored, bool]:
        """The stored event, and whether this was a repeat. Raises ValueError when the event is not an object."""
        content_hash = proof.identity(project_id, source, raw)
        with self.lock:
            known = self._by_hash.get(content_hash)
            if known:
                self.repeats += 1
                return known, True
            event = json.loads(raw)
            if not isinstance(event, dict):
                raise ValueError("the event is not an object")
            now = self.clock()
            session = self._session_at(project_id, source, happened_at(event, now))
            session.events += 1
            session.updated_at = now
            stored = Stored(
                event=event,
                text=raw.decode(),
                headers=headers,
                session_id=session.id,
                content_hash=content_hash,
                skip_enrichment=skip_enrichment,
                at=now,
                event_id=f"evt_{secrets.token_hex(8)}",
                project_id=project_id,
                source=source,
            )
            self.stored.append(stored)
            self._by_hash[content_hash] = stored
            return stored, False

    # -- sessions ---------------------------------------------------------------------------------------------------

    def active(self, project_id: str, source: str) -> Session | None:
        with self.lock:
            return next((one for one in self._of(project_id, source) if one.status == "active"), None)

    def open_session(self, project_id: str, source: str, started_at: float | None = None) -> Session:
        """A new one; the active one of the project and source ends, unless it started later."""
        with self.lock:
            now = self.clock()
            started = now if started_at is None else started_at
            session = Session(f"sess_{secrets.token_hex(8)}", project_id, source, started, now)
            before = self.active(project_id, source)
            if before and before.started_at > started:
                session.status, session.ended_at = "closed", started + WINDOW_S  # born past its window: a late delivery
            elif before:
                before.status, before.ended_at = "closed", min(before.started_at + WINDOW_S, started)
            self.sessions.append(session)
            return session

    def close_session(self, session_id: str) -> Session:
        """By hand. Closing it again changes nothing. Raises KeyError."""
        with self.lock:
            session = self.session(session_id)
            session.is_ended_by_hand = True
            if session.status == "active":
                session.status, session.ended_at, session.updated_at = "closed", self.clock(), self.clock()
            return session

    def session(self, session_id: str) -> Session:
        """Raises KeyError."""
        with self.lock:
            for session in self.sessions:
                if session.id == session_id:
                    return session
            raise KeyError(session_id)

    def newest_first(self, project_id: str) -> list[Session]:
        with self.lock:
            order = sorted(enumerate(self.sessions), key=lambda pair: (pair[1].started_at, pair[0]), reverse=True)
            return [session for _, session in order if session.project_id == project_id]

    def set_pipeline(self, session_id: str, *statuses: str, error: str | None = None) -> None:
        """Job statuses in the order of STEPS: pending, running, done, failed. None at all: nobody enriches."""
        with self.lock:
            now = iso(self.clock())
            self.session(session_id).jobs = [
                {
                    "id": f"job_{session_id}_{step}",
                    "jobType": step,
                    "status": status,
                    "attempts": 0 if status == "pending" else 1,
                    "lastError": error if status == "failed" else None,
                    "createdAt": now,
                    "processedAt": now if status in ("done", "failed") else None,
                }
                for step, status in zip(STEPS, statuses, strict=False)
            ]

    def _session_at(self, project_id: str, source: str, happened: float) -> Session:
        """Decision 0.5: the session whose four hours hold the event; an active one may take what came shortly before."""
        ours = [one for one in self._of(project_id, source) if not one.is_ended_by_hand]
        holding = [one for one in ours if 0 <= happened - one.started_at < WINDOW_S]
        if holding:
            return max(holding, key=lambda one: one.started_at)
        active = self.active(project_id, source)
        if active and 0 < active.started_at - happened < WINDOW_S:
            return active
        return self.open_session(project_id, source, happened)

    def _of(self, project_id: str, source: str) -> list[Session]:
        return [one for one in self.sessions if (one.project_id, one.source) == (project_id, source)]

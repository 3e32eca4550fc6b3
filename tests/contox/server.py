"""The Contox server of the tests: a real HTTP server on loopback, with a life (start, stop, close) and knobs.

State outlives `stop` and `start`, which stand for a network that is gone for a while. Invariant: `close` returns within
a second, whatever clients do. Usable from other processes by its `url`, and from benchmarks.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from tests.contox import exchange, route
from tests.contox.bell import Bell
from tests.contox.fault import Faults
from tests.contox.listener import Listener
from tests.contox.rate import RateLimit
from tests.contox.reply import Reply, Request, error
from tests.contox.store import Session, Store, Stored
from tests.contox.trap import Trap


@dataclass
class Seen:
    """One request whose head arrived, whatever became of it."""

    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    at: float
    """Seconds since the epoch by the server's clock."""
    body: bytes = b""
    """As it was on the wire."""
    status: int | None = None
    """Of the answer that was sent; None when none was, or not all of it."""
    fault: str = ""


class ContoxServer:
    """A context manager: started on entry, closed on exit."""

    def __init__(
        self,
        tls: bool = False,
        *,
        tls_names: tuple[str, ...] = ("127.0.0.1", "localhost"),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(clock)
        self.faults = Faults()
        self.bell = Bell()
        self.violations: list[str] = []
        """What a client did that a server may put up with but a test should not."""
        self.delay_s = 0.0
        """Before every answer."""
        self.accepts_gzip = False
        self.announces_stream = False
        self.rate: RateLimit | None = None
        self.max_body_bytes: int | None = None
        """Larger bodies (unpacked) get 413."""
        self.names: Literal["client", "docs"] = "client"
        """Whose shape session lists have: `{sessions, total}`, or the documents' bare array."""
        self._lock = threading.Lock()
        self._requests: list[Seen] = []
        self.ca_pem = b""
        """The authority that a client must trust, with TLS."""
        context = None
        if tls:
            import trustme

            authority = trustme.CA()
            self.ca_pem = authority.cert_pem.bytes()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(*tls_names).configure_cert(context)
        self._scheme = "https" if tls else "http"
        self._listener = Listener(self._serve, tls=context, dropped=self.bell.silence)

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        """As if the machine were off: connections end and new ones are refused, until `start`."""
        self._listener.stop()

    def close(self) -> None:
        self._listener.close()
        if "trap" in vars(self):
            self.trap.close()

    def __enter__(self) -> ContoxServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._listener.port}"

    @property
    def crashes(self) -> list[str]:
        """Defects of this server itself."""
        return self._listener.crashes

    @cached_property
    def trap(self) -> Trap:
        """Another origin, for redirects."""
        return Trap()

    @property
    def connections(self) -> int:
        """Open ones, idle or not."""
        return self._listener.connections

    def drop_connections(self) -> None:
        """Idle ones included, without a word."""
        self._listener.drop()

    def fail_handshakes(self, yes: bool = True) -> None:
        """New connections get a TLS alert in place of a handshake."""
        self._listener.handshake_fails = yes

    # -- what arrived -----------------------------------------------------------------------------------------------

    @property
    def stored(self) -> list[Stored]:
        """In the order of storing, each event once."""
        with self.store.lock:
            return list(self.store.stored)

    @property
    def repeats(self) -> int:
        """Ingest requests that were answered with an earlier answer."""
        return self.store.repeats

    @property
    def requests(self) -> list[Seen]:
        with self._lock:
            return list(self._requests)

    # -- account ----------------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        return self.store.key

    @property
    def team_id(self) -> str:
        return self.store.team_id

    @property
    def project_id(self) -> str:
        return self.store.project_id

    @property
    def secret(self) -> str:
        """Of the first project."""
        return self.store.secrets[self.project_id]

    @property
    def orgs(self) -> list[dict[str, Any]]:
        return self.store.orgs

    @property
    def projects(self) -> dict[str, dict[str, Any]]:
        """By id, as they are shown; may be changed."""
        return self.store.projects

    @property
    def secrets(self) -> dict[str, str]:
        """HMAC secrets by project id."""
        return self.store.secrets

    def add_project(self, name: str) -> str:
        """The new project's id."""
        return str(self.store.add_project(name)["id"])

    def rotate_secret(self, project_id: str | None = None) -> str:
        """The new secret; the old one is refused from now on."""
        fresh = secrets.token_hex(32)
        self.store.secrets[project_id or self.project_id] = fresh
        return fresh

    def revoke_key(self) -> None:
        self.store.keys.discard(self.key)

    def restore_key(self) -> None:
        self.store.keys.add(self.key)

    def set_auto_learn(self, value: bool | None, project_id: str | None = None) -> None:
        """None: the project does not tell, as before."""
        project = self.projects[project_id or self.project_id]
        project.pop("autoLearn", None)
        if value is not None:
            project["autoLearn"] = value

    # -- sessions ---------------------------------------------------------------------------------------------------

    @property
    def sessions(self) -> list[Session]:
        """Of the first project, newest first."""
        return self.store.newest_first(self.project_id)

    def open_session(self, source: str = "cli", *, started_at: float | None = None) -> str:
        return self.store.open_session(self.project_id, source, started_at).id

    def close_session(self, session_id: str | None = None, *, source: str = "cli") -> str:
        """As someone at the dashboard would; without an id the active one of the source. Raises KeyError."""
        if session_id is None:
            active = self.store.active(self.project_id, source)
            if active is None:
                raise KeyError(f"no active session of {source}")
            session_id = active.id
        return self.store.close_session(session_id).id

    def set_pipeline(self, session_id: str, *statuses: str, error: str | None = None) -> None:
        """Statuses of enrich, embed, dedup, drift_check: pending, running, done, failed (with `error`). None: no jobs."""
        self.store.set_pipeline(session_id, *statuses, error=error)

    def ring(self) -> None:
        """Rings at every open event stream."""
        self.bell.ring()

    # -- for the connection -----------------------------------------------------------------------------------------

    @property
    def stopping(self) -> threading.Event:
        return self._listener.stopping

    def note(self, method: str, path: str, headers: Mapping[str, str]) -> Seen:
        seen = Seen(method, path, headers, self.store.clock())
        with self._lock:
            self._requests.append(seen)
        return seen

    def refusal(self, seen: Seen) -> Reply | None:
        """Why the event stream is not for this client."""
        key = seen.headers.get("authorization", "").removeprefix("Bearer ")
        return None if key in self.store.keys else error(401, "Unauthorized")

    def reply_to(self, request: Request) -> Reply:
        headers: dict[str, str] = {}
        if self.rate:
            wait_s, headers = self.rate.admit(self.store.clock)
            if wait_s is not None:
                return error(429, f"Rate limit exceeded. Please retry after {wait_s} seconds.", headers)
        reply = route.reply_to(self, request)
        return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, **headers})

    def _serve(self, connection: socket.socket) -> None:
        exchange.serve(self, connection)

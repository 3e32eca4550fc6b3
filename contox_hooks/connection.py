"""A repository's connection to a server: what it is and where it is kept (`.git/contox/connection.json`, 0600).

A clone that brings a `.contox.json` is connected to nothing: only `connect` in this clone writes this file, and it
holds no secret (credential.py keeps those by URL and project).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from contox_hooks.domain.error import StoreError
from contox_hooks.whole import write_whole

DEFAULT_REQUESTS_PER_MINUTE = 200
"""CONTRACT.md section 1.0, "Rate limit"."""


@dataclass(frozen=True, slots=True)
class Connection:
    url: str
    """Base without a trailing slash: https://contox.dev (wire/endpoint.py has checked it)."""
    team_id: str
    project_id: str
    project_name: str = ""
    source: str = "cli"
    """CONTRACT.md section 0.1: what our sessions are called on the server, unless configured."""
    paused: bool = False
    plain_http: bool = False
    """The user allowed http to a host that is not this machine."""
    requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE
    """Never exceeded; the server's own X-RateLimit-Limit counts where it is lower."""
    batching: bool = True
    """Commits of one session travel together."""
    connected_at: int = 0
    """Seconds since the epoch."""

    @property
    def id(self) -> str:
        """Names where events go: what is bound to one connection never goes to another."""
        return f"{self.url}#{self.project_id}"


def connection_path(state_root: Path) -> Path:
    return state_root / "connection.json"


def read_connection(state_root: Path) -> Connection | None:
    """None when the repository is not connected. Raises StoreError when the file is damaged."""
    path = connection_path(state_root)
    try:
        values = json.loads(path.read_text("utf-8"))
        known = {field.name for field in fields(Connection)}
        return _checked(Connection(**{name: value for name, value in values.items() if name in known}))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"{path} cannot be read ({error})", hint="contox-hooks connect writes it anew") from error


def _checked(connection: Connection) -> Connection:
    """Raises ValueError, whose text repeats no value: it could hold a password."""
    values: dict[str, Any] = asdict(connection)
    for field in fields(Connection):
        if type(values[field.name]).__name__ != field.type:
            raise ValueError(f"{field.name} is of the wrong type")
    if not connection.url.startswith(("https://", "http://")) or "@" in connection.url:
        raise ValueError("url is none")
    if not connection.project_id or connection.requests_per_minute < 1:
        raise ValueError("project_id or requests_per_minute is none")
    return connection


def keep_connection(state_root: Path, connection: Connection) -> None:
    """Written whole or not at all. Raises StoreError."""
    path = connection_path(state_root)
    try:
        write_whole(path, json.dumps(asdict(connection), indent=2))
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder and try again"
        ) from error


def forget_connection(state_root: Path) -> None:
    connection_path(state_root).unlink(missing_ok=True)

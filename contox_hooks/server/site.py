"""What a running server is made of, handed to every route by the desk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from contox_hooks.memory.pool import Pool
from contox_hooks.server.engine import Engine
from contox_hooks.server.turn import Turns


@dataclass(frozen=True, slots=True)
class Options:
    """What `serve` was started with."""

    base_url: str = "http://127.0.0.1:8787"
    """As people and clients reach it; without a slash at the end."""
    requests_a_minute: int = 200
    """A key's; CONTRACT.md section 1.0. 0: no limit."""
    body_bytes: int = 10 * 1024 * 1024
    """The longest request body; 400 commits with diffs of 3,000 characters are about 2 MB."""
    read_s: float = 30.0
    """A request's body must be here within so many seconds: the extension gives up then (section 1.0)."""
    hosts: tuple[str, ...] = ()
    """Further host names that the server answers for (rim/door.py)."""
    origins: tuple[str, ...] = ()
    """Other sites whose scripts may call the API with a key (CORS)."""

    @property
    def is_secure(self) -> bool:
        return self.base_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Site:
    pool: Pool
    engine: Engine
    options: Options = field(default_factory=Options)
    clock: Callable[[], float] = time.time
    turns: Turns = field(default_factory=Turns)

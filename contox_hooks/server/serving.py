"""A server's process, from its first look at the store to its last answer.

Puts together what `serve` names; must not know routes, nor the terminal. Invariants: whoever is told the address can
connect to it; a signal ends the process cleanly, whatever is open; every way not to start is an Error.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

import uvicorn

from contox_hooks.domain.error import StoreError
from contox_hooks.memory.pool import Pool
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place, Store
from contox_hooks.net.listening import Certificate, certificate, check_address, listener, url_of
from contox_hooks.server.app import create_app
from contox_hooks.server.engine import Engine
from contox_hooks.server.journal import Form, begin_journal
from contox_hooks.server.opening import welcome
from contox_hooks.server.patience import Patient
from contox_hooks.server.site import Options, Site

KEEP_S: Final = 75
"""An idle connection is kept so long: longer than clients keep theirs (httpx 5 s, undici 4 s) or poll (30 s), so that
it is never the server that closes one in the moment it is used."""
GRACE_S: Final = 3
"""Requests under way have so long to end once the server is told to stop; open streams never would."""
HEAD_BYTES: Final = 32 * 1024
"""The longest head of a request; section 1.0's clients send less than 1 KB."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `serve` was called with."""

    where: Place
    host: str = "127.0.0.1"
    port: int = 8787
    tls_cert: Path | None = None
    tls_key: Path | None = None
    is_insecure_allowed: bool = False
    base_url: str | None = None
    """None: where it listens. Like the other addresses one of address.py."""
    log_form: Form = "text"
    proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For and -Proto are believed."""
    wants_login: bool = False
    plan_model: str | None = None
    """What every project may use at most; None: as it was."""
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Started:
    url: str
    """Without a slash at the end."""
    login_url: str | None
    owner_key: str | None
    """Its text, on the first start on a store."""
    where: str
    """The store, for people."""


def serve(wanted: Wanted, tell: Callable[[Started], None]) -> None:
    """Until SIGINT or SIGTERM. `tell` is called once, when connections are answered.

    Raises UsageError, SettingError, Refused, Busy, StoreError.
    """
    tls = certificate(wanted.tls_cert, wanted.tls_key)
    check_address(wanted.host, is_secure=tls is not None, is_insecure_allowed=wanted.is_insecure_allowed)
    with listener(wanted.host, wanted.port) as line:
        url = url_of(wanted.host, line.getsockname()[1], is_secure=tls is not None)
        options = replace(wanted.options, base_url=wanted.base_url or url)
        with Service(_store(wanted.where)) as service:
            found = welcome(service, wants_login=wanted.wants_login)
            if wanted.plan_model is not None:
                service.access.set_plan(wanted.plan_model)
            where = service.store.where
        login_url = None if found.token is None else f"{options.base_url}/login?token={found.token}"
        started = Started(options.base_url, login_url, found.owner_key, where)
        pool = Pool(partial(_store, wanted.where))
        site = Site(pool, engine_of(wanted.where, pool), options)
        begin_journal(wanted.log_form)
        _run(site, wanted, line, tls, lambda: tell(started))


def engine_of(where: Place, pool: Pool) -> Engine:
    """On a file this machine's worker process; on PostgreSQL whoever runs `contox-hooks worker`."""
    if isinstance(where, Path):
        from contox_hooks.server.embedded import EmbeddedEngine

        return EmbeddedEngine(where)
    from contox_hooks.team.engine import TeamEngine

    return TeamEngine(where, pool.service)


def _store(where: Place) -> Store:
    return Store.open(where)


def _run(site: Site, wanted: Wanted, line: socket.socket, tls: Certificate | None, tell: Callable[[], None]) -> None:
    app = create_app(site)
    config = uvicorn.Config(
        app, http=Patient, ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, timeout_keep_alive=KEEP_S, timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=HEAD_BYTES,
        proxy_headers=bool(wanted.proxies), forwarded_allow_ips=list(wanted.proxies),
        ssl_certfile=None if tls is None else tls.chain, ssl_keyfile=None if tls is None else tls.key,
    )  # fmt: skip
    server = _Server(config, tell, app.state.feed.end)
    # uvicorn raises the signal that ended it once more, for whoever had it before: that is nobody.
    before = {number: signal.signal(number, _ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[line])
    except SystemExit as ended:
        if ended.code:
            raise StoreError("the server could not start: the lines above say why") from ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, tell: Callable[[], None], end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = tell
        self._end_streams = end_streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        asyncio.get_running_loop().set_exception_handler(_quiet)
        self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A client that hangs up in the middle is no event of ours."""
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)

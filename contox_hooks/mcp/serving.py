"""The server's process: on standard input and output, or over HTTP behind a token, until it is told to end.

Must not know tools. Invariants: over HTTP nobody is answered without the token, and nobody who came by another name
(DNS rebinding); nothing but this machine is, unless that was asked for; standard output belongs to the protocol.
"""

from __future__ import annotations

import gc
import hmac
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from contox_hooks.domain.error import Refused, SettingError, UsageError
from contox_hooks.mcp.door import Door
from contox_hooks.net.listening import is_loopback, listener, url_of

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken

    from contox_hooks.mcp.desk import Desk
    from contox_hooks.mcp.server import Server

PATH: Final = "/mcp"
LEAST_TOKEN: Final = 16
"""Characters: a shorter one can be guessed."""
GRACE_S: Final = 1
"""Calls under way have so long to end; open streams never would."""
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How HTTP was asked for."""

    token: str
    host: str = "127.0.0.1"
    port: int = 8788
    """0: any that is free."""
    is_insecure_allowed: bool = False
    names: tuple[str, ...] = ()
    """Host names that it answers for besides."""


def serve_stdio(desk: Desk) -> None:
    """Until standard input ends. Raises SettingError where the extra is not installed."""
    server = _server_class()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _begin_log()
    try:
        server(desk).run("stdio")
    except* BrokenPipeError:
        pass  # the agent hung up


def serve_http(desk: Desk, wanted: Wanted, tell: Callable[[str], None]) -> None:
    """Until SIGINT or SIGTERM. `tell` is given the URL once connections are taken.

    Raises UsageError for a token too short or no address of ours, Refused for others than this machine without leave,
    Busy for a port in use, SettingError where the extra is not installed.
    """
    if len(wanted.token) < LEAST_TOKEN or not wanted.token.isascii() or not wanted.token.isprintable():
        raise UsageError(f"the token must have {LEAST_TOKEN} plain characters or more", hint="openssl rand -hex 32")
    if not is_loopback(wanted.host) and not wanted.is_insecure_allowed:
        raise Refused(
            f"on {wanted.host or 'every address'} the token and memory would go through the network in the clear",
            hint="behind a proxy that does TLS, or in a container: --insecure-network",
        )
    made = _server_class()
    import uvicorn
    from mcp.server.auth.settings import AuthSettings
    from mcp.server.transport_security import TransportSecuritySettings
    from pydantic import AnyHttpUrl

    with listener(wanted.host, wanted.port) as line:
        url = url_of(wanted.host, line.getsockname()[1], is_secure=False)
        _begin_log()
        auth = AuthSettings(issuer_url=AnyHttpUrl(url), resource_server_url=None)
        server = made(desk, token_verifier=_Token(wanted.token), auth=auth)
        app = server.streamable_http_app(
            streamable_http_path=PATH, host=wanted.host,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # the door does it
        )  # fmt: skip
        config = uvicorn.Config(
            Door(app, _names(wanted)), ws="none", lifespan="on", log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )  # fmt: skip
        tell(url + PATH)
        uvicorn.Server(config).run(sockets=[line])


def _server_class() -> type[Server]:
    """Imported without the garbage collector, which would look at all of it again and again, and never finds a thing:
    a fifth of the start, and later 70 ms of a call now and then."""
    gc.disable()
    try:
        from contox_hooks.mcp.server import Server
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("contox_hooks"):
            raise
        raise SettingError(f"the MCP server needs {error.name}", hint="pip install 'contox-hooks[mcp]'") from error
    finally:
        gc.freeze()
        gc.enable()
    return Server


def _begin_log() -> None:
    """On stderr, in plain lines; else the SDK draws boxes around what went wrong, and every line of code on the way."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)


class _Token:
    """The SDK's question for whose token that is: there is one, and one owner."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def verify_token(self, token: str) -> AccessToken | None:
        from mcp.server.auth.provider import AccessToken

        if not hmac.compare_digest(token.encode(errors="replace"), self._token):
            return None
        return AccessToken(token=token, client_id="owner", scopes=[])


def _names(wanted: Wanted) -> set[str]:
    """Where it listens is one, unless that is everywhere."""
    return {*_LOCAL, *wanted.names, wanted.host} - {"", "0.0.0.0", "::"}

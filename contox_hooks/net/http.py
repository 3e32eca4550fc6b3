"""One origin over HTTP: bounded in time and size, paced, never redirected; the only module that knows httpx.

The key goes to the endpoint's own origin and nowhere else, neither into a message nor to a proxy in clear text: the
environment's proxies are asked for https alone, which goes through them sealed.
Must not know what is asked or sent. Invariant: a request ends within `total_s` seconds, name look-up to last byte, with
a Reply or an Unreachable that says why.
"""

from __future__ import annotations

import asyncio
import gzip
import http.cookiejar
import json
import re
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx

from contox_hooks import __version__
from contox_hooks.domain.error import AccessRefused, RemoteError
from contox_hooks.net.loop import Loop
from contox_hooks.net.pace import Pace
from contox_hooks.wire.endpoint import Endpoint

CONNECT_S = 10.0
MAX_BODY_BYTES = 4 * 1024 * 1024
GZIP_FROM_BYTES = 1024
"""Below that, gzip saves less than a packet."""
MAX_TEXT = 200
"""Characters of a server's text in a message."""


class Peer(NamedTuple):
    """What kind of server is asked, as far as people are told what to do about an error."""

    on_nonsense: str
    """Where its answer is not what such a server says."""
    on_key: str
    """Where no header can carry the key."""
    on_redirect: str
    may_be_keyless: bool = False
    """On this machine alone."""


CONTOX = Peer(
    on_nonsense="is that the address of a Contox server? contox-hooks connect changes it",
    on_key="contox-hooks connect",
    on_redirect="sign in to the network, or contox-hooks connect with the new address",
)

Why = Literal["dns", "connect", "tls", "timeout", "closed", "redirect", "too-large", "rate"]

T = TypeVar("T")


class Unreachable(RemoteError):
    """No usable answer came. `wait_s`: for "rate", the seconds until a request may go."""

    code = "unreachable"

    def __init__(self, message: str, *, why: Why, hint: str = "", wait_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.why: Why = why
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case; repeated ones joined by ", "."""
    body: bytes = field(repr=False)
    """May be a secret."""
    key: str = field(default="", repr=False)
    """Of the request: what the server says may repeat it."""
    peer: Peer = CONTOX

    def json(self) -> Any:
        """Raises RemoteError when the body is not JSON, or says that it is something else."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type and not content_type.endswith(("/json", "+json")):
            raise RemoteError(
                f"the server answered {self.status} with {plain(content_type, self.key)} where JSON was due",
                hint=self.peer.on_nonsense,
            )
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            text = f"the server answered {self.status} with what is not JSON"
            raise RemoteError(text, hint=self.peer.on_nonsense) from None

    def error_text(self) -> str:
        """What the server says is wrong: `error` of its JSON object; "" when it says nothing that can be used."""
        try:
            error = self.json()["error"]
        except (RemoteError, LookupError, TypeError):
            return ""
        return plain(error, self.key) if isinstance(error, str) else ""


def plain(text: str, key: str = "") -> str:
    """Text from outside, fit for a message: one line of MAX_TEXT, nothing that moves a cursor or reorders, and not the
    key, in whatever case: names of hosts and types come in lower case."""
    line = "".join(character for character in " ".join(text.split()) if character.isprintable())
    if key:
        line = re.sub(re.escape(key), "[key]", line, flags=re.IGNORECASE)
    return line[:MAX_TEXT]


class _Asked(NamedTuple):
    method: str
    path: str
    query: Mapping[str, str | int] | None
    body: bytes | None
    headers: Mapping[str, str]
    is_repeatable: bool
    """Whether it does no harm twice as it is (RFC 9110, 9.2.2)."""


class Http:
    """Not for several threads, nor inside a running event loop."""

    def __init__(
        self,
        endpoint: Endpoint,
        key: str,
        *,
        pace: Pace,
        total_s: float = 60.0,
        patience_s: float = 2.0,
        peer: Peer = CONTOX,
    ) -> None:
        """`patience_s`: how long a request may wait for its turn; a longer wait raises Unreachable, why "rate".
        An empty key is not sent. Raises AccessRefused for a key that no header can carry, or none where one is due."""
        is_keyless = key == "" and peer.may_be_keyless and endpoint.is_loopback
        if not (is_keyless or (key.isascii() and key.isprintable() and key.strip() == key != "")):
            raise AccessRefused("the key is empty or holds characters that no key has", hint=peer.on_key)
        self.endpoint = endpoint
        self._key = key
        self._peer = peer
        self._pace = pace
        self.total_s = total_s
        """Seconds a request may take; a caller whose time ends lowers it."""
        self._patience_s = patience_s
        self._takes_gzip: bool | None = None
        """None: the origin has not said; False: it refused, and that stays."""
        self.keeps_connection = False
        """Whether the last request left a connection for the next one; the server may end it at any time."""
        self._runner = asyncio.Runner(loop_factory=Loop)
        self._client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Http({self.endpoint.base})"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool = False,
    ) -> Reply:
        """One request and its whole answer, whatever its status, 3xx but 304 excepted. `path` starts with a slash and
        is quoted; `body` is JSON text; `is_repeatable`: a POST that does no harm twice. Raises Unreachable."""
        asked = _Asked(method, path, query, body, headers or {}, is_repeatable or method != "POST")
        if body is not None and self._takes_gzip and len(body) > GZIP_FROM_BYTES:
            packed = {**asked.headers, "content-encoding": "gzip"}
            reply = self._exchange(asked._replace(body=gzip.compress(body, 6, mtime=0), headers=packed))
            if reply.status != 415:
                return reply
            self._takes_gzip = False
        return self._exchange(asked)

    def chunks(self, path: str, *, quiet_s: float) -> Iterator[bytes]:
        """What an event stream sends, as it comes; b"" each time nothing came for `quiet_s` seconds. Ends when the
        server ends it. Other requests may be made in between. Raises Unreachable; RemoteError: no event stream."""
        self._wait_for_turn()
        headers = {"accept": "text/event-stream", "accept-encoding": "identity", "cache-control": "no-store"}
        response = self._run(self._open(_Asked("GET", path, None, None, headers, is_repeatable=True)))
        coming: asyncio.Task[bytes] | None = None
        try:
            self._pace.learn(response.headers, response.status_code)
            self._refuse_redirect(response.status_code, response.headers.get("location", ""))
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if response.status_code != 200 or kind != "text/event-stream":
                raise RemoteError(f"{self.endpoint.host} serves no event stream there ({response.status_code})")
            source = response.aiter_raw()
            while True:
                # A task that outlives the wait: cancelling the read itself would close the connection.
                coming = coming or self._runner.get_loop().create_task(_next(source))
                if not self._run(_is_done(coming, quiet_s)):
                    yield b""
                    continue
                done, coming = coming, None
                chunk = self._run(_result(done))
                if chunk == b"":
                    return
                yield chunk
        finally:
            with suppress(Exception):
                self._runner.run(_abandon(coming, response))

    def close(self) -> None:
        """Idempotent. Waits for nobody."""
        client, self._client = self._client, None
        try:
            if client is not None:
                with suppress(Exception):
                    self._runner.run(asyncio.wait_for(client.aclose(), 1.0))
        finally:
            self._runner.close()

    def _exchange(self, asked: _Asked) -> Reply:
        self._wait_for_turn()
        may_be_stale, self.keeps_connection = self.keeps_connection and asked.is_repeatable, False
        try:
            reply = self._run(self._fetch(asked))
        except Unreachable as error:
            if error.why != "closed" or not may_be_stale:
                raise
            # The server had ended the connection that was kept, perhaps before it saw the request (RFC 9112, 9.3.1).
            self._wait_for_turn()
            reply = self._run(self._fetch(asked))
        self.keeps_connection = True
        self._pace.learn(reply.headers, reply.status)
        if self._takes_gzip is None and "gzip" in _codings(reply.headers.get("accept-encoding", "")):
            self._takes_gzip = True
        self._refuse_redirect(reply.status, reply.headers.get("location", ""))
        return reply

    def _wait_for_turn(self) -> None:
        wait_s = self._pace.admit(self._patience_s)
        if wait_s > 0:
            text = f"{self.endpoint.host} takes no further request for {wait_s:.0f} s"
            raise Unreachable(text, why="rate", hint="wait, then try again", wait_s=wait_s)

    async def _fetch(self, asked: _Asked) -> Reply:
        async with asyncio.timeout(self.total_s):
            response = await self._open(asked)
            try:
                raw = await self._body(response)
            finally:
                await response.aclose()
        return Reply(response.status_code, dict(response.headers.items()), raw, self._key, self._peer)

    async def _open(self, asked: _Asked) -> httpx.Response:
        """The answer's head."""
        if self._client is None:
            self._client = self._make_client()
        url, home = httpx.URL(self.endpoint.base + asked.path), httpx.URL(self.endpoint.base)
        is_home = (url.scheme, url.netloc, url.userinfo) == (home.scheme, home.netloc, b"")
        if not (is_home and asked.path.startswith("/")):
            raise RemoteError(f"{plain(asked.path)} is no path on {self.endpoint.host}")
        headers = {**asked.headers, **({"authorization": f"Bearer {self._key}"} if self._key else {})}
        if asked.body is not None:
            headers["content-type"] = "application/json"
        request = self._client.build_request(asked.method, url, params=asked.query, content=asked.body, headers=headers)
        async with asyncio.timeout(self.total_s):
            return await self._client.send(request, stream=True)

    async def _body(self, response: httpx.Response) -> bytes:
        """Unpacked here, not by httpx, which would unpack a bomb before its size is known."""
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        unpack = zlib.decompressobj(wbits=31) if coding in ("gzip", "x-gzip") else None
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += unpack.decompress(chunk, MAX_BODY_BYTES + 1 - len(body)) if unpack else chunk
            if len(body) > MAX_BODY_BYTES:
                text = f"{self.endpoint.host} answered with more than {MAX_BODY_BYTES >> 20} MiB"
                raise Unreachable(text, why="too-large")
        return bytes(body)

    def _make_client(self) -> httpx.AsyncClient:
        about = {"user-agent": f"contox-hooks/{__version__}", "accept": "application/json", "accept-encoding": "gzip"}
        try:
            return httpx.AsyncClient(
                # What is not https is asked directly: a proxy would see the key that plain http carries.
                trust_env=self.endpoint.base.startswith("https:") and not self.endpoint.is_loopback,
                verify=httpx.create_ssl_context(),
                timeout=httpx.Timeout(None, connect=CONNECT_S),
                follow_redirects=False,
                cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
                headers=about,
            )
        except (OSError, ValueError, ImportError, httpx.InvalidURL):
            # Without its cause, whose text may repeat a proxy's password.
            text = f"{self.endpoint.host} cannot be asked with the proxies and certificates that the environment names"
            raise Unreachable(text, why="connect", hint="check HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE") from None

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._runner.run(work)
        except RemoteError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, zlib.error) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Unreachable:
        host = self.endpoint.host
        causes = list(_causes(error))
        if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
            return Unreachable(f"the name {host} is unknown here", why="dns", hint="check the address and the network")
        for cause in causes:
            if isinstance(cause, ssl.SSLError):
                reason = getattr(cause, "verify_message", "") or cause.reason or "handshake failed"
                hint = "SSL_CERT_FILE names the certificates to trust"
                return Unreachable(
                    f"no safe connection to {host}: {plain(str(reason), self._key)}", why="tls", hint=hint
                )
        if isinstance(error, TimeoutError | httpx.TimeoutException):
            return Unreachable(f"{host} gave no complete answer in time", why="timeout")
        if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.CloseError | httpx.RemoteProtocolError):
            return Unreachable(f"{host} broke off its answer", why="closed")
        if isinstance(error, zlib.error):
            return Unreachable(f"{host} sent an answer that cannot be unpacked", why="closed")
        if isinstance(error, httpx.ProxyError):
            hint = "check HTTPS_PROXY, ALL_PROXY and NO_PROXY"
            return Unreachable(
                f"{host} cannot be reached through the proxy of the environment", why="connect", hint=hint
            )
        reason = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), "")
        return Unreachable(f"{host} cannot be reached{': ' if reason else ''}{reason.lower()}", why="connect")

    def _refuse_redirect(self, status: int, location: str) -> None:
        if 300 <= status < 400 and status != 304:
            try:
                target = urlsplit(location).hostname or self.endpoint.host
            except ValueError:
                target = "elsewhere"
            target = plain(target, self._key)
            text = f"{self.endpoint.host} answered {status}: a redirect to {target} is not followed with a key"
            raise Unreachable(text, why="redirect", hint=self._peer.on_redirect)


async def _next(source: AsyncIterator[bytes]) -> bytes:
    async for chunk in source:
        if chunk:
            return chunk
    return b""


async def _is_done(task: asyncio.Task[bytes], within_s: float) -> bool:
    done, _ = await asyncio.wait({task}, timeout=within_s)
    return bool(done)


async def _result(task: asyncio.Task[bytes]) -> bytes:
    return await task


async def _abandon(task: asyncio.Task[bytes] | None, response: httpx.Response) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
    await asyncio.wait_for(response.aclose(), 1.0)


def _codings(accept_encoding: str) -> set[str]:
    """Codings that an Accept-Encoding value takes (RFC 9110, 12.5.3): those of weight zero are refused."""
    taken = set()
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if weight.replace(" ", "").rstrip("0") not in ("q=", "q=0."):
            taken.add(coding.strip())
    return taken


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__

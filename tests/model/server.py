"""A small OpenAI-compatible chat endpoint on loopback, with faults.

What it says is the test's to decide: `server.respond` is a function of the request, or `server.script(...)` gives the
replies in their order. Every request is kept in `server.asked`, headers and all, for golden files and proofs.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PATH = "/v1/chat/completions"


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        parsed = json.loads(self.raw)
        assert isinstance(parsed, dict)
        return parsed

    @property
    def system(self) -> str:
        return self._text_of("system")

    @property
    def user(self) -> str:
        return self._text_of("user")

    def _text_of(self, role: str) -> str:
        return "\n".join(message["content"] for message in self.body["messages"] if message["role"] == role)


@dataclass(frozen=True)
class Said:
    """One reply, or what happens in its stead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Bytes of the body that are sent before the connection ends; Content-Length promises all of them."""
    hold_s: float = 0.0
    """Silence before the reply's first byte; ends early when the server is closed."""


Respond = Callable[[Asked], Said]


def says(
    content: object,
    *,
    prompt_tokens: int | None = 100,
    completion_tokens: int | None = 20,
    finish_reason: str = "stop",
    model: str = "test-model",
    **message: object,
) -> Said:
    """A proper reply: `content` is the text, or what becomes JSON text. Tokens None: no `usage` in the reply."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    reply: dict[str, Any] = {
        "id": "cmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
        ],
    }
    if prompt_tokens is not None and completion_tokens is not None:
        total = prompt_tokens + completion_tokens
        reply["usage"] = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": total,
        }
    return Said(body=json.dumps(reply).encode())


def fails(status: int, message: str = "it went wrong", *, retry_after: str | None = None) -> Said:
    """An error in the usual envelope: 429, 5xx, 401 …"""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Said(status, json.dumps({"error": {"message": message, "type": "test"}}).encode(), headers)


def raw(body: bytes, status: int = 200) -> Said:
    """Whatever bytes: not JSON, a wrong shape."""
    return Said(status, body)


def cut(content: object = "a text that breaks off", *, after: int = 40) -> Said:
    """A stream that ends after so many bytes of the body."""
    return Said(body=says(content).body, cut_after=after)


def silent(hold_s: float = 30.0) -> Said:
    """No byte for so long: the asker's deadline comes first."""
    return Said(body=says("too late").body, hold_s=hold_s)


class ModelServer:
    def __init__(self, respond: Respond | None = None) -> None:
        self.respond: Respond = respond or (lambda asked: says("an answer"))
        self.asked: list[Asked] = []
        self.reached = threading.Event()
        """Set by each request as it arrives, before its reply."""
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        """The base URL, as a setting would have it."""

    def script(self, *replies: Said) -> None:
        """These in their order; the last one for all that follow."""
        left = list(replies)
        self.respond = lambda asked: left[0] if len(left) == 1 else left.pop(0)

    def close(self) -> None:
        self._ending.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with server._lock:
                    server.asked.append(asked)
                    said = server.respond(asked) if self.path == PATH else fails(404, "no such path")
                server.reached.set()
                if said.hold_s and server._ending.wait(said.hold_s):
                    self.close_connection = True
                    return
                self._say(said)

            def _say(self, said: Said) -> None:
                try:
                    self.send_response(said.status)
                    for name, value in {"content-type": "application/json", **said.headers}.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(said.body)))
                    self.end_headers()
                    self.wfile.write(said.body[: said.cut_after])
                    if said.cut_after is not None:
                        self.close_connection = True
                except OSError:  # the asker went away
                    self.close_connection = True

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


@contextmanager
def serving(respond: Respond | None = None) -> Iterator[ModelServer]:
    server = ModelServer(respond)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """For other folders: `from tests.model.server import model_server as model_server` in their conftest.py."""
    with serving() as server:
        yield server

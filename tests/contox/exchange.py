"""One connection: reads requests, lets faults strike, sends answers. Knows HTTP/1.1, nothing of the API."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import socket
import zlib
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.contox.fault import Fault
from tests.contox.listener import reset_on_close
from tests.contox.reply import Reply, Request, error
from tests.contox.route import STREAM_PATH

if TYPE_CHECKING:
    from tests.contox.server import ContoxServer, Seen


class Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ContoxServer  # type: ignore[assignment]

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        parts = urlsplit(self.path)
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            return self.send_error(400, "Invalid Content-Length")
        size = int(length)
        seen = self.server.note(self.command, self.path, headers)
        fault = self.server.faults.take(self.command, parts.path)
        if fault:
            seen.fault = fault.name
        if fault and fault.reads == "nothing":
            return self._end()
        if fault and fault.reads == "half":
            self.rfile.read(max(1, size // 2) if size else 0)
            return self._end()
        seen.body = self.rfile.read(size)
        if len(seen.body) < size:
            return self._end()  # the client went
        if self.server.delay_s and self.server.stopping.wait(self.server.delay_s):
            return self._end()
        if fault is None and self.command == "GET" and parts.path == STREAM_PATH:
            return self._stream(seen)
        request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, seen.body)
        if fault is None or fault.stores or (fault.reply is None and fault.sends == "whole"):
            true = self._unpacked(request)
        else:
            true = Reply(202, b"{}")
        self._send((fault and fault.reply) or true, fault, seen)
        return None

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _serve

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser of the head refuses: JSON as everything else."""
        self.close_connection = True
        self.connection.sendall(self._head(refusal := error(code, message or "Bad request")) + refusal.body)

    def _unpacked(self, request: Request) -> Reply:
        """The true answer, after the encoding of the request was undone."""
        encoding = request.headers.get("content-encoding", "identity")
        body = request.body
        if encoding == "gzip" and self.server.accepts_gzip:
            try:
                body = gzip.decompress(body)
            except (OSError, EOFError, zlib.error):
                return error(400, "Invalid request body")
        elif encoding != "identity":
            return error(415, "Unsupported content encoding")
        if "transfer-encoding" in request.headers:
            self.close_connection = True
            return error(411, "Content-Length is required")
        if self.server.max_body_bytes is not None and len(body) > self.server.max_body_bytes:
            return error(413, "Payload too large")
        return self.server.reply_to(Request(request.method, request.path, request.query, request.headers, body))

    def _send(self, reply: Reply, fault: Fault | None, seen: Seen) -> None:
        sends = fault.sends if fault else "whole"
        if sends == "nothing":
            return self._end()
        if sends == "reset":
            return self._end(reset=True)
        if sends == "silence":
            self._wait_for_the_client_to_go()
            return self._end()
        if fault and sends in ("slow-head", "slow-body"):
            return self._drip(sends, fault.pause_s)
        wire = self._head(reply) + (b"" if self.command == "HEAD" else reply.body)
        seen.status = reply.status
        if sends == "half":
            self.connection.sendall(wire[: len(wire) - max(1, len(reply.body) // 2)])
            return self._end()
        self.connection.sendall(wire)
        if sends == "then-close":
            self._end()
        return None

    def _head(self, reply: Reply) -> bytes:
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), **reply.headers}
        if reply.status == 304:
            del headers["Content-Type"], headers["Content-Length"]
        if self.server.accepts_gzip:
            headers["Accept-Encoding"] = "gzip"  # RFC 7694
        if self.close_connection:
            headers["Connection"] = "close"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {reply.status} -\r\n{lines}\r\n".encode("latin-1")

    def _drip(self, what: str, pause_s: float) -> None:
        """A byte at a time until the client goes or the server stops: OSError ends it."""
        self.close_connection = True
        if what == "slow-head":
            start, rest = b"HTTP/1.1 202 -\r\n", itertools.cycle(b"X-Slow: 1\r\n")
        else:
            start, rest = self._head(Reply(202, b"{" + b" " * 1_000_000)), itertools.cycle(b" ")
        for byte in itertools.chain(start, rest):
            self.connection.sendall(bytes((byte,)))
            if self.server.stopping.wait(pause_s):
                return

    def _stream(self, seen: Seen) -> None:
        """Server-sent events: one a ring of the bell, a comment now and then, until the client goes or the server stops."""
        refusal = self.server.refusal(seen)
        if refusal:
            return self._send(refusal, None, seen)
        self.close_connection = True
        seen.status = 200
        with self.server.bell.listening() as rings:
            self.connection.sendall(
                b"HTTP/1.1 200 -\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
            )
            for is_ring in rings:
                self.connection.sendall(b"event: session\ndata: {}\n\n" if is_ring else b": still here\n\n")
        return None

    def _wait_for_the_client_to_go(self) -> None:
        with contextlib.suppress(OSError):
            while self.connection.recv(4096):
                pass

    def _end(self, *, reset: bool = False) -> None:
        if reset:
            reset_on_close(self.connection)
        self.close_connection = True


def serve(server: ContoxServer, connection: socket.socket) -> None:
    Exchange(connection, ("127.0.0.1", 0), server)  # type: ignore[arg-type]

"""Clients against real servers on loopback, and a socket server for what no proper server does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contox_hooks.net.http import Http
from contox_hooks.net.pace import Pace
from contox_hooks.wire.endpoint import parse_endpoint
from tests.contox.fixture import contox_server as contox_server
from tests.contox.listener import Listener

KEY = "contox_" + "sk_" + "0123456789abcdef"

OpenHttp = Callable[..., Http]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def open_http(tmp_path: Path) -> Iterator[OpenHttp]:
    """`open_http(url, key=KEY, per_minute=1_000_000, **settings of Http)`; closed at the end."""
    opened: list[Http] = []

    def open_(
        url: str, key: str = KEY, *, per_minute: int = 1_000_000, plain_http: bool = False, **settings: float
    ) -> Http:
        pace = Pace(tmp_path / "pace.json", per_minute)
        opened.append(Http(parse_endpoint(url, plain_http=plain_http), key, pace=pace, **settings))
        return opened[-1]

    yield open_
    for http in opened:
        http.close()


class Speaker:
    """Answers each connection's requests with the given bytes, whatever they ask; keeps what they said."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        """One a request; the last one for all that follow."""
        self.heard: list[bytes] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._listener = Listener(self._serve)
        self._listener.start()
        self.url = f"http://127.0.0.1:{self._listener.port}"

    def close(self) -> None:
        self._listener.close()

    def _serve(self, connection) -> None:  # type: ignore[no-untyped-def]
        self.connections += 1
        connection.settimeout(5)
        while True:
            asked = b""
            while b"\r\n\r\n" not in asked:
                more = connection.recv(65536)
                if not more:
                    return
                asked += more
            with self._lock:
                self.heard.append(asked)
                answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
            connection.sendall(answer)


def spoken(status: str = "200 OK", body: bytes = b"{}", **headers: str) -> bytes:
    """One HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
    lines += [
        f"{name.replace('_', '-')}: {value}" for name, value in {"content_type": "application/json", **headers}.items()
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def speak() -> Iterator[Callable[..., Speaker]]:
    speakers: list[Speaker] = []

    def start(*answers: bytes) -> Speaker:
        speakers.append(Speaker(*answers))
        return speakers[-1]

    yield start
    for speaker in speakers:
        speaker.close()

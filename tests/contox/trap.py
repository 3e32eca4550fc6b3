"""A second origin that nobody should ever talk to: records whoever does, and smiles."""

from __future__ import annotations

import socket

from tests.contox.listener import Listener

_SMILE = b'{"eventId":"evt_trap","sessionId":"sess_trap","status":"accepted"}'


class Trap:
    def __init__(self) -> None:
        self.caught: list[bytes] = []
        """The head of each request as it came, and what of the body came along."""
        self._listener = Listener(self._serve)
        self._listener.start()
        self.url = f"http://127.0.0.1:{self._listener.port}"

    def close(self) -> None:
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        seen = b""
        while b"\r\n\r\n" not in seen:
            more = connection.recv(65536)
            if not more:
                break
            seen += more
        self.caught.append(seen)
        head = f"HTTP/1.1 202 -\r\nContent-Type: application/json\r\nContent-Length: {len(_SMILE)}\r\n"
        connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + _SMILE)

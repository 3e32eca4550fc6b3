"""A server's event stream as a doorbell: whatever it sends means "look now".

Must not know what an event says: what is shown always comes from the API's own answers. Reconnecting is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator

from contox_hooks.net.http import Http

_NAME_BYTES = 16
"""More of an unfinished line is not kept: only its field name counts."""


class Doorbell:
    """Bytes of a stream in the format of the HTML standard, 9.2.6, in chunks of any size."""

    def __init__(self) -> None:
        self._line = b""
        self._has_event = False

    def rings(self, chunk: bytes) -> bool:
        """Whether an event was completed by this chunk. Comments, which servers send to keep a line open, are none."""
        text = (self._line + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._line = rest[:_NAME_BYTES]
        rang = False
        for line in lines:
            if line.partition(b":")[0] in (b"data", b"event"):
                self._has_event = True
            elif not line and self._has_event:
                rang, self._has_event = True, False
        return rang


def listen(http: Http, path: str, *, quiet_s: float = 30.0) -> Iterator[bool]:
    """True when something happened: look now; False when nothing came for `quiet_s` seconds: look anyway, the line may
    be dead. Ends when the server ends the stream. `path` is the value of X-Contox-Stream.

    Raises Unreachable, RemoteError."""
    bell = Doorbell()
    for chunk in http.chunks(path, quiet_s=quiet_s):
        if not chunk:
            yield False
        elif bell.rings(chunk):
            yield True

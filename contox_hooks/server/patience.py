"""How long a client may take to say what it wants: uvicorn itself waits for ever for the end of a request's head."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol
else:
    Protocol = AutoHTTPProtocol  # h11's, or httptools' where that is installed

HEAD_S: Final = 20.0
"""From the first byte to the end of the head, and from the connection to the first byte."""

_REFUSAL: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
)


class Patient(Protocol):
    """Closes a connection whose next request does not get beyond its head. After an answer uvicorn's own keep-alive
    clock runs until the next byte."""

    head_s = HEAD_S
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._clock = self.loop.call_later(self.head_s, self._give_up)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            if self._clock is None:
                self._clock = self.loop.call_later(self.head_s, self._give_up)
        else:
            self._stop_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, or too long a head, is told so in JSON, as everything else."""
        if self.cycle is None or self.cycle.response_complete:
            body = json.dumps({"error": msg}).encode()
            self.transport.write(_REFUSAL % (len(body), body))
        self.transport.close()

    def _give_up(self) -> None:
        self._clock = None
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

"""The event loop of a request that must end in time: a name that nobody answers for holds up neither its end nor exit.

Must not know HTTP.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any


class Loop(asyncio.SelectorEventLoop):
    """Looks names up in a daemon thread: the stock executor would be waited for at close, and at exit, however long the
    resolver takes."""

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        answer: asyncio.Future[list[Any]] = self.create_future()

        def tell(outcome: Any) -> None:
            if not answer.done():
                (answer.set_exception if isinstance(outcome, Exception) else answer.set_result)(outcome)

        def look_up() -> None:
            outcome: Any
            try:
                outcome = socket.getaddrinfo(host, port, family, type, proto, flags)
            except Exception as error:
                outcome = error
            with suppress(RuntimeError):  # closed meanwhile
                self.call_soon_threadsafe(tell, outcome)

        threading.Thread(target=look_up, daemon=True).start()
        return await answer

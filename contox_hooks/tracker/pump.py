"""A command's output on its way to where it would have gone, byte by byte; its last lines are kept.

Invariant: the command waits for no reader that is gone, and nobody waits for what it left running.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from contox_hooks.domain.redaction import EDGE_CHARACTERS, redact

KEPT_LINES = 20
_KEPT_BYTES = 256 * 1024
_LATE_S = 0.2
_LATE_BYTES = 1024 * 1024
"""A pipe holds less (pipe(7)): what comes beyond it after the command's end is another's."""


class Tail:
    """The last of what was printed."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._is_cut = False
        self._lock = threading.Lock()

    def add(self, data: bytes) -> None:
        with self._lock:
            self._data += data
            if len(self._data) > 2 * _KEPT_BYTES:
                del self._data[:-_KEPT_BYTES]
                self._is_cut = True

    def lines(self) -> tuple[str, ...]:
        with self._lock:
            text = self._data.decode("utf-8", "replace")
        if self._is_cut:  # what it begins with may be a secret's second half
            text = text[EDGE_CHARACTERS:].partition("\n")[2]
        return tuple(redact(text).text.splitlines()[-KEPT_LINES:])


def streams(process: subprocess.Popen[bytes]) -> Iterator[tuple[IO[bytes], int | None]]:
    """None: that stream was closed when we began, and its number may mean another file by now."""
    if process.stdout is not None and process.stderr is not None:
        yield process.stdout, None if sys.__stdout__ is None else 1
        yield process.stderr, None if sys.__stderr__ is None else 2


class Pump:
    """From a command's stream to ours. Once ours takes no more (no reader, a full disk), the command's is closed: it
    learns of it as if it wrote there itself."""

    def __init__(self, source: IO[bytes], sink: int | None, tail: Tail) -> None:
        self._source, self._sink, self._tail = source, sink, tail
        self._read_bytes = 0
        self._is_writing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """The command has ended: what it printed goes through, however slowly it is read; what it left running in the
        background is not waited for."""
        before = self._read_bytes
        while self._thread.is_alive():
            seen = self._read_bytes
            self._thread.join(_LATE_S)
            if not self._is_writing and (self._read_bytes == seen or self._read_bytes - before > _LATE_BYTES):
                return

    def _run(self) -> None:
        with self._source, suppress(OSError):
            while data := os.read(self._source.fileno(), 65_536):
                self._is_writing = True
                self._read_bytes += len(data)
                self._tail.add(data)
                if self._sink is None:
                    return
                _write(self._sink, data)
                self._is_writing = False


def _write(sink: int, data: bytes) -> None:
    """Past Python's own buffer, which would fail once more at exit. Raises OSError."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(sink, rest) :]
        except BlockingIOError:  # whoever shares it made it so
            select.select([], [sink], [])

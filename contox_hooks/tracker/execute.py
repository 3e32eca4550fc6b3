"""Runs a command as if it had been typed: its streams, signals and exit code are the caller's own.

Must not know the log. With `keeps_output` the streams lead through here, byte by byte, and the last lines are kept.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from contox_hooks.domain.phrase import duration
from contox_hooks.domain.redaction import EDGE_CHARACTERS, redact

KEPT_LINES = 20
_KEPT_BYTES = 256 * 1024


class Executed(NamedTuple):
    command: str
    """As a shell would read it."""
    exit_code: int
    """Its own; 128 and the signal's number where one ended it, 127 not found, 126 not to be executed (POSIX, 2.8.2)."""
    status: str
    """`Success in 1.2 s`, `Failed (2) in 340 ms`, `Failed (SIGTERM) in 3m 05s`, `Failed (not found)`."""
    output: tuple[str, ...]
    """The last KEPT_LINES of both streams, redacted; empty unless asked for."""
    has_run: bool = True
    """False: there is no such program, or it cannot be executed."""


def execute(arguments: Sequence[str], *, keeps_output: bool = False) -> Executed:
    command, began = shlex.join(arguments), time.monotonic()
    tail = _Tail()
    child: list[subprocess.Popen[bytes]] = []
    early: list[int] = []
    pipe = subprocess.PIPE if keeps_output else None
    with _signals_for(child, early):
        try:
            process = subprocess.Popen(arguments, stdout=pipe, stderr=pipe)
        except OSError as error:
            code = 127 if isinstance(error, FileNotFoundError) else 126
            return Executed(command, code, f"Failed ({(error.strerror or str(error)).lower()})", (), False)
        child.append(process)
        for number in early:
            process.send_signal(number)
        pumps = [_pump(source, sink, tail) for source, sink in _streams(process)]
        code = process.wait()
        for pump in pumps:
            pump.join()
    passed = duration((time.monotonic() - began) * 1000)
    if code < 0:
        return Executed(command, 128 - code, f"Failed ({_signal_name(-code)}) in {passed}", tail.lines())
    return Executed(command, code, f"{f'Failed ({code})' if code else 'Success'} in {passed}", tail.lines())


class _Tail:
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
        text = self._data.decode("utf-8", "replace")
        if self._is_cut:  # what it begins with may be a secret's second half
            text = text[EDGE_CHARACTERS:].partition("\n")[2]
        return tuple(redact(text).text.splitlines()[-KEPT_LINES:])


def _streams(process: subprocess.Popen[bytes]) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    if process.stdout is not None and process.stderr is not None:
        yield process.stdout, sys.stdout.buffer
        yield process.stderr, sys.stderr.buffer


def _pump(source: IO[bytes], sink: IO[bytes], tail: _Tail) -> threading.Thread:
    def run() -> None:
        is_read = True
        with source:
            while data := os.read(source.fileno(), 65_536):
                tail.add(data)
                try:
                    if is_read:
                        sink.write(data)
                        sink.flush()
                except OSError:  # nobody reads it any more; the command is not to wait for that
                    is_read = False

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@contextmanager
def _signals_for(child: list[subprocess.Popen[bytes]], early: list[int]) -> Iterator[None]:
    """Signals go on to the command. What a terminal's keys send reaches its whole group, the command too: that is only
    outlived here. `early`: what came before there was one. A signal that was ignored stays so, for the command as well
    (nohup)."""

    def pass_on(number: int, _: object) -> None:
        if not child:
            early.append(number)
        elif number not in keys or not _is_from_terminal():
            with suppress(OSError):
                child[0].send_signal(number)

    keys = {getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)}
    others = {getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)}
    taken = [number for number in keys | others if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_from_terminal() -> bool:
    """Whether the terminal's keys reach us: it has one, and our group stands in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | getattr(os, "O_NOCTTY", 0))
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

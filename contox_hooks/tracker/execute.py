"""Runs a command as if it had been typed: its streams, signals and exit code are the caller's own.

Must not know the log. With `keeps_output` the streams lead through pump.py.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from contox_hooks.domain.phrase import duration
from contox_hooks.tracker.pump import Pump, Tail, streams

_KEYS = {getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)}
_OTHERS = {getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)}


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
    signal: int = 0
    """What ended it."""


def execute(arguments: Sequence[str], *, keeps_output: bool = False) -> Executed:
    command, began = shlex.join(arguments), time.monotonic()
    tail = Tail()
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
        with _keys_told_apart(process):
            pumps = [Pump(source, sink, tail) for source, sink in streams(process)]
            code = process.wait()
            passed = duration((time.monotonic() - began) * 1000)
            for pump in pumps:
                pump.finish()
    if code < 0:
        status = f"Failed ({_signal_name(-code)}) in {passed}"
        return Executed(command, 128 - code, status, tail.lines(), signal=-code)
    return Executed(command, code, f"{f'Failed ({code})' if code else 'Success'} in {passed}", tail.lines())


def die_of(number: int) -> None:
    """As the command did, where that is how people and systems end a command; else it returns. Shells leave a loop only
    when what they started died of Ctrl-C."""
    if number in {getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")}:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


@contextmanager
def _signals_for(child: list[subprocess.Popen[bytes]], early: list[int]) -> Iterator[None]:
    """Signals go on to the command. What a terminal's keys send reaches its whole group, the command too: that is only
    outlived here. `early`: what came before there was one. A signal that was ignored stays so, for the command as well
    (nohup)."""

    def pass_on(number: int, _: object) -> None:
        if not child:
            early.append(number)
        elif number not in _KEYS or not _is_from_terminal():
            with suppress(OSError):
                child[0].send_signal(number)

    taken = [number for number in _KEYS | _OTHERS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, pass_on) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _keys_told_apart(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Where the system says who sent a signal: one of the keys' that a process sent (`kill -INT`) goes on as well."""
    if not hasattr(signal, "sigwaitinfo"):  # macOS: whoever stands in a terminal's foreground is taken for typed at
        yield
        return

    def hear() -> None:
        while (told := signal.sigwaitinfo(_KEYS)).si_pid != os.getpid():
            if told.si_code <= 0:  # sigaction(2): the kernel's own are above
                process.send_signal(told.si_signo)

    before = signal.pthread_sigmask(signal.SIG_BLOCK, _KEYS)
    hearing = threading.Thread(target=hear, daemon=True)
    hearing.start()
    try:
        yield
    finally:
        assert hearing.ident is not None
        signal.pthread_kill(hearing.ident, signal.SIGINT)
        hearing.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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

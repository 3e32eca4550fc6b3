"""The user's own editor and pager. Text goes there and comes back; what it means is the caller's.

Invariant: the file that an editor gets is its user's alone (0600) and gone afterwards, except when the editor failed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from contox_hooks.domain.error import UsageError

_LESS = ("less", "-FRX")
"""Ends by itself when all fits the screen, and leaves it there."""


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """As git chooses: VISUAL on a terminal that can show it, then EDITOR, then vi."""
    chosen = ("" if environ.get("TERM", "dumb") == "dumb" else environ.get("VISUAL", "")) or environ.get("EDITOR", "")
    try:
        return shlex.split(chosen) or ["vi"]
    except ValueError as error:
        raise UsageError(f"EDITOR cannot be read: {error}", hint="export EDITOR=vi") from error


def edited(text: str, *, suffix: str = ".txt") -> str:
    """The text after the user's editor was at it. Raises UsageError when there is no editor or it failed; what was
    typed so far stays in the file that the error names."""
    line = editor_command(os.environ)
    descriptor, name = tempfile.mkstemp(prefix="contox-", suffix=suffix)
    path = Path(name)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    try:
        with _interrupts_for_the_child():
            code = subprocess.run([*line, name], check=False).returncode
        after = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise UsageError(
            f"the editor {line[0]} cannot be started: {error.strerror}", hint="export EDITOR=vi"
        ) from error
    if code != 0:
        kept = f"; what you wrote is in {path}" if after != text else ""
        if not kept:
            path.unlink()
        raise UsageError(f"the editor {line[0]} ended with {code}{kept}", hint="nothing was changed")
    path.unlink()
    return after


@contextmanager
def _interrupts_for_the_child() -> Iterator[None]:
    """Ctrl-C is the editor's or the pager's affair, as git has it: it reaches both processes, and this one goes on.

    A handler that does nothing, not SIG_IGN: a program that is started inherits the latter.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in (signal.SIGINT, signal.SIGQUIT)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def pager_command(environ: Mapping[str, str]) -> list[str] | None:
    """None where plain output is better: no terminal, a dumb one, PAGER=cat, no pager installed."""
    if not sys.stdout.isatty() or environ.get("TERM", "dumb") == "dumb":
        return None
    with suppress(ValueError):
        chosen: Sequence[str] = shlex.split(environ.get("PAGER", "")) or _LESS
        return list(chosen) if chosen[0] != "cat" and shutil.which(chosen[0]) else None
    return None


def page(text: str) -> None:
    """Show a long text; `text` is clean."""
    line = pager_command(os.environ)
    if line is not None:
        with suppress(OSError), _interrupts_for_the_child():
            subprocess.run(line, input=text.encode("utf-8", "replace"), check=False)
            return
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()

"""Makes this program the one that opens `contox-hooks:` links on Linux desktops, and takes that back.

A desktop entry in the user's own applications folder, made the default by xdg-mime; freedesktop.org, "Desktop Entry"
and "MIME applications". Invariant: another program's entry or choice stays, or comes back.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from contox_hooks.domain.error import Refused, StoreError, UsageError
from contox_hooks.whole import write_whole

ENTRY = "contox-hooks.desktop"
MIME = "x-scheme-handler/contox-hooks"
_BEFORE = "X-Contox-Hooks-Before="
"""In our entry: the default that was there before, maybe nothing; also the mark that the entry is ours."""
_TIMEOUT_S = 10.0


class Registered(NamedTuple):
    path: Path
    is_default: bool
    """False where xdg-mime is missing or failed: the desktop may still find the entry by itself."""
    replaced: str
    """The entry that was the default before; empty when none was."""


def register() -> Registered:
    """Idempotent. Raises UsageError on other systems, Refused for a foreign entry, StoreError."""
    path = _entry_path()
    before = _before(path) or _default()
    before = "" if before == ENTRY else before
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, entry_text(_program(), before), mode=None)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder and try again"
        ) from error
    _refresh(path.parent)
    _run("xdg-mime", "default", ENTRY, MIME)
    return Registered(path, _default() == ENTRY, before)


def unregister() -> bool:
    """Whether there was something to take back. Raises UsageError on other systems, Refused, StoreError."""
    path = _entry_path()
    before = _before(path)
    if before is None:
        return False
    is_ours = _default() == ENTRY
    try:
        path.unlink()
        for choices in (_folder("XDG_CONFIG_HOME", ".config") / "mimeapps.list", path.with_name("mimeapps.list")):
            if choices.is_file():
                _forget_in(choices)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be removed: {error.strerror}", hint="check the folder and try again"
        ) from error
    _refresh(path.parent)
    if is_ours and before:
        _run("xdg-mime", "default", before, MIME)
    return True


def entry_text(program: Sequence[str], before: str = "") -> str:
    """Without a terminal, which would close before it is read: what is to be done comes as a notification."""
    return "\n".join((
        "[Desktop Entry]", "Type=Application", "Name=contox-hooks", "Comment=Opens links of a Contox dashboard",
        f"Exec={' '.join(quoted(word) for word in program)} open-url %u", "Terminal=false", "NoDisplay=true",
        f"MimeType={MIME};", f"{_BEFORE}{before}", "",
    ))  # fmt: skip


def quoted(word: str) -> str:
    """One argument of an Exec line ("The Exec key"): quoted, then escaped again as every string value is.

    Raises UsageError for control characters, which no entry can hold.
    """
    if not word.isprintable():
        raise UsageError("this program's path holds a control character", hint="install it elsewhere")
    for character in ("\\", '"', "`", "$"):
        word = word.replace(character, f"\\{character}")
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'


def _program() -> list[str]:
    """As hooks start it: not moved by the folder or environment that a desktop starts it with."""
    return [sys.executable, "-E", "-P", "-m", "contox_hooks"]


def _entry_path() -> Path:
    if sys.platform in ("win32", "darwin"):
        raise UsageError(
            f"links are registered on Linux desktops only, not on {sys.platform}", hint="contox-hooks open-url -"
        )
    return _folder("XDG_DATA_HOME", ".local/share") / "applications" / ENTRY


def _folder(variable: str, usual: str) -> Path:
    """XDG Base Directory: what is set but not absolute is ignored."""
    named = os.environ.get(variable, "")
    return Path(named) if named.startswith("/") else Path.home() / usual


def _before(path: Path) -> str | None:
    """What our entry remembers; None without an entry. Raises Refused when it is not ours."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
    for line in lines:
        if line.startswith(_BEFORE):
            return line.removeprefix(_BEFORE)
    raise Refused(f"{path} was not written by contox-hooks: it is left as it is", hint="move it away")


def _default() -> str:
    """The entry that opens our links now; empty when there is none, or nobody knows."""
    name = _run("xdg-mime", "query", "default", MIME).strip()
    return name if name.endswith(".desktop") and name.isprintable() and "/" not in name else ""


def _forget_in(path: Path) -> None:
    """Take our name out of the desktop's list of choices; every other line stays as it is."""
    before = path.read_text("utf-8", "surrogateescape")
    lines = []
    for line in before.splitlines(keepends=True):
        key, is_choice, value = line.partition("=")
        if is_choice and key.strip() == MIME and ENTRY in value:
            names = [name.strip() for name in value.split(";") if name.strip() not in ("", ENTRY)]
            if not names:
                continue
            line = f"{key}={';'.join(names)};\n"
        lines.append(line)
    if "".join(lines) != before:
        write_whole(path.resolve(), "".join(lines), mode=stat.S_IMODE(path.stat().st_mode))


def _refresh(folder: Path) -> None:
    _run("update-desktop-database", str(folder))


def _run(program: str, *arguments: str) -> str:
    """Its output; empty when it is not installed or fails."""
    found = shutil.which(program)
    if found is None:
        return ""
    try:
        done = subprocess.run(
            [found, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout if done.returncode == 0 else ""

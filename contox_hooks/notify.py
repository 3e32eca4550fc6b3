"""Desktop notifications where there is a desktop, and nothing where there is none. Never fails its caller.

Invariant: text from outside is one cleaned, bounded argument or environment value, never part of a program, a script or
a markup; only an http(s) address that the caller built is ever opened.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

MAX_TITLE, MAX_BODY = 80, 250
HELP_S = 2.0
ACTION_S = 600.0
"""So long a notification's buttons work; whoever comes back later finds the same line in the terminal."""
SHOWN_S = 1.0
"""A program that has run so long shows its notification, and runs on for the buttons alone."""
LEAVE_S = 2.0
MAX_OPEN = 5
"""Notifications whose buttons are waited for; one more is shown without."""

_OSASCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
_POWERSHELL = """\
$ErrorActionPreference = 'Stop'
[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] | Out-Null
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $toast.GetElementsByTagName('text')
$texts.Item(0).AppendChild($toast.CreateTextNode($env:CONTOX_NOTIFY_TITLE)) | Out-Null
$texts.Item(1).AppendChild($toast.CreateTextNode($env:CONTOX_NOTIFY_BODY)) | Out-Null
$name = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($name).Show(
    [Windows.UI.Notifications.ToastNotification]::new($toast))
"""
"""PowerShell's own application id: a toast needs one that the system knows."""


class Desktop(NamedTuple):
    """How this machine shows a notification."""

    kind: str
    """notify-send, osascript, powershell."""
    program: str
    """Its whole path."""
    opener: str | None = None
    """What shows an address in the browser."""


def desktop_of(
    environ: Mapping[str, str], platform: str, which: Callable[[str], str | None] = shutil.which
) -> Desktop | None:
    """None without a desktop, or without a program that speaks to it."""
    if platform == "darwin":
        found = which("osascript")
        return None if found is None else Desktop("osascript", found, which("open"))
    if platform == "win32":
        found = which("powershell")
        return None if found is None else Desktop("powershell", found)
    has_screen = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    runtime = environ.get("XDG_RUNTIME_DIR")
    has_bus = bool(environ.get("DBUS_SESSION_BUS_ADDRESS") or (runtime and os.path.exists(f"{runtime}/bus")))  # noqa: PTH110
    found = which("notify-send")
    return Desktop("notify-send", found, which("xdg-open")) if has_screen and has_bus and found else None


def command_of(
    desktop: Desktop, title: str, body: str, *, actions: Sequence[tuple[str, str]] = ()
) -> tuple[list[str], dict[str, str]]:
    """The program's arguments, and what it needs in its environment. `actions`: name and label of each button."""
    title, body = _plain(title, MAX_TITLE), _plain(body, MAX_BODY)
    if desktop.kind == "osascript":
        # It takes options up to the first word that is none: that must be ours.
        script = [part for line in _OSASCRIPT for part in ("-e", line)]
        return [desktop.program, *script, title.lstrip("-") or "contox-hooks", body], {}
    if desktop.kind == "powershell":
        line = [desktop.program, "-NoProfile", "-NonInteractive", "-Command", _POWERSHELL]
        return line, {"CONTOX_NOTIFY_TITLE": title, "CONTOX_NOTIFY_BODY": body}
    buttons = [f"--action={name}={label}" for name, label in actions]
    return [desktop.program, "--app-name=contox-hooks", *buttons, "--", title, _markup(body)], {}


def notify(title: str, body: str, *, url: str | None = None, wait_s: float = 0.0) -> None:
    """Show it, in the background; with `url` and where buttons work: View Pipeline opens it, Dismiss does not. A
    process that is about to end gives it `wait_s` seconds."""
    desktop = desktop_of(os.environ, sys.platform)
    if desktop is None:
        return
    show = _Show(desktop, title, body, url)
    _shows.add(show)
    show.start()
    if wait_s:
        show.join(wait_s)


def leave() -> None:
    """Before the process ends: what was told just now is shown, for LEAVE_S at most; then nobody waits for buttons any
    more. What is shown stays."""
    until = time.monotonic() + LEAVE_S
    while (now := time.monotonic()) < until and any(show.shown_at > now for show in list(_shows)):
        time.sleep(0.02)
    for show in list(_shows):
        if show.waiting is not None:
            show.waiting.kill()


class _Show(threading.Thread):
    def __init__(self, desktop: Desktop, title: str, body: str, url: str | None) -> None:
        super().__init__(daemon=True)
        self._desktop, self._title, self._body, self._url = desktop, title, body, url
        self.shown_at = float("inf")
        """When it stands on the screen for certain, on the monotonic clock."""
        self.waiting: subprocess.Popen[bytes] | None = None
        """The program that waits for a button."""

    def run(self) -> None:
        try:
            self._show()
        except (OSError, ValueError, subprocess.SubprocessError):
            pass  # a notification that cannot be shown is none
        finally:
            _shows.discard(self)

    def _show(self) -> None:
        desktop, url = self._desktop, self._url
        can_open = desktop.kind == "notify-send" and desktop.opener and url and _is_web(url)
        if not (can_open and _takes_actions(desktop.program)) or not _open.acquire(blocking=False):
            _said(command_of(desktop, self._title, self._body), HELP_S * 5)
            return
        try:
            actions = (("view", "View Pipeline"), ("dismiss", "Dismiss"))
            command = command_of(desktop, self._title, self._body, actions=actions)
            chosen = _said(command, ACTION_S, begun=self._waits)
        finally:
            self.waiting = None
            _open.release()
        if chosen.strip() == "view":
            _begin([str(desktop.opener), str(url)])

    def _waits(self, program: subprocess.Popen[bytes]) -> None:
        self.shown_at, self.waiting = time.monotonic() + SHOWN_S, program


_open = threading.BoundedSemaphore(MAX_OPEN)
_shows: set[_Show] = set()
_asking = threading.Lock()


def _begin(line: list[str]) -> None:
    null = subprocess.DEVNULL
    child = subprocess.Popen(line, stdin=null, stdout=null, stderr=null, start_new_session=True)
    child.returncode = 0  # a browser may run for hours: nobody waits; Python would warn of that


def _takes_actions(program: str) -> bool:
    """Since libnotify 0.7.10; an older one refuses the option and shows nothing. Asked once a process."""
    with _asking:
        return "--action" in _help(program)


@cache
def _help(program: str) -> str:
    return _said(([program, "--help"], {}), HELP_S)


def _said(
    command: tuple[list[str], dict[str, str]],
    within_s: float,
    begun: Callable[[subprocess.Popen[bytes]], None] = lambda _: None,
) -> str:
    line, environ = command
    child = subprocess.Popen(
        line,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    begun(child)
    with child:
        try:
            out, _ = child.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            child.kill()
            out, _ = child.communicate()
    return out.decode("utf-8", "replace")


def _is_web(url: str) -> bool:
    return re.fullmatch(r"https?://[!-~]+", url) is not None


def _plain(text: str, limit: int) -> str:
    """One bounded line: nothing that ends an argument, moves a cursor or reorders its neighbours."""
    text = "".join(character for character in " ".join(text.split()) if character.isprintable()).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _markup(body: str) -> str:
    """notify-send's body is markup, in which it also undoes C escapes (g_strcompress)."""
    escaped = body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\\", "\\\\")

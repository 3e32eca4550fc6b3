"""Notifications with stand-ins for the desktops' programs; nothing of this machine's desktop is touched."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks import notify as module
from contox_hooks.notify import Desktop, command_of, desktop_of, leave, notify

SCREEN = {"DISPLAY": ":0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}


def found(name: str) -> str:
    return f"/bin/{name}"


@pytest.mark.parametrize(
    ("environ", "platform", "kind"),
    [
        (SCREEN, "linux", "notify-send"), ({"WAYLAND_DISPLAY": "w", "DBUS_SESSION_BUS_ADDRESS": "x"}, "linux", "notify-send"),
        ({}, "linux", None), ({"DISPLAY": ":0"}, "linux", None), ({"DBUS_SESSION_BUS_ADDRESS": "x"}, "linux", None),
        ({}, "darwin", "osascript"), ({}, "win32", "powershell"),
    ],
)  # fmt: skip
def test_which_desktop(environ: dict[str, str], platform: str, kind: str | None) -> None:
    desktop = desktop_of(environ, platform, found)
    assert (desktop and desktop.kind) == kind
    assert desktop_of(environ, platform, lambda _: None) is None


def test_the_bus_may_be_a_socket_in_the_runtime_folder(tmp_path: Path) -> None:
    environ = {"DISPLAY": ":0", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert desktop_of(environ, "linux", found) is None
    (tmp_path / "bus").touch()
    assert desktop_of(environ, "linux", found) is not None


HOSTILE = '--help"; $(touch owned) `id` <b onclick="x">&amp; \\033 \x1b]0;t\x07\n\u202e'


def test_notify_send_gets_text_as_text() -> None:
    line, environ = command_of(Desktop("notify-send", "/bin/notify-send"), HOSTILE, HOSTILE)
    assert environ == {}
    assert line[:3] == ["/bin/notify-send", "--app-name=contox-hooks", "--"]
    assert line[4] == ('--help"; $(touch owned) `id` &lt;b onclick="x"&gt;&amp;amp; \\\\033 ]0;t')


def test_osascript_gets_text_as_arguments_of_a_fixed_script() -> None:
    line, environ = command_of(Desktop("osascript", "/bin/osascript"), HOSTILE, HOSTILE)
    other, _ = command_of(Desktop("osascript", "/bin/osascript"), "t", "b")
    assert line[:-2] == other[:-2]
    assert not line[-2].startswith("-")
    assert environ == {}


def test_powershell_gets_text_in_the_environment_of_a_fixed_script() -> None:
    line, environ = command_of(Desktop("powershell", "p"), HOSTILE, HOSTILE)
    assert line == command_of(Desktop("powershell", "p"), "t", "b")[0]
    assert environ["CONTOX_NOTIFY_BODY"].startswith('--help"; $(touch owned)')


@given(st.text(max_size=2000), st.sampled_from(["notify-send", "osascript", "powershell"]))
def test_text_is_one_bounded_line(text: str, kind: str) -> None:
    line, environ = command_of(Desktop(kind, "p"), text, text)
    for told in (*line[-2:], *environ.values()) if kind != "powershell" else environ.values():
        assert told.isprintable()
        assert len(told) <= 250 * 5
        os.fsencode(told)


class Fakes:
    """Programs that write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, body: str) -> None:
        path = self.folder / name
        log = self.folder / f"{name}.log"
        path.write_text(
            f"#!{sys.executable}\nimport sys\nopen({str(log)!r}, 'a').write(repr(sys.argv[1:]) + '\\n')\n{body}\n"
        )
        path.chmod(0o755)

    def calls(self, name: str) -> list[list[str]]:
        log = self.folder / f"{name}.log"
        return [eval(line) for line in log.read_text().splitlines()] if log.exists() else []

    def wait(self, name: str, number: int) -> list[list[str]]:
        until = time.monotonic() + 30
        while len(self.calls(name)) < number and time.monotonic() < until:
            time.sleep(0.01)
        return self.calls(name)


HELP = "if '--help' in sys.argv[1:2]: print('  -A, --action=[NAME=]Text...  Specifies the actions'); sys.exit()\n"


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(fakes.folder))
    monkeypatch.setattr(sys, "platform", "linux")
    for name, value in SCREEN.items():
        monkeypatch.setenv(name, value)
    return fakes


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    leave()
    settle()


def settle() -> None:
    for thread in threading.enumerate():
        if isinstance(thread, module._Show):
            thread.join(30)


URL = "https://example.org/dashboard/sessions/S1"


def test_view_pipeline_opens_the_address(fakes: Fakes) -> None:
    fakes.add("notify-send", HELP + "print('view')")
    fakes.add("xdg-open", "")
    notify("Contox", "Session saved", url=URL)
    assert fakes.wait("xdg-open", 1) == [[URL]]
    assert fakes.calls("notify-send")[1] == [
        "--app-name=contox-hooks", "--action=view=View Pipeline", "--action=dismiss=Dismiss", "--", "Contox", "Session saved",
    ]  # fmt: skip
    settle()


@pytest.mark.parametrize("said", ["dismiss", "", "https://evil.example", "view; id"])
def test_whatever_else_it_says_opens_nothing(fakes: Fakes, said: str) -> None:
    fakes.add("notify-send", HELP + f"print({said!r})")
    fakes.add("xdg-open", "")
    notify("Contox", "Session saved", url=URL, wait_s=30)
    assert len(fakes.calls("notify-send")) == 2
    assert fakes.calls("xdg-open") == []


@pytest.mark.parametrize("url", [None, "file:///etc/passwd", "javascript:1", "https://a b", "https://x\n-y", ""])
def test_only_a_web_address_gets_buttons(fakes: Fakes, url: str | None) -> None:
    fakes.add("notify-send", HELP + "print('view')")
    fakes.add("xdg-open", "")
    notify("Contox", "text", url=url, wait_s=30)
    assert fakes.calls("notify-send") == [["--app-name=contox-hooks", "--", "Contox", "text"]]
    assert fakes.calls("xdg-open") == []


def test_an_old_notify_send_shows_it_without_buttons(fakes: Fakes) -> None:
    fakes.add("notify-send", "")
    fakes.add("xdg-open", "")
    notify("Contox", "text", url=URL, wait_s=30)
    assert fakes.calls("notify-send") == [["--help"], ["--app-name=contox-hooks", "--", "Contox", "text"]]


def test_without_a_desktop_nothing_happens(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    notify("Contox", "no program")
    fakes.add("notify-send", HELP)
    monkeypatch.delenv("DISPLAY")
    notify("Contox", "no screen", wait_s=30)
    assert fakes.calls("notify-send") == []


def test_a_program_that_hangs_or_cannot_run_holds_up_nobody(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fakes.add("notify-send", HELP + "import time; time.sleep(600)")
    fakes.add("xdg-open", "")
    for number in range(module.MAX_OPEN):
        notify("Contox", f"text {number}", url=URL)
    calls = fakes.wait("notify-send", 1 + module.MAX_OPEN)
    assert calls.count(["--help"]) == 1  # asked once
    leave()
    settle()
    (fakes.folder / "notify-send").write_text("")
    notify("Contox", "text", url=URL, wait_s=30)
    assert capfd.readouterr() == ("", "")
    assert not module._shows


@pytest.mark.parametrize("url", [None, URL])
def test_what_was_told_last_is_shown_before_it_leaves(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    monkeypatch.setattr(module, "LEAVE_S", 30.0)
    monkeypatch.setattr(module, "SHOWN_S", 1.5)
    shown = fakes.folder / "shown"
    wait = "if any('--action' in one for one in sys.argv): time.sleep(600)"
    fakes.add("notify-send", f"{HELP}import time; open({str(shown)!r}, 'w'); {wait}".replace("; if", "\nif"))
    fakes.add("xdg-open", "")
    notify("Contox", "text", url=url)
    leave()
    assert shown.exists()
    settle()  # nobody waits for its buttons any more
    assert not module._shows


def test_it_leaves_soon_whatever_hangs(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAVE_S", 0.2)
    monkeypatch.setattr(module, "HELP_S", 0.1)
    fakes.add("notify-send", "import time; time.sleep(600)")
    started = time.monotonic()
    notify("Contox", "text")
    leave()
    assert time.monotonic() - started < 30

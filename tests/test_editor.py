"""The user's editor and pager: found as git finds them, and what was typed is never lost."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

import pytest

from contox_hooks import editor
from contox_hooks.domain.error import UsageError

CHOICES = [
    ({"VISUAL": "code -w", "EDITOR": "nano", "TERM": "xterm"}, ["code", "-w"]),
    ({"VISUAL": "code -w", "EDITOR": "nano", "TERM": "dumb"}, ["nano"]),
    ({"EDITOR": "'my editor' -x"}, ["my editor", "-x"]),
    ({}, ["vi"]),
    ({"EDITOR": " "}, ["vi"]),
]


@pytest.mark.parametrize(("environ", "line"), CHOICES)
def test_the_editor_is_the_users(environ: dict[str, str], line: list[str]) -> None:
    assert editor.editor_command(environ) == line


def test_an_editor_that_cannot_be_read_is_told() -> None:
    with pytest.raises(UsageError, match="EDITOR cannot be read"):
        editor.editor_command({"EDITOR": "nano 'x"})


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The editor is this Python file; its files are in `tmp_path`."""
    path = tmp_path / "ed.py"
    monkeypatch.setenv("EDITOR", f"{sys.executable} {path}")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return path


def left(folder: Path) -> list[Path]:
    return list(folder.glob("contox-*"))


def test_the_file_is_private_and_gone_afterwards(program: Path, tmp_path: Path) -> None:
    program.write_text(
        "import os, sys\np = sys.argv[1]\nm = oct(os.stat(p).st_mode & 0o777)\nopen(p, 'a').write(m + '\\u2028é')\n"
    )
    assert editor.edited("text\n") == "text\n0o600\u2028é"
    assert left(tmp_path) == []


def test_an_editor_that_fails_keeps_what_was_typed(program: Path, tmp_path: Path) -> None:
    program.write_text("import sys\nopen(sys.argv[1], 'w').write('typed')\nsys.exit(3)\n")
    with pytest.raises(UsageError) as raised:
        editor.edited("text\n")
    (kept,) = left(tmp_path)
    assert str(kept) in raised.value.message
    assert kept.read_text() == "typed"


def test_an_editor_that_fails_before_anything_leaves_nothing(program: Path, tmp_path: Path) -> None:
    program.write_text("import sys\nsys.exit(1)\n")
    with pytest.raises(UsageError, match=r"ended with 1$"):
        editor.edited("text\n")
    assert left(tmp_path) == []


def test_an_interrupt_is_the_editors_affair(program: Path, tmp_path: Path) -> None:
    """Ctrl-C reaches both processes: the editor decides, and here nothing is lost."""
    program.write_text(
        "import os, signal, sys\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "os.kill(os.getppid(), signal.SIGINT)\nopen(sys.argv[1], 'w').write('typed')\n"
    )
    before = signal.getsignal(signal.SIGINT)
    assert editor.edited("text\n") == "typed"
    assert signal.getsignal(signal.SIGINT) is before
    assert left(tmp_path) == []


def test_an_editor_that_an_interrupt_ended_keeps_what_was_typed(program: Path, tmp_path: Path) -> None:
    program.write_text(
        "import os, signal, sys\nopen(sys.argv[1], 'w').write('typed')\nsignal.signal(2, signal.SIG_DFL)\n"
        "os.kill(os.getppid(), 2)\nos.kill(os.getpid(), 2)\n"
    )
    with pytest.raises(UsageError) as raised:
        editor.edited("text\n")
    (kept,) = left(tmp_path)
    assert str(kept) in raised.value.message


def test_without_a_terminal_a_page_is_plain_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAGER", "no-such-pager")
    editor.page("one\ntwo")
    assert capsys.readouterr().out == "one\ntwo\n"


def test_a_dumb_terminal_a_cat_and_a_missing_pager_are_no_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    for environ in ({"TERM": "dumb"}, {"TERM": "xterm", "PAGER": "cat"}, {"TERM": "xterm", "PAGER": "no-such-pager"}):
        assert editor.pager_command(environ) is None
    assert editor.pager_command({"TERM": "xterm", "PAGER": f"{sys.executable} -x"}) == [sys.executable, "-x"]

"""Held: the user's git command is sacred: exit 0, nothing printed, whatever state our files are in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.capture.install.hook import BODY, HOOKS
from tests.hooks.foreground import Hooked


def _spool_is_a_folder(hooked: Hooked) -> None:
    hooked.spool.mkdir()


def _disk_is_full(hooked: Hooked) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("NOT TESTED on a full disk: no /dev/full here")
    hooked.spool.symlink_to("/dev/full")
    hooked.mark.symlink_to("/dev/full")


def _state_is_a_file(hooked: Hooked) -> None:
    hooked.state.rename(hooked.state.with_name("elsewhere"))
    hooked.state.write_text("")


def _spool_leads_nowhere(hooked: Hooked) -> None:
    hooked.spool.symlink_to("/nonexistent/folder/spool")


def _everything_is_a_folder(hooked: Hooked) -> None:
    for name in ("spool", "drain.mark"):
        (hooked.state / name).mkdir()
    (hooked.state / "python").unlink()
    (hooked.state / "python").mkdir()


def _python_is_gone(hooked: Hooked) -> None:
    hooked.python.unlink()


def _python_is_a_folder(hooked: Hooked) -> None:
    hooked.python.unlink()
    hooked.python.mkdir()


def _python_cannot_run(hooked: Hooked) -> None:
    hooked.python.write_bytes(b"\x7fELF nonsense")


def _body_is_gone(hooked: Hooked) -> None:
    (hooked.folder / BODY).unlink()


def _mark_is_nonsense(hooked: Hooked) -> None:
    hooked.mark.write_text("not a number\0\n-1 *\n")


BREAKAGES = [
    _spool_is_a_folder,
    _disk_is_full,
    _state_is_a_file,
    _spool_leads_nowhere,
    _everything_is_a_folder,
    _python_is_gone,
    _python_is_a_folder,
    _python_cannot_run,
    _body_is_gone,
    _mark_is_nonsense,
]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.__name__.strip("_"))
def test_broken_state_is_never_seen(hooked: Hooked, shell: str, breakage: Callable[[Hooked], None]) -> None:
    breakage(hooked)
    for name in HOOKS:
        done = hooked.run(shell, name, "rebase", stdin=b"a b\n" * 3)
        assert (name, done.returncode, done.stdout, done.stderr) == (name, 0, b"", b"")


@pytest.mark.parametrize("head", ["", "ref: refs/heads/nowhere\n", "ref: /etc/passwd\n", "\0\xff", None])
def test_broken_head_is_never_seen(hooked: Hooked, shell: str, head: str | None) -> None:
    path = hooked.repo.path / ".git/HEAD"
    path.unlink()
    if head is not None:
        path.write_bytes(head.encode("latin-1"))
    done = hooked.run(shell, "post-commit")
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
    assert hooked.records() == [["1", "post-commit", "-", "-"]]


def test_outside_any_repository(hooked: Hooked, shell: str, tmp_path: Path) -> None:
    hooked.repo.path = tmp_path
    done = hooked.run(shell, "post-commit")
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")

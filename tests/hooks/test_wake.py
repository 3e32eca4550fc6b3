"""Held: at most one process started, none while a drain is on its way, and a dead drain never blocks the next."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from contox_hooks.capture.mark import start_time
from tests.hooks.foreground import SHELLS, Hooked, wait_until

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="NOT TESTED: no /proc here")


def _live_mark() -> str:
    return f"{os.getpid()} {start_time(os.getpid())}\n"


@needs_proc
def test_burst_starts_nothing_while_a_drain_is_on_its_way(hooked: Hooked) -> None:
    hooked.mark.write_text(_live_mark())
    for n in range(50):
        hooked.repo.commit(f"burst {n}")
    assert len(hooked.records()) == 50
    hooked.mark.unlink()
    hooked.repo.commit("after")  # its start comes after any that the burst had wrongly made
    assert len(hooked.starts(1)) == 1


@needs_proc
def test_live_mark_is_known_in_every_shell(hooked: Hooked, shell: str) -> None:
    hooked.mark.write_text(_live_mark())
    hooked.run(shell, "post-commit")
    assert hooked.mark.read_text() == _live_mark()


def test_dead_mark_does_not_block(hooked: Hooked, shell: str) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    hooked.mark.write_text(f"{gone.pid} 1\n")
    hooked.run(shell, "post-commit")
    assert hooked.starts(1) == ["-E -P -m contox_hooks.wake .git"]
    assert hooked.mark.read_text() != f"{gone.pid} 1\n"


@needs_proc
def test_process_number_used_again_does_not_block(hooked: Hooked, shell: str) -> None:
    hooked.mark.write_text(f"{os.getpid()} 1\n")
    hooked.run(shell, "post-commit")
    assert len(hooked.starts(1)) == 1


@needs_proc
def test_zombie_does_not_block(hooked: Hooked, shell: str) -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, but not reaped
    started = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    hooked.mark.write_text(f"{child.pid} {started}\n")
    hooked.run(shell, "post-commit")
    assert len(hooked.starts(1)) == 1
    child.wait()


@needs_proc
def test_mark_names_the_process_that_was_started(hooked: Hooked, shell: str, tmp_path: Path) -> None:
    told = tmp_path / "told"
    hooked.python.write_text(f"#!/bin/sh\nread -r line < /proc/$$/stat\necho \"$line\" > '{told}'\nexec sleep 60\n")
    hooked.run(shell, "post-commit")
    wait_until(lambda: told.exists() and told.read_text().endswith("\n"))
    pid, _, rest = told.read_text().partition(" ")
    try:
        assert hooked.mark.read_text() == f"{pid} {rest.rpartition(')')[2].split()[19]}\n"
        before = hooked.mark.read_text()
        hooked.run(shell, "post-commit")
        assert hooked.mark.read_text() == before
    finally:
        os.kill(int(pid), 9)


def test_where_there_is_no_proc_a_mark_is_not_trusted_for_ever(hooked: Hooked, shell: str) -> None:
    body = hooked.folder / "contox-capture.sh"
    body.write_text(body.read_text().replace("/proc/", "/nowhere/"))
    mark = f"{os.getpid()} -\n"
    hooked.mark.write_text(mark)
    runs = 0
    while hooked.mark.read_text() == mark and runs < 2000:
        hooked.run(shell, "post-commit")
        runs += 1
    assert len(hooked.starts(1)) == 1
    assert 1 <= runs < 2000


@needs_proc
def test_started_process_holds_nothing_of_the_caller(hooked: Hooked, shell: str, tmp_path: Path) -> None:
    """A descriptor kept open would make whoever captures git's output wait for the drain."""
    told = tmp_path / "told"
    hooked.python.write_text(f"#!/bin/sh\nls -l /proc/$$/fd > '{told}.part'\nmv '{told}.part' '{told}'\n")
    opened = " ".join(f"{number}>&1" for number in range(3, 10))
    subprocess.run(
        ["sh", "-c", f'exec {opened}; exec "$@"', "sh", *SHELLS[shell], ".git/hooks/post-commit"],
        cwd=hooked.repo.path,
        capture_output=True,
        check=True,
    )
    wait_until(told.exists)
    targets = {line.partition(" -> ")[2] for line in told.read_text().splitlines() if " -> " in line}
    assert not {target for target in targets if target.startswith("pipe:")}
    assert "/dev/null" in targets


def test_without_python_the_record_waits(hooked: Hooked, shell: str) -> None:
    (hooked.state / "python").unlink()
    hooked.run(shell, "post-commit")
    assert len(hooked.records()) == 1
    assert not hooked.mark.exists()

"""Which process a number means."""

from __future__ import annotations

import os
import subprocess

from contox_hooks.tracker.life import ask_to_stop, is_same, process_mark


def test_a_process_has_a_mark_of_its_own_until_it_ends() -> None:
    one, two = (subprocess.Popen(["sleep", "60"]) for _ in range(2))
    mine = process_mark(os.getpid())
    mark = process_mark(one.pid)
    assert mine is not None
    assert mark is not None
    assert mark != mine
    assert is_same(one.pid, mark)
    assert not is_same(one.pid, mine)
    assert not is_same(None, mark)
    assert not is_same(1, process_mark(1))
    assert not ask_to_stop(two.pid, mine)
    assert two.poll() is None
    assert ask_to_stop(one.pid, mark)
    assert one.wait() == -15
    assert process_mark(one.pid) is None
    assert not ask_to_stop(one.pid, mark)
    two.kill()
    two.wait()


def test_one_that_nobody_waited_for_is_gone() -> None:
    process = subprocess.Popen(["true"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_mark(process.pid) is None
    process.communicate()

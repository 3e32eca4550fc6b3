"""`run -- command`: as if typed by itself. The real program, since it is about processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contox_hooks.tracker.execute import execute
from contox_hooks.tracker.place import place_of
from contox_hooks.tracker.pump import KEPT_LINES, Pump, Tail
from tests.gitrepo import Repo
from tests.tracker.world import details


def started(repo: Repo, *words: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    pipe = subprocess.PIPE
    line = [sys.executable, "-m", "contox_hooks", "run", *words]
    return subprocess.Popen(line, cwd=repo.path, env=env, stdin=pipe, stdout=pipe, stderr=pipe)


def test_streams_and_exit_code_are_the_command_s(repo: Repo) -> None:
    process = started(repo, "--", "sh", "-c", "cat; echo to stderr >&2; exit 7")
    out, err = process.communicate(b"b\x00\xfft\n")
    assert (process.returncode, out, err) == (7, b"b\x00\xfft\n", b"to stderr\n")
    assert details(place_of(repo.path))[0].startswith("Ran: sh -c 'cat; echo to stderr >&2; exit 7' -> Failed (7) in ")


def test_a_signal_goes_on_to_the_command(repo: Repo) -> None:
    script = "trap 'echo term; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    process = started(repo, "sh", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate()
    assert (process.returncode, out) == (5, b"term\n")


def test_how_it_ended_is_told(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    assert execute(["true"]).status.startswith("Success in ")
    killed = execute(["sh", "-c", "kill -KILL $$"])
    assert (killed.exit_code, killed.status[:16]) == (137, "Failed (SIGKILL)")
    assert (execute(["no-such-program-here"]).exit_code, execute([str(repo.path)]).exit_code) == (127, 126)
    assert execute(["no-such-program-here"]).status == "Failed (no such file or directory)"


def test_output_is_kept_only_on_request(repo: Repo, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    token = "gh" + "p_" + "A1b2C3d4" * 4 + "E5f6"
    line = ["sh", "-c", f"seq 1 50; echo token={token}; echo problem >&2"]
    assert execute(line).output == ()
    kept = execute(line, keeps_output=True).output
    assert len(kept) == KEPT_LINES
    assert "[redacted:" in " ".join(kept)
    assert token not in " ".join(kept)
    out, err = capfdbinary.readouterr()
    assert out.count(b"\n50\n") == 2
    assert err == b"problem\nproblem\n"


def test_much_output_does_not_grow_here(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = execute(["sh", "-c", "seq 1 200000; echo last"], keeps_output=True)
    assert done.output[-2:] == ("200000", "last")


def test_interrupted_from_elsewhere_it_ends_as_the_command_does(repo: Repo) -> None:
    process = started(repo, "--", "sh", "-c", "echo ready; exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == -signal.SIGINT  # by which a shell knows that its loop is to end
    told = details(place_of(repo.path))[0]
    assert told.startswith("Ran: sh -c 'echo ready; exec sleep 60' -> Failed (SIGINT) in ")


def test_kill_int_reaches_the_command_also_in_a_terminal() -> None:
    """A process of its own: its threads are ours alone."""
    line = ["sh", "-c", "trap 'exit 9' INT; kill -INT $PPID; while :; do sleep 0.02; done"]
    code = f"from contox_hooks.tracker import execute as e; e._is_from_terminal = lambda: True; print(e.execute({line}).exit_code)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "9\n"


def pumped(line: list[str], sink: int | None) -> tuple[int, tuple[str, ...]]:
    process, tail = subprocess.Popen(line, stdout=subprocess.PIPE), Tail()
    assert process.stdout is not None
    pump = Pump(process.stdout, sink, tail)
    code = process.wait(timeout=30)
    pump.finish()
    return code, tail.lines()


def test_a_command_learns_that_nobody_reads_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert pumped(["yes"], writer)[0] == -signal.SIGPIPE
    os.close(writer)
    assert pumped(["yes"], None)[0] == -signal.SIGPIPE


def test_what_a_command_leaves_running_is_not_waited_for() -> None:
    began = time.monotonic()
    with Path(os.devnull).open("wb") as sink:
        assert pumped(["sh", "-c", "sleep 20 & echo said; echo $! >&2"], sink.fileno()) == (0, ("said",))
    assert time.monotonic() - began < 15


def test_a_full_disk_and_closed_streams_change_no_exit_code(repo: Repo) -> None:
    script = '"$@" run --output -- sh -c "exit 3" >&- 2>&-; a=$?; "$@" run --output --json -- sh -c "echo x; exit 4" >/dev/full 2>&1; echo $a $?'
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    line = ["sh", "-c", script, "sh", sys.executable, "-m", "contox_hooks"]
    assert subprocess.run(line, cwd=repo.path, env=env, capture_output=True, check=True).stdout == b"3 4\n"

"""`run -- command`: as if typed by itself. The real program, since it is about processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contox_hooks.tracker.execute import KEPT_LINES, execute
from contox_hooks.tracker.place import place_of
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
    assert process.returncode == 128 + signal.SIGINT
    told = details(place_of(repo.path))[0]
    assert told.startswith("Ran: sh -c 'echo ready; exec sleep 60' -> Failed (SIGINT) in ")

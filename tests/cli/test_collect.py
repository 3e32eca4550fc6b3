"""`collect`: one calm line, a dry run to look at, and what is new only once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.store import CaptureStore
from tests.cli.conftest import Call
from tests.gitrepo import Repo
from tests.transcript.sample import claude_file, claude_said, write


@pytest.fixture(autouse=True)
def drained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Drains that were started, without their processes."""
    started: list[str] = []
    monkeypatch.setattr(Assembly, "start_drain", lambda parts: started.append("drain"))
    return started


def test_from_a_look_to_nothing_new(learnt: Repo, call: Call, sealed: Path, drained: list[str]) -> None:
    write(claude_file(sealed, learnt.path), [claude_said("add \x1b[31mcolour", learnt.path, int(time.time()))])
    learnt.write("new.txt", "n\n")
    dry = call("collect", "--dry-run")
    assert dry.out.startswith("would store: 1 file changed, 1 request (transcripts: Claude Code 1)\n\n[evidence-coll")
    assert "\nFiles changed (1):\n  new.txt\n" in dry.out
    assert "\x1b" not in dry.out
    assert drained == []
    assert call("collect").out == "stored: 1 file changed, 1 request (transcripts: Claude Code 1)\n"
    assert drained == ["drain"]
    assert call("collect").out == "nothing new since the last collect\n"
    found = call("collect", "--json").json
    assert (found["stored"], found["event"], drained) == (False, None, ["drain"])
    (learnt.path / ".git/index").write_bytes(b"no index")
    told = call("collect")
    assert told.out == "nothing new since the last collect\n"
    assert told.err.startswith("contox-hooks: not looked at: work in progress: git ")
    assert call("collect", "--json").json["troubles"][0].startswith("work in progress: git ")


def test_what_is_stored_reaches_the_memory(learnt: Repo, call: Call) -> None:
    learnt.write("new.txt", "n\n")
    key = call("collect", "--json", "--since", "30m", "--no-commits").json["event"]["key"]
    call("status")  # looks for what waits
    (session,) = call("sessions", "--source", "cli-auto", "--json").json["sessions"]
    assert key in [event["key"] for event in call("events", session["id"], "--json").json["events"]]


def test_bad_input_and_a_pause(repo: Repo, call: Call) -> None:
    assert call("collect", "--since", "yesterday").code == 2
    state = Assembly(repo.repository).state
    state.create()
    CaptureStore.open(state.database).close()
    repo.git("config", "contox.paused", "true")
    assert call("collect").out.startswith("nothing is collected: capture is paused")
    assert call("collect", "--json").json["paused"] is True

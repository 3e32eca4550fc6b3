# ruff: noqa: F811
"""`watch` of a connected repository: as a process, beside a real server."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.cli.follow import CLOSED_EXTERNALLY
from contox_hooks.connection import read_connection
from contox_hooks.domain.segment import segment_of
from tests.cli.conftest import Call
from tests.cli.world import commit, start
from tests.contox.fault import at, status
from tests.contox.fixture import contox_server  # noqa: F401
from tests.contox.server import ContoxServer
from tests.delivery.conftest import Connected
from tests.gitrepo import Repo

SESSIONS = "/api/v2/sessions"


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


@pytest.fixture
def connected(repo: Repo, contox_server: ContoxServer) -> Connected:
    contox_server.announces_stream = True  # what happens there is seen at once
    return Connected(repo, contox_server)


class Watching:
    """The process, with its lines as they come."""

    def __init__(self, connected: Connected, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.server = connected.server
        self.process = start(connected.repo, "watch", *arguments, env=env)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def line(self) -> str:
        found = self._lines.get(timeout=60)
        assert found is not None, "it ended"
        return found.rstrip("\n")

    def event(self, kind: str) -> dict[str, Any]:
        while (found := json.loads(self.line()))["kind"] != kind:
            pass
        return found  # type: ignore[no-any-return]

    def listening(self) -> None:
        """Until it hears the server's bell."""
        wait_for(lambda: self.server.bell.listeners > 0)

    def end(self) -> list[str]:
        """Ctrl-C; what it said since."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0
        assert self.process.stderr is not None
        assert self.process.stderr.read() == ""
        rest = []
        while (found := self._lines.get(timeout=60)) is not None:
            rest.append(found.rstrip("\n"))
        self.process.stdout.close()  # type: ignore[union-attr]
        self.process.stderr.close()
        return rest


@pytest.fixture
def watching(connected: Connected) -> Iterator[Callable[..., Watching]]:
    started: list[Watching] = []

    def begin(*arguments: str, env: dict[str, str] | None = None) -> Watching:
        started.append(Watching(connected, *arguments, env=env))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait(60)
        for pipe in (one.process.stdout, one.process.stderr):
            if pipe is not None:
                pipe.close()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_commit_becomes_a_session_there_and_its_pipeline_is_followed(
    connected: Connected, watching: Callable[..., Watching]
) -> None:
    watch = watching()
    assert watch.line() == f"Watching Work on {connected.server.url}: 0 events in the session. Ctrl-C ends."
    commit(connected.repo)
    assert watch.line() == "Session saved (CLI) — New session saved"
    session_id = connected.server.sessions[0].id
    watch.listening()
    connected.server.set_pipeline(session_id, "done", "running", "pending", "pending")
    connected.server.store.session(session_id).updated_at += 1
    connected.server.ring()
    assert [watch.line(), watch.line()] == ["  ✓ Enrichment", "  … Embedding running"]
    connected.server.set_pipeline(session_id, "done", "failed", "pending", "pending", error="no\x1b[31m space")
    connected.server.ring()
    assert watch.line() == "  ✗ Embedding failed: no space"
    assert watch.line() == "Pipeline failed: ✓ Enrichment  ✗ Embedding  ○ Deduplication  ○ Drift Check — no space"
    wait_for(lambda: "failed" in (connected.state / "segment").read_text())
    assert watch.end() == []
    segment = segment_of((connected.state / "segment").read_text())
    assert segment is not None
    assert (segment.state, segment.events) == ("failed", 1)


def test_closed_from_elsewhere_ends_the_session_here_and_nobody_opens_one(
    connected: Connected, watching: Callable[..., Watching], call: Call
) -> None:
    connected.commit()
    connected.flush()
    watch = watching()
    assert watch.line().startswith(f"Watching Work on {connected.server.url}: 1 event in the session, saved just now")
    watch.listening()
    connected.server.close_session()
    connected.server.ring()
    assert watch.line() == CLOSED_EXTERNALLY
    assert [session.status for session in connected.server.sessions] == ["closed"]
    commit(connected.repo, "fix: later", 5)
    assert watch.line() == "Session saved (CLI) — New session saved"
    assert watch.end() == []
    assert [(one.status, one.events) for one in connected.server.sessions] == [("active", 1), ("closed", 1)]
    assert not [seen for seen in connected.server.requests if (seen.method, seen.path) == ("POST", SESSIONS)]
    found = call("sessions", "--json").json["sessions"]
    assert [(one["status"], one["end_reason"], one["event_count"]) for one in found] == [
        ("active", None, 1), ("closed", "external", 1),
    ]  # fmt: skip


def test_ended_from_another_terminal_is_no_news(
    connected: Connected, watching: Callable[..., Watching], call: Call
) -> None:
    connected.commit()
    connected.flush()
    watch = watching()
    watch.line()
    watch.listening()
    assert call("end-session").code == 0
    asked = len(connected.server.requests)
    connected.server.ring()
    wait_for(lambda: any(seen.path.startswith(f"{SESSIONS}?") for seen in connected.server.requests[asked:]))
    connected.server.open_session("vscode")
    connected.server.store.sessions[-1].events = 1
    connected.server.ring()
    assert watch.line() == "Session saved (VS Code) — New session saved"
    assert watch.end() == []


def test_json_lines_and_notifications(connected: Connected, watching: Callable[..., Watching], tmp_path: Path) -> None:
    log, program = tmp_path / "log", tmp_path / "bin" / "notify-send"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$4\" >>'{log}'\n")  # --app-name, --, title, body
    program.chmod(0o755)
    desktop = {"DISPLAY": ":0", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    watch = watching("--json", "--notify", env={**desktop, "PATH": f"{program.parent}:{os.environ['PATH']}"})
    assert watch.event("watching")["server"] == connected.server.url
    commit(connected.repo)
    told = watch.event("session")
    assert set(told) == {"at", "kind", "session_id", "source", "summary", "new", "events", "url"}
    assert told["url"] == f"{connected.server.url}/dashboard/sessions/{told['session_id']}"
    watch.listening()
    connected.server.set_pipeline(told["session_id"], "done", "running", "pending", "pending")
    connected.server.store.session(told["session_id"]).updated_at += 1
    connected.server.ring()
    assert watch.event("stage")["stage"] == "enrich"
    connected.server.set_pipeline(told["session_id"], "done", "done", "done", "done")
    connected.server.ring()
    assert watch.event("pipeline")["status"] == "done"
    connected.server.close_session()
    connected.server.ring()
    assert watch.event("closed_externally")["session_id"] == told["session_id"]
    wait_for(lambda: len(log.read_text().splitlines()) == 3)
    assert set(log.read_text().splitlines()) == {
        "Session saved (CLI) — New session saved",
        "Pipeline complete: ✓ Enrichment  ✓ Embedding  ✓ Deduplication  ✓ Drift Check".replace("  ", " "),
        CLOSED_EXTERNALLY,
    }
    watch.end()


def test_trouble_is_told_once_and_so_is_its_end(connected: Connected, watching: Callable[..., Watching]) -> None:
    connected.server.faults.hold(status(401, "Unauthorized"), where=at(SESSIONS))
    watch = watching("--json")
    told = watch.event("trouble")
    assert (told["where"], told["code"]) == ("server", "access_refused")
    connected.server.faults.clear()
    told = json.loads(watch.line())
    assert told["kind"] in ("watching", "recovered")
    assert {told["kind"], json.loads(watch.line())["kind"]} == {"watching", "recovered"}
    watch.end()


def test_a_dead_server_holds_up_neither_capture_nor_ctrl_c(
    connected: Connected, watching: Callable[..., Watching], call: Call
) -> None:
    connected.server.stop()
    watch = watching()
    assert watch.line().startswith("! ")
    commit(connected.repo)
    wait_for(lambda: [one["event_count"] for one in call("sessions", "--json").json["sessions"]] == [1])
    watch.end()


def test_paused_asks_nobody_until_it_is_resumed(connected: Connected, watching: Callable[..., Watching]) -> None:
    connected.connect(paused=True)
    watch = watching()
    assert watch.line() == "Disconnected: contox-hooks resume"
    wait_for(lambda: (connected.state / "segment").exists())
    assert "disconnected" in (connected.state / "segment").read_text()
    assert connected.server.requests == []
    connected.connect()
    assert watch.line().startswith("Watching Work on")
    connected.connect(paused=True)
    assert watch.line() == "Disconnected: contox-hooks resume"
    assert watch.end() == []


def test_local_watches_this_machine(connected: Connected, watching: Callable[..., Watching]) -> None:
    watch = watching("--local", "--until-idle")
    assert watch.line() == "Watching work: 0 events in the session. Ctrl-C ends."
    assert watch.process.wait(60) == 0
    assert connected.server.requests == []


def test_until_idle_waits_for_what_is_on_its_way(connected: Connected, watching: Callable[..., Watching]) -> None:
    commit(connected.repo)
    watch = watching("--until-idle", "--json")
    watch.event("session")
    assert watch.process.wait(60) == 0
    assert len(connected.server.stored) == 1


def test_until_idle_does_not_wait_for_a_dead_server(connected: Connected, watching: Callable[..., Watching]) -> None:
    connected.server.stop()
    watch = watching("--until-idle")
    assert watch.line().startswith("! ")
    assert watch.process.wait(60) == 0


def test_for_so_many_seconds(connected: Connected, watching: Callable[..., Watching]) -> None:
    assert watching("--for", "1").process.wait(60) == 0


def test_a_connection_that_cannot_be_read_is_told(connected: Connected, watching: Callable[..., Watching]) -> None:
    assert read_connection(connected.state) is not None
    (connected.state / "connection.json").write_text("{")
    watch = watching("--for", "2", "--json")
    assert watch.event("trouble")["where"] == "connection"
    try:
        watch.process.wait(60)
    except subprocess.TimeoutExpired:
        pytest.fail("it goes on for ever")

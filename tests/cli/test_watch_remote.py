# ruff: noqa: F811
"""`watch` of a connected repository, beside a real server: turn by turn, and as a process."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.cli import watch_look, watch_remote, watch_schedule
from contox_hooks.cli.follow import CLOSED_EXTERNALLY
from contox_hooks.cli.watch import Watch
from contox_hooks.cli.watch_look import Look
from contox_hooks.cli.watch_screen import Screen
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


class Told(Screen):
    """What would be printed, as text lines and as JSON objects."""

    def __init__(self, *, notifies: bool) -> None:
        super().__init__(json=True, notifies=notifies)
        self.lines: list[str] = []
        self.events: list[dict[str, Any]] = []

    def put(self, text: str, data: dict[str, Any]) -> None:
        self.lines += text.split("\n")
        self.events.append(json.loads(json.dumps(data)))


class Watching:
    """The verb's loop, turned by the test: quick, in this process."""

    def __init__(self, connected: Connected, *, notifies: bool = False) -> None:
        self.server = connected.server
        self.screen = Told(notifies=notifies)
        self.watch = Watch(Look(connected.repo.repository, self.screen), self.screen, connected.state)

    def turn(self) -> None:
        watcher = self.watch.watcher()
        watcher.wake()
        watcher.pause(0.05)

    def until(self, is_so: Callable[[], object]) -> None:
        until = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < until, self.screen.lines
            self.turn()

    def line(self) -> str:
        self.until(lambda: self.screen.lines)
        return self.screen.lines.pop(0)

    def event(self, kind: str) -> dict[str, Any]:
        while True:
            self.until(lambda: self.screen.events)
            if (found := self.screen.events.pop(0))["kind"] == kind:
                return found

    def end(self) -> list[str]:
        """What it said since."""
        self.turn()
        self.watch.leave()
        self.screen.leave()
        return self.screen.lines


@pytest.fixture
def watching(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Watching]]:
    for name in ("SESSIONS_S", "PIPELINE_S", "REST_S", "RING_S"):
        monkeypatch.setattr(watch_schedule, name, 0.05)
    monkeypatch.setattr(watch_look, "LOOK_S", 0.1)
    started: list[Watching] = []

    def begin(**options: bool) -> Watching:
        started.append(Watching(connected, **options))
        return started[-1]

    yield begin
    for one in started:
        one.watch.leave()


class Process:
    """The real program, with its lines as they come."""

    def __init__(self, connected: Connected, *arguments: str) -> None:
        self.process = start(connected.repo, "watch", *arguments)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self, *, stops: bool = False) -> str:
        """What it said since; `stops`: by Ctrl-C."""
        if stops:
            self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        assert (self.process.returncode, err) == (0, "")
        return out


@pytest.fixture
def process(connected: Connected) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(*arguments: str) -> Process:
        started.append(Process(connected, *arguments))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate(timeout=60)


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
    connected.server.set_pipeline(session_id, "done", "running", "pending", "pending")
    connected.server.store.session(session_id).updated_at += 1
    connected.server.ring()
    assert [watch.line(), watch.line()] == ["  ✓ Enrichment", "  … Embedding running"]
    connected.server.set_pipeline(session_id, "done", "failed", "pending", "pending", error="no\x1b[31m space")
    connected.server.ring()
    assert watch.line() == "  ✗ Embedding failed: no space"
    assert watch.line() == "Pipeline failed: ✓ Enrichment  ✗ Embedding  ○ Deduplication  ○ Drift Check — no space"
    watch.turn()
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
    assert call("end-session").code == 0
    asked = len(connected.server.requests)
    connected.server.ring()
    watch.until(lambda: any(seen.path.startswith(f"{SESSIONS}?") for seen in connected.server.requests[asked:]))
    connected.server.open_session("vscode")
    connected.server.store.sessions[-1].events = 1
    connected.server.ring()
    assert watch.line() == "Session saved (VS Code) — New session saved"
    assert watch.end() == []


def test_what_is_told_as_json_and_on_the_desktop(
    connected: Connected, watching: Callable[..., Watching], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, program = tmp_path / "log", tmp_path / "bin" / "notify-send"
    program.parent.mkdir()
    # Asked for its options (can it show buttons?) it shows nothing.
    program.write_text(
        f"#!/bin/sh\n[ \"$1\" = --help ] || printf '%s\\n' \"$4\" >>'{log}'\n"
    )  # --app-name, --, title, body
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    watch = watching(notifies=True)
    assert watch.event("watching")["server"] == connected.server.url
    commit(connected.repo)
    told = watch.event("session")
    assert set(told) == {"kind", "session_id", "source", "summary", "new", "events", "url"}
    assert told["url"] == f"{connected.server.url}/dashboard/sessions/{told['session_id']}"
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
    watch.end()  # the last of them may have been told just now
    assert set(log.read_text().splitlines()) == {
        "Session saved (CLI) — New session saved",
        "Pipeline complete: ✓ Enrichment  ✓ Embedding  ✓ Deduplication  ✓ Drift Check".replace("  ", " "),
        CLOSED_EXTERNALLY,
    }


def test_trouble_is_told_once_and_so_is_its_end(connected: Connected, watching: Callable[..., Watching]) -> None:
    connected.server.faults.hold(status(401, "Unauthorized"), where=at(SESSIONS))
    watch = watching()
    told = watch.event("trouble")
    assert (told["where"], told["code"]) == ("server", "access_refused")
    asked = len(connected.server.requests)
    watch.until(lambda: len(connected.server.requests) > asked + 1)
    connected.server.faults.clear()
    watch.until(lambda: len(watch.screen.events) == 2)
    assert {one["kind"] for one in watch.screen.events} == {"watching", "recovered"}


def test_a_dead_server_holds_up_neither_capture_nor_ctrl_c(
    connected: Connected, process: Callable[..., Process], call: Call
) -> None:
    connected.server.stop()
    watch = process()
    assert watch.line().startswith("! ")
    commit(connected.repo)
    wait_for(lambda: [one["event_count"] for one in call("sessions", "--json").json["sessions"]] == [1])
    watch.end(stops=True)


def test_paused_asks_nobody_until_it_is_resumed(connected: Connected, watching: Callable[..., Watching]) -> None:
    connected.connect(paused=True)
    watch = watching()
    assert watch.line() == "Disconnected: contox-hooks resume"
    assert "disconnected" in (connected.state / "segment").read_text()
    assert connected.server.requests == []
    connected.connect()
    assert watch.line().startswith("Watching Work on")
    connected.connect(paused=True)
    assert watch.line() == "Disconnected: contox-hooks resume"
    assert watch.end() == []


def test_local_watches_this_machine(connected: Connected, process: Callable[..., Process]) -> None:
    watch = process("--local", "--until-idle")
    assert watch.end() == "Watching work: 0 events in the session. Ctrl-C ends.\n"
    assert connected.server.requests == []


def test_until_idle_waits_for_what_is_on_its_way(
    connected: Connected, watching: Callable[..., Watching], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_remote, "LOOK_S", 0.1)
    commit(connected.repo)
    told = call("watch", "--until-idle", "--json")
    assert (told.code, told.err) == (0, "")
    found = [json.loads(line) for line in told.out.splitlines()]
    assert all({"kind", "at"} <= set(line) for line in found)
    assert "session" in [line["kind"] for line in found]
    assert len(connected.server.stored) == 1


def test_until_idle_does_not_wait_for_a_dead_server(connected: Connected, process: Callable[..., Process]) -> None:
    connected.server.stop()
    assert process("--until-idle").end().startswith("! ")


def test_for_so_many_seconds(connected: Connected, process: Callable[..., Process]) -> None:
    assert process("--for", "2").end().startswith("Watching Work on")


def test_a_connection_that_cannot_be_read_is_told(connected: Connected, watching: Callable[..., Watching]) -> None:
    assert read_connection(connected.state) is not None
    (connected.state / "connection.json").write_text("{")
    assert watching().event("trouble")["where"] == "connection"


def test_a_reader_that_leaves_ends_it_quietly(connected: Connected, process: Callable[..., Process]) -> None:
    watch = process("--json").process
    assert watch.stdout is not None
    assert watch.stderr is not None
    watch.stdout.close()
    assert (watch.wait(60), watch.stderr.read()) == (0, "")
    watch.stderr.close()


def test_a_pipeline_that_begins_later_is_seen_without_a_word_of_its_session(
    connected: Connected, watching: Callable[..., Watching]
) -> None:
    connected.server.announces_stream = False
    connected.commit()
    connected.flush()
    watch = watching()
    watch.line()
    for states, told in (
        (["running", "pending"], ["  … Enrichment running"]),
        (["failed", "pending"], ["  ✗ Enrichment failed: boom", "Pipeline failed: ✗ Enrichment  ○ Embedding — boom"]),
        (["running", "pending"], ["  … Enrichment running"]),
    ):
        connected.server.set_pipeline(connected.server.sessions[0].id, *states, error="boom")
        assert [watch.line() for _ in told] == told


def test_our_session_behind_those_of_others(connected: Connected, watching: Callable[..., Watching]) -> None:
    connected.server.announces_stream = False
    connected.commit()
    connected.flush()
    ours = connected.server.sessions[0].id
    for number in range(5):
        connected.server.open_session(f"other-{number}")
    watch = watching()
    told = watch.event("watching")
    assert (told["session_id"], told["events"]) == (ours, 1)
    assert told["last_save_at"] is not None
    assert "quiet" in (connected.state / "segment").read_text()
    commit(connected.repo)
    assert watch.event("session")["session_id"] == ours
    connected.server.close_session(ours)
    assert watch.event("closed_externally")["session_id"] == ours


def test_only_the_session_here_whose_events_went_into_it_is_closed(
    connected: Connected, watching: Callable[..., Watching], call: Call
) -> None:
    """The sender noticed the closure first: the session that is active by now is another one."""
    connected.commit()
    connected.flush()
    watch = watching()
    watch.line()
    connected.server.faults.hold(status(503), where=at(SESSIONS))  # the list fails for a while, delivery does not
    assert watch.line().startswith("! ")
    connected.server.close_session()
    for number in range(2):
        connected.commit(f"feat: {number}", **{f"g{number}": "1\n2\n3\n"})
        connected.flush()
    before = [(one["id"], one["status"]) for one in call("sessions", "--json").json["sessions"]]
    assert [status for _, status in before] == ["active", "closed"]
    connected.server.faults.clear()
    watch.event("closed_externally")
    watch.end()
    assert [(one["id"], one["status"]) for one in call("sessions", "--json").json["sessions"]] == before

"""From a commit to a server over real HTTP: what goes out, what does not, and what a person is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture import inbox, saved
from contox_hooks.capture.install import install
from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import keep_connection, read_connection
from contox_hooks.credential import Credentials, keep_credentials
from contox_hooks.domain.event import Event
from contox_hooks.send import is_sending, kept_auto_learn, run, wants_sender
from tests.contox import fault
from tests.contox.server import ContoxServer
from tests.delivery.conftest import Connected
from tests.gitrepo import Repo


def test_a_commit_arrives_signed_with_its_identity_as_idempotency_key(connected: Connected) -> None:
    sha = connected.commit("feat: größer 🚀")
    assert connected.flush() == (0, 0, "")
    [stored] = connected.server.stored
    [commit] = stored.event["commits"]
    assert (commit["sha"], commit["commitSha"], commit["message"]) == (sha[:12], sha, "feat: größer 🚀")
    assert stored.headers["idempotency-key"] == stored.content_hash
    assert "ada@example.org" not in stored.text
    assert connected.waiting() == 0


def test_commits_from_before_the_connection_stay(connected: Connected) -> None:
    assert connected.flush() == (0, 0, "")
    assert connected.server.requests == []


def test_a_lost_answer_does_not_store_twice(connected: Connected) -> None:
    connected.server.faults.script([fault.ANSWER_LOST, fault.ANSWER_CUT, fault.status(500).after_storing()])
    sha = connected.commit()
    assert connected.flush().waiting == 0
    assert connected.sent() == [sha]
    assert connected.server.repeats == 3


def test_auto_learn_off_here_or_there_means_that_enrichment_is_skipped(
    connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.commit("one")
    connected.flush()
    connected.server.set_auto_learn(False)
    _forget_what_the_server_said(connected)
    connected.commit("two")
    connected.flush()
    connected.server.set_auto_learn(True)
    _forget_what_the_server_said(connected)
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    connected.commit("three")
    connected.flush()
    assert [stored.skip_enrichment for stored in connected.server.stored] == [False, True, True]


def test_a_look_up_of_the_setting_that_fails_is_not_repeated_for_each_event(connect: Callable[..., Connected]) -> None:
    one = connect(batching=False)
    one.server.set_auto_learn(False)
    one.commit("zero")
    one.flush()
    path = f"/api/projects/{one.project_id}"
    _forget_when_the_server_said_it(one)
    one.server.faults.hold(fault.status(500), where=fault.at(path))
    for number in range(4):
        one.commit(f"work {number}")
    assert one.flush().waiting == 0
    assert [stored.skip_enrichment for stored in one.server.stored] == [True] * 5, "what it said last counts"
    assert sum(seen.path == path for seen in one.server.requests) <= 3


def _forget_when_the_server_said_it(connected: Connected) -> None:
    connection = read_connection(connected.state)
    assert connection is not None
    with CaptureStore.open(connected.state / "capture.db") as store:
        outbox = Outbox(store, connection)
        outbox.keep_note("auto_learn", json.dumps([kept_auto_learn(outbox)[0], time.time() + 10**6]))


def test_a_key_that_is_given_while_a_sender_runs_is_used_by_it(connected: Connected) -> None:
    connection = read_connection(connected.state)
    assert connection is not None
    server = connected.server
    keep_credentials(server.url, server.project_id, Credentials("ctx_old", server.secret))
    sha = connected.commit()
    keys: list[str] = []

    def answer(method: str, path: str) -> bool:
        """Someone connects with a good key while the first request is under way."""
        if path == "/api/v2/ingest" and not keys:
            keys.append(path)
            keep_credentials(server.url, server.project_id, Credentials(server.key, server.secret))
        return False

    server.faults.script([fault.status(500)], where=answer)
    assert connected.flush() == (0, 0, "")
    assert connected.sent() == [sha]


def test_a_flush_keeps_its_time_when_the_server_hangs(connected: Connected) -> None:
    connected.server.faults.hold(fault.SILENCE)
    connected.commit()
    began = time.monotonic()
    report = connected.flush(timeout_s=1.5)
    assert time.monotonic() - began < 20, "a request alone may take a minute"
    assert report.waiting == 1


def test_the_reason_is_named_when_the_memory_store_here_is_out_of_reach(connected: Connected) -> None:
    with CaptureStore.open(connected.state / "capture.db") as store:
        store.keep_event(Event("landed", "landed:1", "git-hooks", int(time.time()), {}))
    assert "memory store of this machine" in connected.flush(timeout_s=1).reason


def _forget_what_the_server_said(connected: Connected) -> None:
    connection = read_connection(connected.state)
    assert connection is not None
    with CaptureStore.open(connected.state / "capture.db") as store:
        Outbox(store, connection).keep_note("auto_learn", "[null, 0]")


def test_a_rotated_secret_is_fetched_once_and_kept(connected: Connected) -> None:
    connected.server.rotate_secret()
    first = connected.commit("one")
    assert connected.flush().waiting == 0
    second = connected.commit("two")
    assert connected.flush().waiting == 0
    assert connected.sent() == [first, second]
    asked = [seen for seen in connected.server.requests if seen.path.endswith("/hmac-secret")]
    assert len(asked) == 1


def test_a_revoked_key_parks_and_delivery_goes_on_by_itself_once_it_works(connected: Connected) -> None:
    connected.server.revoke_key()
    first = connected.commit("one")
    report = connected.flush(timeout_s=3)
    assert report.waiting == 1
    assert "Unauthorized" in report.reason
    connected.server.restore_key()
    second = connected.commit("two")
    _end_the_rest(connected)
    run(Assembly(connected.repo.repository))
    assert connected.sent() == [first, second]


def _end_the_rest(connected: Connected) -> None:
    """As if the time until the next try had passed."""
    connection = read_connection(connected.state)
    assert connection is not None
    with CaptureStore.open(connected.state / "capture.db") as store:
        outbox = Outbox(store, connection)
        outbox.keep_circuit(outbox.circuit()._replace(rests_until=0.0))


def test_the_secret_of_one_project_never_signs_for_another(connected: Connected) -> None:
    connection = read_connection(connected.state)
    assert connection is not None
    other = replace(connection, project_id=connected.server.add_project("Second"))
    keep_connection(connected.state, other)  # nobody connected to it: there are no credentials
    connected.commit()
    report = connected.flush(timeout_s=2)
    assert (report.waiting, "no key" in report.reason) == (1, True)
    assert connected.server.requests == []


def test_a_paused_connection_sends_nothing_and_loses_nothing(connected: Connected) -> None:
    connection = read_connection(connected.state)
    assert connection is not None
    keep_connection(connected.state, replace(connection, paused=True))
    sha = connected.commit()
    parts = Assembly(connected.repo.repository)
    assert not wants_sender(parts.state)
    run(parts)
    assert connected.server.requests == []
    keep_connection(connected.state, connection)
    run(parts)
    assert connected.sent() == [sha]


def test_sessions_closed_on_the_server_end_here_too(connected: Connected) -> None:
    connected.commit("one")
    connected.flush()
    connected.server.close_session()
    connected.commit("two")
    connected.flush()
    parts = Assembly(connected.repo.repository)
    [session] = parts.service.sessions.page(parts.project.id, limit=5, source="git-hooks")
    assert (session.status, session.end_reason) == ("closed", "external")
    third = connected.commit("three")
    connected.flush()
    assert connected.sent()[-1] == third
    assert len({stored.session_id for stored in connected.server.stored}) == 2, "one new session, not one a commit"
    parts.service.close()


def test_a_server_that_is_away_for_a_while(connected: Connected) -> None:
    connected.server.stop()
    shas = [connected.commit(f"while offline {number}") for number in range(3)]
    report = connected.flush(timeout_s=1)
    assert report.waiting == 3
    assert "127.0.0.1" in report.reason
    connected.server.start()
    assert connected.flush().waiting == 0
    assert connected.sent() == shas


def test_two_at_once_send_everything_once(connected: Connected) -> None:
    shas = [connected.commit(f"work {number}") for number in range(4)]
    command = [sys.executable, "-E", "-P", "-m", "contox_hooks.send", str(connected.common)]
    senders = [subprocess.Popen(command, cwd="/") for _ in range(3)]
    assert [sender.wait(timeout=60) for sender in senders] == [0, 0, 0]
    assert connected.sent() == shas
    assert connected.server.repeats == 0


def test_the_hook_alone_delivers(connected: Connected) -> None:
    install(connected.repo.repository, python=sys.executable)
    shas = [connected.repo.commit(f"work {number}", {"a.txt": f"{number}\n"}, now=True) for number in range(3)]
    deadline = time.monotonic() + 60
    while sorted(connected.sent()) != sorted(shas) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert connected.sent() == shas
    while is_sending(Assembly(connected.repo.repository).state) and time.monotonic() < deadline:
        time.sleep(0.05)


def test_neither_key_nor_secret_reach_the_log_or_a_command_line(connected: Connected) -> None:
    server = connected.server
    server.faults.script([fault.status(500, f"echo {server.key} {server.secret}")] * 2)
    server.revoke_key()
    connected.commit()
    connected.flush(timeout_s=2)
    parts = Assembly(connected.repo.repository)
    parts.start_sender()
    held = "".join(
        path.read_text(errors="replace") for path in connected.state.iterdir() if path.suffix in ("", ".json")
    )
    assert server.key not in held
    assert server.secret not in held


def test_a_redirect_to_another_host_is_not_followed(connected: Connected) -> None:
    connected.server.faults.script([fault.redirect(connected.server.trap.url)] * 2)
    sha = connected.commit()
    assert connected.flush().waiting == 0
    assert connected.sent() == [sha]
    assert connected.server.trap.caught == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc")
def test_a_stranger_s_clone_with_a_vendor_file_sends_nothing(
    make_repo: Callable[..., Repo], contox_server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_repo()
    text = f'{{"teamId": "{contox_server.team_id}", "projectId": "{contox_server.project_id}"}}'
    repo.commit("start", {".contox.json": text, ".contox.yaml": "auto_learn: true\n"})
    monkeypatch.setenv("CONTOX_API_KEY", contox_server.key)
    monkeypatch.setenv("CONTOX_API_URL", contox_server.url)
    parts = Assembly(repo.repository)
    parts.drain().run()
    repo.commit("work", {"a.txt": "1\n"}, now=True)
    parts.drain().run()
    parts.start_sender()
    assert parts.connection is None
    assert contox_server.requests == []
    assert not any("contox_hooks.send" in line for line in _own_command_lines(str(repo.path)))
    parts.service.close()


def _own_command_lines(needle: str) -> list[str]:
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if needle in line:
                lines.append(line)
    return lines


KILLED = """
import os, signal, sys
from pathlib import Path
from contox_hooks.send import flush

common, owner, name, when = sys.argv[1:]
module, _, attribute = owner.partition(":")
target = getattr(__import__(module, fromlist=["x"]), attribute)
original = getattr(target, name)

def fatal(*args, **kwargs):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(target, name, fatal)
flush(Path(common), timeout_s=20)
"""

STEPS = [
    ("contox_hooks.capture.outbox:Outbox", "_packed", "after"),
    ("contox_hooks.capture.outbox:Outbox", "pack", "after"),
    ("contox_hooks.backend.remote.uplink:Uplink", "send", "before"),
    ("contox_hooks.net.http:Http", "request", "after"),
    ("contox_hooks.backend.remote.uplink:Uplink", "send", "after"),
    ("contox_hooks.capture.outbox:Outbox", "deliver", "before"),
    ("contox_hooks.capture.outbox:Outbox", "deliver", "after"),
    ("contox_hooks.capture.outbox:Outbox", "keep_circuit", "before"),
]


@pytest.mark.parametrize(("owner", "name", "when"), STEPS)
def test_killed_anywhere_nothing_is_lost_or_stored_twice(
    connected: Connected, owner: str, name: str, when: str
) -> None:
    shas = [connected.commit(f"work {number}") for number in range(2)]
    command = [sys.executable, "-c", KILLED, str(connected.common), owner, name, when]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, timeout=60)
    assert done.returncode == -9, done.stderr
    assert connected.flush() == (0, 0, "")
    assert connected.sent() == shas


def test_what_was_told_goes_out_as_its_own_event_with_its_own_source(connected: Connected) -> None:
    parts = Assembly(connected.repo.repository)
    payload = {
        "summary": "Chose httpx",
        "changes": [{"category": "decisions", "title": "httpx", "content": "it is kept"}],
    }
    at_utc = int(time.time()) - 60
    inbox.put(parts.state, Event("mcp_save", "mcp_save:1", "mcp-server", at_utc, payload))
    saved.note_saved(parts.state, ["f.py", "notes é.md"])
    connected.commit(**{"g.py": "1\n"})
    assert connected.flush().waiting == 0
    by_type = {stored.event["type"]: stored for stored in connected.server.stored}
    ours = {"contoxHooks": {"format": 1, "at": at_utc}}
    assert by_type["mcp_save"].event == {"type": "mcp_save", **payload, **ours}
    sources = [json.loads(seen.body)["source"] for seen in connected.server.requests if seen.method == "POST"]
    assert sorted(sources) == ["cli", "mcp-server"]
    assert by_type["vscode_capture"].event["filesModified"] == ["g.py", "f.py", "notes é.md"]
    assert [row["type"] for row in by_type["vscode_capture"].event["contoxHooks"]["activity"]] == []
    assert connected.waiting() == 0


def test_a_note_that_is_too_large_for_the_server_is_cut_visibly(connected: Connected) -> None:
    parts = Assembly(connected.repo.repository)
    payload = {"summary": "s", "changes": [{"category": "bugs", "title": "t", "content": "x" * 100_000}]}
    inbox.put(parts.state, Event("mcp_save", "mcp_save:1", "mcp-server", int(time.time()), payload))
    connected.server.faults.script([fault.status(413)])
    connected.drain()
    assert connected.flush().waiting == 0
    [stored] = connected.server.stored
    assert len(stored.text) < 60_000
    assert stored.event["contoxCut"]

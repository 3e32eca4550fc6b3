"""`connect`, `disconnect` and what they keep, against a real server on this machine and real repositories."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.outbox import Outbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.cli import connect_ask
from contox_hooks.connection import Connection, keep_connection, read_connection
from contox_hooks.credential import Credentials, credentials_of, keep_credentials
from contox_hooks.domain.error import StoreError
from contox_hooks.send import flush
from contox_hooks.wire.capture import Bounds
from tests.cli.conftest import Call, Told
from tests.cli.world import begin, commit, drain
from tests.contox import fault
from tests.contox.fixture import contox_server  # noqa: F401
from tests.contox.server import ContoxServer
from tests.gitrepo import Repo


@pytest.fixture(name="server")
def _server(contox_server: ContoxServer) -> ContoxServer:  # noqa: F811
    return contox_server


@pytest.fixture(autouse=True, name="started")
def _started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """No process is left behind: a test delivers with `flush`."""
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr("contox_hooks.assembly.start_detached", lambda *words: started.append(words))
    return started


@pytest.fixture
def connect(
    call: Call, server: ContoxServer, monkeypatch: pytest.MonkeyPatch, started: list[tuple[str, ...]]
) -> Callable[..., Told]:
    """As a script does it."""

    def connected(*arguments: str) -> Told:
        monkeypatch.setenv("CONTOX_API_KEY", server.key)
        monkeypatch.setenv("CONTOX_API_URL", server.url)
        told = call("connect", *(arguments or ("--project", server.project_id)))
        monkeypatch.delenv("CONTOX_API_KEY")
        monkeypatch.delenv("CONTOX_API_URL")
        no_secret_in(told, server)
        assert not {word for words in started for word in words} & {server.key, *server.secrets.values()}
        return told

    return connected


def no_secret_in(told: Told, server: ContoxServer) -> None:
    for secret in (server.key, *server.secrets.values()):
        assert secret not in told.out
        assert secret not in told.err


def state_of(repo: Repo) -> Path:
    return Assembly(repo.repository).state.root


def connection_of(repo: Repo) -> Connection:
    found = read_connection(state_of(repo))
    assert found is not None
    return found


def waiting(repo: Repo) -> int:
    with CaptureStore.open(state_of(repo) / "capture.db") as store:
        return Outbox(store, connection_of(repo)).waiting_count()


def subjects(server: ContoxServer) -> list[str]:
    return [commit["message"] for stored in server.stored for commit in stored.event["commits"]]


# connect, for scripts


def test_everything_is_kept_where_it_belongs(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, sealed: Path
) -> None:
    begin(repo)
    told = connect()
    assert told.code == 0, told.err
    kept = connection_of(repo)
    assert (kept.url, kept.team_id, kept.project_id, kept.source) == (
        server.url,
        server.team_id,
        server.project_id,
        "cli",
    )
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, server.secret)
    assert json.loads((repo.path / ".contox.json").read_text()) == {
        "teamId": server.team_id, "projectId": server.project_id, "projectName": server.projects[server.project_id]["name"],
    }  # fmt: skip
    for secret in (server.key, server.secret):
        found = [path for path in repo.path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
        assert found == []
    assert "leaves this machine" in told.out
    assert "3,000 characters" in told.out
    assert "e-mail addresses" in told.out
    assert str(sealed / "config" / "credentials.json") in told.out
    assert "0 events waiting" in told.out


def test_json_says_the_same_and_no_secret(repo: Repo, connect: Callable[..., Told], server: ContoxServer) -> None:
    begin(repo)
    told = connect("--project", server.project_id, "--json")
    assert told.json["state"] == "connected"
    assert told.json["project"]["id"] == server.project_id
    assert (told.json["waiting"], told.json["left"]) == (0, 0)
    assert told.json["project_file_written"] is True


def test_the_key_comes_from_standard_input(
    repo: Repo, call: Call, server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{server.key}\n"))
    told = call("connect", "--url", server.url, "--project", server.project_id, "--key-stdin")
    assert told.code == 0, told.err
    no_secret_in(told, server)


@pytest.mark.parametrize("text", ["", "\n", "two words\n", "k\x1b[2J\n", "schlüssel\n", "x" * 5000])
def test_what_is_no_key_is_refused_unseen(repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    begin(repo)
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    told = call("connect", "--project", "p", "--key-stdin")
    assert told.code == 2
    assert not text.strip() or text.strip() not in told.err


def test_no_option_takes_a_secret(repo: Repo, call: Call) -> None:
    told = call("connect", "--help")
    assert "--key " not in told.out
    assert "--secret" not in told.out
    assert call("connect", "--key", "x").code == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--project"),
        (("--project", "p"), "CONTOX_API_KEY"),
        (("--project", "a\x1b[2Jb"), "--project"),
        (("--project", "p", "--url", "ftp://x"), "https://"),
    ],
)
def test_what_is_missing_is_named(repo: Repo, call: Call, arguments: tuple[str, ...], named: str) -> None:
    begin(repo)
    told = call("connect", *arguments, "--json")
    assert told.code == 2
    assert named in told.error["message"] + told.error["hint"]
    assert read_connection(state_of(repo)) is None


def test_a_key_for_another_server_is_not_sent(
    repo: Repo, call: Call, server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    monkeypatch.setenv("CONTOX_API_KEY", server.key)
    told = call("connect", "--url", server.url, "--project", server.project_id)
    assert told.code == 2
    assert "CONTOX_API_URL" in told.err
    assert server.requests == []


def test_plain_http_to_another_machine_needs_a_word(repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo)
    monkeypatch.setattr("sys.stdin", io.StringIO("key\n"))
    told = call("connect", "--url", "http://contox.example", "--project", "p", "--key-stdin")
    assert told.code == 2
    assert "--plain-http" in told.err


def test_a_refused_key_keeps_nothing(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, sealed: Path
) -> None:
    begin(repo)
    server.revoke_key()
    told = connect()
    assert told.code == 12
    assert read_connection(state_of(repo)) is None
    assert not (repo.path / ".contox.json").exists()
    assert not (sealed / "config" / "credentials.json").exists()


def test_a_server_that_is_off_is_told(repo: Repo, connect: Callable[..., Told], server: ContoxServer) -> None:
    begin(repo)
    server.stop()
    told = connect()
    assert told.code == 11
    assert read_connection(state_of(repo)) is None


def test_an_unknown_project_is_told(repo: Repo, connect: Callable[..., Told]) -> None:
    begin(repo)
    told = connect("--project", "nowhere")
    assert told.code == 4
    assert "nowhere" in told.err


def test_a_project_is_found_by_its_name(repo: Repo, connect: Callable[..., Told], server: ContoxServer) -> None:
    begin(repo)
    wanted = server.add_project("Second one")
    assert connect("--project-name", "Second one").code == 0
    assert connection_of(repo).project_id == wanted
    assert credentials_of(server.url, wanted) == Credentials(server.key, server.secrets[wanted])
    assert connect("--project-name", "Third one", "--yes").code == 4


def test_where_the_secret_is_not_served_the_given_one_counts(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    secret = server.secrets.pop(server.project_id)
    told = connect()
    assert told.code == 2
    assert "CONTOX_HMAC_SECRET" in told.err
    monkeypatch.setenv("CONTOX_HMAC_SECRET", secret)
    assert connect().code == 0
    monkeypatch.delenv("CONTOX_HMAC_SECRET")
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, secret)


def test_what_is_not_captured_is_not_connected(repo: Repo, connect: Callable[..., Told]) -> None:
    told = connect()
    assert told.code == 5
    assert "contox-hooks init" in told.err


def test_a_server_that_fails_to_say_the_secret_is_not_one_that_keeps_it(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    monkeypatch.setenv("CONTOX_HMAC_SECRET", "given-" + "one")
    where = fault.at(f"/api/projects/{server.project_id}/hmac-secret")
    for met, code in ((fault.status(503), 11), (fault.html(200), 11), (fault.status(403), 12)):
        server.faults.clear()
        server.faults.hold(met, where=where)
        assert connect().code == code, met.name
        assert read_connection(state_of(repo)) is None
    server.faults.clear()
    server.faults.hold(fault.status(405), where=where)
    assert connect().code == 0


def test_one_servers_answer_does_not_cost_the_others_their_credentials(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, sealed: Path
) -> None:
    begin(repo)
    connect()
    file = sealed / "config" / "credentials.json"
    before = file.read_bytes()
    other = server.add_project("Other")
    server.secrets[other] = "é" * 1_000_000
    told = connect("--project", other, "--yes")
    assert told.code == 11
    assert file.read_bytes() == before
    assert connection_of(repo).project_id == server.project_id


@pytest.mark.parametrize("id_", ["x" * 201, "a\nb", "a\u202eb", "\ud800"])
def test_an_id_that_would_have_to_be_cut_or_cleaned_is_refused(
    repo: Repo, call: Call, server: ContoxServer, monkeypatch: pytest.MonkeyPatch, id_: str
) -> None:
    begin(repo)
    monkeypatch.setattr("contox_hooks.backend.remote.api.Api.projects", lambda *_: [{"id": id_, "name": "Named"}])
    monkeypatch.setenv("CONTOX_API_KEY", server.key)
    monkeypatch.setenv("CONTOX_API_URL", server.url)
    told = call("connect", "--project-name", "Named")
    assert told.code == 11
    assert read_connection(state_of(repo)) is None


# .contox.json, and another project


def test_another_projects_file_is_left_without_a_yes(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    (repo.path / ".contox.json").write_text('{"teamId": "t", "projectId": "other", "projectName": "Other"}')
    told = connect()
    assert told.code == 9
    assert "Other" in told.err
    assert read_connection(state_of(repo)) is None
    assert connect("--project", server.project_id, "--yes").code == 0
    assert server.project_id in (repo.path / ".contox.json").read_text()


def test_a_strangers_file_connects_nothing(
    repo: Repo, call: Call, server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.path / ".contox.json").write_text(
        json.dumps({"teamId": "t", "projectId": server.project_id, "apiUrl": server.url})
    )
    begin(repo)
    commit(repo)
    assert call("status").code == 0
    assert read_connection(state_of(repo)) is None
    monkeypatch.setattr("sys.stdin", io.StringIO("key\n"))
    told = call("connect", "--key-stdin")
    assert told.code == 2
    assert "--project" in told.err
    assert server.requests == []


def test_switching_to_another_project_needs_a_yes_and_hands_nothing_over(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: for the first")
    drain(repo)
    other = server.add_project("Other")
    told = connect("--project", other)
    assert told.code == 9
    assert "--yes" in told.err
    assert connection_of(repo).project_id == server.project_id
    assert connect("--project", other, "--yes", "--backlog", "deliver").code == 0
    assert waiting(repo) == 0, "what waited for the first project was handed to the other"


def test_the_environment_alone_neither_switches_nor_resumes(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    connect()
    call("pause")
    with ContoxServer() as other:
        monkeypatch.setenv("CONTOX_API_KEY", other.key)
        monkeypatch.setenv("CONTOX_API_URL", other.url)
        monkeypatch.setenv("CONTOX_PROJECT_ID", other.project_id)
        told = call("connect", "--json")
        assert told.code == 9
        for named in (server.url, other.url, other.project_id):
            assert named in told.error["message"]
        assert connection_of(repo).paused
        assert other.requests == []
        assert call("connect", "--yes").code == 0
        assert connection_of(repo).url == other.url


@pytest.mark.parametrize("arguments", [(), ("--yes",)])
def test_a_folder_in_the_files_place_keeps_nothing(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, sealed: Path, arguments: tuple[str, ...]
) -> None:
    begin(repo)
    (repo.path / ".contox.json").mkdir()
    told = connect("--project", server.project_id, *arguments)
    assert told.code == 9
    assert "move it away" in told.err
    assert read_connection(state_of(repo)) is None
    assert not (sealed / "config" / "credentials.json").exists()
    (repo.path / ".contox.json").rmdir()
    assert connect("--project", server.project_id, *arguments).code == 0


def fails(*_: object, **__: object) -> None:
    raise StoreError("the disk is full")


@pytest.mark.parametrize("step", ["keep_credentials", "keep_connection"])
def test_a_step_that_fails_leaves_the_old_connection_in_force(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    begin(repo)
    connect()
    other = server.add_project("Other")
    with monkeypatch.context() as full:
        full.setattr(f"contox_hooks.cli.connect_keep.{step}", fails)
        assert connect("--project", other, "--yes").code == 7
    assert connection_of(repo).project_id == server.project_id
    assert server.project_id in (repo.path / ".contox.json").read_text()
    commit(repo, "feat: for the first")
    drain(repo)
    assert waiting(repo) == 1, "what is captured now was promised to the other one"
    assert connect("--project", other, "--yes").code == 0
    assert (connection_of(repo).project_id, waiting(repo)) == (other, 0)
    assert other in (repo.path / ".contox.json").read_text()


def test_what_a_kill_left_undone_is_mended_by_the_sender(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    with monkeypatch.context() as full:
        full.setattr(Outbox, "bind", fails)
        assert connect().code == 7
    commit(repo, "feat: after")
    drain(repo)
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == ["feat: after"]


def test_a_project_file_that_cannot_be_written_is_a_note_and_a_repeat_writes_it(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    with monkeypatch.context() as full:
        full.setattr("contox_hooks.cli.connect_keep.write_project", fails)
        told = connect()
    assert told.code == 0, told.err
    assert "! the disk is full" in told.out
    assert connection_of(repo).project_id == server.project_id
    assert not (repo.path / ".contox.json").exists()
    assert connect().code == 0
    assert (repo.path / ".contox.json").exists()


# What was captured before, or meanwhile


def test_what_was_captured_before_stays_and_is_counted(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    commit(repo, "feat: before")
    told = connect()
    assert "1 event from before, left here" in told.out
    assert waiting(repo) == 0
    commit(repo, "feat: after")
    drain(repo)
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == ["feat: after"]
    told = connect("--backlog", "deliver")
    assert told.code == 0, told.err
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == ["feat: after", "feat: before"]


def test_commits_made_while_paused_are_delivered_on_resume(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer, started: list[tuple[str, ...]]
) -> None:
    begin(repo)
    connect()
    assert call("pause").code == 0
    assert connection_of(repo).paused
    commit(repo, "feat: meanwhile")
    drain(repo)
    started.clear()
    told = call("resume")
    assert told.code == 0, told.err
    assert "1 event waiting" in told.out
    assert ("contox_hooks.send", str(repo.repository.common_dir)) in started
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == ["feat: meanwhile"]


def test_or_left_here_when_the_user_says_so(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    call("disconnect", "--no-flush")
    commit(repo, "feat: meanwhile")
    told = call("connect", "--backlog", "skip", "--json")
    assert (told.json["state"], told.json["waiting"], told.json["skipped"]) == ("resumed", 0, 1)
    commit(repo, "feat: later")
    drain(repo)
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == ["feat: later"]


def test_skipping_leaves_what_waited_before_the_pause(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: before")
    drain(repo)
    call("disconnect", "--no-flush")
    commit(repo, "feat: meanwhile")
    told = call("resume", "--backlog", "skip", "--json")
    assert (told.json["waiting"], told.json["skipped"]) == (1, 1)
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == ["feat: before"]
    commit(repo, "feat: later")
    drain(repo)
    assert call("connect", "--json").json["waiting"] == 1, "the pause is over"


def test_a_person_is_asked_about_what_came_during_the_pause(
    repo: Repo, call: Call, connect: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: before")
    drain(repo)
    call("disconnect", "--no-flush")
    commit(repo, "feat: meanwhile")
    commit(repo, "feat: meanwhile, too", lines=5)
    monkeypatch.setattr(connect_ask, "can_ask", lambda: True)

    def leave(count: str) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as left:
        left.setattr(connect_ask, "ask_backlog", leave)
        assert call("resume").code == 130
    assert connection_of(repo).paused
    counts: list[str] = []

    def skip(count: str) -> bool:
        counts.append(count)
        return False

    monkeypatch.setattr(connect_ask, "ask_backlog", skip)
    told = call("resume")
    assert counts == ["2 events"]
    assert "2 events captured meanwhile: left here" in told.out
    assert "1 event waiting" in told.out


@pytest.mark.parametrize("backlog", [(), ("--backlog", "skip")])
def test_what_a_forgotten_connection_left_goes_nowhere_unasked(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer, backlog: tuple[str, ...]
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: before")
    assert call("disconnect", "--forget", "--no-flush").code == 0
    commit(repo, "feat: between")
    drain(repo)
    told = connect("--project", server.project_id, *backlog, "--json")
    assert (told.json["state"], told.json["waiting"], told.json["left"]) == ("connected", 0, 2)
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == []


def test_what_a_forgotten_connection_left_goes_to_another_when_asked_for(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: before")
    call("disconnect", "--forget", "--no-flush")
    other = server.add_project("Other")
    assert connect("--project", other, "--yes", "--backlog", "deliver", "--json").json["waiting"] == 1
    flush(repo.repository.common_dir, timeout_s=10)
    assert [(stored.project_id, stored.event["commits"][0]["message"]) for stored in server.stored] == [
        (other, "feat: before")
    ]


@pytest.mark.parametrize("backlog", [(), ("--backlog", "skip")])
def test_back_at_a_server_what_it_did_not_get_stays_until_it_is_asked_for(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, backlog: tuple[str, ...]
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: for the first")
    drain(repo)
    server.faults.hold(fault.status(503), where=fault.INGEST)
    flush(repo.repository.common_dir, timeout_s=0.5)  # frozen into a capture
    server.faults.clear()
    other = server.add_project("Other")
    connect("--project", other, "--yes")
    told = connect("--project", server.project_id, "--yes", *backlog, "--dry-run", "--json")
    assert (told.json["waiting"], told.json["left"]) == (0, 1)
    told = connect("--project", server.project_id, "--yes", *backlog, "--json")
    assert (told.json["waiting"], told.json["left"]) == (0, 1)
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == []
    connect("--project", server.project_id, "--backlog", "deliver")
    flush(repo.repository.common_dir, timeout_s=10)
    assert subjects(server) == ["feat: for the first"]


def test_a_new_key_of_the_environment_is_kept_once_it_is_checked(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    connect()
    old, new = server.key, "ctx_" + "rotated"
    server.store.keys.add(new)
    server.store.keys.discard(old)
    monkeypatch.setenv("CONTOX_API_KEY", new)
    monkeypatch.setenv("CONTOX_API_URL", server.url)
    told = call("connect")
    assert told.code == 0, told.err
    assert "are kept in" in told.out
    for name in ("CONTOX_API_KEY", "CONTOX_API_URL"):
        monkeypatch.delenv(name)
    assert credentials_of(server.url, server.project_id) == Credentials(new, server.secret)


@pytest.mark.parametrize("way", ["stdin", "environment"])
def test_a_new_key_that_cannot_be_checked_replaces_none(
    repo: Repo,
    call: Call,
    connect: Callable[..., Told],
    server: ContoxServer,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    begin(repo)
    connect()
    call("pause")
    server.stop()
    if way == "stdin":
        monkeypatch.setattr("sys.stdin", io.StringIO("ctx_" + "wrong\n"))
        told = call("connect", "--key-stdin")
    else:
        monkeypatch.setenv("CONTOX_API_KEY", "ctx_" + "wrong")
        monkeypatch.setenv("CONTOX_API_URL", server.url)
        told = call("connect")
        monkeypatch.delenv("CONTOX_API_KEY")
    assert told.code == 11
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, server.secret)
    assert connection_of(repo).paused


def test_a_new_key_that_is_not_good_for_the_project_replaces_none(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    connect()
    server.store.keys.add("ctx_" + "strangers")
    server.faults.hold(fault.status(403), where=fault.at(f"/api/projects/{server.project_id}/hmac-secret"))
    monkeypatch.setattr("sys.stdin", io.StringIO("ctx_" + "strangers\n"))
    assert call("connect", "--key-stdin").code == 12
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, server.secret)


def test_resuming_works_offline_and_says_so(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    call("disconnect", "--no-flush")
    server.stop()
    told = call("connect")
    assert told.code == 0, told.err
    assert "by itself" in told.out
    assert not connection_of(repo).paused


def test_resuming_keeps_the_settings_and_takes_a_new_key(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    connect("--project", server.project_id, "--source", "laptop", "--requests-per-minute", "50")
    keep_credentials(server.url, server.project_id, Credentials("old", server.secret))
    told = call("connect")
    assert told.code == 12
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{server.key}\n"))
    assert call("connect", "--project", server.project_id, "--key-stdin").code == 0
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, server.secret)
    kept = connection_of(repo)
    assert (kept.source, kept.requests_per_minute) == ("laptop", 50)


def test_a_damaged_connection_file_is_written_anew(repo: Repo, connect: Callable[..., Told]) -> None:
    begin(repo)
    drain(repo)
    (state_of(repo) / "connection.json").write_text("{")
    told = connect()
    assert told.code == 0, told.err
    assert connection_of(repo).project_id


@pytest.mark.parametrize("name", ["url", "project_name", "requests_per_minute"])
def test_a_connection_file_of_wrong_types_is_told_forgotten_and_written_anew(
    repo: Repo, call: Call, connect: Callable[..., Told], name: str
) -> None:
    begin(repo)
    connect()
    file = state_of(repo) / "connection.json"
    damaged = json.dumps({**json.loads(file.read_text()), name: [5]})
    file.write_text(damaged)
    told = call("status")
    assert told.code == 0
    assert "connection.json cannot be read" in told.out + told.err
    told = call("disconnect")
    assert told.code == 7
    assert "--forget" in told.err
    told = call("disconnect", "--forget", "--json")
    assert (told.code, told.json["state"]) == (0, "forgotten")
    assert told.json["notes"]
    assert not file.exists()
    file.write_text(damaged)
    assert connect().code == 0
    assert connection_of(repo).project_id


def test_what_waited_under_a_damaged_file_still_goes(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: promised")
    drain(repo)
    (state_of(repo) / "connection.json").write_text("{")
    assert connect("--project", server.project_id, "--json").json["waiting"] == 1


def test_damaged_credentials_are_set_aside_and_replaced(
    repo: Repo,
    call: Call,
    connect: Callable[..., Told],
    server: ContoxServer,
    sealed: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin(repo)
    connect()
    (sealed / "config" / "credentials.json").write_text("{")
    assert call("connect").code == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{server.key}\n"))
    told = call("connect", "--key-stdin")
    assert told.code == 0, told.err
    assert "the damaged one is now" in told.out
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, server.secret)


def test_resuming_leaves_the_work_tree_alone(repo: Repo, call: Call, connect: Callable[..., Told]) -> None:
    begin(repo)
    connect()
    text = '{"teamId": "t", "projectId": "other-branch"}'
    (repo.path / ".contox.json").write_text(text)
    assert call("resume").code == 0
    assert (repo.path / ".contox.json").read_text() == text


def test_a_bare_repository_gets_no_file(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    repo.git("config", "core.bare", "true")
    told = connect("--project", server.project_id, "--json")
    assert (told.code, told.err) == (0, "")
    assert (told.json["project_file"], told.json["project_file_written"]) == (None, False)
    assert not (repo.path / ".contox.json").exists()


def test_standard_input_that_is_no_text_is_a_usage_error(
    repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), "utf-8"))
    assert call("connect", "--project", "p", "--key-stdin").code == 2


def test_settings_that_cannot_be_read_keep_nothing(repo: Repo, connect: Callable[..., Told], sealed: Path) -> None:
    begin(repo)
    (sealed / "config").mkdir(exist_ok=True)
    (sealed / "config" / "config.yaml").write_text("diffs: [")
    told = connect()
    assert told.code == 6
    assert read_connection(state_of(repo)) is None
    assert not (sealed / "config" / "credentials.json").exists()


# --dry-run


def test_a_dry_run_shows_the_bytes_and_keeps_nothing(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, sealed: Path
) -> None:
    begin(repo)
    commit(repo, "feat: shown")
    told = connect("--project", server.project_id, "--dry-run", "--backlog", "deliver", "--json")
    assert told.code == 0, told.err
    assert [request.path for request in server.requests] == ["/api/contexts/__ping__"]
    assert read_connection(state_of(repo)) is None
    assert not (repo.path / ".contox.json").exists()
    assert not (sealed / "config" / "credentials.json").exists()
    [body] = told.json["bodies"]
    assert json.loads(body)["event"]["commits"][0]["message"] == "feat: shown"
    assert json.loads(body)["projectId"] == server.project_id
    assert [Path(write["path"]).name for write in told.json["writes"]] == ["connection.json", ".contox.json"]
    # And once it is done in earnest, the same event goes out.
    connect("--project", server.project_id, "--backlog", "deliver")
    flush(repo.repository.common_dir, timeout_s=10)
    assert server.stored[0].text == body[body.index('"event":') + 8 : -1]


def test_a_dry_run_of_a_connected_repository_wakes_no_sender(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer, started: list[tuple[str, ...]]
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: shown")
    started.clear()
    before = len(server.requests)
    told = call("connect", "--dry-run")
    assert told.code == 0, told.err
    assert "would send 1 event" in told.out
    assert "feat: shown" in told.out
    assert started == []
    assert [request.path for request in server.requests[before:]] == ["/api/contexts/__ping__"]
    assert waiting(repo) == 1
    assert server.stored == []


def test_a_dry_run_on_a_terminal_asks_as_connect_does(
    repo: Repo, call: Call, server: ContoxServer, monkeypatch: pytest.MonkeyPatch, sealed: Path
) -> None:
    begin(repo)
    second = server.add_project("Second")
    monkeypatch.setattr(connect_ask, "can_ask", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _: server.key)
    answers = iter([server.url, "new", str(list(server.projects).index(second) + 1)])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    told = call("connect", "--dry-run")
    assert told.code == 0, told.err
    assert "dry run: Second" in told.out
    assert {request.method for request in server.requests} == {"GET"}
    assert read_connection(state_of(repo)) is None
    assert not (repo.path / ".contox.json").exists()
    assert not (sealed / "config" / "credentials.json").exists()


def test_a_dry_run_says_how_many_captures_it_does_not_show(
    repo: Repo, connect: Callable[..., Told], server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    monkeypatch.setattr("contox_hooks.cli.connect_keep.SHOWN", 2)
    monkeypatch.setattr(Outbox, "bounds", lambda *_, **__: Bounds(events=1))
    for number in range(5):
        commit(repo, f"feat: number {number}", lines=number + 1)
    arguments = ("--project", server.project_id, "--backlog", "deliver", "--dry-run")
    told = connect(*arguments, "--json")
    assert (told.json["waiting"], told.json["captures"], told.json["shown"]) == (5, 5, 2)
    assert [json.loads(body)["event"]["commits"][0]["message"] for body in told.json["bodies"]] == [
        "feat: number 0", "feat: number 1",
    ]  # fmt: skip
    told = connect(*arguments)
    assert "5 events in 5 captures" in told.out
    assert "the first 2 captures are shown" in told.out


# --from-vendor


def test_the_vendors_files_are_enough(repo: Repo, call: Call, server: ContoxServer, sealed: Path) -> None:
    begin(repo)
    (sealed / ".contoxrc").write_text(json.dumps({"apiKey": server.key, "apiUrl": server.url + "/"}))
    (repo.path / ".contox.json").write_text(
        text := json.dumps({"teamId": server.team_id, "projectId": server.project_id})
    )
    told = call("connect", "--from-vendor")
    assert told.code == 0, told.err
    no_secret_in(told, server)
    assert connection_of(repo).url == server.url
    assert (repo.path / ".contox.json").read_text() == text


def test_a_renamed_machine_is_told(repo: Repo, call: Call, sealed: Path) -> None:
    from tests.test_vendor import RC

    begin(repo)
    (sealed / ".contoxrc").write_text(json.dumps(RC))
    told = call("connect", "--from-vendor")
    assert told.code == 12
    assert "apiKey" in told.err
    assert "contox login" in told.err


def test_a_renamed_machine_does_not_hinder_who_gives_a_key(
    repo: Repo, call: Call, server: ContoxServer, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.test_vendor import RC

    begin(repo)
    given = {**RC, "apiUrl": server.url, "teamId": server.team_id, "projectId": server.project_id}
    (sealed / ".contoxrc").write_text(json.dumps(given))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{server.key}\n"))
    told = call("connect", "--from-vendor", "--key-stdin", "--dry-run")
    assert told.code == 0, told.err
    monkeypatch.setenv("CONTOX_API_KEY", server.key)
    monkeypatch.setenv("CONTOX_API_URL", server.url)
    assert call("connect", "--from-vendor").code == 0
    assert credentials_of(server.url, server.project_id) == Credentials(server.key, server.secret)


def test_the_vendors_key_goes_to_the_vendors_url_only(
    repo: Repo, call: Call, server: ContoxServer, sealed: Path
) -> None:
    begin(repo)
    (sealed / ".contoxrc").write_text(json.dumps({"apiKey": server.key, "projectId": server.project_id}))
    told = call("connect", "--from-vendor", "--url", server.url)
    assert told.code == 2
    assert server.requests == []


def test_without_any_vendors_file_it_says_so(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("connect", "--from-vendor").code == 4


def test_the_name_in_a_file_is_not_believed(repo: Repo, call: Call, server: ContoxServer, sealed: Path) -> None:
    begin(repo)
    (sealed / ".contoxrc").write_text(json.dumps({"apiKey": server.key, "apiUrl": server.url}))
    (repo.path / ".contox.json").write_text(
        json.dumps({"teamId": "t", "projectId": server.project_id, "projectName": "Your own"})
    )
    told = call("connect", "--from-vendor", "--json")
    assert told.json["project"]["name"] == server.projects[server.project_id]["name"]
    assert told.json["team_id"] == server.team_id


# disconnect


def test_disconnecting_delivers_first(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: last")
    told = call("desync")
    assert told.code == 0, told.err
    assert subjects(server) == ["feat: last"]
    assert "go on being captured" in told.out
    told = call("disconnect", "--json")
    assert told.json["state"] == "already_paused"
    assert told.err == ""


def test_what_cannot_be_delivered_waits(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: last")
    server.stop()
    told = call("disconnect", "--timeout", "0.5")
    assert told.code == 0, told.err
    assert "1 event could not be delivered" in told.out
    assert connection_of(repo).paused
    assert waiting(repo) == 1


def test_forgetting_takes_the_secrets_too(
    repo: Repo, call: Call, connect: Callable[..., Told], server: ContoxServer
) -> None:
    begin(repo)
    connect()
    told = call("disconnect", "--forget")
    assert told.code == 0, told.err
    assert read_connection(state_of(repo)) is None
    assert credentials_of(server.url, server.project_id) is None


def test_forgetting_goes_on_where_the_credentials_are_damaged(
    repo: Repo, call: Call, connect: Callable[..., Told], sealed: Path
) -> None:
    begin(repo)
    connect()
    (sealed / "config" / "credentials.json").write_text("{")
    told = call("disconnect", "--forget", "--no-flush")
    assert told.code == 0, told.err
    assert "credentials.json is damaged" in told.out
    assert "with its key" not in told.out
    assert read_connection(state_of(repo)) is None


@pytest.mark.parametrize("arguments", [(), ("--forget",)])
def test_an_interrupted_flush_pauses_all_the_same(
    repo: Repo, call: Call, connect: Callable[..., Told], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    begin(repo)
    connect()
    commit(repo, "feat: last")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("contox_hooks.send.flush", interrupted)
    told = call("disconnect", *arguments)
    assert told.code == 130
    assert "paused" in told.out
    assert connection_of(repo).paused
    assert waiting(repo) == 1


def test_not_connected_names_the_setting(repo: Repo, call: Call) -> None:
    begin(repo)
    told = call("disconnect")
    assert told.code == 5
    assert "settings set paused true" in told.err


# A person at a terminal


def dialogue(repo: Repo, environment: dict[str, str], *steps: tuple[str, str]) -> tuple[int, str]:
    """The real program on a pseudo-terminal: waits for each prompt, types the answer; exit code and what was seen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(repo.path)
        os.execve(sys.executable, [sys.executable, "-m", "contox_hooks", *environment.pop("ARGS").split()], environment)
    seen, until = "", time.monotonic() + 60
    todo = list(steps)
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data.decode()
        if todo and todo[0][0] in seen[seen.rfind("\0") + 1 :]:
            answer = todo.pop(0)[1]
            seen += "\0"
            os.write(terminal, f"{answer}\n".encode())
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert not todo, (todo, seen)
    return os.waitstatus_to_exitcode(status), seen.replace("\0", "")


def test_a_person_is_asked_and_the_key_is_not_shown(repo: Repo, server: ContoxServer) -> None:
    begin(repo)
    wanted = server.add_project("Wanted one")
    root = str(Path(__file__).parents[2])
    number = str(list(server.projects).index(wanted) + 1)
    code, seen = dialogue(
        repo, {**os.environ, "PYTHONPATH": root, "ARGS": "connect"},
        ("Server", server.url), ("API key", "wrong-" + "key"), ("API key", server.key), ("Project", number),
    )  # fmt: skip
    assert code == 0, seen
    assert "refuses this key" in seen
    assert server.key not in seen
    assert "wrong-key" not in seen
    assert connection_of(repo).project_id == wanted
    assert credentials_of(server.url, wanted) == Credentials(server.key, server.secrets[wanted])


def test_a_project_is_made_only_when_asked_for(
    repo: Repo, call: Call, server: ContoxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(repo)
    monkeypatch.setattr(connect_ask, "can_ask", lambda: True)
    answers = iter([server.url, "9", "new", "Fresh"])
    monkeypatch.setattr("getpass.getpass", lambda _: server.key)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    server.add_project("Second")
    before = set(server.projects)
    told = call("connect")
    assert told.code == 0, told.err
    [made] = set(server.projects) - before
    assert server.projects[made]["name"] == "Fresh"
    assert connection_of(repo).project_id == made


def test_a_server_cannot_move_the_cursor(repo: Repo, connect: Callable[..., Told], server: ContoxServer) -> None:
    begin(repo)
    server.projects[server.project_id]["name"] = "a\x1b[2J\x07b\u202ec"
    told = connect()
    assert told.code == 0, told.err
    assert "\x1b" not in told.out
    assert "\u202e" not in told.out
    assert "\x1b" not in connection_of(repo).project_name


def test_an_unfinished_connection_of_an_older_program_is_read(repo: Repo) -> None:
    begin(repo)
    keep_connection(state_of(repo), Connection("https://contox.dev", "t", "p"))
    assert connection_of(repo).source == "cli"

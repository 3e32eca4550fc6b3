"""`doctor`: every finding is one line with the command that mends it; `--fix` mends what can be mended."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.install.probe import ProbeResult
from contox_hooks.capture.state import State
from contox_hooks.configuration import user_file
from contox_hooks.domain.error import Error, StoreError
from contox_hooks.place import memory_path
from tests.cli.conftest import Call
from tests.gitrepo import Repo


@pytest.fixture
def well(told_repo: Repo, call: Call) -> Repo:
    """Initialised, hooks in place."""
    assert call("init").code == 0
    return told_repo


@pytest.fixture
def state(well: Repo) -> State:
    return Assembly(well.repository).state


def commit_quietly(repo: Repo, subject: str, path: str) -> None:
    """As other tools commit: no hook fires, no drain of its own comes in between."""
    repo.write(path, "def made() -> int:\n    return 1\n")
    repo.git("add", "-A")
    sha = repo.git("commit-tree", "-p", "HEAD", "-m", subject, repo.git("write-tree"))
    repo.git("update-ref", "-m", f"commit: {subject}", "HEAD", sha)


def found(call: Call, check: str, *options: str, at: Path | None = None) -> list[dict[str, Any]]:
    told = call("doctor", "--json", *options, at=at)
    assert set(told.json) == {"ok", "findings", "fixed"}
    assert told.code == (0 if told.json["ok"] else 1)
    assert told.json["ok"] == all(one["level"] == "note" for one in told.json["findings"])
    assert all(set(one) == {"level", "check", "text", "command"} for one in told.json["findings"])
    return [one for one in told.json["findings"] if one["check"] == check]


def test_all_well_is_one_line(well: Repo, call: Call) -> None:
    told = call("doctor")
    assert told.code == 0, told.out
    assert told.out == "✓ all is well: git runs the hooks, the drain answers, the stores are sound\n"
    assert call("doctor", "--json").json == {"ok": True, "findings": [], "fixed": []}
    assert call("doctor", at=well.path / "api").code == 0


def test_hooks_that_are_gone_come_back(well: Repo, call: Call) -> None:
    call("uninstall")
    (one,) = found(call, "wiring")
    assert one["text"].endswith(": not installed")
    assert one["command"] == "contox-hooks install"
    assert call("doctor").out == f"✗ {one['text']} → contox-hooks install\n"
    told = call("doctor", "--fix")
    assert told.code == 0
    assert told.out.startswith("✓ hooks put in place (")


def test_a_hook_that_is_there_and_does_nothing_is_caught_by_the_probe(well: Repo, call: Call, state: State) -> None:
    body = next(path for path in (well.path / ".git").rglob("contox-capture.sh"))
    body.write_text("exit 0\n")
    assert found(call, "probe")[0]["command"] == "contox-hooks install"
    assert call("doctor", "--fix").code == 0


def test_a_python_without_this_package(well: Repo, call: Call, state: State, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named contox_hooks' >&2\nexit 1\n")
    python.chmod(0o755)
    state.python.write_text(f"{python}\n")
    (one,) = found(call, "python")
    assert one["text"].endswith("No module named contox_hooks")
    assert one["command"] == "contox-hooks install"
    state.python.write_text(f"{tmp_path}/gone\n")
    assert "the Python that hooks start is gone" in found(call, "wiring")[0]["text"]
    call("install")
    assert call("doctor").code == 0


def test_permissions(well: Repo, call: Call, state: State) -> None:
    wanted = {state.root: 0o700, state.database: 0o600, memory_path().parent: 0o700, memory_path(): 0o600}
    for path in wanted:
        path.chmod(0o755)
    told = found(call, "permissions")
    assert [one["command"] for one in told] == [f"chmod {mode:o} {path}" for path, mode in wanted.items()]
    assert found(call, "permissions", "--fix") == []
    assert {path: path.stat().st_mode & 0o777 for path in wanted} == wanted


def spoil(path: Path) -> None:
    """Everything behind the header page."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["header", "pages"])
def test_a_damaged_memory_is_filled_again(well: Repo, call: Call, how: str) -> None:
    sessions = call("sessions", "--json").json
    if how == "pages":
        spoil(memory_path())
    else:
        memory_path().write_bytes(b"no database at all" * 100)
    (one,) = found(call, "memory")
    assert "is damaged" in one["text"]
    assert one["command"] == "contox-hooks doctor --fix"
    told = call("doctor", "--fix")
    assert told.code == 0, told.out
    assert told.out.startswith("✓ set aside as ")
    again = call("sessions", "--json").json
    assert [s["event_count"] for s in again["sessions"]] == [s["event_count"] for s in sessions["sessions"]]


@pytest.mark.parametrize("how", ["header", "pages"])
def test_a_damaged_capture_database_is_built_again(well: Repo, call: Call, state: State, how: str) -> None:
    commit_quietly(well, "feat: mine", "mine.py")
    assert call("drain").code == 0
    if how == "pages":
        spoil(state.database)
    else:
        state.database.write_bytes(b"no database at all" * 100)
    (one, *_) = found(call, "capture")
    assert "is damaged" in one["text"]
    told = call("doctor", "--fix")
    assert told.code == 0, told.out
    aside = [path for path in state.root.glob("capture.db.damaged-*") if not path.name.endswith(("-wal", "-shm"))]
    assert len(aside) == 1
    assert f"✓ set aside as {aside[0]}, built again from git" in told.out
    commit_quietly(well, "feat: more", "more.py")
    assert call("doctor").code == 0
    parts = Assembly(well.repository)
    mine = parts.service.sessions.page(parts.project.id, source="git-hooks")
    subjects = [e.event.payload["subject"] for s in mine for e in parts.service.sessions.events(s.id) if e.event.type == "commit"]  # fmt: skip
    assert sorted(subjects) == ["feat: mine", "feat: more"]


def test_newer_stores_are_left_alone(well: Repo, call: Call, state: State) -> None:
    for path, check in ((memory_path(), "memory"), (state.database, "capture")):
        with sqlite3.connect(path) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            db.execute("PRAGMA user_version = 999")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        (one,) = found(call, check, "--fix")
        assert "written by a newer contox-hooks" in one["text"]
        assert one["command"].startswith("pip install") or "pip install" in one["command"]
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA user_version").fetchone()[0] == 999
            db.execute(f"PRAGMA user_version = {version}")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
    assert call("doctor").code == 0


def test_a_state_folder_that_cannot_be_written(well: Repo, call: Call, state: State) -> None:
    state.spool.unlink(missing_ok=True)
    state.spool.mkdir()
    (one, *_) = found(call, "state")
    assert str(state.spool) in one["text"]
    assert one["command"]


def test_broken_settings_and_what_waits_because_of_them(well: Repo, call: Call) -> None:
    user_file().write_text("pased: true\n")
    commit_quietly(well, "feat: waits", "waits.py")
    (one,) = found(call, "settings")
    assert (one["text"], one["command"]) == (f"unknown setting 'pased' in {user_file()}", "did you mean paused?")
    (one,) = found(call, "gaps")
    assert one["text"] == "1 commit not captured yet"
    user_file().unlink()
    assert call("doctor").code == 0


def test_paused_is_a_note(well: Repo, call: Call) -> None:
    call("settings", "set", "paused", "true")
    commit_quietly(well, "feat: waits", "waits.py")
    told = call("doctor")
    assert told.code == 0
    assert "– capturing is paused (project) → contox-hooks settings set paused false" in told.out
    assert "– 1 commit wait" in told.out


def test_a_failed_stage(well: Repo, call: Call) -> None:
    parts = Assembly(well.repository)
    session = parts.service.sessions.page(parts.project.id)[0]
    job = parts.service.jobs.of_session(session.id)[0]
    parts.service.jobs.finish(job, "failed", error="it rained")
    (one,) = found(call, "jobs")
    assert one["text"] == f"Enrichment of session {session.id} failed: it rained"
    assert one["command"] == f"contox-hooks retry {session.id}"


def test_the_model_is_gone(well: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise Error("the embedding model is not installed", hint="pip install it")

    monkeypatch.setattr("contox_hooks.pipeline.embedding.default_embedder", gone)
    assert found(call, "embedding") == [
        {"level": "problem", "check": "embedding", "text": "the embedding model is not installed", "command": "pip install it"}
    ]  # fmt: skip


def test_the_log_speaks_of_today_only(well: Repo, call: Call, state: State) -> None:
    state.log.write_text("2020-01-01T00:00:00Z long ago\n")
    assert found(call, "log") == []
    state.write_log("drain failed\nTraceback: much")
    (one,) = found(call, "log")
    assert one["level"] == "note"
    assert one["text"].endswith("Z: drain failed")


def test_what_git_does_not_tell_is_a_note(well: Repo, call: Call, tmp_path: Path) -> None:
    well.git("clone", "-q", "--depth", "1", f"file://{well.path}", str(tmp_path / "shallow"))
    shallow = Repo(tmp_path / "shallow", init=False)
    shallow.git("config", "core.logAllRefUpdates", "false")
    shallow.git("config", "remote.origin.promisor", "true")
    call("init", at=shallow.path)
    texts = [one["text"] for one in found(call, "clone", at=shallow.path)]
    assert [text.split(":")[0] for text in texts] == ["a shallow clone", "a partial clone", "reflogs are off"]
    assert call("doctor", at=shallow.path).code == 0


def test_hooks_for_all_repositories(well: Repo, call: Call, tmp_path: Path) -> None:
    (tmp_path / "global").mkdir()
    call("uninstall")
    well.git("config", "--global", "core.hooksPath", str(tmp_path / "global"))
    assert call("doctor").code == 1
    call("install")
    told = call("doctor")
    assert told.code == 0, told.out


def test_before_init(repo: Repo, call: Call) -> None:
    told = found(call, "capture")
    assert told[0]["command"] == "contox-hooks init"
    assert not (repo.path / ".git" / "contox").exists()


def test_nothing_is_left_of_a_crashed_drain(well: Repo, call: Call, state: State) -> None:
    state.mark.write_text("999999 -\n")
    assert call("doctor").code == 0
    assert not state.mark.exists()


def test_not_a_repository(call: Call, tmp_path: Path) -> None:
    assert call("doctor", "--json", at=tmp_path).error["code"] == "repository"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_state_folder(well: Repo, call: Call, state: State, make_repo: Callable[..., Repo]) -> None:
    state.root.chmod(0o500)
    try:
        assert found(call, "state")
    finally:
        state.root.chmod(0o700)


def test_a_memory_that_can_be_read_only_is_one_finding_among_all(
    well: Repo, call: Call, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Assembly) -> None:
        raise StoreError("cannot open the memory store: Permission denied", hint="make it writable")

    state.root.chmod(0o755)
    commit_quietly(well, "feat: waits", "waits.py")
    monkeypatch.setattr(Assembly, "project", property(refused))
    told = call("doctor", "--json")
    texts = {one["check"]: (one["text"], one["command"]) for one in told.json["findings"]}
    assert texts["memory"] == ("cannot open the memory store: Permission denied", "make it writable")
    assert texts["gaps"] == ("1 commit not captured yet", "")
    assert "permissions" in texts


def test_hooks_that_were_not_tried_are_not_praised(well: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ProbeResult(None, "post-commit not probed: managed by pre-commit", "pre-commit run")
    monkeypatch.setattr("contox_hooks.diagnosis.hook.probe", lambda _: result)
    told = call("doctor")
    assert told.code == 0
    assert told.out.splitlines() == [
        "✓ all is well: the drain answers, the stores are sound",
        "– post-commit not probed: managed by pre-commit → pre-commit run",
    ]

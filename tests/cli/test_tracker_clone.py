"""A `.context` that came with a clone is a stranger's: nothing outside of it is read, written or waited for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from contox_hooks.domain.error import RepositoryError, UsageError
from contox_hooks.lock import FileLock
from contox_hooks.tracker import launch, lock, log_cli_command, worker
from contox_hooks.tracker.order import order_of
from contox_hooks.tracker.place import Place, place_of
from contox_hooks.tracker.state import State, read_state, write_state
from tests.cli.conftest import Call
from tests.gitrepo import Repo
from tests.tracker.world import Still

SESSION = "20251009T142320.000Z"


@pytest.fixture
def place(repo: Repo) -> Place:
    repo.write(".context/session.md", f"# Session {SESSION}\n\n[2025-10-09 14:23:20 +0000] Session tracker started\n")
    place = place_of(repo.path)
    write_state(place, State(status="running", session=SESSION, task="mend \x1b[31mit"))
    return place


@pytest.mark.parametrize("session", ["../../notes", "/tmp/x", "", 7, f"{SESSION}\n", f"{SESSION}/../../x"])
def test_a_session_that_is_none_of_ours_names_no_file(place: Place, call: Call, session: object) -> None:
    place.state.write_text(json.dumps({"status": "running", "session": session}))
    before = sorted(place.root.rglob("*.md"))
    assert read_state(place) is None
    assert call("tracker", "status", "--json").json["running"] is False
    assert sorted(place.root.rglob("*.md")) == before


def test_odd_fields_of_a_state_are_left_out(place: Place, call: Call) -> None:
    place.state.write_text(json.dumps({"last_event": {"detail": 7}, "last_error": {}, "pid": "x", "task": []}))
    assert read_state(place) == State()
    assert call("tracker", "status").code == 0


def test_what_git_tracks_is_neither_closed_nor_written_to(repo: Repo, place: Place, call: Call) -> None:
    repo.git("add", "-f", ".context")
    repo.commit("brought along")
    told = call("tracker", "status")
    assert (told.code, "no tracker runs" in told.out, "\x1b" in told.out) == (0, True, False)
    for line in (["tracker", "start"], ["note", "private"], ["tracker", "stop"], ["tracker", "summary"]):
        refused = call(*line)
        assert (refused.code, "rm -r -q --cached .context" in refused.err) == (9, True)
    assert not log_cli_command("x", root=repo.path)
    assert repo.git("status", "--porcelain", "--", ".context/session.md", ".context/session_state.json") == ""
    repo.git("rm", "-r", "-q", "--cached", ".context")
    assert call("note", "mine").code == 0


@pytest.mark.parametrize("name", ["session.lock", "writing.lock"])
def test_a_lock_that_is_a_link_or_a_pipe_is_no_lock(place: Place, call: Call, tmp_path: Path, name: str) -> None:
    (place.folder / "session.lock").touch()
    (place.folder / name).unlink(missing_ok=True)
    (place.folder / name).symlink_to(tmp_path / "elsewhere")
    assert call("tracker", "status", "--json").json["running"] is False
    assert (call("note", "x").code, call("tracker", "stop").code) == (7, 7)
    assert not (tmp_path / "elsewhere").exists()
    (place.folder / name).unlink()
    os.mkfifo(place.folder / name)
    assert call("tracker", "status", "--json").json["running"] is False
    assert call("note", "x").code == 7


@pytest.mark.parametrize("name", [".context", ".context/sessions"])
def test_a_folder_that_is_a_link_is_refused_by_every_verb(
    repo: Repo,
    place: Place,
    call: Call,
    tmp_path: Path,
    name: str,
) -> None:
    (repo.path / ".context").rename(tmp_path / "theirs")
    path = repo.path / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(tmp_path / "theirs")
    before = sorted(tmp_path.rglob("*.md"))
    for verb in ("start", "stop", "status", "summary"):
        assert call("tracker", verb).code == 7
    assert call("note", "x").code == 7
    assert call("run", "--", "true").code == 0
    assert sorted(tmp_path.rglob("*.md")) == before


def test_a_log_or_a_state_that_is_a_link_is_not_read(place: Place, tmp_path: Path) -> None:
    place.state.rename(tmp_path / "state")
    place.state.symlink_to(tmp_path / "state")
    assert read_state(place) is None
    place.state.unlink()
    os.mkfifo(place.state)
    assert read_state(place) is None


def test_git_s_own_folder_is_no_place(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
    for path in (tmp_path / "bare.git", repo.path / ".git", repo.path / ".git" / "refs"):
        with pytest.raises(RepositoryError, match="no files to follow"):
            place_of(path)
    assert not log_cli_command("x", root="a\0b")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UsageError, match="working directory"):
        place_of()
    assert not log_cli_command("x")


def test_a_tracker_that_no_signal_reaches_ends_by_a_file(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another container, or where nothing tells which process a number means."""
    monkeypatch.setattr(worker, "Watcher", Still)
    monkeypatch.setattr(worker, "TICK_S", 0.01)
    monkeypatch.setattr(launch, "ask_to_stop", lambda *_: False)
    asked = []

    def told(_: State) -> None:
        asked.append(worker.threading.Thread(target=launch.stop, args=[place]))
        asked[0].start()

    place = place_of(repo.path)
    place.create()
    worker.Tracker(place, order_of(place)).run(told)
    asked[0].join()
    state = read_state(place)
    assert state is not None
    assert state.status == "stopped"
    assert not place.stop.exists()


def test_status_waits_for_nobody_who_writes(place: Place, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    place.lock.touch()
    slept: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    with FileLock(place.writing) as writing:
        assert writing.take()
        monkeypatch.setattr(lock, "time", clock)
        assert call("tracker", "status", "--json").json["running"] is False
    assert sum(slept) < 0.1


def test_a_lock_is_free_once_released_though_a_starting_process_has_it_too(place: Place) -> None:
    one, two = FileLock(place.lock), FileLock(place.lock)
    assert one.take()
    assert one._file is not None
    theirs = os.dup(one._file.fileno())
    one.release()
    assert two.take()
    two.release()
    os.close(theirs)

"""The fourteen ways in which the session tracker before this one fails (TRACKER.md), each as a test, by its number."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from contox_hooks.cli.app import run
from contox_hooks.domain.error import Busy, NotFound
from contox_hooks.lock import FileLock
from contox_hooks.tracker import launch, log_cli_command, worker
from contox_hooks.tracker.command import tell_command, tell_note
from contox_hooks.tracker.life import process_mark
from contox_hooks.tracker.lock import is_running
from contox_hooks.tracker.order import order_of
from contox_hooks.tracker.place import Place, place_of
from contox_hooks.tracker.state import State, read_state, write_state
from tests.cli.world import begin
from tests.conftest import GITCONFIG
from tests.gitrepo import Repo
from tests.tracker.world import Still, details, saved_paths, session, tracking, until

TOKEN = "gh" + "p_" + "A1b2C3d4" * 4 + "E5f6"
LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \S.*")


class Story(NamedTuple):
    place: Place
    details: list[str]
    saved: tuple[str, ...]
    """What the capture session was told, before the end."""
    state: dict[str, object]
    """While it ran, after the last change."""
    ended: dict[str, object]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One session with some of everything; what is asserted of it stands in the tests."""
    folder = tmp_path_factory.mktemp("story")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("GIT_CONFIG_GLOBAL", str(folder / ".gitconfig"))
        (folder / ".gitconfig").write_text(GITCONFIG)
        for name in ("CONTOX_DATA_DIR", "CONTOX_CONFIG_DIR"):
            patch.setenv(name, str(folder / name.lower()))
        repo = Repo(folder / "foo.github.io" / "wörk \u202e a")
        begin(repo)
        repo.write(".gitignore", "*.log\n")
        repo.write("old.txt", "1\n")
        repo.write("kept.txt", "1\n")
        with tracking(repo.path, "a story") as place:
            with (repo.path / "fresh.txt").open("w") as file:
                for number in range(50):
                    file.write(f"{number}\n")
                    file.flush()
            for number in range(50):
                with (repo.path / "kept.txt").open("a") as file:
                    file.write(f"{number}\n")
            repo.write("noise.log", "x")
            repo.write("node_modules/x/index.js", "x")
            (repo.path / "old.txt").rename(repo.path / "new name.txt")
            for number in range(500):
                repo.write(f"burst/{number}.txt", "x")
            tell_command(place, f"curl -H 'Authorization: token {TOKEN}' x.test", "Success\nwith a second line\x1b[31m")
            tell_note(place, f"the token is {TOKEN}\nand more")
            repo.write("last.txt", "x")
            until(lambda: "Created: last.txt" in details(place))
            until(lambda: (read_state(place) or pytest.fail("no state")).last_command)
            state = json.loads(place.state.read_text())
            saved = saved_paths(repo)
            launch.stop(place)
        yield Story(place, details(place), saved, state, json.loads(place.state.read_text()))


def test_1_its_own_files_are_no_events(story: Story) -> None:
    """Between notes of its own log and the last event more than a window passed."""
    assert not [
        line for line in story.details if ".context" in line or "session" in line.lower().replace("session tracker", "")
    ]
    assert story.place.root.name == "wörk \u202e a"
    status = subprocess.run(
        ["git", "status", "--short"], cwd=story.place.root, capture_output=True, text=True, check=True
    )
    assert ".context" not in status.stdout


def test_2_start_returns_and_the_tracker_outlives_its_terminal(repo: Repo) -> None:
    """Its caller's group and session end; its output, which somebody waits for, is closed."""
    line = [sys.executable, "-m", "contox_hooks", "tracker", "start"]
    root = str(Path(__file__).parents[2])
    terminal = subprocess.Popen(
        ["/bin/sh", "-c", '"$@"; echo over; sleep 60', "sh", *line], cwd=repo.path, stdout=subprocess.PIPE,
        start_new_session=True, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert terminal.stdout is not None
    said = b""
    while not said.endswith(b"over\n"):
        said += terminal.stdout.readline()
    place = place_of(repo.path)
    for kind in (signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        os.killpg(terminal.pid, kind)
    terminal.communicate()
    assert is_running(place)
    tell_note(place, "still there")
    until(lambda: "still there" in place.state.read_text())  # which the tracker alone writes
    launch.stop(place)
    assert not is_running(place)
    assert not place.pid.exists()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """For sessions in which no file changes."""
    monkeypatch.setattr(worker, "Watcher", Still)


def test_3_no_field_is_lost_in_100_starts(repo: Repo, still: None) -> None:
    """While others log commands all the time."""
    place, begun = place_of(repo.path), []
    order = order_of(place, "t")
    tell_command(place, "make", "Success")
    ended = threading.Event()

    def talk() -> None:
        while not ended.wait(0.005):
            tell_command(place, "make", "Success")

    def told(_: State) -> None:
        begun.append(json.loads(place.state.read_text()))
        os.kill(os.getpid(), signal.SIGTERM)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for number in range(100):
            session_id = f"{number:08}T000000.000Z"
            worker.Tracker(place, replace(order, session=session_id)).run(told)
            while_it_ran, after = begun[-1], json.loads(place.state.read_text())
            assert (while_it_ran["status"], after["status"]) == ("running", "stopped")
            assert while_it_ran["stopped_at"] is None
            assert after["stopped_at"]
            for state in (while_it_ran, after):
                assert (state["session"], state["task"], state["watching"]) == (session_id, "t", ["."])
                assert state["started_at"] == while_it_ran["started_at"]
    finally:
        ended.set()
        talker.join()
    tell_command(place, "last", "Success")
    last = read_state(place)
    assert last is not None
    assert last.last_command is not None
    assert (last.last_command["command"], last.session) == ("last", session_id)


def test_4_of_two_starts_at_once_one_tracks_and_the_other_says_so(repo: Repo) -> None:
    line = [sys.executable, "-m", "contox_hooks", "tracker", "start", "--json"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    both = [
        subprocess.Popen(line, cwd=repo.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate() for process in both]
    place = place_of(repo.path)
    try:
        assert sorted(process.returncode for process in both) == [0, 10]
        winner = next(json.loads(out) for out, _ in told if out)
        state = read_state(place)
        assert state is not None
        assert winner["pid"] == state.pid
        loser = next(json.loads(err)["error"] for out, err in told if not out)
        assert loser["code"] == "busy"
        assert details(place).count("Session tracker started") == 1
    finally:
        launch.stop(place)


@pytest.mark.parametrize("is_held", [False, True])
def test_5_a_reused_pid_is_never_signalled(
    repo: Repo, is_held: bool, still: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of(repo.path)
    state = session(place)
    monkeypatch.setattr(launch, "STOP_S", 0.05)
    stranger = subprocess.Popen(["sleep", "60"])
    mark = process_mark(os.getpid())  # a process of another moment
    write_state(place, replace(state, status="running", pid=stranger.pid, process=mark))
    place.pid.write_text(f"{stranger.pid}\n")
    with FileLock(place.lock) as lock:
        if is_held:
            assert lock.take()
            with pytest.raises(Busy):
                launch.stop(place)
        else:
            _, found_dead = launch.stop(place)
            assert found_dead
            with pytest.raises(NotFound):
                launch.stop(place)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_6_after_a_kill_status_tells_the_truth_and_mends(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo.path)
    with tracking(repo.path, "cut short") as place:
        pid = int(place.pid.read_text())
        tell_note(place, "before the end")
        os.kill(pid, signal.SIGKILL)
        until(lambda: process_mark(pid) is None)
        assert json.loads(place.state.read_text())["status"] == "running"
        assert run(["tracker", "status", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["running"], told["status"], told["pid"]) == (False, "stopped", None)
        mended = json.loads(place.state.read_text())
        assert mended["status"] == "stopped"
        assert mended["task"] == "cut short"
        assert details(place)[-1].startswith("Session tracker stopped: it had died")
        assert "before the end" in place.summary.read_text()
        assert (place.sessions / f"{told['session']}.md").read_bytes() == place.log.read_bytes()
        assert run(["tracker", "status", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == told
    assert session(place).session != told["session"]


def test_7_a_burst_is_told_file_by_file(story: Story) -> None:
    assert {f"Created: burst/{number}.txt" for number in range(500)} <= set(story.details)
    assert not [line for line in story.details if line.startswith("Gap")]


def test_8_a_path_with_git_in_a_name_is_tracked(story: Story) -> None:
    assert "foo.github.io" in str(story.place.root)
    assert "Created: last.txt" in story.details


def test_9_the_root_is_git_s_or_the_argument(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    below, plain = repo.path / "src" / "deep", tmp_path / "no repository"
    below.mkdir(parents=True)
    plain.mkdir()
    monkeypatch.chdir(below)
    assert place_of().root == repo.path
    assert place_of(below).root == below
    monkeypatch.chdir(plain)
    assert run(["tracker", "start"]) == 3
    assert run(["note", "x"]) == 3
    assert "not a git repository" in capsys.readouterr().err
    assert not list(plain.iterdir())
    assert session(place_of(plain)).watching == (".",)
    assert details(place_of(plain))[-1] == "Session tracker stopped"


def test_10_no_secret_reaches_a_file(story: Story, repo: Repo) -> None:
    files = [path for path in story.place.folder.rglob("*") if path.is_file()]
    assert len(files) >= 5
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
    assert any(line.startswith("Ran: curl") and "[redacted:" in line for line in story.details)
    assert log_cli_command(f"login --token {TOKEN}", root=repo.path)
    assert TOKEN not in (repo.path / ".context" / "session.md").read_text()


def test_11_every_refusal_has_a_code_and_stands_on_stderr(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo.path)
    place = place_of()

    def refused(*arguments: str) -> int:
        capsys.readouterr()
        code = run(list(arguments))
        out, err = capsys.readouterr()
        assert not out
        assert err.startswith("contox-hooks: ")
        return code

    assert refused("tracker", "stop") == 4
    assert refused("tracker", "start", "nowhere") == 2
    assert refused("tracker", "service", "--systemd", "--launchd") == 2
    assert refused("note", " ") == 2
    with FileLock(place.lock) as lock:
        place.create()
        assert lock.take()
        assert refused("tracker", "start") == 10
    (repo.path / ".contox.yaml").write_text("tracker_ignore: 3\n")
    assert refused("tracker", "start") == 6
    (repo.path / ".contox.yaml").unlink()
    for path in place.folder.iterdir():
        path.unlink()
    place.folder.rmdir()
    place.folder.write_text("in the way")
    assert refused("tracker", "start") == 7
    assert refused("note", "x") == 7
    assert not log_cli_command("x")
    assert place.folder.read_text() == "in the way"


def test_12_writes_are_counted_and_a_new_file_is_created_once(story: Story) -> None:
    """How many of the 50 the kernel joins into one differs."""

    def of(name: str) -> str:
        (line,) = [line for line in story.details if name in line]
        return re.sub(r"\(x([2-9]|[1-4]\d|50)\)$", "(many)", line)

    assert of("fresh.txt") in ("Created: fresh.txt", "Created: fresh.txt (many)")
    assert of("kept.txt") == "Edited: kept.txt (many)"
    assert [line for line in story.details if "name.txt" in line] == ["Moved: old.txt -> new name.txt"]


def test_13_a_closed_session_has_a_file_and_old_ones_go(
    repo: Repo, still: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_TRACKER_KEEP", "2")
    place = place_of(repo.path)
    tell_note(place, "before any session")
    states = []
    for number in range(4):
        states.append(
            session(place, lambda _, number=number: tell_note(place, f"note {number}"), task=f"task {number}")
        )
        tell_note(place, f"after {number}")
    kept = sorted(path.stem for path in place.sessions.iterdir())
    assert set(kept) == {states[-1].session, states[-2].session}
    third = (place.sessions / f"{states[-2].session}.md").read_text()
    assert third.count("# Session ") == 1
    assert "note 2" in third
    assert "after 2" in third
    assert "note 1" not in third
    summary = place.summary.read_text()
    assert "task 3" in summary
    assert "note 3" in summary
    assert "after 3" not in summary
    assert place.log.read_text().count("# Session ") == 1


def test_14_every_entry_is_one_line(story: Story) -> None:
    lines = story.place.log.read_bytes().decode().split("\n")
    header = [f"# Session {story.state['session']}", "", "Task: a story", ""]
    assert lines[:4] == header
    assert lines[-1] == ""
    assert [line for line in lines[4:-1] if not LINE.fullmatch(line)] == []
    assert any(line.endswith("-> Success\\nwith a second line\\x1b[31m") for line in story.details)


def test_the_state_says_what_happened_last(story: Story) -> None:
    command = story.state["last_command"]
    assert isinstance(command, dict)
    assert command["command"].startswith("curl -H 'Authorization: token [redacted:")
    assert story.state["last_event"]["detail"] == "Created: last.txt"  # type: ignore[index]
    assert story.ended["status"] == "stopped"
    assert story.ended["last_command"] == command


def test_saved_files_reach_the_capture_session(story: Story) -> None:
    """Beyond the original; tests/tracker/test_bridge.py has the rest."""
    assert {"burst/499.txt", "last.txt"} <= set(story.saved)
    assert "noise.log" not in story.saved


def test_a_lock_that_is_gone_ends_its_tracker(repo: Repo) -> None:
    """Its folder was removed: another may begin here, and two must not write."""
    with tracking(repo.path) as place:
        pid = int(place.pid.read_text())
        for path in place.folder.iterdir():
            path.unlink()
        until(lambda: process_mark(pid) is None)
        assert not place.state.exists()

"""One note of what was done: nothing lost, nothing twice, also when it is killed in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks import collecting
from contox_hooks.assembly import Assembly
from contox_hooks.capture import inbox
from contox_hooks.capture.store import CaptureStore
from contox_hooks.collecting import Collected, Wanted, collect
from contox_hooks.domain.error import Busy, Error, NotInitialised, StoreError
from contox_hooks.domain.event import Event
from contox_hooks.lock import FileLock
from contox_hooks.pipeline.note import is_automatic
from contox_hooks.transcript.cursor import read_cursor, write_cursor
from tests.gitrepo import Repo
from tests.transcript.sample import claude_did, claude_file, claude_said, codex, codex_call, codex_file, write

NOW = int(time.time())
TOKEN = "ghp_" + "A1b2C3d4" * 4 + "E5f6"


@pytest.fixture
def work(repo: Repo) -> Repo:
    """Captured as far as it matters here."""
    repo.commit("one", {"a.txt": "a\n"}, now=True)
    state = Assembly(repo.repository).state
    state.create()
    CaptureStore.open(state.database).close()
    return repo


def collected(repo: Repo, wanted: Wanted = Wanted(), *, dry_run: bool = False) -> Collected:
    return collect(Assembly(repo.repository), wanted, dry_run=dry_run)


def waiting(repo: Repo) -> list[Event]:
    return [letter.event for letter in inbox.letters(Assembly(repo.repository).state)]


def content(event: Event | None, title: str) -> str:
    assert event is not None
    return "".join(change["content"] for change in event.payload["changes"] if change["title"].startswith(title))


def test_commits_changes_and_transcripts_become_one_note(work: Repo, sealed: Path) -> None:
    work.commit("two", {"b.txt": "b\n"}, now=True)
    work.write("a.txt", "changed\n")
    work.write("new é.txt", "n\n")
    calls = (("Write", {"file_path": str(work.path / "c.py")}), ("Bash", {"command": f"deploy --token={TOKEN}"}))
    write(claude_file(sealed, work.path), [claude_said("add c", work.path, NOW), claude_did(work.path, NOW, *calls)])
    said = codex("event_msg", NOW - 60, type="user_message", message="run it")
    write(
        codex_file(sealed),
        [codex("session_meta", NOW, cwd=str(work.path)), said, codex_call("shell", NOW, command=["make"])],
    )
    event = collected(work).event
    assert event is not None
    assert waiting(work) == [event]
    assert (event.type, event.source) == ("mcp_save", "cli-auto")
    assert is_automatic(event)
    assert event.payload["summary"] == "[evidence-collector] 4 files changed, 2 commits on main"
    assert content(event, "Commits (2)") == "".join(f"{sha[:7]} {subject}\n" for sha, subject in (
        (work.git("rev-parse", "HEAD"), "two"), (work.git("rev-parse", "HEAD~1"), "one"))).rstrip("\n")  # fmt: skip
    assert "+changed" in content(event, "a.txt (not staged)")
    assert content(event, "Files changed (4)").split("\n") == ["b.txt", "a.txt", "new é.txt", "c.py"]
    told = content(event, "Agent transcripts (Claude Code 1, Codex CLI 1)")
    assert told.split("\n")[:3] == ["Requests:", "- run it", "- add c"]
    assert "- c.py" in told
    assert "- make" in told
    assert TOKEN not in json.dumps(event.payload)


def test_what_was_collected_is_not_collected_again(work: Repo, sealed: Path) -> None:
    path = write(claude_file(sealed, work.path), [claude_said("one", work.path, NOW)])
    work.write("a.txt", "changed\n")
    assert collected(work).event is not None
    assert collected(work).event is None
    write(path, [claude_said("two", work.path, NOW)])
    event = collected(work).event
    assert content(event, "Agent transcripts").split("\n") == ["Requests:", "- two"]
    assert not content(event, "Commits")
    assert not content(event, "a.txt")
    work.commit("three", {}, now=True)
    assert content(collected(work).event, "Commits (1)").endswith(" three")
    assert len(waiting(work)) == 3


def test_a_dry_run_moves_nothing(work: Repo, sealed: Path) -> None:
    write(claude_file(sealed, work.path), [claude_said("one", work.path, NOW)])
    state = work.path / ".git/contox"
    assert Assembly(work.repository).settings  # which notes the project's name there
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    first = collected(work, dry_run=True).event
    assert {path: path.read_bytes() for path in state.rglob("*") if path.is_file()} == before
    assert first is not None
    again = collected(work).event
    assert again is not None
    assert (again.key, again.payload) == (first.key, first.payload)


def test_parts_that_are_left_out_are_there_next_time(work: Repo, sealed: Path) -> None:
    write(claude_file(sealed, work.path), [claude_said("one", work.path, NOW - 3 * 3600)])
    assert not content(collected(work, Wanted(transcripts=False)).event, "Agent")
    assert content(collected(work, Wanted(commits=False)).event, "Agent") == "Requests:\n- one"
    work.commit("two", {}, now=True)
    assert collected(work, Wanted(commits=False)).event is None
    assert content(collected(work).event, "Commits (1)").endswith(" two")


def test_branches_and_work_trees_take_turns(work: Repo, tmp_path: Path) -> None:
    work.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "beside"))
    beside = Repo(tmp_path / "beside", init=False)
    subjects: list[str] = []
    for number in range(3):
        for place, name in ((work, "main"), (beside, "side")):
            place.write("a.txt", "not committed\n")
            place.git("commit", "-q", "--allow-empty", "-m", f"{name} {number}")
            event = collected(place).event
            assert bool(content(event, "a.txt (not staged)")) is (number == 0)
            subjects += [line[8:] for line in content(event, "Commits").split("\n")]
    work.git("merge", "-q", "--no-edit", "side", "-m", "join")
    subjects += [line[8:] for line in content(collected(work).event, "Commits").split("\n")]
    assert subjects == ["main 0", "one", "side 0", "main 1", "side 1", "main 2", "side 2", "join"]


def test_a_history_that_has_nothing_in_common_is_not_all_new(work: Repo) -> None:
    collected(work)
    work.git("checkout", "-q", "--orphan", "other")
    work.git("commit", "-q", "-m", "long ago", env=work.times())
    work.git("commit", "-q", "--allow-empty", "-m", "now")
    assert content(collected(work).event, "Commits (1)").endswith(" now")


def test_the_same_words_on_another_day_are_another_event(work: Repo, sealed: Path) -> None:
    collected(work)
    for _ in range(2):
        write(claude_file(sealed, work.path), [claude_said("go on", work.path, NOW)])
        assert collected(work).event is not None
    for text in ("x\n", "y\n", "x\n"):
        work.write("a.txt", text)
        assert collected(work).event is not None
    assert len({event.key for event in waiting(work)}) == 6


def test_the_first_look_goes_back_four_hours_or_as_far_as_is_asked(work: Repo, sealed: Path) -> None:
    old = NOW - collecting.FIRST_S - 600
    lines = [claude_said("old", work.path, old), claude_said("new", work.path, NOW - 600)]
    write(claude_file(sealed, work.path), lines)
    assert "old" not in content(collected(work, dry_run=True).event, "Agent transcripts")
    event = collected(work, Wanted(since_s=86_400), dry_run=True).event
    assert content(event, "Agent transcripts") == "Requests:\n- old\n- new"
    assert not content(collected(work, Wanted(since_s=60)).event, "Agent transcripts")


def test_work_elsewhere_and_excluded_names_leave_nothing(work: Repo, sealed: Path, tmp_path: Path) -> None:
    collected(work)
    other = Repo(tmp_path / "work-other")
    write(claude_file(sealed, other.path), [claude_said("elsewhere", other.path, NOW)])
    write(claude_file(sealed, work.path), [claude_did(work.path, NOW, ("Write", {"file_path": "prod.env"}))])
    work.write("x.env", "X=1\n")
    assert collected(work).event is None
    assert "x.env" not in (work.path / ".git/contox/collect.json").read_text()


@pytest.mark.parametrize("step", ["put", "after put", "cursor"])
def test_a_break_leaves_the_same_event_for_the_next_one(
    work: Repo, sealed: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = write(claude_file(sealed, work.path), [claude_said("one", work.path, NOW)])
    put, write_cursor, calls = inbox.put, collecting.write_cursor, []

    def broken_put(*args: object) -> None:
        if step == "after put":
            put(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    def broken_cursor(*args: object) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise StoreError("full")
        write_cursor(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        if step == "cursor":
            broken.setattr(collecting, "write_cursor", broken_cursor)
        else:
            broken.setattr(inbox, "put", broken_put)
        with pytest.raises((KeyboardInterrupt, Error)):
            collected(work)
    write(path, [claude_said("two", work.path, NOW)])  # meanwhile the tool went on
    done = collected(work)
    first, second = sorted(waiting(work), key=lambda event: "two" in json.dumps(event.payload))
    assert done.again == first
    assert content(first, "Agent transcripts").split("\n") == ["Requests:", "- one"]
    assert content(second, "Agent transcripts").split("\n") == ["Requests:", "- two"]
    assert collected(work).again is None
    assert len(waiting(work)) == 2


KILLED = """
import sys, os, signal
from pathlib import Path
from contox_hooks import collecting
from contox_hooks.assembly import Assembly
from contox_hooks.git.repository import locate
written = collecting.write_cursor
def killed(path, cursor):
    written(path, cursor)
    if cursor.pending is not None:
        os.kill(os.getpid(), signal.SIGKILL)
collecting.write_cursor = killed
collecting.collect(Assembly(locate(Path(sys.argv[1]))), collecting.Wanted())
"""


def test_a_killed_one_is_finished_by_the_next(work: Repo) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(work.path)], env=dict(os.environ), check=False)
    assert done.returncode == -signal.SIGKILL
    assert waiting(work) == []
    again = collected(work).again
    assert again is not None
    assert waiting(work) == [again]


def test_a_clock_that_was_ahead_hides_no_transcript(work: Repo, sealed: Path) -> None:
    collected(work)
    path = work.path / ".git/contox/collect.json"
    cursor = read_cursor(path)
    write_cursor(path, replace(cursor, position=replace(cursor.position, at_utc=NOW + 400 * 86_400)))
    write(claude_file(sealed, work.path), [claude_said("one", work.path, NOW)])
    assert content(collected(work).event, "Agent transcripts") == "Requests:\n- one"


def test_a_work_tree_that_cannot_be_read_holds_up_nothing_else(work: Repo) -> None:
    work.write("a.txt", "changed\n")
    first = collected(work).event
    assert content(first, "a.txt")
    (work.path / ".git/index").rename(work.path / "kept")
    (work.path / ".git/index").write_bytes(b"broken")
    found = collected(work)
    assert (found.event, len(found.troubles)) == (None, 1)
    (work.path / "kept").rename(work.path / ".git/index")
    assert collected(work).event is None  # the same work as before is no news
    (work.path / "a.txt").unlink()
    os.mkfifo(work.path / "a.txt")
    found = collected(work)
    assert content(found.event, "Files changed (1)") == "a.txt"
    assert found.troubles


def test_counts_of_what_was_not_read_say_so(work: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        work.commit(f"c{number}", {f"{number}.txt": "x\n"}, now=True)
    monkeypatch.setattr(collecting, "_COMMITS_READ", 2)
    event = collected(work, Wanted(since_s=3000 * 604_800)).event  # before there was time
    assert event is not None
    assert event.payload["summary"] == (
        "[evidence-collector] 2 files changed (of the latest 2 commits), 4 commits on main"
    )


def test_what_codex_did_in_another_repository_is_not_ours(work: Repo, sealed: Path, tmp_path: Path) -> None:
    collected(work)
    other = Repo(tmp_path / "other")
    patch = "*** Begin Patch\n*** Update File: theirs.py\n@@\n*** End Patch"
    calls = [
        codex_call("shell", NOW, command=["cat", "theirs"], workdir=str(other.path)),
        codex_call("shell", NOW, command=["apply_patch", patch], workdir=str(other.path)),
        codex_call("shell", NOW, command=["make"]),
    ]
    write(codex_file(sealed), [codex("session_meta", NOW, cwd=str(work.path)), *calls])
    assert content(collected(work).event, "Agent transcripts") == "Commands:\n- make"


def test_two_at_once_and_a_place_without_room(work: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = FileLock(work.path / ".git/contox/collect.lock")
    assert lock.take()
    with lock, pytest.raises(Busy):
        collected(work)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("contox_hooks.transcript.cursor.write_whole", full)
        with pytest.raises(StoreError, match="No space left"):
            collected(work)
    assert waiting(work) == []
    assert collected(work).event is not None


def test_a_cursor_that_is_garbage_is_one_that_saw_nothing(work: Repo) -> None:
    collected(work)
    (work.path / ".git/contox/collect.json").write_text('{"position": [], "pending": 3}')
    assert content(collected(work).event, "Commits (1)")


def test_nothing_is_made_where_nothing_is_captured(repo: Repo) -> None:
    with pytest.raises(NotInitialised):
        collected(repo)
    assert not (repo.path / ".git/contox").exists()

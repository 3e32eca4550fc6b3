"""Invariant 4 and 1 where it hurts: killed anywhere, two at once, disks full or read-only, files damaged."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.mark import Mark
from contox_hooks.capture.store import CaptureStore
from contox_hooks.domain.error import SettingError, StoreError, StoreNewer
from contox_hooks.lock import FileLock
from tests.capture.conftest import Captured
from tests.gitrepo import Repo
from tests.operation import OTHER

KILLED = """
import os, signal, sys
from pathlib import Path
from contox_hooks.assembly import Assembly
from contox_hooks.git.repository import from_git_dir

common, owner, name, nth, when = sys.argv[1:]
module, _, attribute = owner.partition(":")
target = getattr(__import__(module, fromlist=["x"]), attribute)
original, calls = getattr(target, name), 0

def fatal(*args, **kwargs):
    global calls
    calls += 1
    if calls == int(nth) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*args, **kwargs)
    if calls == int(nth) and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(target, name, fatal)
Assembly(from_git_dir(Path(common))).drain().run()
print("survived")
"""

STEPS = [
    ("contox_hooks.capture.store:CaptureStore", "open", 1, "after"),
    ("contox_hooks.capture.mark:Mark", "raise_", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "digested", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "keep_digested", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "keep_event", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "keep_event", 2, "after"),
    ("contox_hooks.capture.store:CaptureStore", "keep_rewrites", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "keep_positions", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "keep_snapshot", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "pending", 1, "before"),
    ("contox_hooks.backend.local:LocalBackend", "deliver", 1, "before"),
    ("contox_hooks.backend.local:LocalBackend", "deliver", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "acknowledge", 1, "before"),
    ("contox_hooks.capture.store:CaptureStore", "acknowledge", 1, "after"),
    ("contox_hooks.capture.mark:Mark", "lower", 1, "before"),
    ("contox_hooks.backend.local:LocalBackend", "request_run", 1, "before"),
    ("contox_hooks.backend.local:LocalBackend", "request_run", 1, "after"),
    ("contox_hooks.capture.store:CaptureStore", "keep_learned", 1, "after"),
]


@pytest.mark.parametrize(("owner", "name", "nth", "when"), STEPS, ids=lambda value: str(value).rpartition(":")[2])
def test_killed_at_a_step_it_resumes(owner: str, name: str, nth: int, when: str, captured: Captured) -> None:
    repo = captured.repo
    repo.commit("one", {"a.txt": "1\n2\n3\n"}, now=True)
    repo.commit("two", {"b.txt": "1\n2\n3\n"}, now=True)
    repo.git("checkout", "-q", "-b", "topic")
    common = str(repo.repository.common_dir)
    done = subprocess.run([sys.executable, "-c", KILLED, common, owner, name, str(nth), when], capture_output=True)
    assert done.returncode == -9, (done.stdout, done.stderr)
    repo.commit("three", {"c.txt": "1\n2\n3\n"}, now=True)
    captured.drain()

    assert captured.kinds() == {"one": "commit", "two": "commit", "three": "commit"}
    assert set(captured.shas().values()) == {1}
    service, project = captured.assembly.service, captured.assembly.project
    [session] = [s for s in service.sessions.page(project.id) if s.source == "git-hooks" and s.event_count]
    stored = [event.event.key for event in service.sessions.events(session.id)]
    assert len(stored) == len(set(stored)) == 4
    assert service.jobs.pending_count(project.id) == 1


def test_a_commit_made_while_the_drain_looks_is_not_stranded(captured: Captured) -> None:
    """The spool is written between the last look and the lowering of the mark, again and again."""
    repo, state = captured.repo, captured.assembly.state
    lower = Mark.lower
    made: list[str] = []

    def slow_lower(mark: Mark) -> None:
        if len(made) < 3:
            made.append(repo.commit(f"late {len(made)}", {f"l{len(made)}": "x\n"}))
            with state.spool.open("a") as spool:
                spool.write(f"\n1 post-commit {made[-1]} -\n")
        lower(mark)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mark, "lower", slow_lower)
        captured.drain()
    assert set(captured.shas()) == set(made)


def test_two_drains_at_once_store_everything_once(captured: Captured) -> None:
    repo = captured.repo
    for number in range(20):
        repo.commit(f"c{number}", {f"{number}.txt": "x\n"})
    barrier = threading.Barrier(2)
    script = "import sys; from pathlib import Path; from contox_hooks import wake; wake.main(sys.argv[1:])"
    command = [sys.executable, "-c", script, str(repo.repository.common_dir)]

    def start() -> None:
        barrier.wait()
        subprocess.run(command, check=True)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(captured.shas()) == 20
    assert set(captured.shas().values()) == {1}


def test_a_second_drain_leaves_at_once_while_the_first_has_its_mark_up(captured: Captured) -> None:
    state = captured.assembly.state
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; from pathlib import Path; from contox_hooks.capture.mark import *; from contox_hooks.lock import *;"
         "lock = FileLock(Path(sys.argv[1])); lock.take(); Mark(Path(sys.argv[2])).raise_(); print('up', flush=True); time.sleep(60)",
         str(state.lock), str(state.mark)], stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        assert captured.assembly.drain().run() is None
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert captured.assembly.drain().run() is not None, "a killed drain blocks nobody"


def test_a_mark_of_a_reused_process_number_is_not_believed(captured: Captured) -> None:
    mark = captured.assembly.state.mark
    mark.write_text(f"{os.getppid()} 12345\n")
    assert not Mark(mark).is_up_elsewhere()


def test_the_lock_is_free_again_when_its_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = "import sys, os; from pathlib import Path; from contox_hooks.lock import FileLock; FileLock(Path(sys.argv[1])).take(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(path)])
    with FileLock(path) as lock:
        assert lock.take()


def test_a_damaged_capture_database_is_set_aside_and_filled_again_from_the_reflogs(captured: Captured) -> None:
    repo, state = captured.repo, captured.assembly.state
    repo.commit("captured before", {"a.txt": "1\n2\n3\n"})
    captured.drain()
    for journal in state.root.glob("capture.db-*"):
        journal.unlink()
    state.database.write_bytes(b"not a database at all" * 100)
    repo.commit("not yet captured", {"b.txt": "1\n2\n3\n"})
    done = captured.drain()
    assert done.set_aside is not None
    assert Path(done.set_aside).exists()
    assert set(captured.kinds()) >= {"captured before", "not yet captured"}
    service, project = captured.assembly.service, captured.assembly.project
    keys = [e.event.key for s in service.sessions.page(project.id) for e in service.sessions.events(s.id)]
    assert len(keys) == len(set(keys)), "the memory store knows repeats by their keys"


def test_a_lost_memory_store_is_filled_again(captured: Captured, sealed: Path) -> None:
    repo = captured.repo
    repo.commit("one", {"a.txt": "1\n2\n3\n"})
    captured.drain()
    for file in (sealed / "data").glob("memory.db*"):
        file.unlink()
    repo.commit("two", {"b.txt": "1\n2\n3\n"})
    captured.drain()
    service, project = captured.assembly.service, captured.assembly.project
    subjects = {
        e.event.payload["subject"] for s in service.sessions.page(project.id) for e in service.sessions.events(s.id)
    }
    assert subjects == {"one", "two"}


def test_a_memory_store_that_cannot_be_used_delays_delivery_and_loses_nothing(captured: Captured, sealed: Path) -> None:
    repo = captured.repo
    assert captured.assembly.project
    data = sealed / "data"
    hidden = sealed / "hidden"
    data.rename(hidden)
    data.write_text("a file where the folder should be")
    repo.commit("one", {"a.txt": "1\n2\n3\n"})
    done = captured.drain()
    assert done.undelivered is not None
    assert done.commits == 1
    data.unlink()
    hidden.rename(data)
    assert captured.drain().delivered == 1


def test_a_newer_capture_database_is_refused_and_left_alone(captured: Captured) -> None:
    database = captured.assembly.state.database
    import sqlite3

    db = sqlite3.connect(database)
    db.execute("PRAGMA user_version = 99")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    before = database.read_bytes()
    with pytest.raises(StoreNewer, match="newer contox-hooks"):
        captured.drain()
    assert database.read_bytes() == before


def test_broken_settings_delay_the_digest_and_lose_nothing(captured: Captured) -> None:
    repo = captured.repo
    repo.commit("one", {".contox.yaml": "exclude: [a, b\n"})
    with pytest.raises(SettingError, match=r"\.contox\.yaml line \d"):
        captured.drain()
    repo.write(".contox.yaml", "exclude: [secret.txt]\n")
    repo.commit("two", {"secret.txt": "hush\n"})
    captured.drain()
    assert set(captured.kinds()) == {"one", "two"}
    assert "hush" not in str(captured.events())


def test_paused_means_later_not_never(captured: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    captured.repo.git("config", "contox.paused", "true")
    captured.repo.commit("while paused", {"a.txt": "x\n"})
    captured.drain()
    assert not captured.events("commit")
    captured.repo.git("config", "contox.paused", "false")
    captured.drain()
    assert captured.kinds() == {"while paused": "commit"}


@contextmanager
def small_disk(where: Path, size: str) -> Iterator[None]:
    where.mkdir(parents=True, exist_ok=True)
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)], capture_output=True
    ).returncode:
        pytest.skip("this user cannot mount a small disk")
    try:
        yield
    finally:
        for _ in range(50):
            if subprocess.run(["umount", str(where)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path, capture: Callable[[Repo], Captured]) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "4m"):
        repo = Repo(disk / "work")
        repo.commit("start")
        captured = capture(repo)
        captured.drain()
        repo.commit("one", {"a.txt": "x\n" * 400})
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):  # noqa: PT012
            while True:
                file.write(b"x" * 1024)
        with pytest.raises(StoreError, match=r"full|written"):
            captured.drain()
        assert repo.git("log", "-1", "--format=%s") == "one", "git works on"
        filler.unlink()
        captured.drain()
        assert captured.kinds() == {"one": "commit"}


def test_a_read_only_repository_is_told(tmp_path: Path, capture: Callable[[Repo], Captured]) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "8m"):
        repo = Repo(disk / "work")
        repo.commit("start")
        captured = capture(repo)
        captured.drain()
        repo.commit("one", {"a.txt": "x\n"})
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StoreError):
            captured.drain()
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        captured.drain()
        assert captured.kinds() == {"one": "commit"}


def test_a_long_spool_starts_over(captured: Captured) -> None:
    state = captured.assembly.state
    state.spool.write_bytes(b"\n1 post-merge - - 0\n" * 20_000)
    captured.repo.commit("one", {"a.txt": "x\n"})
    captured.drain()
    assert state.spool.stat().st_size == 0
    assert captured.kinds() == {"one": "commit"}


def test_every_worktree_and_clone_is_the_same_project(captured: Captured) -> None:
    repo = captured.repo
    repo.git("worktree", "add", "-q", "-b", "side", "../side")
    side = Repo(repo.path.parent / "side", init=False)
    clone = Repo(repo.path.parent / "clone", init=False)
    repo.git("clone", "-q", str(repo.path), str(clone.path))
    projects = {Assembly(other.repository).project.id for other in (repo, side, clone)}
    assert len(projects) == 1


def test_the_outbox_keeps_order_and_knows_repeats(tmp_path: Path) -> None:
    from contox_hooks.domain.event import landed_event

    with CaptureStore.open(tmp_path / "capture.db") as store:
        events = [landed_event(how="pull", ref="main", old=None, new="a" * 40, count=n, at_utc=n) for n in (1, 2, 1)]
        with store.transaction():
            kept = [store.keep_event(event) for event in events]
        assert kept == [True, True, False]
        assert [event.at_utc for _, event in store.pending(10)] == [1, 2]


@pytest.mark.parametrize("kind", ["half a line", "a folder"])
def test_a_spool_that_cannot_be_read_whole_stops_nothing(captured: Captured, kind: str) -> None:
    spool = captured.assembly.state.spool
    if kind == "a folder":
        spool.unlink(missing_ok=True)
        spool.mkdir()
    else:
        spool.write_text("\n1 post-commit 0123")
    captured.repo.commit("one", {"a.txt": "x\n"})
    assert captured.drain(linger_s=0.1).commits == 1


def test_processes_that_make_the_database_at_once_make_one(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from contox_hooks.capture.store import CaptureStore; CaptureStore.open(Path(sys.argv[1])).close()"
    command = [sys.executable, "-c", code, str(tmp_path / "capture.db")]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4


def test_a_rebuilt_database_finds_rebased_and_pushed_work_under_what_others_added(captured: Captured) -> None:
    repo, state = captured.repo, captured.assembly.state
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("mine", {"m.txt": "1\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("main moves on", {"n.txt": "1\n"})
    repo.git("checkout", "-q", "topic")
    repo.git("rebase", "-q", "main")
    other = Repo(repo.path.parent / "other", init=False)
    repo.git("clone", "-q", "-b", "topic", str(repo.path), str(other.path))
    other.write("theirs.txt", "x\n")
    other.git("add", "-A")
    other.git("commit", "-q", "-m", "theirs", env={**OTHER, **other.times()})
    repo.git("pull", "-q", "--ff-only", str(other.path), "topic")
    captured.drain()
    state.database.write_bytes(b"garbage" * 100)
    for journal in state.root.glob("capture.db-*"):
        journal.unlink()
    repo.commit("last", {"l.txt": "1\n"})
    captured.drain()
    own = repo.git("log", "--format=%H", "--committer=ada", "HEAD", "^HEAD~4").split()
    assert set(own) <= set(captured.shas())
    assert "theirs" not in captured.kinds()
    assert captured.superseded() == {"mine"}


def test_what_is_committed_during_a_backfill_is_found_at_its_end(captured: Captured) -> None:
    repo = captured.repo
    parts = captured.assembly
    for number in range(3):
        repo.commit(f"past {number}", {f"{number}.txt": "x\n"})
    plan_repo = parts.repo
    from contox_hooks.capture.backfill import backfill, plan_backfill

    plan = plan_backfill(plan_repo, parts.state, revision="HEAD", limit=None, since=None)

    def commit_meanwhile(done: int) -> None:
        repo.commit("meanwhile", {"m.txt": "x\n"})

    backfill(plan_repo, parts.drain(), plan, parts.settings, on_stored=commit_meanwhile)
    assert "meanwhile" in captured.kinds()

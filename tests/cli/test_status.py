"""`status` answers whatever is broken, and derives what is missing from git itself (invariant 11)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contox_hooks import work
from contox_hooks.assembly import Assembly
from contox_hooks.capture.drain import Drained
from contox_hooks.capture.install import install
from contox_hooks.capture.mark import Mark
from contox_hooks.capture.store import CaptureStore
from contox_hooks.cli.context import Here
from contox_hooks.domain.pipeline import Stage
from contox_hooks.lock import FileLock
from contox_hooks.place import memory_path
from tests.cli.conftest import Call
from tests.cli.world import begin, commit, drain, fail, learn, parts_of, start
from tests.gitrepo import Repo


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def state(repo: Repo) -> Path:
    return repo.repository.common_dir / "contox"


def wired(repo: Repo) -> Repo:
    install(repo.repository, python="/bin/true")  # hooks start nothing: the drain is the test's
    return repo


def test_all_is_well_in_four_lines(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    learn(repo)
    told = call("status")
    assert told.code == 0
    lines = told.out.splitlines()
    assert len(lines) == 4, told.out
    assert lines[0] == "work: capturing"
    assert "1 event, began just now, saved just now" in lines[1]
    assert "✓ Enrichment  ✓ Deep Enrich  ✓ Embedding  ✓ Deduplication  ✓ Drift Check" in lines[2]
    assert told.err == ""


def test_before_the_first_event(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    told = call("status")
    assert "none open, nothing saved yet" in told.out
    assert "!" not in told.out


def test_a_commit_made_without_hooks_is_found_on_the_way_in(repo: Repo, call: Call) -> None:
    begin(repo)
    commit(repo)
    told = call("status", "--json")
    assert told.json["session"]["event_count"] == 1
    assert told.json["unprocessed"] == 1


def test_json_shape(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    found = call("status", "--json").json
    assert set(found) == {
        "repository", "project", "state", "session", "last_save_at", "pipeline", "memory", "sessions", "events",
        "unprocessed", "gaps", "remote", "spend", "notes", "problems",
    }  # fmt: skip
    assert found["state"] == "capturing"
    assert found["problems"] == []
    assert found["gaps"] == {"undelivered": 0, "unseen": 0, "lost": 0}


def test_hooks_that_are_missing_are_named_with_what_mends_it(repo: Repo, call: Call) -> None:
    begin(repo)
    told = call("status")
    assert told.code == 0
    assert "! hooks: " in told.out
    assert "  → contox-hooks install" in told.out


def test_paused_counts_what_waits(repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    wired(begin(repo))
    monkeypatch.setenv("CONTOX_PAUSED", "true")
    commit(repo)
    commit(repo, "fix: g", 4)
    told = call("status")
    assert told.out.startswith("work: paused")
    assert "! paused: 2 commits not captured yet" in told.out
    monkeypatch.delenv("CONTOX_PAUSED")
    assert call("status", "--json").json["session"]["event_count"] == 2


def test_commits_wait_when_nothing_can_be_written(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    drain(repo)
    (state(repo) / "drain.lock").unlink()
    (state(repo) / "drain.lock").mkdir()  # as a read-only disk: the lock cannot be opened
    commit(repo, "feat: unseen", 5)
    told = call("status")
    assert told.code == 0
    assert " not captured: " in told.out
    assert call("status", "--json").json["gaps"]["unseen"] == 1
    (state(repo) / "drain.lock").rmdir()
    assert "not captured" not in call("status").out
    assert call("status", "--json").json["session"]["event_count"] == 2


def test_a_full_disk(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    drain(repo)
    commit(repo, "feat: unseen", 5)
    process = start(repo, "status", full=True)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "! 1 commit since " in out
    assert call("status", "--json").json["session"]["event_count"] == 2


def test_a_newer_memory_store_is_left_alone_and_said_so(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    drain(repo)
    path = memory_path()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    before = path.read_bytes()
    commit(repo, "feat: later", 6)
    told = call("status")
    assert told.code == 0
    assert "! 1 event not in the memory store yet, kept until it can be written: " in told.out
    assert "not captured" not in told.out  # it is: only its delivery waits
    assert "contox-hooks drain" not in told.out
    assert told.out.count("newer contox-hooks") == 1  # one cause, one line
    assert "pip install --upgrade contox-hooks" in told.out
    assert path.read_bytes() == before
    assert call("status", "--json").json["memory"] is None


def test_a_damaged_memory_store_is_set_aside_filled_again_and_named(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    drain(repo)
    path = memory_path()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(b"this is no database" * 100)
    told = call("status")
    assert told.code == 0
    assert "a damaged store was set aside and filled again: memory.db.damaged-" in told.out
    assert "1 event" in told.out
    for aside in path.parent.glob("*.damaged-*"):
        aside.unlink()
    assert "damaged" not in call("status").out


def test_a_damaged_capture_database_is_set_aside_too(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    drain(repo)
    for name in ("capture.db-wal", "capture.db-shm"):
        (state(repo) / name).unlink(missing_ok=True)
    (state(repo) / "capture.db").write_bytes(b"garbage" * 1000)
    told = call("status")
    assert told.code == 0
    assert "capture.db.damaged-" in told.out


def test_broken_settings_are_a_problem_and_not_the_end(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    repo.write(".contox.yaml", "auto_learn: maybe\n")
    told = call("status")
    assert told.code == 0
    assert "auto_learn" in told.out
    assert told.out.startswith("work: settings unreadable")


def test_commits_that_could_not_be_read_are_counted(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    with CaptureStore.open(state(repo) / "capture.db") as store, store.transaction():
        store.keep_gap("a" * 40, "its objects are gone", at_utc=1)
    told = call("status")
    assert "! 1 commit could not be read (aaaaaaaaaaaa: its objects are gone)" in told.out
    assert call("status", "--json").json["gaps"]["lost"] == 1


def test_events_that_wait_for_the_memory_store(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    drain(repo)
    with sqlite3.connect(state(repo) / "capture.db") as db:
        db.execute("UPDATE outbox SET state = 'pending'")
    db.close()
    with sqlite3.connect(memory_path()) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    told = call("status")
    assert told.code == 0
    assert "! 1 event not in the memory store yet, kept until it can be written: " in told.out
    assert call("status", "--json").json["gaps"]["undelivered"] == 1


def test_work_that_has_just_come_due_is_no_sign_of_a_dead_worker(repo: Repo) -> None:
    wired(begin(repo))
    commit(repo)
    drain(repo)
    service, project_id = parts_of(repo)
    with service:
        service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
    assert "worker" not in start(repo, "status", env={"CONTOX_PAUSED": "true"}).communicate(timeout=60)[0]
    wait_for_worker(repo)


def test_a_worker_that_left_its_run_behind_is_started_again_and_said_so(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    learn(repo)  # in this process: a worker's own last look would take the run that is laid out here
    with sqlite3.connect(memory_path()) as db:
        db.execute("UPDATE job SET status = 'queued'")
        db.execute("UPDATE run SET due_ms = due_ms - 120000")
    db.close()
    out, _ = start(repo, "status").communicate(timeout=60)
    assert "! the pipeline's worker was gone, its work due 2m ago: started again" in out
    wait_for_worker(repo)
    assert "worker" not in call("status").out


def wait_for_worker(repo: Repo) -> None:
    deadline = time.monotonic() + 60
    service, project_id = parts_of(repo)
    with service:
        while service.jobs.pending_count(project_id) and time.monotonic() < deadline:
            time.sleep(0.1)
    while work.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_rebase_under_way_explains_itself(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("mine", {"a.txt": "mine\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("theirs", {"a.txt": "theirs\n"})
    repo.git("checkout", "-q", "topic")
    repo.git("rebase", "main", check=False)
    assert "a rebase is under way" in call("status").out
    repo.git("rebase", "--abort")
    assert "rebase" not in call("status").out


def test_a_failed_stage_shows_its_error_and_the_retry(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    job = fail(repo, Stage.EMBED, "no \x1b[31mmodel " + "x" * 200)
    told = call("status")
    assert "✗ Embedding" in told.out
    line = next(line for line in told.out.splitlines() if line.startswith("! Embedding failed: "))
    assert len(line) == len("! Embedding failed: ") + 80
    assert "\x1b" not in told.out
    assert f"  → contox-hooks retry {job.session_id}" in told.out
    assert call("status", "--json").json["pipeline"]["failed"][0]["session_id"] == job.session_id


def test_what_is_not_in_memory_yet_is_a_note(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    commit(repo)
    assert "1 commit not in memory yet: contox-hooks enrich" in call("status").out


def test_not_a_repository(tmp_path: Path, call: Call) -> None:
    told = call("status", at=tmp_path)
    assert (told.code, told.out) == (3, "")
    assert "not a git repository" in told.err
    assert call("status", "--json", at=tmp_path).error["code"] == "repository"


def test_not_captured_yet(repo: Repo, call: Call) -> None:
    told = call("status")
    assert told.code == 5
    assert "→ contox-hooks init" in told.err


def test_the_way_past_typer_says_the_same(repo: Repo, call: Call, tmp_path: Path) -> None:
    wired(begin(repo))
    commit(repo)
    learn(repo)
    process = start(repo, "status")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, call("status").out, "")
    elsewhere = start(Repo(tmp_path, init=False), "status", "--json")
    out, err = elsewhere.communicate(timeout=60)
    assert (elsewhere.returncode, out) == (3, "")
    assert '"repository"' in err


def test_nothing_heavy_is_imported(repo: Repo) -> None:
    wired(begin(repo))
    script = (
        "import sys; sys.argv = ['contox-hooks', 'status']\n"
        "from contox_hooks.__main__ import main; main()\n"
        "print(sorted({'typer', 'rich', 'yaml', 'numpy', 'git', 'pydantic'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repo.path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_from_a_subfolder_and_a_linked_worktree(repo: Repo, call: Call, tmp_path: Path) -> None:
    wired(begin(repo))
    folder = repo.path / "deep" / "er"
    folder.mkdir(parents=True)
    assert call("status", at=folder).out.startswith("work: capturing")
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert call("status", at=tmp_path / "linked").out.startswith("work: capturing")


@pytest.mark.parametrize("age_s", [0, 300])
def test_a_drain_that_hangs_does_not_make_it_green(repo: Repo, age_s: int) -> None:
    wired(begin(repo))
    commit(repo)
    mark = Mark(Assembly(repo.repository).state.mark)
    with FileLock(Assembly(repo.repository).state.lock) as lock:
        assert lock.take()
        mark.raise_()
        began = time.time() - age_s
        os.utime(Assembly(repo.repository).state.mark, (began, began))
        out, _ = start(repo, "status").communicate(timeout=60)
        diagnosed, _ = start(repo, "doctor").communicate(timeout=60)
        mark.lower()
    if age_s:
        assert "! 1 commit not captured yet: another drain has been at work for 5m 0" in out
        assert "  → contox-hooks doctor\n" in out
        assert f"another drain (process {os.getpid()}) has been at work for 5 min → kill {os.getpid()}" in diagnosed
    else:
        assert "note      1 commit not captured yet: another drain is at work" in out
        assert "– another drain is at work" in diagnosed
    assert "contox-hooks drain" not in diagnosed


def test_it_waits_a_moment_for_the_drain_that_a_hook_has_just_started(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Drained | None] = [None, None, Drained()]

    class Other:
        def run(self, *, reconcile: bool) -> Drained | None:
            return answers.pop(0)

    here = Here(Assembly(begin(repo).repository))
    monkeypatch.setattr(here.parts, "drain", Other)
    assert here.drain() is None
    assert here.drain(wait_s=5.0) == Drained()


def test_a_failed_look_that_missed_nothing_does_not_speak_of_commits(repo: Repo, call: Call) -> None:
    wired(begin(repo))
    (state(repo) / "drain.lock").unlink()
    (state(repo) / "drain.lock").mkdir()
    out = call("status").out
    assert "! the look for new commits failed: " in out
    assert "not captured" not in out

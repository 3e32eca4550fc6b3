"""A pull without own work after it is looked at all the same, and for nothing; and what cannot be looked at is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.git import landing
from contox_hooks.git.lookup import Blobs
from contox_hooks.pipeline.provider import Extraction
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.work import Tools
from tests.gitrepo import Repo
from tests.memory.events import open_service
from tests.pipeline.bench import Topics
from tests.pipeline.test_drift_landed import landed, receive
from tests.pipeline.test_runner_git import ANSWER, LINES, World


@pytest.fixture
def world(repo: Repo, tmp_path: Path) -> World:
    (tmp_path / "memory").mkdir()
    return World(repo, tmp_path / "memory")


class Forbidden:
    name, paid = "forbidden", True

    def extract(self, *args: object, **kwargs: object) -> Extraction:
        raise AssertionError("a model was asked")


def check(world: World) -> list[str]:
    """Run what a landed event asks for; the stages' states."""
    with open_service(world.folder, world.clock) as service:
        sessions = [session.id for session in service.sessions.page(world.project_id)]
        made = service.jobs.request(sessions, trigger="landed")
        assert service.jobs.request(sessions, trigger="landed") == []
    with Blobs(world.repo.path / ".git") as blobs:
        tools = Tools(Forbidden(), Topics, blobs)  # type: ignore[arg-type]
        run_pending(world.folder / "memory.db", lambda project, clones: tools, clock=world.clock)
    with open_service(world.folder, world.clock) as service:
        return [job.status for run_id in made for job in service.jobs.of_run(run_id)]


def pulled(world: World, own: CommitDigest, text: str) -> None:
    world.hour += 5
    receive(world, landed(world, "pull", own.sha, world.commit("theirs", {"app.py": text}).sha))


def test_a_pull_alone_is_looked_at_and_nothing_is_paid(world: World) -> None:
    own = world.commit("add answer", {"app.py": ANSWER})
    world.process(own)
    pulled(world, own, "pass\n")
    assert check(world) == ["skipped"] * 4 + ["done"]
    assert world.item("add answer").status == "review"
    assert check(world) == []


def test_nothing_to_look_at_starts_nothing(world: World) -> None:
    own = world.commit("start", {"app.py": ANSWER})
    world.process(own)
    pulled(world, own, "pass\n")
    assert check(world) == []  # nothing is in memory that could be false


def test_a_failed_run_stays_the_newest_so_that_it_can_be_retried(world: World) -> None:
    own = world.commit("add answer", {"app.py": ANSWER})
    world.process(own)
    pulled(world, own, "pass\n")
    with open_service(world.folder, world.clock) as service:
        newest = service.sessions.page(world.project_id)[0].id
        (run_id,) = service.jobs.request([newest], trigger="landed")
        service.jobs.finish(service.jobs.of_run(run_id)[-1], "failed", error="x")
        assert service.jobs.request([newest], trigger="landed") == []


def test_files_beyond_the_limit_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    own = world.commit("add answer", {"app.py": ANSWER})
    world.process(own)
    monkeypatch.setattr(landing, "MAX_FILES", 1)
    tip = world.commit("theirs", {"app.py": "pass\n", "b.py": "1\n", "c.py": "1\n"})
    receive(world, landed(world, "pull", own.sha, tip.sha))
    check(world)
    assert world.checked() is not None
    assert str(world.checked()).endswith("1 move of branches looked at; 2 changed files beyond the limit not looked at")


def test_a_commit_whose_list_of_files_was_cut_is_read_whole(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    gone = world.commit("sweep", {"app.py": "pass\n", "b.py": "1\n"})
    world.process(replace(gone, files=gone.files[1:], files_total=2, diff=""))
    assert gone.sha[:12] in str(world.item("add answer").status_reason)


def test_a_revert_brings_it_back(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER + LINES}))
    gone = world.commit("change it", {"app.py": ANSWER.replace("42", "43") + LINES})
    world.process(gone)
    assert world.item("add answer").status == "review"
    world.process(world.commit(f'Revert "{gone.subject}"', {"app.py": ANSWER + LINES}))
    item = world.item("add answer")
    assert (item.status, item.status_reason) == ("active", None)


@pytest.mark.parametrize("path", ["a b/żółw ü.py", "new\nline.py", "-x.py", ":(top)odd.py", '"q".py'])
def test_odd_paths_are_followed(world: World, path: str) -> None:
    """A path as our digests have it: NUL-separated, never quoted."""
    text = ANSWER + LINES
    first = world.commit("add answer", {"app.py": text})
    world.process(first)
    moved = world.commit("move", {"app.py": None, path: text})
    digest = replace(moved, files=(replace(first.files[0], path=path, status="R", old_path="app.py"),), diff="")
    world.process(digest)
    assert world.item("add answer").status == "active"
    gone = world.commit("drop it", {path: LINES})
    world.process(replace(gone, files=(replace(first.files[0], path=path, status="M"),), diff=""))
    assert gone.sha[:12] in str(world.item("add answer").status_reason)


def test_a_rename_in_case_only_is_a_rename(world: World) -> None:
    text = ANSWER + LINES
    world.process(world.commit("add answer", {"App.py": text}))
    world.repo.git("mv", "App.py", "app2.py")
    world.repo.git("mv", "app2.py", "app.py")
    world.process(world.commit("case", {}))
    assert world.item("add answer").status == "active"
    gone = world.commit("drop it", {"app.py": LINES})
    world.process(gone)
    assert "app.py changed" in str(world.item("add answer").status_reason)


def test_a_file_that_becomes_a_folder_or_binary_lost_its_lines(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    world.process(world.commit("binary", {"app.py": b"\0\1\2"}))
    assert world.item("add answer").status == "review"


def test_a_missing_blob_flags_nothing_and_is_told(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    gone = world.commit("drop it", {"app.py": "pass # to be lost\n"})
    blob = world.repo.git("rev-parse", f"{gone.sha}:app.py").strip()
    (world.repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    world.process(gone)
    assert world.item("add answer").status == "active"
    assert world.checked() == "0 items to review of 0 checked; 1 of 1 could not be read"


def test_a_clone_that_is_gone_is_told(world: World) -> None:
    world.process(world.commit("add answer", {"app.py": ANSWER}))
    gone = world.commit("drop it", {"app.py": "pass\n"})
    (world.repo.path / ".git").rename(world.repo.path / "gone")
    with open_service(world.folder, world.clock) as service:
        from contox_hooks.domain.event import commit_event

        service.ingest(world.project_id, [commit_event(gone, at_utc=gone.committer.at_utc)])
        service.jobs.request(service.jobs.unprocessed_sessions(world.project_id), trigger="manual")
    tools = Tools(Nothing(), Topics, None)  # type: ignore[arg-type]
    run_pending(world.folder / "memory.db", lambda project, clones: tools, clock=world.clock)
    assert world.item("add answer").status == "active"
    assert world.checked() == "no clone of the repository is on this machine"


class Nothing:
    name, paid = "nothing", False

    def extract(self, *args: object, **kwargs: object) -> Extraction:
        return Extraction((), None)

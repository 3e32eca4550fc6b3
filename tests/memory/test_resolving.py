"""Auto-resolve in the pipeline and on the wire: real commits in a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.domain.error import UsageError
from contox_hooks.memory.service import Service
from tests.cli.world import begin, drain, learn, parts_of
from tests.gitrepo import Repo

STORE = "def keep():\n    # TODO: write the whole journal to disk\n    return 1\n\n\ndef other():\n    return 2\n"
WHY = "feat(store): keep closed orders in a journal\n\nBecause a crash lost them."


@pytest.fixture
def open_end(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository whose memory has one todo."""
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    repo.commit(WHY, {"store.py": STORE}, now=True)
    learn(repo)
    service, project_id = parts_of(repo)
    with service:
        assert service.items.count(project_id, type="todo") == 1
    return repo


def todo_after(repo: Repo, subject: str, files: dict[str, str]) -> tuple[str, str | None]:
    repo.commit(subject, dict(files), now=True)
    learn(repo)
    service, _ = parts_of(repo)
    with service:
        rows = service.store.rows("SELECT status, status_reason FROM item WHERE type = 'todo' ORDER BY id")
        return rows[0]["status"], rows[0]["status_reason"]


def test_the_pipeline_archives_a_todo_whose_line_a_commit_took_away(open_end: Repo) -> None:
    without = STORE.replace("    # TODO: write the whole journal to disk\n", "    journal.flush_to_disk()\n")
    status, reason = todo_after(open_end, "feat(store): the journal is written", {"store.py": without})
    assert (status, reason) == (
        "archived", f"done in {open_end.head()[:12]} “feat(store): the journal is written”",
    )  # fmt: skip


def test_a_todo_that_moved_to_another_file_lives_on(open_end: Repo) -> None:
    line = "    # TODO: write the whole journal to disk\n"
    files = {"store.py": STORE.replace(line, ""), "journal.py": f"def journal():\n{line}    return 3\n"}
    status, _ = todo_after(open_end, "refactor(store): the journal has a module", files)
    assert status == "active"  # told again by the new file's, and merged with it


def test_an_unrelated_commit_leaves_it_open(open_end: Repo) -> None:
    status, _ = todo_after(open_end, "feat(store): more of it", {"store.py": STORE.replace("return 2", "return 22")})
    assert status == "active"


def test_on_the_wire_commits_are_known_by_their_first_characters(open_end: Repo) -> None:
    sha = open_end.commit("feat(store): the journal is written", {"store.py": "def keep():\n    return 1\n"}, now=True)
    drain(open_end)
    service, project_id = parts_of(open_end)
    with service:
        before = service.items.counts_by_status(project_id)
        commits = [{"sha": sha[:12], "message": "", "files": []}, {"sha": "0" * 40, "message": "x", "files": ["y"]}]
        dry = service.auto_resolve(project_id, commits, dry_run=True).to_json()
        assert service.items.counts_by_status(project_id) == before
        done = service.auto_resolve(project_id, commits, dry_run=False).to_json()
        assert {**dry, "dryRun": False} == done
        assert service.auto_resolve(project_id, commits, dry_run=False).to_json()["resolved"] == []
    assert set(done) == {"resolved", "skipped", "totalItemsScanned", "dryRun"}
    (found,) = done["resolved"]
    assert (found["commitSha"], found["previousStatus"], found["newStatus"]) == (sha, "active", "archived")
    assert set(found) == {
        "itemId", "title", "type", "matchType", "matchedFiles", "confidence", "commitSha", "previousStatus",
        "newStatus", "reason",
    }  # fmt: skip


@pytest.mark.parametrize("commit", [{}, {"sha": "x"}, {"sha": 3}, {"sha": "abc"}, {"sha": "a" * 40, "files": "x"}])
def test_a_commit_that_is_none_is_refused(tmp_path: Path, commit: dict[str, object]) -> None:
    with Service.open(tmp_path / "m.db") as service, pytest.raises(UsageError):
        service.auto_resolve("p", [commit], dry_run=True)

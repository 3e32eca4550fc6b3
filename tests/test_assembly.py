"""Which project a repository is, and what survives when a store or a repository is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.configuration import effective_settings
from contox_hooks.domain.error import SettingError
from tests.gitrepo import Repo


def looked(repo: Repo) -> Assembly:
    parts = Assembly(repo.repository)
    parts.drain().run(reconcile=True)
    assert parts.project
    return parts


def test_another_repository_in_a_folder_used_before_is_another_project(make_repo: Callable[..., Repo]) -> None:
    old = make_repo("app")
    old.commit("an old secret client")
    first = looked(old).project
    shutil.rmtree(old.path)
    new = make_repo("app")
    new.commit("something else")
    assert looked(new).project.id != first.id


def test_a_lost_memory_store_gives_the_project_its_settings_and_name_back(repo: Repo, sealed: Path) -> None:
    repo.commit("start")
    parts = looked(repo)
    parts.service.projects.set_setting(parts.project.id, "exclude", ["private/**"])
    parts.service.projects.rename(parts.project.id, "Renamed")
    assert looked(repo).settings.exclude == ("private/**",)
    for file in (sealed / "data").glob("memory.db*"):
        file.write_bytes(b"no database" * 50) if file.suffix == ".db" else file.unlink()
    again = looked(repo)
    assert again.project.id != parts.project.id
    assert again.project.name == "Renamed"
    assert again.settings.exclude == ("private/**",)


def test_a_committed_file_cannot_take_back_an_exclusion(repo: Repo) -> None:
    repo.commit("start", {".contox.yaml": 'exclude: ["!*.env", "more/**"]\n'})
    exclude = effective_settings(repo.repository).settings.exclude
    assert "more/**" in exclude
    assert "!*.env" not in exclude


def test_several_values_in_git_config_all_count(repo: Repo) -> None:
    repo.git("config", "--add", "contox.exclude", "a.txt")
    repo.git("config", "--add", "contox.exclude", "b.txt")
    assert effective_settings(repo.repository).settings.exclude == ("a.txt", "b.txt")


@pytest.mark.parametrize("text", ["diffs: !!bool maybe", 'diff_budget: !!int ""', "window: !!timestamp x"])
def test_tags_in_yaml_are_a_clear_error(repo: Repo, text: str) -> None:
    repo.commit("start", {".contox.yaml": text + "\n"})
    with pytest.raises(SettingError, match=r"\.contox\.yaml"):
        effective_settings(repo.repository)


def test_a_shallow_clone_is_the_project_of_its_remote(repo: Repo) -> None:
    for number in range(3):
        repo.commit(f"c{number}", {"n": f"{number}\n"})
    repo.git("remote", "add", "origin", "https://example.org/a/b.git")
    shallow = Repo(repo.path.parent / "shallow", init=False)
    repo.git("clone", "-q", "--depth=1", repo.path.as_uri(), str(shallow.path))
    shallow.git("remote", "set-url", "origin", "git@example.org:a/b.git")
    assert looked(repo).project.id == looked(shallow).project.id


def test_a_newer_memory_store_does_not_hold_up_capture(repo: Repo, sealed: Path) -> None:
    import sqlite3

    repo.commit("start")
    looked(repo)
    db = sqlite3.connect(sealed / "data" / "memory.db")
    db.execute("PRAGMA user_version = 999")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    repo.commit("work", {"a.txt": "1\n"}, now=True)
    done = Assembly(repo.repository).drain().run(reconcile=True)
    assert done is not None
    assert done.commits == 1
    assert "newer" in str(done.undelivered)

"""The brief is refreshed between our marks alone, where it was asked for, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contox_hooks.agent.apply import Wish, apply, remove
from contox_hooks.agent.refresh import refresh, wants_brief
from contox_hooks.agent.section import END
from contox_hooks.agent.site import Site
from contox_hooks.agent.tool import TOOLS
from tests.agent.world import PYTHON, site_of
from tests.gitrepo import Repo

CLAUDE = TOOLS["claude"]
BRIEF = Wish(PYTHON, "- **Tabs**", True)


def told() -> str:
    return "- **Spaces**"


@pytest.fixture
def briefed(repo: Repo) -> Path:
    path = repo.write("CLAUDE.md", "# Here\r\n")
    apply(site_of(repo.path), [CLAUDE], BRIEF)
    assert "- **Tabs**\r\n" in path.read_bytes().decode()
    return path


def test_only_what_changed_is_written_and_it_goes_without_a_trace(repo: Repo, briefed: Path) -> None:
    site = site_of(repo.path)
    briefed.chmod(0o640)
    before = briefed.stat()
    assert refresh(site.state, lambda: "- **Tabs**") == 0
    assert (briefed.stat().st_ino, briefed.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert refresh(site.state, told) == 1
    assert "- **Spaces**\r\n" in briefed.read_bytes().decode()
    assert briefed.stat().st_mode == before.st_mode
    assert {file.what for file in apply(site, [CLAUDE], Wish(PYTHON))} == {"present"}  # the brief stays
    remove(site, [CLAUDE])
    assert briefed.read_bytes() == b"# Here\r\n"


def test_the_users_words_around_it_stay(repo: Repo, briefed: Path) -> None:
    briefed.write_bytes(b"before\r\n" + briefed.read_bytes() + b"behind\r\n")
    assert refresh(site_of(repo.path).state, told) == 1
    text = briefed.read_bytes().decode()
    assert text.startswith("before\r\n# Here\r\n")
    assert text.endswith(f"{END}\r\nbehind\r\n")


def test_nobody_who_did_not_ask_is_asked_about_or_written_to(repo: Repo) -> None:
    site = site_of(repo.path)
    apply(site, [CLAUDE], Wish(PYTHON))
    before = (repo.path / "CLAUDE.md").read_bytes()

    def never() -> str:
        raise AssertionError

    assert not wants_brief(site.state)
    assert refresh(site.state, never) == 0
    assert refresh(repo.path / "not there", never) == 0
    assert (repo.path / "CLAUDE.md").read_bytes() == before


def test_no_brief_any_more(repo: Repo, briefed: Path) -> None:
    site = site_of(repo.path)
    apply(site, [CLAUDE], Wish(PYTHON, None, False))
    assert "Tabs" not in briefed.read_text()
    assert refresh(site.state, told) == 0
    remove(site, [CLAUDE])
    assert briefed.read_bytes() == b"# Here\r\n"


@pytest.mark.parametrize(
    "way", ["gone", "marks gone", "one mark gone", "conflict", "rebase", "sequencer", "link", "read-only"]
)
def test_where_it_must_not(repo: Repo, briefed: Path, sealed: Path, way: str) -> None:
    text = briefed.read_bytes()
    state = site_of(repo.path).state
    if way == "gone":
        briefed.unlink()
    elif way == "marks gone":
        briefed.write_bytes(b"# Here\r\n")
    elif way == "one mark gone":
        briefed.write_bytes(text.replace(END.encode(), b""))
    elif way == "conflict":
        briefed.write_bytes(text + b"<<<<<<< HEAD\n")
    elif way == "rebase":
        (repo.path / ".git" / "rebase-merge").mkdir()
    elif way == "sequencer":  # between two commits of a series of picks
        (repo.path / ".git" / "sequencer").mkdir()
    elif way == "link":
        outside = sealed / "CLAUDE.md"
        outside.write_bytes(text)
        briefed.unlink()
        briefed.symlink_to(outside)
    else:
        briefed.chmod(0o444)
    before = briefed.read_bytes() if briefed.exists() else None
    assert refresh(state, told) == 0
    assert (briefed.read_bytes() if briefed.exists() else None) == before


def test_a_work_tree_that_was_moved_goes_on(repo: Repo, briefed: Path) -> None:
    """Also where another repository lives at the old place; that one is not touched."""
    text = briefed.read_bytes()
    moved = repo.path.rename(repo.path.parent / "moved")
    Repo(repo.path).write("CLAUDE.md", text)
    state = site_of(moved).state
    assert refresh(state, told) == 1
    assert "- **Spaces**" in (moved / "CLAUDE.md").read_text()
    assert briefed.read_bytes() == text
    assert json.loads((state / "agents.json").read_text())["root"] == str(moved)


def test_a_linked_work_tree_that_was_moved_goes_on_from_the_next_apply(repo: Repo) -> None:
    repo.commit("start", {"CLAUDE.md": "# Here\n"})
    repo.git("worktree", "add", "-q", "../second")
    state = site_of(repo.path).state
    data = site_of(repo.path).data
    sites = [Site(repo.path.parent / name, state, "agents-second.json", data) for name in ("second", "third")]
    apply(sites[0], [CLAUDE], BRIEF)
    repo.git("worktree", "move", "../second", "../third")
    assert refresh(state, told) == 0
    assert {file.what for file in apply(sites[1], [CLAUDE], Wish(PYTHON))} == {"present"}
    assert refresh(state, told) == 1
    assert "- **Spaces**" in (sites[1].root / "CLAUDE.md").read_text()


def test_what_a_killed_refresh_left_half_written_goes(repo: Repo, briefed: Path) -> None:
    left = repo.write(".CLAUDE.md.4711-99", "half")
    refresh(site_of(repo.path).state, lambda: "- **Tabs**")
    assert not left.exists()

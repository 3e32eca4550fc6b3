"""The log on a bad day: half lines, full disks, links and other things in its place."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contox_hooks.domain.error import StoreError
from contox_hooks.tracker import log
from contox_hooks.tracker.place import Place
from tests.gitrepo import Repo


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.create()
    return place


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """As a disk that is full: what goes beyond is written in part, then refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_header_stands_there_once(place: Place) -> None:
    log.append(place, ["one"], header="# head")
    end = log.append(place, ["two", "three"], header="# head")
    assert place.log.read_text() == "# head\none\ntwo\nthree\n"
    assert end == place.log.stat().st_size
    assert log.read_from(place, 0) == ["# head", "one", "two", "three"]
    assert log.read_from(place, end) == []
    assert log.read_from(place, end + 1) == []


def test_half_a_line_of_a_killed_process_harms_no_other(place: Place) -> None:
    place.log.write_bytes(b"# head\nhal\xff")
    log.append(place, ["whole"], header="")
    assert place.log.read_bytes() == b"# head\nhal\xff\nwhole\n"
    place.log.write_bytes(b"a\nhalf")
    assert log.read_from(place, 0) == ["a"]


def test_a_full_disk_leaves_no_half_line(place: Place) -> None:
    log.append(place, ["one"], header="# head")
    before = place.log.read_bytes()
    with files_of_at_most(len(before) + 4), pytest.raises(OSError):
        log.append(place, ["a line that is longer"], header="")
    assert place.log.read_bytes() == before


def test_a_link_is_not_followed_and_a_pipe_not_waited_for(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    place.log.symlink_to(other)
    with pytest.raises(OSError):
        log.append(place, ["x"], header="")
    assert other.read_text() == "mine"
    place.log.unlink()
    os.mkfifo(place.log)
    with pytest.raises(OSError, match="no regular file"):
        log.append(place, ["x"], header="")


@pytest.mark.parametrize("name", [".context", ".context/sessions"])
def test_a_folder_that_is_a_link_is_refused(repo: Repo, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = repo.path / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(elsewhere)
    with pytest.raises(StoreError, match="no folder of its own"):
        Place(repo.path, repo.repository).create()
    assert not list(elsewhere.iterdir())


def test_git_is_told_once_to_ignore_it_and_no_line_is_lost(repo: Repo) -> None:
    exclude = repo.path / ".git" / "info" / "exclude"
    exclude.write_text("*.tmp")  # without a line end
    for _ in range(2):
        Place(repo.path, repo.repository).create()
    assert exclude.read_text() == "*.tmp\n.context/\n"
    exclude.unlink()
    exclude.parent.rmdir()
    Place(repo.path, repo.repository).create()
    assert exclude.read_text() == ".context/\n"


def test_in_a_linked_worktree_the_common_file_ignores_it(repo: Repo, tmp_path: Path) -> None:
    repo.commit("start")
    repo.git("worktree", "add", "-q", "-b", "second", str(tmp_path / "second tree"))
    tree = Repo(tmp_path / "second tree", init=False)
    Place(tree.path, tree.repository).create()
    (tree.path / ".context" / "x").write_text("x")
    assert tree.git("status", "--porcelain") == ""
    assert ".context/" in (repo.path / ".git" / "info" / "exclude").read_text()


def test_what_is_no_log_of_ours_is_kept_aside(place: Place) -> None:
    place.log.write_text("my own diary\n")
    log.clear(place, "20251009T142320.000Z")
    assert not place.log.exists()
    assert (place.sessions / "20251009T142320.000Z-before.md").read_text() == "my own diary\n"
    log.clear(place, "20251009T142321.000Z")


def test_only_closed_sessions_are_pruned(place: Place) -> None:
    place.sessions.mkdir()
    names = [f"2025100{day}T142320.000Z.md" for day in range(1, 5)]
    for name in [*names, "mine.md"]:
        (place.sessions / name).write_text("x")
    log.prune(place, 3)
    assert sorted(path.name for path in place.sessions.iterdir()) == [*names[1:], "mine.md"]

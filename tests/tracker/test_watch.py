"""Watching real folders. A watcher is a generator: what happens between two batches happens while it does not listen."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from unittest.mock import Mock

import pytest

from contox_hooks.tracker.change import Change
from contox_hooks.tracker.ignore import Ignore
from contox_hooks.tracker.tree import Fact, Tree
from contox_hooks.tracker.watch import Watcher

pytest.importorskip("inotify_simple")
from contox_hooks.tracker.bell import Bell


class Watched:
    """A folder and all that its watcher tells of it."""

    def __init__(self, root: Path, watcher: Watcher) -> None:
        self.root = root
        self._watcher = watcher
        self._stop = threading.Event()
        self._ends = count()
        self.begin()

    def begin(self) -> None:
        self.batches = self._watcher.batches(self._stop)
        self.first = next(self.batches)

    def tells(self) -> list[Change]:
        """Until it tells of a file that is made now, which it comes after all that happened before."""
        end = f"end-{next(self._ends)}"
        (self.root / end).write_text("")
        told: list[Change] = []
        while end not in (change.path for change in told):
            told += next(self.batches)
        return [change for change in told if not change.path.startswith("end-")]

    def says(self) -> set[tuple[str, str]]:
        return {(change.kind, change.path) for change in self.tells()}

    def ends(self) -> list[Change]:
        self._stop.set()
        return [change for batch in self.batches for change in batch]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    started: list[Watched] = []

    def begin(*, patterns: tuple[str, ...] = (), roots: tuple[Path, ...] = (), window_s: float = 0.0) -> Watched:
        root = tmp_path / "work"
        root.mkdir(exist_ok=True)
        started.append(Watched(root, Watcher(root, Ignore(root, patterns), roots=roots, window_s=window_s)))
        return started[-1]

    yield begin
    for watched in started:
        watched.ends()


def test_what_happens_to_files_is_told(watch: Callable[..., Watched], tmp_path: Path) -> None:
    root = tmp_path / "work"
    (root / "src").mkdir(parents=True)
    for name in ("edit.py", "gone.py", "old.py"):
        (root / "src" / name).write_text("1")
    watched = watch()
    (root / "src" / "edit.py").write_text("22")
    (root / "src" / "gone.py").unlink()
    (root / "src" / "old.py").rename(root / "new.py")
    (root / "a b" / "ü").mkdir(parents=True)
    (root / "a b" / "ü" / "made.py").write_text("1")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\n")).write_text("1")
    told = watched.tells()
    assert {(change.kind, change.old_path, change.path) for change in told} == {
        ("edited", None, "src/edit.py"),
        ("deleted", None, "src/gone.py"),
        ("moved", "src/old.py", "new.py"),
        ("created", None, "a b/ü/made.py"),
        ("created", None, "\udcff\n"),
    }
    assert [change for change in told if change.count != 1] == []
    (root / "a b" / "ü" / "made.py").write_text("22")
    (root / "a b").rename(root / "c")
    (root / "c" / "ü" / "made.py").write_text("333")
    assert {path for _, path in watched.says()} >= {"c/ü/made.py"}


def test_appends_are_one_edit_with_their_count(watch: Callable[..., Watched], tmp_path: Path) -> None:
    """Failure 12."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.txt").write_text("1")
    watched = watch(window_s=0.5)
    for number in range(50):
        with (watched.root / "a.txt").open("a") as file:
            file.write(f"{number}\n")
    assert [(change.kind, change.path, change.count) for change in watched.tells()] == [("edited", "a.txt", 50)]


def test_a_file_that_stays_open_is_edited_too(watch: Callable[..., Watched], tmp_path: Path) -> None:
    watched = watch()
    with (watched.root / "a.txt").open("w") as file:
        assert watched.says() == {("created", "a.txt")}
        file.write("1")
        file.flush()
        assert watched.says() == {("edited", "a.txt")}
    assert watched.says() == set()


def test_a_save_that_looks_as_before_is_an_edit_and_a_change_of_rights_is_none(
    watch: Callable[..., Watched], tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.txt").write_text("1")
    watched = watch()
    was = (watched.root / "a.txt").stat()
    (watched.root / "a.txt").write_text("2")
    os.utime(watched.root / "a.txt", ns=(was.st_atime_ns, was.st_mtime_ns))
    assert watched.says() == {("edited", "a.txt")}
    (watched.root / "a.txt").chmod(0o600)
    (watched.root / "a.txt").read_text()
    assert watched.says() == set()


def test_what_editors_do_to_save_is_one_edit(watch: Callable[..., Watched], tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    path = tmp_path / "work" / "a.txt"
    path.write_text("1")
    watched = watch()
    (watched.root / ".a.txt.tmp123").write_text("22")
    (watched.root / ".a.txt.tmp123").replace(path)
    assert watched.says() == {("edited", "a.txt")}
    path.rename(watched.root / "a.txt.bak")
    path.write_text("333")
    (watched.root / "a.txt.bak").unlink()
    assert watched.says() == {("edited", "a.txt")}


def test_its_own_log_and_what_is_ignored_are_silent(watch: Callable[..., Watched], tmp_path: Path) -> None:
    """Failure 1."""
    for folder in (".context", ".git/objects", "node_modules/deep"):
        (tmp_path / "work" / folder).mkdir(parents=True)
    watched = watch(patterns=("*.log",))
    for path in (".context/session.md", ".git/objects/ab", "node_modules/deep/x.js", "a.log"):
        for _ in range(3):
            with (watched.root / path).open("a") as file:
                file.write("line\n")
    assert watched.tells() == []
    (watched.root / ".gitignore").write_text("*.tmp\n")
    assert watched.says() == {("created", ".gitignore")}
    (watched.root / "a.tmp").write_text("1")
    assert watched.tells() == []


def test_ignored_folders_take_no_watch(
    watch: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    covered: list[str] = []
    cover = Bell.cover
    monkeypatch.setattr(Bell, "cover", lambda self, folder: (covered.append(folder), cover(self, folder)))
    for folder in (".git/objects", "node_modules/a/b", "src/__pycache__", "out"):
        (tmp_path / "work" / folder).mkdir(parents=True)
    (tmp_path / "work" / ".gitignore").write_text("out/\n")
    watched = watch()
    assert covered == [str(watched.root), str(watched.root / "src")]


def test_what_is_ignored_from_now_on_gives_its_watches_back(watch: Callable[..., Watched], tmp_path: Path) -> None:
    (tmp_path / "work" / "out" / "deep").mkdir(parents=True)

    def watches() -> int:
        return sum(
            info.read_text().count("inotify wd") for info in Path("/proc/self/fdinfo").iterdir() if info.exists()
        )

    before = watches()
    watched = watch()
    assert watches() == before + 3
    (watched.root / ".gitignore").write_text("out/\n")
    assert watched.says() == {("created", ".gitignore")}
    assert watches() == before + 1


def test_writes_are_those_of_the_file_itself(watch: Callable[..., Watched]) -> None:
    watched = watch(window_s=0.2)
    for _ in range(3):
        with (watched.root / ".gitignore").open("a") as file:
            file.write("*.log\n")
    (watched.root / "new").touch()
    assert {(change.path, change.count) for change in watched.tells()} == {(".gitignore", 3), ("new", 1)}


def test_folders_may_change_places(watch: Callable[..., Watched], tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "work" / name).mkdir(parents=True)
        (tmp_path / "work" / name / f"in-{name}").write_text("1")
    watched = watch()
    for source, target in (("a", "t"), ("b", "a"), ("t", "b")):
        (watched.root / source).rename(watched.root / target)
    told = {(change.kind, change.old_path, change.path) for change in watched.tells()}
    assert told == {("moved", "a/in-a", "b/in-a"), ("moved", "b/in-b", "a/in-b")}
    for name in "ab":
        (watched.root / name / "new").write_text("1")
    assert watched.says() == {("created", "a/new"), ("created", "b/new")}


def test_further_folders_are_watched_also_below_ignored_ones(watch: Callable[..., Watched], tmp_path: Path) -> None:
    other = tmp_path / "build" / "other"
    for folder in (other / "node_modules", tmp_path / "work" / "node_modules" / "mine", tmp_path / "work" / "src"):
        folder.mkdir(parents=True)
    work = tmp_path / "work"
    watched = watch(
        patterns=("build/",), roots=(other, work / "node_modules" / "mine", work / "src", tmp_path, tmp_path / "absent")
    )
    for path in (other / "a", other / "node_modules" / "x", work / "node_modules" / "mine" / "b", work / "src" / "c"):
        path.write_text("1")
    assert watched.says() == {("created", f"{other}/a"), ("created", "node_modules/mine/b"), ("created", "src/c")}
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "d").write_text("1")
    assert watched.says() == {("created", f"{tmp_path}/absent/d")}


def test_a_folder_that_is_made_again_is_watched_again(watch: Callable[..., Watched], tmp_path: Path) -> None:
    watched = watch()
    for name in ("a", "b", "c"):  # also with the number of the one before
        (watched.root / "sub").mkdir()
        (watched.root / "sub" / name).write_text("1")
        assert watched.says() == {("created", f"sub/{name}")}
        (watched.root / "sub" / name).write_text("22")
        assert watched.says() == {("edited", f"sub/{name}")}
        shutil.rmtree(watched.root / "sub")
        if name == "c":
            assert watched.says() == {("deleted", "sub/c")}
            return
        (watched.root / "sub").mkdir()
        assert watched.says() == {("deleted", f"sub/{name}")}
        (watched.root / "sub").rmdir()


def test_the_root_may_go_and_come_back(watch: Callable[..., Watched], tmp_path: Path) -> None:
    (tmp_path / "work" / "sub").mkdir(parents=True)
    (tmp_path / "work" / "sub" / "a").write_text("1")
    watched = watch()
    watched.root.rename(tmp_path / "away")
    watched.root.mkdir()
    assert watched.says() == {("deleted", "sub/a")}
    (watched.root / "b").write_text("1")
    assert watched.says() == {("created", "b")}
    shutil.rmtree(watched.root)
    assert [(change.kind, change.path) for change in watched.ends() if change.path == "b"] == [("deleted", "b")]


def test_what_the_system_drops_is_a_gap_and_then_found(watch: Callable[..., Watched], tmp_path: Path) -> None:
    """Failure 7."""
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 50_000:
        pytest.skip(f"its queue holds {most} events")
    for name in ("a", "b"):
        (tmp_path / "work").mkdir(exist_ok=True)
        (tmp_path / "work" / name).write_text("1")
    watched = watch()
    for _ in range(most // 2 + 1):  # of the same file twice in a row counts once
        os.utime(watched.root / "a", (1, 1))
        os.utime(watched.root / "b", (1, 1))
    (watched.root / "new" / "deep").mkdir(parents=True)
    (watched.root / "new" / "deep" / "lost").write_text("1")
    told = watched.tells()
    assert [(change.kind, change.path) for change in told if change.kind == "gap"] == [
        ("gap", "more happened at once than the system keeps")
    ]
    assert told[0].kind == "gap"
    assert told[0].count == 2  # with the file that marks the end
    assert {change.path for change in told[1:]} == {"a", "b", "new/deep/lost"}
    (watched.root / "new" / "deep" / "heard").write_text("1")
    assert watched.says() == {("created", "new/deep/heard")}


@pytest.mark.parametrize("kept", [0, 1])
def test_at_the_limit_of_watches_it_says_so_and_looks_instead(
    watch: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    cover, covered = Bell.cover, count()

    def refuse(self: Bell, folder: str) -> None:
        if next(covered) >= kept:
            raise OSError(errno.ENOSPC, "No space left on device")
        cover(self, folder)

    monkeypatch.setattr(Bell, "cover", refuse)
    watched = watch()
    (watched.root / "sub").mkdir()
    (watched.root / "sub" / "a").write_text("1")
    told = watched.tells()
    assert [change.kind for change in told] == ["gap", "created"]
    assert "limit of watches" in told[0].path
    (watched.root / "sub" / "a").rename(watched.root / "b")
    assert [(change.kind, change.old_path, change.path) for change in watched.tells()] == [("moved", "sub/a", "b")]


def test_without_a_watcher_left_it_says_so_and_looks_instead(
    watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Bell) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Bell, "__init__", refuse)
    watched = watch()
    assert [change.kind for change in watched.first] == ["gap"]
    (watched.root / "a").write_text("1")
    assert watched.says() == {("created", "a")}


def test_what_no_event_announced_is_found_in_time(
    watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contox_hooks.tracker.watch._RESCAN_S", 0.0)
    monkeypatch.setattr(Bell, "cover", lambda self, folder: None)
    watched = watch()
    (watched.root / "a").write_text("1")
    told = watched.tells()
    assert {(change.kind, change.path) for change in told} == {("gap", "not announced by the system"), ("created", "a")}


def test_what_is_announced_while_it_is_found_is_no_gap(
    watch: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contox_hooks.tracker.watch._RESCAN_S", 0.0)
    monkeypatch.setattr("contox_hooks.tracker.watch._SHARE", 0)
    rescan, names = Tree.rescan, count()

    def meanwhile(self: Tree) -> Iterator[Fact]:
        (Path(self.base) / f"new-{next(names)}").mkdir()
        (Path(self.base) / f"late-{next(names)}").write_text("1")
        return rescan(self)

    monkeypatch.setattr(Tree, "rescan", meanwhile)
    watched = watch()
    assert {change.kind for change in watched.tells()} == {"created"}
    monkeypatch.undo()


def test_what_is_under_way_at_the_end_is_told(watch: Callable[..., Watched]) -> None:
    watched = watch(window_s=60.0)
    (watched.root / "a").write_text("1")
    assert [(change.kind, change.path, change.count) for change in watched.ends()] == [("created", "a", 1)]


def later(root: Path) -> None:
    """When a file that is made now has a later time than one that was made before: the system's clock has ticked."""
    before = time.time_ns()
    while root.stat().st_mtime_ns <= before:
        (root / ".tick.swp").touch()
        (root / ".tick.swp").unlink()


def test_what_happens_before_the_first_look_is_told(tmp_path: Path) -> None:
    """Who was told that it watches works on while a large tree is still read."""
    root = tmp_path / "work"
    for number in range(300):
        (root / f"sub{number}").mkdir(parents=True)
        (root / f"sub{number}" / "old").write_text("1")
    watcher = Watcher(root, Ignore(root), window_s=0.0)
    later(root / "sub1")
    (root / "sub2" / "old").write_text("22")
    (root / "sub3" / "new").write_text("1")
    (root / "sub4" / "old").unlink()
    watched = Watched(root, watcher)
    assert [change.path for change in watched.first] == [
        "names came or went in 3 folders before the first look at them"
    ]
    assert watched.says() == {("edited", "sub2/old"), ("created", "sub3/new")}
    assert watched.ends() == []


def test_what_happens_while_it_has_broken_off_is_found(
    watch: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work" / "sub").mkdir(parents=True)
    for name in ("a", "b", "c"):
        (tmp_path / "work" / "sub" / name).write_text("1")
    watched = watch(window_s=60.0)
    (watched.root / "sub" / "a").write_text("22")
    with monkeypatch.context() as patch:
        patch.setattr("contox_hooks.tracker.watch._SILENCE_S", 0.0)
        assert next(watched.batches) == []  # it waits in the window
        patch.setattr(Tree, "look", Mock(side_effect=MemoryError))
        (watched.root / "sub" / "b").unlink()
        with pytest.raises(MemoryError):
            watched.tells()
    (watched.root / "sub" / "d" / "deep").mkdir(parents=True)
    (watched.root / "sub" / "d" / "deep" / "e").write_text("1")
    watched.begin()
    (watched.root / "sub" / "c").write_text("22")
    assert {(change.kind, change.path) for change in watched.ends()} == {
        ("edited", "sub/a"), ("deleted", "sub/b"), ("edited", "sub/c"), ("created", "sub/d/deep/e"), ("created", "end-0"),
    }  # fmt: skip


def test_a_first_look_that_breaks_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "work"
    for number in range(5):
        (root / f"sub{number}").mkdir(parents=True)
        (root / f"sub{number}" / "old").write_text("1")
    watcher = Watcher(root, Ignore(root), window_s=0.0)
    with monkeypatch.context() as patch:
        patch.setattr(Bell, "cover", Mock(side_effect=[None, None, None, MemoryError]))
        with pytest.raises(MemoryError):
            Watched(root, watcher)
    later(root)
    for number in range(5):
        (root / f"sub{number}" / "old").write_text("22")
    watched = Watched(root, watcher)
    assert {change for change in watched.says() if change[0] != "gap"} == {("edited", f"sub{n}/old") for n in range(5)}
    assert watched.ends() == []


def test_rules_that_are_too_many_are_told_of_once(
    watch: Callable[..., Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contox_hooks.tracker.ignore._MOST_CHARACTERS", 100)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".gitignore").write_text("*.log\n" * 20)
    watched = watch()
    assert [change.path for change in watched.first] == [
        f"{watched.root}/.gitignore is too large: only its first lines are heeded"
    ]
    (watched.root / ".gitignore").write_text("*.tmp\n" * 20)
    (watched.root / "a.tmp").write_text("1")
    assert watched.says() == {("edited", ".gitignore")}

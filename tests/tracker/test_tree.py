"""What a tree tells of itself is what is on the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.tracker.ignore import Ignore
from contox_hooks.tracker.tree import Fact, Tree


def tree_of(root: Path) -> Tree:
    tree = Tree(str(root), Ignore(root))
    for _ in tree.check():
        pass
    return tree


def said(facts: Iterable[Fact]) -> dict[str, str]:
    return {
        path: "created" if before is None else "deleted" if after is None else "edited" for path, before, after in facts
    }


FOLDERS = ("", "a", "a/b", "c")
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "folder", "remove", "move"]), st.sampled_from(FOLDERS), st.sampled_from(["x", "a", "b", "c"]), st.sampled_from(FOLDERS)),
    max_size=12,
)  # fmt: skip


def step(root: Path, kind: str, source: Path, target: Path) -> None:
    try:
        if kind == "write":
            source.write_text(str(source.stat().st_size) if source.exists() else "")
        elif kind == "folder":
            source.mkdir()
        elif kind == "move":
            source.rename(target)
        elif source.is_dir():
            shutil.rmtree(source)
        else:
            source.unlink()
    except OSError:
        pass  # what cannot be is no step


@settings(max_examples=40, deadline=None)
@given(STEPS, STEPS, st.booleans())
def test_facts_turn_what_was_into_what_is(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[str, ...]],
    then: list[tuple[str, ...]],
    by_looking: bool,
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for kind, folder, name, other in first:
        step(root, kind, root / folder / name, root / other / name)
    tree = Tree(str(root), Ignore(root))
    state = {fact.path: fact.after for fact in tree.check()}
    touched = []
    for kind, folder, name, other in then:
        step(root, kind, root / folder / name, root / other / name)
        touched += [(folder, name), (other, name)]
    # Who looks at every touched name, in any folder that is known by now, misses nothing; a rescan needs no hints.
    looks = (fact for _ in range(3) for folder, name in touched for fact in tree.look(folder, name))
    for path, before, after in looks if by_looking else tree.rescan():
        assert state.get(path) == before, (first, then, by_looking)
        state[path] = after
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    assert {path for path, stamp in state.items() if stamp is not None} == set(files), (first, then, by_looking)
    assert not list(tree.rescan())


def test_links_are_files_and_lead_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "loop").symlink_to(root)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret").write_text("1")
    (root / "out").symlink_to(tmp_path / "out")
    assert {fact.path for fact in Tree(str(root), Ignore(root)).check()} == {"sub/loop", "out"}


def test_a_folder_that_cannot_be_read_keeps_what_was_known_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "a").write_text("1")
    tree = tree_of(tmp_path)
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("/shut"):
            raise PermissionError(13, "no")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (tmp_path / ".gitignore").write_text("x")
    assert said(tree.rescan()) == {".gitignore": "created"}
    monkeypatch.undo()
    (tmp_path / "shut" / "a").unlink()
    assert said(tree.rescan()) == {"shut/a": "deleted"}


def test_pipes_are_no_files_and_names_may_be_any_bytes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff name\n.txt")).write_text("1")
    assert [fact.path for fact in Tree(str(tmp_path), Ignore(tmp_path)).check()] == ["\udcff name\n.txt"]


@pytest.mark.parametrize("by_looking", [True, False])
def test_new_rules_are_no_events(tmp_path: Path, by_looking: bool) -> None:
    for path in ("a.log", "out/x", "src/b.log"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("1")
    tree = tree_of(tmp_path)
    (tmp_path / ".gitignore").write_text("*.log\nout/\n")
    (tmp_path / "new").write_text("1")
    assert said(tree.look("", ".gitignore") if by_looking else tree.rescan()) == {
        ".gitignore": "created",
        "new": "created",
    }
    for path in ("a.log", "out/x", "src/b.log"):
        (tmp_path / path).write_text("22")
    assert said(tree.rescan()) == {}
    (tmp_path / ".gitignore").write_text("out/y\n")
    assert said(tree.look("", ".gitignore") if by_looking else tree.rescan()) == {".gitignore": "edited"}
    (tmp_path / "out" / "x").write_text("333")
    assert said(tree.rescan()) == {"out/x": "edited"}


def test_rules_go_with_their_folder_and_with_the_kind_of_a_thing(tmp_path: Path) -> None:
    sub = tmp_path / "sub"
    sub.mkdir()
    (sub / ".gitignore").write_text("*.log\n")
    (sub / "out").write_text("1")
    tree = tree_of(tmp_path)
    shutil.rmtree(sub)
    assert said(tree.look("", "sub")) == {"sub/.gitignore": "deleted", "sub/out": "deleted"}
    sub.mkdir()
    (sub / "a.log").write_text("1")
    (sub / "out").write_text("1")
    assert said(tree.look("", "sub")) == {"sub/a.log": "created", "sub/out": "created"}
    (tmp_path / ".gitignore").write_text("out/\n")
    assert said(tree.look("", ".gitignore")) == {".gitignore": "created"}
    (sub / "out").unlink()
    (sub / "out").mkdir()
    (sub / "out" / "x").write_text("1")
    assert said(tree.look("sub", "out")) == {"sub/out": "deleted"}

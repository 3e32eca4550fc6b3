"""Saved files reach the capture session of a repository that is captured, and no other."""

from __future__ import annotations

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.state import state_of
from contox_hooks.domain.event import SOURCE_HOOKS
from contox_hooks.tracker import bridge as bridging
from contox_hooks.tracker.bridge import Bridge
from contox_hooks.tracker.change import Change
from contox_hooks.tracker.order import order_of
from contox_hooks.tracker.place import place_of
from tests.cli.world import begin
from tests.gitrepo import Repo
from tests.tracker.world import saved_paths, until

CHANGES = [
    Change("created", "a.txt"), Change("edited", "b/ü.txt", count=3), Change("moved", "new", "old"),
    Change("deleted", "gone"), Change("gap", "why"), Change("edited", "/elsewhere/x"),
]  # fmt: skip


def test_what_was_written_is_noted_from_the_repository_s_top(repo: Repo) -> None:
    begin(repo)
    repo.write("sub/x", "x")
    order = order_of(place_of(repo.path / "sub"))
    assert order.prefix == "sub/"
    Bridge(order).note(CHANGES)
    assert saved_paths(repo) == ("sub/a.txt", "sub/b/ü.txt", "sub/new")


def test_a_repository_that_is_not_captured_gets_nothing(repo: Repo) -> None:
    order = order_of(place_of(repo.path))
    assert order.prefix is None
    bridge = Bridge(order)
    bridge.note(CHANGES)
    bridge.flush()
    assert not state_of(repo.repository).exists


def test_while_capture_is_paused_nothing_is_noted(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo)
    monkeypatch.setattr(bridging, "ASK_S", 0.0)
    bridge = Bridge(order_of(place_of(repo.path)))
    bridge.note([Change("created", "before")])
    parts = Assembly(repo.repository)
    parts.service.projects.set_setting(parts.project.id, "paused", True)
    bridge.note([Change("created", "secret plan")])
    parts.service.projects.set_setting(parts.project.id, "paused", False)
    parts.service.close()
    bridge.note([Change("created", "after")])
    assert saved_paths(repo) == ("before", "after")


def test_files_of_a_repository_below_the_root_are_another_s(repo: Repo) -> None:
    begin(repo)
    repo.write("inner/.git/HEAD", "x")
    repo.write("worktree/.git", "gitdir: elsewhere")
    paths = ["inner/a", "inner/deep/b", "worktree/c", "inner.txt", "deep/d"]
    Bridge(order_of(place_of(repo.path))).note([Change("created", path) for path in paths])
    assert saved_paths(repo) == ("inner.txt", "deep/d")


def test_flushed_they_are_an_event_without_a_commit(repo: Repo) -> None:
    begin(repo)
    order = order_of(place_of(repo.path))
    bridge = Bridge(order)
    bridge.note([Change("created", "work.txt")])
    bridge.flush()
    parts = Assembly(repo.repository)

    def saved() -> list[object]:
        sessions = parts.service.sessions
        active = sessions.active(parts.project.id, SOURCE_HOOKS)
        found = sessions.events(active.id) if active is not None else []
        return [stored.event.payload["filesModified"] for stored in found if stored.event.type == "vscode_capture"]

    until(saved)
    assert saved() == [["work.txt"]]
    parts.service.close()

"""What a tracker is told to do: from settings, however they are spelled, and from git's own excludes."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.domain.error import SettingError
from contox_hooks.tracker.order import order_of
from contox_hooks.tracker.place import place_of
from tests.gitrepo import Repo


def test_settings_in_every_spelling(repo: Repo, sealed: Path) -> None:
    config = sealed / "config"
    config.mkdir()
    (config / "config.yaml").write_text("tracker.watch: [src, tests]\ntracker_keep: 3\n")
    repo.git("config", "contox.tracker.ignore", "*.tmp, build/")
    repo.git("config", "--add", "contox.trackerIgnore", "*.bak")
    (repo.path / ".contox.yaml").write_text(
        "tracker.ignore: [generated/, '!*.tmp']\ntracker.watch: [/]\ntracker_keep: 1\n"
    )
    order = order_of(place_of(repo.path))
    assert order.watch == ("src", "tests")
    assert order.ignore[-4:] == ("*.tmp", "build/", "*.bak", "generated/")
    assert "*.pem" in order.ignore
    assert order.keep == 3


def test_git_s_own_excludes_are_named_weakest_first(repo: Repo, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exclude = str(repo.path / ".git" / "info" / "exclude")
    assert order_of(place_of(repo.path)).excludes == (str(sealed / ".config" / "git" / "ignore"), exclude)
    repo.git("config", "core.excludesFile", "~/mine")
    assert order_of(place_of(repo.path)).excludes == (str(sealed / "mine"), exclude)


def test_a_setting_that_is_wrong_is_told_before_anything_starts(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_TRACKER_KEEP", "0")
    with pytest.raises(SettingError, match="tracker_keep"):
        order_of(place_of(repo.path))


def test_a_task_is_one_line_without_secrets(repo: Repo) -> None:
    token = "gh" + "p_" + "A1b2C3d4" * 4 + "E5f6"
    task = order_of(place_of(repo.path), f"use {token}\nsoon").task
    assert task is not None
    assert token not in task
    assert task.endswith("\\nsoon")
    assert order_of(place_of(repo.path), "  ").task is None

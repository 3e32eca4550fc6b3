"""Where hooks can lie in one repository, and which of the three layouts applies.

folder         git's own hooks folder; a hook that is there already is renamed and run after ours
detour         core.hooksPath names a folder that may be shared or tracked: never written to; ours stands before it
configuration  git 2.54 on: `hook.<name>.*` in the repository's config; hook folders stay as they are
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from contox_hooks.capture.install.record import Record, read_record
from contox_hooks.capture.state import state_of
from contox_hooks.git.config import config_value, config_values, git_version
from contox_hooks.git.repository import Repository

HOOKS_PATH = "core.hooksPath"
CONFIGURED_SINCE = (2, 54)
"""The first git that reads `hook.<name>.command`."""


class Layout(StrEnum):
    FOLDER = "folder"
    DETOUR = "detour"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Place:
    repo: Repository

    @property
    def state(self) -> Path:
        return state_of(self.repo).root

    @property
    def python(self) -> Path:
        return state_of(self.repo).python

    @property
    def own(self) -> Path:
        """Our own hooks folder, used by the detour and the configuration."""
        return self.state / "hooks"

    @property
    def default(self) -> Path:
        """git's own hooks folder when core.hooksPath is not set; linked worktrees share it."""
        return self.repo.common_dir / "hooks"

    @property
    def record_file(self) -> Path:
        return self.state / "installed.json"

    def record(self) -> Record:
        return read_record(self.record_file)

    def is_own(self, hooks_path: str) -> bool:
        """Also when the repository was moved since, and the path with it."""
        return hooks_path == str(self.own) or hooks_path.endswith("/contox/hooks")

    def resolved(self, hooks_path: str) -> Path:
        """git resolves a relative one where the hook runs: the top of the work tree, the git directory when bare."""
        return (self.repo.work_tree or self.repo.git_dir) / hooks_path


def hooks_path_of_git(place: Place) -> str | None:
    """core.hooksPath as git goes by it now, ours included; None when it is not set."""
    return config_value(place.repo.git_dir, HOOKS_PATH, as_path=True)


def original_hooks_path(place: Place) -> str | None:
    """The folder that git would take hooks from if we were not there; None for the default one."""
    values = config_values(place.repo.git_dir, HOOKS_PATH, as_path=True)
    if values and place.is_own(values[-1]):
        before = [os.path.expanduser(value) for value in place.record().hooks_path]  # noqa: PTH111
        values = [value for value in values if not place.is_own(value)] + before
    if values:
        return values[-1]
    return str(place.default) if place.default.is_symlink() else None


def layout_for(original: str | None) -> Layout:
    """By the git on PATH and the `original_hooks_path`."""
    if git_version() >= CONFIGURED_SINCE:
        return Layout.CONFIGURATION
    return Layout.FOLDER if original is None else Layout.DETOUR

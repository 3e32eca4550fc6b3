"""Puts the parts together for one repository: settings, stores, backend, drain, pipeline worker. No rules of its own.

Everything is made when it is asked for, so that the hook's path imports and opens nothing that it does not need.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contox_hooks.capture.state import State, state_of
from contox_hooks.domain.error import StoreDamaged, StoreError
from contox_hooks.domain.setting import Effective, Settings
from contox_hooks.git.repository import Repository

if TYPE_CHECKING:
    from contox_hooks.backend.local import LocalBackend
    from contox_hooks.capture.drain import Drain
    from contox_hooks.connection import Connection
    from contox_hooks.memory.project import Project
    from contox_hooks.memory.service import Service


_REMEMBERED = "project.json"


class Assembly:
    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self.state: State = state_of(repo)

    @cached_property
    def service(self) -> Service:
        """The user's memory. A damaged store is set aside and a new one is filled again from the capture databases."""
        from contox_hooks.place import memory_path

        return _opened(memory_path(), self.state)

    @cached_property
    def project(self) -> Project:
        """Found by its git directory. Only where nothing is remembered of it (a new clone, another repository in a
        folder that was used before, a store that was lost) is git asked for root commit and remote."""
        projects, remembered = self.service.projects, self.remembered
        known = projects.of_clone(self.repo.common_dir)
        if known is not None and known.root_commit is not None and known.id == remembered.get("id"):
            return known
        found = projects.find_or_create(**identity(self.repo), is_new_here=not remembered)
        return self._kept(found, remembered)

    def _kept(self, project: Project, remembered: dict[str, Any]) -> Project:
        """A project made anew, because the store that held it was lost, gets its name and settings back."""
        if remembered and remembered["id"] != project.id and not project.settings:
            project = self.service.projects.rename(project.id, remembered["name"])
            for key, value in remembered["settings"].items():
                project = self.service.projects.set_setting(project.id, key, value)
        self._remember(project)
        return project

    @property
    def remembered(self) -> dict[str, Any]:
        """The project's id, name and settings as they were last seen here; empty before the first time."""
        try:
            return dict(json.loads((self.state.root / _REMEMBERED).read_text()))
        except (OSError, ValueError):
            return {}

    def _remember(self, project: Project) -> None:
        now = {"id": project.id, "name": project.name, "settings": dict(project.settings)}
        if self.state.exists and now != self.remembered:
            with suppress(OSError):  # only a memory of it
                (self.state.root / _REMEMBERED).write_text(json.dumps(now))

    @cached_property
    def backend(self) -> LocalBackend:
        from contox_hooks.backend.local import LocalBackend

        settings = self.settings
        return LocalBackend(
            self.service, self.project.id, window=settings.window, min_interval_s=settings.min_interval_s
        )

    @cached_property
    def effective(self) -> Effective:
        from contox_hooks.configuration import effective_settings

        return effective_settings(self.repo, self._project_settings())

    def _project_settings(self) -> dict[str, Any]:
        """The project's own; a memory store that is out of reach must not hold up capture, and what the user excluded
        stays excluded."""
        try:
            self._remember(self.project)
        except StoreError:
            return dict(self.remembered.get("settings", {}))
        return dict(self.project.settings)

    @property
    def settings(self) -> Settings:
        return self.effective.settings

    def drain(self) -> Drain:
        from contox_hooks.capture.drain import Drain

        return Drain(self.repo, self.state, settings=lambda: self.settings, backend=lambda: self.backend)

    def start_drain(self) -> None:
        """One look at what waits, in a process of its own, as a hook would start it."""
        start_detached("contox_hooks.wake", str(self.repo.common_dir))

    def start_worker(self) -> None:
        """The pipeline in a process of its own, detached and at low priority; it ends when nothing is due. One that is
        at it already sees what was queued by now: it looks again before it ends."""
        from contox_hooks import work

        if not work.is_running():
            start_detached("contox_hooks.work")

    @cached_property
    def connection(self) -> Connection | None:
        """The server that events go to as well; None for most repositories. Raises StoreError."""
        from contox_hooks.connection import read_connection

        return read_connection(self.state.root)

    def start_sender(self) -> None:
        """Delivery to the server in a process of its own, if something waits for it that could go now."""
        from contox_hooks.connection import connection_path

        if connection_path(self.state.root).exists():
            from contox_hooks.send import wants_sender

            try:
                if wants_sender(self.state):
                    start_detached("contox_hooks.send", str(self.repo.common_dir))
            except StoreError as error:  # `status` tells it
                self.state.write_log(f"nothing is sent: {error.message}")


def _opened(path: Path, state: State) -> Service:
    """A store that is damaged is set aside; the drain sees that the new one is another and fills it again."""
    from contox_hooks.memory.service import Service
    from contox_hooks.memory.store import set_aside

    try:
        return Service.open(path)
    except StoreDamaged:
        aside = set_aside(path)
        state.write_log(f"the memory store was damaged: set aside as {aside}, filled again from what was captured")
        return Service.open(path)


def start_detached(module: str, *arguments: str) -> None:
    detached(module, *arguments).returncode = 0  # nobody will wait for it; Python would warn of that


def detached(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """In a session of its own, silent: it outlives whoever started it."""
    null = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-E", "-P", "-m", module, *arguments],
        stdin=null,
        stdout=null,
        stderr=null,
        start_new_session=True,
    )


def identity(repo: Repository) -> dict[str, Any]:
    """What names the project: root commit and remote; a shallow clone's root is no root."""
    root: str | None = None
    if not (repo.common_dir / "shallow").exists():
        out = repo.git("rev-list", "--max-parents=0", "HEAD", "--", ok=(0, 128)).decode().split()
        root = out[-1] if out else None
    remote = repo.text("config", "--get", "remote.origin.url", ok=(0, 1)) or None
    folder = repo.common_dir.parent if repo.common_dir.name == ".git" else repo.common_dir
    return {
        "common_dir": str(repo.common_dir),
        "root_commit": root,
        "remote": remote,
        "name": folder.name.removesuffix(".git") or "project",
    }

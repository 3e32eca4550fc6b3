"""What a tracker is told to do: made once, by who starts it, from settings and git; the tracker itself asks neither.

So the process that stays holds no store, and what is wrong in the settings is told to who can mend it. Only whether
capture is paused is asked anew (bridge.py).
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.domain.setting import Settings
from contox_hooks.git.repository import Repository
from contox_hooks.tracker.line import one_line
from contox_hooks.tracker.place import Place


@dataclass(frozen=True, slots=True)
class Order:
    root: str
    git_dir: str | None
    """This worktree's; None where the root is in no repository."""
    prefix: str | None
    """What leads from the repository's top to the root, `` or ending in `/`; None where nothing is captured."""
    session: str
    task: str | None
    watch: tuple[str, ...]
    ignore: tuple[str, ...]
    excludes: tuple[str, ...]
    """Files in gitignore's format, weakest first."""
    keep: int


def order_of(place: Place, task: str | None = None) -> Order:
    """Raises SettingError."""
    repo = place.repo
    settings = settings_now(repo)
    return Order(
        root=str(place.root),
        git_dir=None if repo is None else str(repo.git_dir),
        prefix=_prefix(place),
        session=new_session_id(),
        task=one_line(task) if task and task.strip() else None,
        watch=settings.tracker_watch,
        ignore=(*settings.exclude, *settings.tracker_ignore),
        excludes=tuple(str(path) for path in _excludes(repo)),
        keep=settings.tracker_keep,
    )


def new_session_id() -> str:
    """The moment it begins, in UTC: it sorts by time, and a root has one session at a time."""
    now = time.time()
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}.{int(now * 1000) % 1000:03}Z"


def settings_now(repo: Repository | None) -> Settings:
    """Read anew; no store stays open. Raises SettingError."""
    from contox_hooks.assembly import Assembly
    from contox_hooks.configuration import effective_settings

    if repo is None:
        return effective_settings(None).settings
    parts = Assembly(repo)
    if not parts.state.database.exists():
        return effective_settings(repo).settings
    settings = parts.settings
    if "service" in vars(parts):  # a tracker must not keep the store open for days
        parts.service.close()
    return settings


def _prefix(place: Place) -> str | None:
    from contox_hooks.capture.state import state_of

    repo = place.repo
    if repo is None or repo.work_tree is None or not state_of(repo).database.exists():
        return None
    try:
        path = place.root.resolve().relative_to(repo.work_tree.resolve()).as_posix()
    except ValueError:
        return None
    return "" if path == "." else f"{path}/"


def _excludes(repo: Repository | None) -> list[Path]:
    """gitignore(5): the user's own file, then the repository's."""
    if repo is None:
        return []
    named = repo.text("config", "--path", "--get", "core.excludesFile", ok=(0, 1))
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [Path(named) if named else home / "git" / "ignore", repo.common_dir / "info" / "exclude"]

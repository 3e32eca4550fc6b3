"""What git would run right now for each of our hooks, and what is wrong with it. Only reads; nothing is run.

The presence of files proves nothing (FACTS.md: hooks installed and reported fine that never run): `probe` proves.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from contox_hooks.capture.install.folder import chained_after, run_by_pre_commit
from contox_hooks.capture.install.framework import wired_by_framework
from contox_hooks.capture.install.hook import BODY, HOOKS, Source, is_ours, is_there, shipped
from contox_hooks.capture.install.own import forwarded_names
from contox_hooks.capture.install.place import Layout, Place, hooks_path_of_git, layout_for, original_hooks_path
from contox_hooks.capture.install.setting import Settings, configured_settings, settings_in_place
from contox_hooks.git.config import config_value
from contox_hooks.git.repository import Repository

INSTALL = "contox-hooks install"


class HookState(StrEnum):
    INSTALLED = "installed"
    FRAMEWORK = "framework"
    """pre-commit runs it, by our hook id in its configuration."""
    MISSING = "missing"
    FOREIGN = "foreign"
    """Another hook stands where ours stood."""
    SHADOWED = "shadowed"
    """Ours is there, but git looks elsewhere or was told not to run it."""
    NOT_EXECUTABLE = "not_executable"
    STALE = "stale"
    """Of another version of this program, or damaged. It still runs."""


@dataclass(frozen=True, slots=True)
class HookWiring:
    name: str
    state: HookState
    path: Path | None = None
    """The file that git runs, or ours that it does not."""
    chained: Path | None = None
    """The user's hook that runs after ours."""

    @property
    def fires(self) -> bool:
        return self.state in (HookState.INSTALLED, HookState.FRAMEWORK, HookState.STALE)


@dataclass(frozen=True, slots=True)
class Problem:
    text: str
    command: str
    """What to type to mend it."""


@dataclass(frozen=True, slots=True)
class Wiring:
    layout: Layout
    """The one that applies here now, installed or not."""
    hooks: tuple[HookWiring, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def fires(self) -> bool:
        """Whether git runs at least post-commit of ours."""
        return self.hooks[0].fires

    @property
    def is_whole(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Seen:
    """What git says, asked once."""

    place: Place
    source: Source
    effective: str | None
    """core.hooksPath as git goes by it."""
    original: str | None
    settings: Settings

    @property
    def folder(self) -> Path:
        return self.place.default if self.effective is None else self.place.resolved(self.effective)


def wiring(repo: Repository) -> Wiring:
    """Never raises for a broken installation: that is what it reports. Raises GitFailed when git cannot be run."""
    place = Place(repo)
    original = original_hooks_path(place)
    layout = layout_for(original)
    seen = _Seen(place, shipped(), hooks_path_of_git(place), original, settings_in_place(place))
    framework = wired_by_framework(place)
    hooks = tuple(
        HookWiring(name, HookState.FRAMEWORK, place.default / name)
        if name in framework
        else _configured(seen, name)
        if layout is Layout.CONFIGURATION
        else _in_folder(seen, name)
        for name in HOOKS
    )
    notes = ["a bare repository never runs post-commit"] if repo.work_tree is None else []
    excused = frozenset(hook.name for hook in hooks if framework and hook.state is HookState.MISSING)
    if excused:  # the framework knows no post-applypatch, and asks for each other hook by its id
        notes.append(
            f"{', '.join(sorted(excused))}: not run by pre-commit; what they would tell is found at the next look"
        )
    problems = (*_hook_problems(seen, hooks, excused), *_other_problems(seen, layout, hooks))
    return Wiring(layout, hooks, problems, tuple(notes))


def _in_folder(seen: _Seen, name: str) -> HookWiring:
    place, folder = seen.place, seen.folder
    path = run_by_pre_commit(folder, name) or folder / name
    if is_ours(path):
        original = seen.original if folder == place.own else None
        chained = chained_after(folder, name) if original is None else place.resolved(original) / name
        state = _file_state(seen.source, path, seen.source.hook(name, original))
        return HookWiring(name, state, path, chained if chained is not None and is_there(chained) else None)
    for ours in (place.default / name, place.own / name):
        if ours != path and is_ours(ours):
            return HookWiring(name, HookState.SHADOWED, ours)
    return HookWiring(name, HookState.FOREIGN if is_there(path) else HookState.MISSING, path)


def _configured(seen: _Seen, name: str) -> HookWiring:
    path = seen.place.own / name
    wanted = configured_settings(seen.place.own, frozenset([name]))
    if not is_ours(path) or any(seen.settings.get(key) != values for key, values in wanted.items()):
        older = _in_folder(seen, name)  # from before git was upgraded; such hooks fire in any git
        return older if older.fires else HookWiring(name, HookState.MISSING, path)
    if _switched_off(seen, name):
        return HookWiring(name, HookState.SHADOWED, path)
    return HookWiring(name, _file_state(seen.source, path, seen.source.hook(name)), path)


def _switched_off(seen: _Seen, name: str) -> str | None:
    """The switch of git's (2.54 on) by which our hook was turned off."""
    for switch in (f"hook.contox-{name}.enabled", f"hook.{name}.enabled"):
        if (config_value(seen.place.repo.git_dir, switch) or "true").lower() in ("false", "no", "off", "0"):
            return switch
    return None


def _file_state(source: Source, path: Path, wanted: bytes) -> HookState:
    body = path.with_name(BODY)
    if not body.is_file():
        return HookState.MISSING
    if not os.access(path, os.X_OK):
        return HookState.NOT_EXECUTABLE
    whole = path.read_bytes() == wanted and body.read_bytes() == source.body()
    return HookState.INSTALLED if whole else HookState.STALE


_EXPLAINED = {
    HookState.MISSING: "not installed",
    HookState.FOREIGN: "replaced by another hook",
    HookState.SHADOWED: "installed where git does not look",
    HookState.NOT_EXECUTABLE: "not executable, so git ignores it",
    HookState.STALE: "not of this version",
}


def _hook_problems(seen: _Seen, hooks: tuple[HookWiring, ...], excused: frozenset[str]) -> list[Problem]:
    """One problem a state, naming all its hooks; a hook that was switched off is named by its switch."""
    problems = []
    for state, text in _EXPLAINED.items():
        names = []
        for hook in hooks:
            switch = _switched_off(seen, hook.name) if hook.state is state is HookState.SHADOWED else None
            if switch is not None:
                problems.append(Problem(f"{hook.name}: switched off by {switch}", f"git config --unset {switch}"))
            elif hook.state is state and hook.name not in excused:
                names.append(hook.name)
        if names:
            why = f" (core.hooksPath is {seen.effective})" if state is HookState.SHADOWED and seen.effective else ""
            problems.append(Problem(f"{', '.join(names)}: {text}{why}", INSTALL))
    return problems


def _other_problems(seen: _Seen, layout: Layout, hooks: tuple[HookWiring, ...]) -> list[Problem]:
    place, problems = seen.place, []
    ours_fire = any(hook.fires and hook.state is not HookState.FRAMEWORK for hook in hooks)
    if ours_fire and not _python_runs(place):
        problems.append(Problem(f"the Python that hooks start is gone: {place.python}", INSTALL))
    if layout is not Layout.CONFIGURATION and any(key.startswith("hook.") for key in seen.settings):
        problems.append(Problem("installed with a newer git: this one does not read hook.* from its config", INSTALL))
    if layout is Layout.DETOUR and seen.original is not None and seen.effective == str(place.own):
        missing = sorted(name for name in forwarded_names(place, seen.original) if not (place.own / name).is_file())
        if missing:
            problems.append(Problem(f"added to {seen.original} later, not run: {', '.join(missing)}", INSTALL))
    return problems


def _python_runs(place: Place) -> bool:
    try:
        first = place.python.read_bytes().splitlines()[0]
    except (OSError, IndexError):
        return False
    return os.access(first, os.X_OK)

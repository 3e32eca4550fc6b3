"""Install and uninstall: one transaction over whichever layout applies, migrating from any other.

Invariant: installing twice changes nothing; after uninstalling, everything outside `contox/` is as it was.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.capture.install.change import Changes
from contox_hooks.capture.install.folder import chained_after, put_in_folder, take_from_folder
from contox_hooks.capture.install.framework import wired_by_framework
from contox_hooks.capture.install.hook import CHAINED, HOOKS, Source, is_there, shipped
from contox_hooks.capture.install.own import put_configuration, put_detour, take_own
from contox_hooks.capture.install.place import Layout, Place, layout_for, original_hooks_path
from contox_hooks.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Installed:
    layout: Layout
    hooks: tuple[str, ...]
    """Put in place by us."""
    framework: tuple[str, ...]
    """Left to pre-commit, whose configuration names our hook ids."""
    chained: tuple[Path, ...]
    """Hooks of the user's that run after ours."""
    changed: bool
    """False when everything was in place already."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Uninstalled:
    changed: bool
    notes: tuple[str, ...] = ()


def install(repo: Repository, *, python: str = sys.executable, hooks_source: Path | None = None) -> Installed:
    """Put our hooks where git runs them. `python`: absolute path of the interpreter that the drain is started with.

    Raises RepositoryError when files cannot be written and Refused when it would take a hook of the user's out of use;
    in both cases nothing has changed.
    """
    place = Place(repo)
    source = shipped() if hooks_source is None else Source(hooks_source)
    framework = wired_by_framework(place)
    names = frozenset(HOOKS) - framework
    original = original_hooks_path(place)
    layout = layout_for(original)
    with Changes() as changes:
        changes.make_folder(place.state, 0o700)
        changes.write(place.python, python.encode("utf-8", "surrogateescape") + b"\n", 0o600)
        if layout is Layout.FOLDER:
            take_own(changes, place)
            put_in_folder(changes, place, source, names)
        else:
            take_from_folder(changes, place)
            if layout is Layout.DETOUR and original is not None:
                put_detour(changes, place, source, original)
            else:
                put_configuration(changes, place, source, names)
        changed = not changes.is_empty
    return Installed(
        layout,
        tuple(name for name in HOOKS if name in names),
        tuple(name for name in HOOKS if name in framework),
        _chained(place, layout, original),
        changed,
        _notes(repo),
    )


def uninstall(repo: Repository) -> Uninstalled:
    """Take our hooks away and put the user's back. What was captured stays. Raises RepositoryError, Busy."""
    place = Place(repo)
    with Changes() as changes:
        take_own(changes, place)
        take_from_folder(changes, place)
        for path in (place.record_file, place.python):
            changes.remove(path)
        changes.remove_folder(place.state)
        changed = not changes.is_empty
    left = [path for name in HOOKS if is_there(path := place.default / (name + CHAINED))]
    return Uninstalled(changed, tuple(f"{path} was yours; another tool has put its own in its place" for path in left))


def _chained(place: Place, layout: Layout, original: str | None) -> tuple[Path, ...]:
    if layout is Layout.FOLDER:
        found = [chained_after(place.default, name) for name in HOOKS]
    elif layout is Layout.DETOUR and original is not None:
        found = [place.resolved(original) / name for name in HOOKS]
    else:
        found = []
    return tuple(path for path in found if path is not None and is_there(path))


def _notes(repo: Repository) -> tuple[str, ...]:
    if repo.work_tree is None:
        return ("a bare repository never runs post-commit: what comes into it is found by comparing refs",)
    return ()

"""Our hooks in git's own hooks folder. A hook that is there keeps its bytes and mode and runs after ours.

Invariant: nothing of the user's is ever overwritten or deleted, and what was renamed comes back.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from contox_hooks.capture.install.change import Changes
from contox_hooks.capture.install.hook import (
    BODY,
    CHAINED,
    HOOKS,
    LEGACY,
    Source,
    is_generated_by_pre_commit,
    is_ours,
    is_there,
)
from contox_hooks.capture.install.place import Place
from contox_hooks.domain.error import Refused


def put_in_folder(changes: Changes, place: Place, source: Source, names: frozenset[str]) -> None:
    """Our hooks for `names`, whatever stands there. Raises Refused where two hooks of the user's claim one place."""
    folder = place.default
    if changes.make_folder(folder):
        changes.write(place.record_file, replace(place.record(), made_folder=True).to_json(), 0o600)
    changes.write(folder / BODY, source.body(), 0o644)
    for name in HOOKS:
        if name not in names:
            _take_hook(changes, folder, name)
            continue
        path = run_by_pre_commit(folder, name) or folder / name
        if is_there(path) and not is_ours(path):
            _chain(changes, path)
        changes.write(path, source.hook(name), 0o755)


def take_from_folder(changes: Changes, place: Place) -> None:
    folder = place.default
    for name in HOOKS:
        _take_hook(changes, folder, name)
    if is_ours(folder / BODY):
        changes.remove(folder / BODY)
    if place.record().made_folder:
        changes.remove_folder(folder)


def run_by_pre_commit(folder: Path, name: str) -> Path | None:
    """Our hook where `pre-commit install` moved it, if pre-commit still runs it from there."""
    legacy = folder / (name + LEGACY)
    return legacy if is_ours(legacy) and is_generated_by_pre_commit(folder / name) else None


def chained_after(folder: Path, name: str) -> Path | None:
    """The user's hook that runs after ours."""
    chained = folder / (name + CHAINED)
    return chained if is_there(chained) else None


def _take_hook(changes: Changes, folder: Path, name: str) -> None:
    for path in (folder / name, folder / (name + LEGACY)):
        if is_ours(path):
            changes.remove(path)
            chained = chained_after(folder, name)
            if chained is not None:
                changes.rename(chained, path)


def _chain(changes: Changes, path: Path) -> None:
    chained = path.with_name(path.name + CHAINED)
    if is_there(chained):
        if not (is_generated_by_pre_commit(path) and is_generated_by_pre_commit(chained)):
            raise Refused(
                f"two hooks of yours claim {path.name}: {path} and, from before, {chained}",
                hint=f"make one of them, delete {chained}, then: contox-hooks install",
            )
        changes.remove(chained)  # pre-commit wrote its own anew
    changes.rename(path, chained)

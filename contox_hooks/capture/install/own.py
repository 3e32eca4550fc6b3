"""The hooks folder of our own, `contox/hooks/`: what the detour and the configuration run.

In the detour every hook name that git may look for leads on to the folder that it stands before, so that a hook that
the user adds there later still runs.
"""

from __future__ import annotations

import os
import re

from contox_hooks.capture.install.change import Changes
from contox_hooks.capture.install.hook import BODY, FORWARDED, HOOKS, Source, forwarder, is_ours
from contox_hooks.capture.install.place import Place, hooks_path_of_git
from contox_hooks.capture.install.setting import configured_settings, detour_settings, put_settings, take_settings
from contox_hooks.domain.error import Refused

_HOOK_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def put_detour(changes: Changes, place: Place, source: Source, original: str) -> None:
    """Raises Refused where another setting of core.hooksPath has precedence over the repository's."""
    files = {BODY: source.body()} | {name: source.hook(name, original) for name in HOOKS}
    for name in (*FORWARDED, *_executables(place, original)):
        files.setdefault(name, forwarder(name, original))
    _fill(changes, place, files)
    put_settings(changes, place, detour_settings(place.own))
    effective = hooks_path_of_git(place)
    if effective != str(place.own):
        raise Refused(
            f"core.hooksPath is {effective}, set where it has precedence over the repository's configuration",
            hint="find it with: git config --show-origin --show-scope --get-all core.hooksPath; "
            "unset it (git config --worktree --unset core.hooksPath), or use git 2.54 or newer",
        )


def put_configuration(changes: Changes, place: Place, source: Source, names: frozenset[str]) -> None:
    _fill(changes, place, {BODY: source.body()} | {name: source.hook(name) for name in HOOKS if name in names})
    put_settings(changes, place, configured_settings(place.own, names))


def take_own(changes: Changes, place: Place) -> None:
    """Settings first: git never looks for a hook that is gone."""
    take_settings(changes, place)
    if place.own.is_dir():
        _empty(changes, place, kept=frozenset())
        changes.remove_folder(place.own)


def forwarded_names(place: Place, original: str) -> set[str]:
    """Names that a detour before `original` must have now."""
    return {*HOOKS, *FORWARDED, *_executables(place, original)}


def _fill(changes: Changes, place: Place, files: dict[str, bytes]) -> None:
    changes.make_folder(place.own, 0o700)
    for name, content in files.items():
        changes.write(place.own / name, content, 0o644 if name == BODY else 0o755)
    _empty(changes, place, kept=frozenset(files))


def _empty(changes: Changes, place: Place, kept: frozenset[str]) -> None:
    for path in sorted(place.own.iterdir()):
        if path.name not in kept and is_ours(path):
            changes.remove(path)


def _executables(place: Place, original: str) -> list[str]:
    folder = place.resolved(original)
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
    return [
        name
        for name in names
        if _HOOK_NAME.fullmatch(name) and (folder / name).is_file() and os.access(folder / name, os.X_OK)
    ]

"""Our lines in the repository's own `config`: put there, compared, taken away without a trace.

Invariant: taken away, the file is as it was to the byte, unless somebody else changed it since; then only our lines go.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from contox_hooks.capture.install.change import Changes
from contox_hooks.capture.install.place import HOOKS_PATH, Place
from contox_hooks.capture.install.record import fingerprint
from contox_hooks.git.config import config_bytes, config_keys, config_values, replace_config, set_config

Settings = dict[str, tuple[str, ...]]
"""Key to values, as `git config` takes them."""


def detour_settings(own: Path) -> Settings:
    return {HOOKS_PATH: (str(own),)}


def configured_settings(own: Path, names: frozenset[str]) -> Settings:
    settings: Settings = {}
    for name in sorted(names):
        # Guarded: in a repository that was moved, a missing program would print and fail the user's checkout.
        path = shlex.quote(str(own / name))
        settings[f"hook.contox-{name}.command"] = (f"test ! -x {path} || {path}",)
        settings[f"hook.contox-{name}.event"] = (name,)
    return settings


def settings_in_place(place: Place) -> Settings:
    """Ours, as they stand in the repository's own file."""
    common_dir = place.repo.common_dir
    keys = config_keys(common_dir, r"^hook\.contox-post-", local=True)
    found = {key: tuple(config_values(common_dir, key, local=True)) for key in keys}
    hooks_path = tuple(config_values(common_dir, HOOKS_PATH, local=True))
    if hooks_path and place.is_own(hooks_path[-1]):
        found[HOOKS_PATH] = hooks_path
    return found


def put_settings(changes: Changes, place: Place, wanted: Settings) -> None:
    if settings_in_place(place) == wanted:
        return
    take_settings(changes, place)
    common_dir = place.repo.common_dir
    changes.edit_config(common_dir)
    before = config_bytes(common_dir)
    previous = tuple(config_values(common_dir, HOOKS_PATH, local=True))
    for key, values in wanted.items():
        set_config(common_dir, key, *values)
    record = replace(
        place.record(),
        hooks_path=previous,
        config_before=before,
        config_after=fingerprint(config_bytes(common_dir)),
    )
    changes.write(place.record_file, record.to_json(), 0o600)


def take_settings(changes: Changes, place: Place) -> None:
    ours = settings_in_place(place)
    if not ours:
        return
    common_dir, record = place.repo.common_dir, place.record()
    changes.edit_config(common_dir)
    if record.config_before is not None and fingerprint(config_bytes(common_dir)) == record.config_after:
        replace_config(common_dir, record.config_before)
        return
    for key in ours:
        set_config(common_dir, key, *(record.hooks_path if key == HOOKS_PATH else ()))

"""What the pre-commit framework runs in this repository on its own: read from its configuration file.

Only reads; a broken file counts as one that names none of our hooks (pre-commit itself will complain about it).
"""

from __future__ import annotations

import re
from pathlib import Path

from contox_hooks.capture.install.hook import CHAINED, HOOKS, is_generated_by_pre_commit
from contox_hooks.capture.install.place import Place, hooks_path_of_git

_CONFIG = re.compile(rb"--config=([^\s)'\"]+)")
DEFAULT_CONFIG = ".pre-commit-config.yaml"


def wired_by_framework(place: Place) -> frozenset[str]:
    """Names of hooks where pre-commit stands in git's hooks folder and has our hook id in its configuration."""
    if hooks_path_of_git(place) is not None:
        return frozenset()  # pre-commit refuses to work there
    found = set()
    for name in HOOKS:
        path = _hook_of_pre_commit(place.default, name)
        if path is not None and f"contox-{name}" in _configured_ids(place, path):
            found.add(name)
    return frozenset(found)


def _hook_of_pre_commit(folder: Path, name: str) -> Path | None:
    """pre-commit's own hook: in git's place, or where our install put it to run after ours."""
    candidates = (folder / name, folder / (name + CHAINED))
    return next((path for path in candidates if is_generated_by_pre_commit(path)), None)


def _configured_ids(place: Place, hook: Path) -> set[str]:
    if place.repo.work_tree is None:
        return set()
    named = _CONFIG.search(hook.read_bytes())
    path = place.repo.work_tree / (named[1].decode(errors="surrogateescape") if named else DEFAULT_CONFIG)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    import yaml  # late: most repositories have no such file

    try:
        loaded = yaml.safe_load(text)
        return {str(hook["id"]) for repo in loaded["repos"] for hook in repo["hooks"]}
    except (yaml.YAMLError, TypeError, KeyError):
        return set()

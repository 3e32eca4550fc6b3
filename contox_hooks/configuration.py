"""Reads the layers of settings from where they are kept; what they mean is domain/setting.py's, changing them
configure.py's.

Order, later wins: defaults, the user's config.yaml, the project's own (memory store), git config `contox.*`, the
repository's `.contox.yaml` (narrows only), environment `CONTOX_*`; a plan narrows what came of them. YAML is imported
only when such a file exists. A committed file is a stranger's: it is read as text of bounded size, without aliases,
tags or links.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from contox_hooks.domain.error import SettingError
from contox_hooks.domain.setting import SPECS, Effective, Layer, canonical_name, fold_layers, parse_value
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed
from contox_hooks.place import config_dir

COMMITTED = ".contox.yaml"
MAX_BYTES = 64 * 1024
"""A file of twenty settings that is longer holds something else."""


def user_file() -> Path:
    """The user's own settings; it may not exist."""
    return config_dir() / "config.yaml"


def effective_settings(
    repo: Repository | None, project: Mapping[str, Any] | None = None, *, plan: Mapping[str, Any] | None = None
) -> Effective:
    """All layers folded. `plan`: what it allows at most, such as `model: small`; no layer goes beyond (CONTRACT.md
    section 5). Raises SettingError that names the file and what is wrong in it."""
    layers = [
        yaml_layer(user_file()),
        Layer("project", _parsed(project or {}, "the project's settings")),
    ]
    if repo is not None:
        layers += [_git_layer(repo), _committed_layer(repo)]
    layers += [_environment_layer(), Layer("the plan", _parsed(plan or {}, "the plan"), narrowing=True)]
    return fold_layers(layers)


def yaml_layer(path: Path, *, narrowing: bool = False) -> Layer:
    """Settings of one YAML file; none if it does not exist. A narrowing file may not be a link."""
    return _layer(_text_of(path, follow_links=not narrowing), str(path), narrowing=narrowing)


def yaml_values(text: str, where: str) -> dict[str, Any]:
    """The `name: value` pairs of a YAML text as they stand there. Raises SettingError with the line."""
    import yaml

    try:
        data = yaml.load(text, Loader=_loader())  # a SafeLoader that knows less
    except Exception as error:  # explicit tags (`!!bool maybe`) make the parser raise whatever it likes
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        raise SettingError(f"{where}{line}: {problem}", hint=f"mend it, or remove {where}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise SettingError(f"{where} must hold `name: value` lines", hint="for example: auto_learn: false")
    return {str(key): value for key, value in data.items()}


@cache
def _loader() -> Any:
    import yaml

    class PlainLoader(yaml.SafeLoader):
        """No aliases: a few lines of them stand for gigabytes."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "aliases (*name) are not understood here", mark)
            return super().compose_node(parent, index)

    return PlainLoader


def _text_of(path: Path, *, follow_links: bool = True) -> str:
    """Raises SettingError for what is no readable text file of reasonable size."""
    hint = "check its permissions and encoding"
    try:
        found = path.stat() if follow_links else path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise SettingError(f"{path} is not a regular file", hint=f"put the settings themselves there: {path}")
        if found.st_size > MAX_BYTES:
            raise SettingError(f"{path} is {found.st_size:,} bytes long; {MAX_BYTES:,} is the limit")
        return path.read_text("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise SettingError(f"{path} is not UTF-8 (byte {error.start})", hint=hint) from error
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def _layer(text: str, where: str, *, narrowing: bool) -> Layer:
    values = yaml_values(text, where) if text else {}
    return Layer(where, _parsed(values, where), narrowing=narrowing)


def _committed_layer(repo: Repository) -> Layer:
    if repo.work_tree is not None:
        return yaml_layer(repo.work_tree / COMMITTED, narrowing=True)
    if repo.common_dir.name == ".git":  # the drain knows only the git directory
        return yaml_layer(repo.common_dir.parent / COMMITTED, narrowing=True)
    name = f"HEAD:{COMMITTED}"
    size = repo.text("cat-file", "-s", name, ok=(0, 128))
    if not size:
        return Layer(name, {}, narrowing=True)
    if int(size) > MAX_BYTES:
        raise SettingError(f"{name} is {int(size):,} bytes long; {MAX_BYTES:,} is the limit")
    return _layer(repo.git("cat-file", "blob", name).decode("utf-8", "replace"), name, narrowing=True)


def _git_layer(repo: Repository) -> Layer:
    try:
        out = repo.git("config", "-z", "--get-regexp", r"^contox\.", ok=(0, 1)).decode("utf-8", "replace")
    except GitFailed as error:
        raise SettingError(
            f"git config cannot be read: {error.stderr.strip().splitlines()[0] if error.stderr.strip() else error}",
            hint="git config --list shows where it is broken",
        ) from error
    values: dict[str, Any] = {}
    for entry in filter(None, out.split("\0")):
        key, is_assigned, value = entry.partition("\n")
        if key.count(".") == 1 or key.startswith("contox.tracker."):
            name = canonical_name(key.partition(".")[2], where="git config")
            # git-config(1): a variable without `= value` is a boolean true.
            parsed = parse_value(name, value if is_assigned else "true", where=f"git config {key}")
            values[name] = (*values.get(name, ()), *parsed) if isinstance(parsed, tuple) else parsed
    return Layer("git config", values)


def _environment_layer() -> Layer:
    """An empty variable counts as none."""
    values = {
        key: parse_value(key, os.environ[f"CONTOX_{key.upper()}"], where=f"CONTOX_{key.upper()}")
        for key in SPECS
        if os.environ.get(f"CONTOX_{key.upper()}")
    }
    return Layer("environment", values)


def _parsed(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    parsed = {}
    for name, value in values.items():
        key = canonical_name(name, where=where)
        parsed[key] = parse_value(key, value, where=where)
    return parsed

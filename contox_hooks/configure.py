"""Changes one setting in one place: the user's config.yaml or the repository's git config.

Reading is configuration.py's; values arrive checked (domain/setting.py, `parse_value`). Invariant: a file of the user's
keeps every other line and comment, and is replaced whole or not at all.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contox_hooks.configuration import user_file, yaml_layer, yaml_values
from contox_hooks.domain.error import SettingError
from contox_hooks.domain.setting import canonical_name
from contox_hooks.git.config import set_config
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed
from contox_hooks.whole import write_whole


def configure_user(name: str, value: Any | None) -> Path:
    """Set `name` in the user's config.yaml, or with None take it out; the file. Raises SettingError when what stands
    there cannot be understood (it is left as it is) or written."""
    path = user_file()
    yaml_layer(path)  # a file with a mistake in it is mended by its owner, not written over
    try:
        before = path.read_text("utf-8-sig") if path.exists() else ""
        after = edited(before, name, value, str(path))
        if after != before:
            write_whole(path.resolve() if path.is_symlink() else path, after)
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror}", hint="check its permissions") from error
    return path


def configure_git(repo: Repository, name: str, value: Any | None) -> str:
    """Set `contox.<name>` in the repository's own git config, or with None take it out; the key."""
    first, *rest = name.split("_")
    key = f"contox.{first}{''.join(word.capitalize() for word in rest)}"
    try:
        set_config(repo.common_dir, key, *([] if value is None else [as_text(value)]))
    except GitFailed as error:
        reason = error.stderr.strip() or str(error)
        raise SettingError(f"git config {key} cannot be changed: {reason}", hint="git config --list --local") from error
    return key


def as_text(value: Any) -> str:
    """A value as it is typed: `parse_value` gives the same value back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in value)
    return str(value)


def edited(text: str, name: str, value: Any | None, where: str) -> str:
    """The YAML text with one pair set, or with None taken out. Raises SettingError where that cannot be done."""
    plain = list(value) if isinstance(value, tuple) else value
    expected = {key: kept for key, kept in yaml_values(text, where).items() if canonical_name(key, where=where) != name}
    if value is not None:
        expected[name] = plain
    start, end = _span(text, name, where)
    result = text[:start]
    if value is not None:
        if start == end and result and not result.endswith("\n"):
            result += "\n"
        result += f"{name}: {json.dumps(plain, ensure_ascii=False) if isinstance(plain, list) else as_text(plain)}"
        result += "\n" if start == end else text[end:]
    else:
        result += text[end:].removeprefix("\n")
    try:
        if yaml_values(result, where) == expected:
            return result
    except SettingError:
        pass
    raise SettingError(f"{where} is written in a way that cannot be edited from here", hint="edit it by hand")


def _span(text: str, name: str, where: str) -> tuple[int, int]:
    """Where the pair stands; the end of the text twice when it is not there."""
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key, node in root.value:
            if canonical_name(str(key.value), where=where) == name:
                return key.start_mark.index, _end(node, text)
    return len(text), len(text)


def _end(node: Any, text: str) -> int:
    """A block sequence reaches, for the parser, up to the next token: comments behind its last entry are not its."""
    while isinstance(node.value, list) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end: int = node.end_mark.index
    return len(text[:end].rstrip())

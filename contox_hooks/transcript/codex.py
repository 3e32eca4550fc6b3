"""Codex CLI: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`.

Pure but for the listing. A line is `timestamp`, `type`, `payload`. `session_meta` and `turn_context` say where work is
done; `event_msg` is what people see, so a `user_message` there is what the user said (the same text among the
`response_item`s stands between instructions); a `response_item` that calls a tool is a command, or a patch.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from contox_hooks.transcript.format import Format, Step, member, moment, text

_PATCHED: Final = re.compile(r"^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+)$", re.MULTILINE)
"""The lines of `apply_patch` that name a file."""
_SHELLS: Final = ("bash", "sh", "zsh", "/bin/bash", "/bin/sh", "/bin/zsh", "/usr/bin/bash", "/usr/bin/zsh")


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    home = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")
    try:
        yield from (home / "sessions").glob("*/*/*/rollout-*.jsonl")
    except OSError:
        return


def _step(entry: Mapping[str, Any]) -> Step:
    kind, payload, at_utc = entry.get("type"), entry.get("payload"), moment(entry.get("timestamp"))
    if kind in ("session_meta", "turn_context"):
        return Step(at_utc, text(member(payload, "cwd")) or None)
    if kind == "event_msg" and member(payload, "type") == "user_message":
        said = text(member(payload, "message"))
        return Step(at_utc, requests=(said,) if said.strip() else ())
    if kind != "response_item":
        return Step(at_utc)
    return _call(at_utc, payload)


def _call(at_utc: int | None, payload: object) -> Step:
    kind = member(payload, "type")
    if kind == "local_shell_call":
        given = member(payload, "action")
    elif kind == "function_call":
        given = _object(text(member(payload, "arguments")))
    elif kind == "custom_tool_call":
        given = {"input": member(payload, "input")}
    else:
        return Step(at_utc)
    command = _command(member(given, "command") or member(given, "cmd"))
    written = tuple(_PATCHED.findall(f"{command}\n{text(member(given, 'input'))}"))
    # A patch given to a shell is a change of files, not a command that anybody would want to see.
    commands = (command,) if command and not written else ()
    workdir = text(member(given, "workdir")) or text(member(given, "working_directory"))
    return Step(at_utc, written=written, commands=commands, workdir=workdir or None)


def _command(value: object) -> str:
    """As one types it: what a shell is started with is its own affair."""
    if isinstance(value, list):
        words = [word for word in value if isinstance(word, str)]
        if len(words) == 3 and words[0] in _SHELLS and words[1] in ("-c", "-lc"):
            return words[2]
        return " ".join(words)
    return text(value)


def _object(value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


CODEX: Final = Format("Codex CLI", _files, _step)

"""Claude Code: `~/.claude/projects/<folder>/<session>.jsonl`, and the subagents' files beside it.

Pure but for the listing. A line is an envelope (`type`, `timestamp`, `cwd`, `isMeta`, `isSidechain`) around a message
as the API has it; a user's message is a text, or blocks, of which results of tools are most.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from contox_hooks.transcript.format import Format, Step, member, moment, text

_WRITING: Final = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}
_NOT_SAID: Final = re.compile(
    r"\s*(?:<(?:command-|local-command|system-reminder|task-notification|bash-|user-memory)|Caveat: |\[Request interr)"
)
"""What the program itself puts into the user's mouth."""
_SIDE: Final = ("isMeta", "isSidechain", "isCompactSummary")
"""A prompt of the program's own, or of an agent to its subagent."""
_SLUG_CHARACTERS: Final = 100
"""Of a folder's name that are compared: long ones are cut by the program. Each line says where it was."""


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    slugs = tuple({re.sub(r"[^a-zA-Z0-9]", "-", str(folder))[:_SLUG_CHARACTERS] for folder in folders})
    try:
        projects = [place for place in (home / "projects").iterdir() if place.name.startswith(slugs)]
    except OSError:
        return
    for place in projects:
        yield from place.glob("*.jsonl")
        yield from place.glob("*/subagents/*.jsonl")


def _step(entry: Mapping[str, Any]) -> Step:
    content = member(entry.get("message"), "content")
    blocks = content if isinstance(content, list) else []
    requests: list[str] = []
    written: list[str] = []
    commands: list[str] = []
    if entry.get("type") == "user" and not any(entry.get(mark) for mark in _SIDE):
        said = [text(member(block, "text")) for block in blocks if member(block, "type") == "text"]
        requests = [each for each in (text(content), *said) if each.strip() and not _NOT_SAID.match(each)]
    elif entry.get("type") == "assistant":
        for block in blocks:
            if member(block, "type") == "tool_use":
                name, given = text(member(block, "name")), member(block, "input")
                written.append(text(member(given, _WRITING.get(name, ""))))
                commands.append(text(member(given, "command")) if name == "Bash" else "")
    return Step(
        moment(entry.get("timestamp")), text(entry.get("cwd")) or None,
        tuple(requests), tuple(filter(None, written)), tuple(filter(None, commands)),
    )  # fmt: skip


CLAUDE_CODE: Final = Format("Claude Code", _files, _step)

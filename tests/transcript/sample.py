"""Lines as Claude Code and Codex CLI write them, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.123Z")


def claude_said(text: str | list[Entry], cwd: Path | str, at: int, **more: Any) -> Entry:
    message = {"role": "user", "content": text}
    return {"type": "user", "cwd": str(cwd), "timestamp": iso(at), "isSidechain": False, "message": message, **more}


def claude_did(cwd: Path | str, at: int, *calls: tuple[str, Entry], **more: Any) -> Entry:
    content = [{"type": "text", "text": "On it."}]
    content += [{"type": "tool_use", "id": "toolu_1", "name": name, "input": given} for name, given in calls]
    message = {"role": "assistant", "content": content}
    return {"type": "assistant", "cwd": str(cwd), "timestamp": iso(at), "message": message, **more}


def codex(kind: str, at: int, **payload: Any) -> Entry:
    return {"timestamp": iso(at), "type": kind, "payload": payload}


def codex_call(name: str, at: int, **arguments: Any) -> Entry:
    return codex("response_item", at, type="function_call", name=name, call_id="c", arguments=json.dumps(arguments))


def write(path: Path, entries: Iterable[Entry | str]) -> Path:
    """Appends a line an entry."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for entry in entries:
            file.write((entry if isinstance(entry, str) else json.dumps(entry)) + "\n")
    return path


def claude_file(home: Path, cwd: Path | str, name: str = "0b4f.jsonl") -> Path:
    return home / ".claude/projects" / re.sub(r"[^a-zA-Z0-9]", "-", str(cwd)) / name


def codex_file(home: Path, name: str = "rollout-2026-11-21T10-00-00-0b4f.jsonl") -> Path:
    return home / ".codex/sessions/2026/11/21" / name

"""An event in one line: what a person would say happened. Pure; the text is as raw as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contox_hooks.domain.event import Event
from contox_hooks.domain.phrase import plural

_HOW = {"fast-forward": "fast-forwarded", "pull": "pulled", "reset": "reset", "branch": "pointed", "moved": "moved"}


def what_happened(event: Event) -> str:
    tell = _TELLERS.get(event.type)
    return tell(event.payload) if tell else event.type


def _commit(payload: Mapping[str, Any]) -> str:
    subject = payload.get("subject") or "(no subject)"
    kind = payload.get("kind", "commit")
    label = "" if kind == "commit" else f" [{kind}]"
    count = plural(int(payload.get("files_total", 0)), "file")
    lines = f"+{payload.get('insertions', 0)} −{payload.get('deletions', 0)}"
    return f"{_short(payload.get('sha'))} {subject}{label} ({lines}, {count})"


def _checkout(payload: Mapping[str, Any]) -> str:
    new = payload.get("to_branch") or _short(payload.get("to"))
    how = payload.get("how")
    if how == "clone":
        return f"cloned at {new}"
    if how == "worktree":
        return f"new worktree {payload.get('worktree')} at {new}"
    old = payload.get("from_branch") or _short(payload.get("from"))
    left = int(payload.get("left_behind") or 0)
    behind = f", {plural(left, 'own commit')} left behind" if left else ""
    return f"{old} → {new}{behind}"


def _landed(payload: Mapping[str, Any]) -> str:
    how = str(payload.get("how"))
    changes = []
    if payload.get("count"):
        changes.append(f"{plural(int(payload['count']), 'commit')} landed")
    if payload.get("dropped"):
        changes.append(f"{plural(int(payload['dropped']), 'commit')} no longer on it")
    told = ", ".join(changes)
    return f"{payload.get('ref')} {_HOW.get(how, how)} to {_short(payload.get('to'))}" + (f": {told}" if told else "")


def _rewrite(payload: Mapping[str, Any]) -> str:
    pairs = payload.get("pairs") or []
    dropped = sum(1 for _, new in pairs if not new)
    if len(pairs) == 1 and not dropped:
        old, new = pairs[0]
        return f"{payload.get('command')}: {_short(old)} became {_short(new)}"
    gone = f", {dropped} dropped" if dropped else ""
    return f"{payload.get('command')}: {plural(len(pairs), 'commit')} rewritten{gone}"


def _note(payload: Mapping[str, Any]) -> str:
    changes = payload.get("changes") or []
    count = f" ({plural(payload.get('changesTotal') or len(changes), 'change')})" if changes else ""
    return f"{payload.get('summary') or 'a note without a summary'}{count}"


def _saved(payload: Mapping[str, Any]) -> str:
    files = payload.get("filesModified") or []
    return f"{plural(payload.get('filesTotal') or len(files), 'file')} saved without a commit"


def _scan(payload: Mapping[str, Any]) -> str:
    told = payload.get("findings")
    part = f", part {payload['part']} of {payload['parts']}" if payload.get("parts", 1) != 1 else ""
    new = f" ({plural(len(told), 'new or changed one')}{part})" if isinstance(told, list) else ""
    return f"{payload.get('summary') or 'scan_result'}{new}"


_TELLERS = {
    "commit": _commit, "checkout": _checkout, "landed": _landed, "rewrite": _rewrite,
    "mcp_save": _note, "scan_result": _scan, "vscode_capture": _saved,
}  # fmt: skip


def _short(sha: object) -> str:
    return str(sha or "nothing")[:10]

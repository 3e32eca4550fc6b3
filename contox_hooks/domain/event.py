"""What happened, as it travels from the capture store to a backend.

An event's `key` names what happened by git's own identities, so that repeating a delivery, a sweep or a rebuild is
harmless (invariant 4). `at_utc` is when it happened, not when it arrived (invariant 6).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from contox_hooks.domain.digest import CommitDigest

EventType = Literal[
    "commit", "checkout", "landed", "rewrite",
    "mcp_save", "vscode_capture", "scan_result", "git_digest", "context_update", "memory_operation",
]  # fmt: skip
"""The first four are what happened in git; the others are the wire's own (CONTRACT.md section 3): `mcp_save` a note
that somebody wrote, `vscode_capture` files that were saved without a commit. A server may hold others, as they came."""

TOLD: frozenset[str] = frozenset(
    {"mcp_save", "scan_result", "git_digest", "context_update", "memory_operation"}
)  # fmt: skip
"""What somebody told, not what happened to files: each goes to a server as an event of its own."""

SOURCE_HOOKS = "git-hooks"
SOURCE_HISTORY = "git-history"

SOURCE_LABELS: Mapping[str, str] = {
    SOURCE_HOOKS: "Git hooks",
    SOURCE_HISTORY: "History",
    "mcp-server": "MCP",
    "cli": "CLI",
    "cli-auto": "CLI",
    "cli-scan": "Scan",
    "mcp-scan": "Scan",
    "vscode": "VS Code",
    "cursor": "Cursor",
    "windsurf": "Windsurf",
    "antigravity": "Antigravity",
    "api": "API",
}


def source_label(source: str) -> str:
    """What people read for a session's source; an unknown one is shown as it is."""
    return SOURCE_LABELS.get(source, source or "unknown")


@dataclass(frozen=True, slots=True)
class Event:
    type: EventType
    key: str
    """Unique in its repository: `commit:<sha>`, else `<type>:<hash>`."""
    source: str
    at_utc: int
    """Seconds since the epoch."""
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed_lines(self) -> int:
        if self.type != "commit":
            return 0
        return int(self.payload.get("insertions", 0)) + int(self.payload.get("deletions", 0))


def key_of(kind: EventType, *parts: object) -> str:
    """A stable key from what identifies the happening."""
    text = json.dumps([str(part) for part in parts], ensure_ascii=True)
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def commit_event(digest: CommitDigest, *, at_utc: int) -> Event:
    source = SOURCE_HISTORY if digest.origin == "history" else SOURCE_HOOKS
    return Event("commit", f"commit:{digest.sha}", source, at_utc, digest.to_payload())


def checkout_event(
    *, worktree: str, old: str | None, new: str, old_branch: str | None, new_branch: str | None,
    left_behind: int, at_utc: int, how: Literal["switch", "worktree", "clone"] = "switch",
) -> Event:  # fmt: skip
    """A branch switch. Branches are None for a detached HEAD; `left_behind` counts own commits on the old branch
    that the new HEAD does not have."""
    payload = {
        "how": how, "worktree": worktree, "from": old, "to": new,
        "from_branch": old_branch, "to_branch": new_branch, "left_behind": left_behind,
    }  # fmt: skip
    key = key_of("checkout", worktree, old, new, old_branch, new_branch, at_utc)
    return Event("checkout", key, SOURCE_HOOKS, at_utc, payload)


def landed_event(
    *, how: str, ref: str, old: str | None, new: str, count: int, at_utc: int, dropped: int = 0
) -> Event:  # fmt: skip
    """A branch went to commits that this move did not make: `how` is fast-forward, pull, reset, branch or moved;
    `count` commits are new on it, `dropped` are no longer on it."""
    payload = {"how": how, "ref": ref, "from": old, "to": new, "count": count, "dropped": dropped}
    return Event("landed", key_of("landed", how, ref, old, new, at_utc), SOURCE_HOOKS, at_utc, payload)


def rewrite_event(pairs: Sequence[tuple[str, str | None]], *, command: str, at_utc: int) -> Event:
    """Old commits and what replaced them; None where nothing did (dropped in a rebase)."""
    payload = {"command": command, "pairs": [list(pair) for pair in pairs]}
    key = key_of("rewrite", command, at_utc, *(f"{a}>{b}" for a, b in pairs))
    return Event("rewrite", key, SOURCE_HOOKS, at_utc, payload)


def digests_of(events: Iterable[Event]) -> list[CommitDigest]:
    return [CommitDigest.from_payload(event.payload) for event in events if event.type == "commit"]

"""A note that somebody saves, on its way into the capture store: one event `mcp_save`, whatever network and memory do.

Invariants: what `save` returned of is on disk; the same note on the same commit is the same event; a text is redacted
before it is cut, and what was cut is said.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from contox_hooks.capture.inbox import put
from contox_hooks.domain.error import UsageError
from contox_hooks.domain.event import Event, key_of
from contox_hooks.domain.redaction import redact

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.git.repository import Repository

Category = Literal["architecture", "conventions", "implementation", "decisions", "bugs", "todo"]
"""Of a change: CONTRACT.md section 3."""
MAX_SUMMARY, MAX_TITLE, MAX_CONTENT = 5_000, 200, 20_000
"""Characters. A payload of 256 KB is cut further (wire/clean.py)."""
MAX_TOTAL: Final = 150_000
"""Of all contents: more is no note of a session, and would not go into one request."""


@dataclass(frozen=True, slots=True)
class Saved:
    changes: int
    head_sha: str | None
    cuts: tuple[str, ...]

    def told(self) -> str:
        noun = "change" if self.changes == 1 else "changes"
        at = f" on commit {self.head_sha[:12]}" if self.head_sha else ""
        lines = [f"Saved: the summary and {self.changes} {noun}{at}. It becomes memory in the background."]
        if not self.changes:
            lines.append("Only changes become items of memory; a summary alone describes the session.")
        return "\n".join([*lines, *self.cuts])


def save(
    parts: Assembly,
    summary: str,
    changes: Sequence[Mapping[str, Any]],
    *,
    source: Literal["mcp-server", "cli"],
    head_sha: str | None = None,
) -> Saved:
    """Raises UsageError for a head that is no commit here and for a note of absurd size, NotInitialised, StoreError."""
    total = len(summary) + sum(len(str(change["content"])) for change in changes)
    if total > MAX_TOTAL:
        raise UsageError(
            f"the note holds {total:,} characters; at most {MAX_TOTAL:,} are taken",
            hint="save it in parts",
        )
    cuts: list[str] = []
    head = _head(parts.repo, head_sha)
    payload: dict[str, Any] = {
        "summary": _cut(summary, MAX_SUMMARY, "the summary", cuts),
        "changes": [
            {
                "category": change["category"],
                "title": _cut(str(change["title"]), MAX_TITLE, f"the title of change {number}", cuts),
                "content": _cut(str(change["content"]), MAX_CONTENT, f"the content of change {number}", cuts),
            }
            for number, change in enumerate(changes, 1)
        ],
    }
    if head is not None:
        payload["headCommitSha"] = head
    key = key_of("mcp_save", source, json.dumps(payload, sort_keys=True))
    put(parts.state, Event("mcp_save", key, source, int(time.time()), payload))
    parts.start_drain()
    return Saved(len(changes), head, tuple(cuts))


def _head(repo: Repository, given: str | None) -> str | None:
    """Full; None before the first commit."""
    from contox_hooks.domain.error import RepositoryError
    from contox_hooks.git.since import base_given, head_of

    if given is None:
        return head_of(repo)
    try:
        return base_given(repo, given).sha
    except RepositoryError as error:
        raise UsageError(
            f"headCommitSha {given!r} is no commit of this repository", hint="leave it out: HEAD is taken"
        ) from error


def _cut(text: str, limit: int, what: str, cuts: list[str]) -> str:
    text = redact(text).text
    if len(text) <= limit:
        return text
    cuts.append(f"Cut: {what}, from {len(text):,} to {limit:,} characters.")
    return text[:limit]

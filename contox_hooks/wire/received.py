"""The events that an ingest request tells of, fit to be stored: whoever sent it, and whatever it holds.

Must not know storage. Invariants: nothing of a request reaches an event but through wire/clean.py; a key names what our
own client would name so, so that one commit is one event however it came.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple, cast

from contox_hooks.domain.digest import MAX_FILES_LISTED
from contox_hooks.domain.event import SOURCE_HISTORY, Event, EventType
from contox_hooks.domain.narrow import EVERYTHING, Narrow
from contox_hooks.domain.redaction import redact
from contox_hooks.wire.capture import events_of
from contox_hooks.wire.clean import clean_digest, clean_payload
from contox_hooks.wire.loose import count_of, object_of, objects_of, rows_of, text_of, time_of, whole_of
from contox_hooks.wire.members import Malformed
from contox_hooks.wire.request import TOLERANCE_S, IngestRequest

MAX_CHANGES: Final = 200
"""Of a saved note; real ones have at most some thirty (CONTRACT.md section 3)."""

MAX_EVENTS: Final = 5_000
"""Of a capture; the one writer takes a second for so many, and all others wait. Our own client sends 50 at once."""

_SAVES: Final = ("mcp_save", "session_save")
_ID: Final = re.compile(r"[0-9a-f]{7,64}")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}:[0-9A-Za-z_.:/-]{1,200}")


class Received(NamedTuple):
    events: list[Event]
    seen_at: int | None
    """The session of all is that of this moment (seconds since the epoch); None: each has its own."""


def received(request: IngestRequest, content_hash: str, *, now: float, narrow: Narrow = EVERYTHING) -> Received:
    """At least one event. `now`: seconds since the epoch; `narrow`: what the project keeps. Raises Malformed."""
    seen_at = int(request.sent_at if abs(request.sent_at - now) <= TOLERANCE_S else now)
    if request.type == "vscode_capture":
        ours = object_of(request.content.get("contoxHooks"))
        events = [_bounded(event, request.source, seen_at) for event in _captured(request.content, narrow)]
        if (rest := _rest(request.content, events, narrow)) is not None:
            at_utc = min(int(time_of(ours.get("endedAt")) or seen_at), seen_at)
            events.append(_event("vscode_capture", rest, request, content_hash, at_utc))
        return Received(events, None if ours else seen_at)
    is_save = request.type in _SAVES
    told = {name: value for name, value in request.content.items() if name != "contoxHooks"}
    payload = _note(told) if is_save else clean_payload(told)
    kind = "mcp_save" if is_save else request.type
    at_utc = whole_of(object_of(request.content.get("contoxHooks")).get("at"))
    if not 0 < at_utc <= seen_at:
        return Received([_event(kind, payload, request, content_hash, seen_at)], seen_at)
    return Received([_event(kind, payload, request, content_hash, at_utc)], None)


def _event(kind: str, payload: Mapping[str, Any], request: IngestRequest, content_hash: str, at_utc: int) -> Event:
    return Event(cast(EventType, kind), f"{kind}:{content_hash[:32]}", request.source, at_utc, payload)


def _captured(content: Mapping[str, Any], narrow: Narrow) -> list[Event]:
    commits = rows_of(content.get("commits"))
    activity = rows_of(object_of(content.get("contoxHooks")).get("activity"))
    if len(commits) + len(activity) > MAX_EVENTS:
        raise Malformed(f"event holds more than {MAX_EVENTS:,} commits and activities: send them in several")
    for number, shape in enumerate(commits):
        sha = text_of(object_of(shape).get("commitSha")) or text_of(object_of(shape).get("sha"))
        if not _ID.fullmatch(sha):
            raise Malformed(f"event.commits.{number}.sha must be a commit's id")
    found = []
    for event in events_of(content, clean=partial(clean_digest, narrow=narrow)):
        if event.type == "commit":
            found.append(replace(event, key=f"commit:{event.payload['sha']}"))
        elif _KEY.fullmatch(event.key) and event.key.startswith(f"{event.type}:"):
            found.append(replace(event, key=_key(event), payload=_activity(event.type, event.payload)))
    return found


def _key(event: Event) -> str:
    """One that holds a secret is known by its hash."""
    held = redact(event.key).count
    return f"{event.type}:{hashlib.sha256(event.key.encode()).hexdigest()[:32]}" if held else event.key


def _bounded(event: Event, source: str, seen_at: int) -> Event:
    """History stays history; all else is the work of the source that sent it. A clock that runs ahead puts nothing
    into the future, and what has no time was made when it was sent."""
    kept = event.source if event.source == SOURCE_HISTORY else source
    at_utc = event.at_utc if 0 < event.at_utc <= seen_at else seen_at
    if (kept, at_utc) == (event.source, event.at_utc):
        return event
    return replace(event, source=kept, at_utc=at_utc)


def _rest(content: Mapping[str, Any], events: list[Event], narrow: Narrow) -> dict[str, Any] | None:
    """What a capture tells besides its events: files that were saved and that no commit names."""
    named = {file["path"] for event in events if event.type == "commit" for file in event.payload["files"]}
    saved = [path for path in _paths(content.get("filesModified"), narrow) if path not in named]
    if events and not saved:
        return None
    rest: dict[str, Any] = {
        "filesModified": saved[:MAX_FILES_LISTED],
        "sessionDurationMs": count_of(content.get("sessionDurationMs")),
        "activeEditorFiles": _paths(content.get("activeEditorFiles"), narrow)[:MAX_FILES_LISTED],
    }
    if len(saved) > MAX_FILES_LISTED:
        rest["filesTotal"] = len(saved)
    return clean_payload(rest)


def _paths(value: object, narrow: Narrow) -> list[str]:
    return [path for path in rows_of(value) if isinstance(path, str) and not narrow.is_out(path)]


def _note(content: Mapping[str, Any]) -> dict[str, Any]:
    """`{summary, changes: [{category, title, content}], headCommitSha?}`, all of them texts."""
    rows = objects_of(content.get("changes"))
    changes = [{name: text_of(row.get(name)) for name in ("category", "title", "content")} for row in rows]
    note: dict[str, Any] = {"summary": text_of(content.get("summary")), "changes": changes[:MAX_CHANGES]}
    if len(changes) > MAX_CHANGES:
        note["changesTotal"] = len(changes)
    if _ID.fullmatch(head := text_of(content.get("headCommitSha"))):
        note["headCommitSha"] = head
    return clean_payload(note)


def _activity(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """In the shape that our own client gives them (domain/event.py): others read these fields without asking."""
    clean = clean_payload(payload)
    if kind == "rewrite":
        pairs = [rows_of(pair) for pair in rows_of(payload.get("pairs"))]
        whole = [[pair[0], _id(pair[1])] for pair in pairs if len(pair) == 2 and _id(pair[0])]
        return {"command": text_of(clean.get("command"), "rewrite")[:40], "pairs": whole}
    if kind not in ("landed", "checkout"):
        return clean
    texts = ("how", "ref") if kind == "landed" else ("how", "worktree")
    counts = ("count", "dropped") if kind == "landed" else ("left_behind",)
    branches = () if kind == "landed" else ("from_branch", "to_branch")
    return {
        **{name: text_of(clean.get(name)) for name in texts},
        **{name: text_of(clean.get(name)) or None for name in branches},
        **{name: _id(payload.get(name)) for name in ("from", "to")},
        **{name: count_of(clean.get(name)) for name in counts},
    }


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None

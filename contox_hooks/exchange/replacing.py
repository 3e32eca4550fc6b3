"""What a row becomes that is new here, or that the user wants the file's instead of: never less done, or decided.

Pure. Must not know stores. Invariants: nothing that was done or decided here is undone, so that nothing runs, or is
asked of a person, a second time; no work of today's joins a session that came out of a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contox_hooks.domain.session import WINDOW_S

_ONCE: Final = {
    "session": ("ended_at", "end_reason"),
    "event": ("superseded_by", "chunk_no", "processed_run"),
    "chunk": ("result", "stored_run"),
    "item": ("deepened_run", "deduped_run"),
}
"""Fields that go from nothing to something once."""
_LAST: Final = ("superseded", "archived")


def over(session: Mapping[str, Any], now: int) -> Mapping[str, Any]:
    """A session of a file as it comes in: its window holds nothing any more, or a run of what is made here next would
    take the file's commits along."""
    is_ended = session["end_reason"] in ("ended", "external") and (session["ended_at"] or now) <= now
    if is_ended or max(session["started_at"], session["last_event_at"]) + WINDOW_S <= now:
        return session
    status = "closed" if session["status"] == "active" else session["status"]
    return {**session, "status": status, "ended_at": session["started_at"], "end_reason": "external"}


def replaced(table: str, here: Mapping[str, Any], file: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row as it is to be; `here` itself where it stays."""
    if table in ("run", "job") or (table == "item" and _is_decided(here, file)):
        return here
    kept = {name: here[name] for name in _ONCE.get(table, ()) if here[name] is not None}
    if table == "session" and here["status"] == "closed":
        kept["status"] = "closed"
    return {**file, **kept}


def _is_decided(here: Mapping[str, Any], file: Mapping[str, Any]) -> bool:
    """The file's item knows nothing of what became of it here."""
    return (
        (here["status"] in _LAST and file["status"] not in _LAST)
        or here["superseded_by"] not in (None, file["superseded_by"])
        or (here["approved_at"] is not None and file["approved_at"] is None)
        or not set(here["merged_from"]) <= set(file["merged_from"])
    )

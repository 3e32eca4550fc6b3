"""Which of the server's sessions were ended from here: `watch` in another terminal must not take that for news.

Kept beside the other state, newest last; it is only a note, so that whoever cannot write or read it goes on without.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from contox_hooks.whole import write_whole

KEPT = 50


def ended_ids(state_root: Path) -> frozenset[str]:
    return frozenset(_ids(state_root))


def keep_ended(state_root: Path, session_id: str) -> None:
    """Before it is closed, so that nobody sees it closed before it stands here."""
    ids = [*(known for known in _ids(state_root) if known != session_id), session_id]
    path = _path(state_root)
    with suppress(OSError):
        write_whole(path, json.dumps(ids[-KEPT:]), durable=False)


def _ids(state_root: Path) -> list[str]:
    try:
        found = json.loads(_path(state_root).read_text())
    except (OSError, ValueError):
        return []
    return [known for known in found if isinstance(known, str)] if isinstance(found, list) else []


def _path(state_root: Path) -> Path:
    return state_root / "ended.json"

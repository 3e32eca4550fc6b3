"""`session.stop`: a wish that a session may end, for a tracker that no signal reaches (another container, no /proc).

Invariant: it names its session, so that one which lies about ends no other.
"""

from __future__ import annotations

import os

from contox_hooks.plain import opened
from contox_hooks.tracker.place import Place
from contox_hooks.whole import write_whole


def request_stop(place: Place, session: str) -> None:
    """Raises OSError."""
    write_whole(place.stop, f"{session}\n", durable=False)


def is_stop_requested(place: Place, session: str) -> bool:
    try:
        with os.fdopen(opened(place.stop, os.O_RDONLY), "rb") as file:
            return file.read(100).decode("utf-8", "replace").strip() == session
    except OSError:
        return False

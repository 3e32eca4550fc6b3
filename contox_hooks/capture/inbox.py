"""What was told and not done in git: a saved note, a scan. Events on their way to the drain.

One file an event in `contox/inbox/`, so that who tells something waits for no lock and no database. Invariants: durable
when `put` returns; redacted before the first byte is stored. A letter that was stored is filed in `contox/told/`: what
git is for commits, that is for letters, should the capture database be lost. What cannot be read is set aside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, cast

from contox_hooks.capture.spool import knock
from contox_hooks.capture.state import State
from contox_hooks.domain.error import NotInitialised, StoreError
from contox_hooks.domain.event import TOLD, Event, EventType

_REFUSED = ".refused"


class Letter(NamedTuple):
    path: Path
    event: Event


def put(state: State, event: Event) -> None:
    """The next drain stores and delivers it; `Assembly.start_drain` wakes one. Put twice, it is one event.

    Raises NotInitialised where nothing is captured, StoreError when it cannot be written.
    """
    from contox_hooks.whole import sync_folder, write_whole
    from contox_hooks.wire.clean import clean_payload

    if not state.exists:
        raise NotInitialised("nothing is captured in this repository yet", hint="contox-hooks init")
    event = replace(event, payload=clean_payload(event.payload))
    fields = [event.type, event.key, event.source, event.at_utc, event.payload]
    text = json.dumps(fields, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    # Names sort by time; the same event has the same name.
    name = f"{event.at_utc:012d}-{hashlib.sha256(event.key.encode()).hexdigest()[:32]}"
    try:
        state.inbox.mkdir(mode=0o700, exist_ok=True)
        write_whole(state.inbox / name, text)
        sync_folder(state.inbox)
        knock(state.spool)
    except OSError as error:
        raise StoreError(
            f"{state.inbox} cannot be written: {error.strerror}", hint="free some space, or check its permissions"
        ) from error


def letters(state: State, *, again: bool = False) -> list[Letter]:
    """All that wait, oldest first; with `again` also those that were filed."""
    found = []
    for path in [*(_files(state.told) if again else ()), *_files(state.inbox)]:
        try:
            kind, key, source, at_utc, payload = json.loads(path.read_text("utf-8"))
            if kind not in TOLD or int(at_utc) < 0:
                raise ValueError("no event of ours")
            json.dumps([key, source, payload], ensure_ascii=False).encode()  # what is no text cannot be stored
            found.append(Letter(path, Event(cast(EventType, kind), str(key), str(source), int(at_utc), dict(payload))))
        except OSError as error:
            state.write_log(f"inbox: {path.name} waits: {error.strerror}")
        except Exception as error:  # whatever a file may hold, it must not hold up commits
            _set_aside(state, path, error)
    return found


def file_away(state: State, found: Iterable[Letter]) -> None:
    """After they were stored; one that stays is stored once all the same."""
    for letter in found:
        try:
            state.told.mkdir(mode=0o700, exist_ok=True)
            letter.path.replace(state.told / letter.path.name)
        except OSError as error:
            state.write_log(f"inbox: {letter.path.name} stays: {error.strerror}")


def refused(state: State) -> list[Path]:
    """What could not be read."""
    try:
        return sorted(path for path in state.inbox.iterdir() if path.name.endswith(_REFUSED))
    except OSError:
        return []


def _files(folder: Path) -> list[Path]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return []
    return [folder / name for name in names if not name.startswith(".") and not name.endswith(_REFUSED)]


def _set_aside(state: State, path: Path, error: Exception) -> None:
    state.write_log(f"inbox: {path.name} cannot be read ({type(error).__name__}): kept as {path.name}{_REFUSED}")
    try:
        path.replace(path.with_name(path.name + _REFUSED))
    except OSError:
        pass

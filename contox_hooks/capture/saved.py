"""Files that were saved in the work tree, between commits: `contox/saved`, a line a path, written by the tracker.

The drain makes one event of them at the next commit, or when the tracker asks for it. Like the spool it is read from an
offset that moves in the transaction that stores the event, so a kill between repeats nothing and loses nothing. What
git itself wrote (commits, merges, switches) is not told: HEAD's own changes name it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from contox_hooks.capture.name import printable
from contox_hooks.capture.spool import knock
from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore
from contox_hooks.domain.digest import MAX_FILES_LISTED
from contox_hooks.domain.event import SOURCE_HOOKS, Event, key_of
from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.setting import Settings
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed

_FLUSH = b"!\n"
_ROTATE_BYTES = 256 * 1024
_OFFSET, _HEADS = "saved_offset", "saved_heads"
_HEAD = re.compile(r"HEAD|worktrees/[^/]+/HEAD")


class Saved(NamedTuple):
    """What stands behind an offset."""

    paths: tuple[str, ...]
    """Each once, in the order of their last save."""
    first_at: int
    last_at: int
    offset: int


def note_saved(state: State, paths: Iterable[str]) -> None:
    """Paths are the repository's, with `/`. Raises OSError."""
    from contox_hooks.domain.redaction import redact

    now = int(time.time())
    lines = "".join(f"{now} {json.dumps(redact(printable(path)).text)}\n" for path in paths)
    if lines:
        with _locked(state, "ab") as file:
            file.write(lines.encode())


def flush(state: State) -> None:
    """The next drain sends what was noted, also without a commit. Raises OSError."""
    if state.saved.exists():
        with _locked(state, "ab") as file:
            file.write(_FLUSH)
        knock(state.spool)


def take_saved(
    state: State,
    store: CaptureStore,
    repo: Repository,
    before: Mapping[str, str],
    now: Mapping[str, str],
    settings: Callable[[], Settings],
    *,
    at_commit: bool,
) -> Event | None:
    """In the drain's transaction: the event of what was saved since the last one, if there is something to tell now.
    `before`, `now`: the refs that the drain knew and knows; settings are asked for when they are needed."""
    if store.meta(_HEADS) is None:  # what HEAD changes from here on is git's own doing
        store.keep_meta(_HEADS, json.dumps([_heads(before)]))
    if not _is_waiting(state, store, at_commit=at_commit) or settings().paused:
        return None
    saved = _saved_since(state, int(store.meta(_OFFSET) or 0), settings().exclude)
    if saved is None:
        return None
    by_git = _changed_by_git(store, repo, now)
    store.keep_meta(_OFFSET, str(saved.offset))
    paths = [path for path in saved.paths if path not in by_git]
    return _event(saved, paths) if paths else None


def empty_if_taken(state: State, store: CaptureStore) -> None:
    """Start the file over once it is long and wholly read; whoever writes waits for that moment."""
    offset = int(store.meta(_OFFSET) or 0)
    if offset < _ROTATE_BYTES:
        return
    with suppress(OSError), _locked(state, "rb+") as file:
        if file.seek(0, os.SEEK_END) == offset:
            file.truncate(0)  # a kill here is seen by the file's size: `_saved_since` starts over
            store.keep_meta(_OFFSET, "0")


def _is_waiting(state: State, store: CaptureStore, *, at_commit: bool) -> bool:
    """At a commit whatever was noted, else only what a flush stands behind."""
    offset = int(store.meta(_OFFSET) or 0)
    try:
        with state.saved.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size == offset:
                return False
            file.seek(max(0, size - len(_FLUSH)))
            return at_commit or file.read() == _FLUSH
    except OSError:
        return False


def _saved_since(state: State, offset: int, exclude: Sequence[str]) -> Saved | None:
    """Without what the patterns exclude. None when there is nothing behind `offset`; from the start when the file is
    shorter (it was emptied)."""
    try:
        with state.saved.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = file.seek(offset if offset <= size else 0)
            data = file.read()
    except OSError:
        return None
    whole = data[: data.rfind(b"\n") + 1]
    if not whole:
        return None
    exclusions = Exclusions(exclude)
    paths: dict[str, None] = {}
    times: list[int] = []
    for line in whole.splitlines():
        moment, _, text = line.partition(b" ")
        try:
            path, at_utc = printable(str(json.loads(text))), int(moment)
        except (ValueError, RecursionError):  # the mark of a flush, or half a line of a full disk
            continue
        if not exclusions.matches(path):
            paths.pop(path, None)
            paths[path] = None
            times.append(at_utc)
    return Saved(tuple(paths), min(times, default=0), max(times, default=0), start + len(whole))


def _changed_by_git(store: CaptureStore, repo: Repository, snapshot: Mapping[str, str]) -> set[str]:
    """What differs between HEAD then and now, in every worktree. `Then` is the time before last: the tracker tells of
    a save seconds later, when its commit may be known already."""
    from contox_hooks.git.landing import changes_between

    now = _heads(snapshot)
    then: list[dict[str, str]] = json.loads(store.meta(_HEADS) or "[]")
    store.keep_meta(_HEADS, json.dumps([*then, now][-2:]))
    paths: set[str] = set()
    for heads in then:
        for name, sha in now.items():
            if heads.get(name, sha) != sha:
                with suppress(GitFailed):  # the old one is gone
                    changes, _ = changes_between(repo, heads[name], sha)
                    paths.update(printable(path) for each in changes for path in (each.path, each.old_path) if path)
    return paths


def _heads(snapshot: Mapping[str, str]) -> dict[str, str]:
    return {name: sha for name, sha in snapshot.items() if _HEAD.fullmatch(name)}


def _event(saved: Saved, paths: Sequence[str]) -> Event:
    """CONTRACT.md section 3, `vscode_capture` without commits."""
    payload = {
        "filesModified": list(paths[-MAX_FILES_LISTED:]),
        "sessionDurationMs": 1000 * (saved.last_at - saved.first_at),
        "activeEditorFiles": [],
    }
    if len(paths) > MAX_FILES_LISTED:
        payload["filesTotal"] = len(paths)
    key = key_of("vscode_capture", saved.first_at, saved.last_at, saved.offset, *paths)
    return Event("vscode_capture", key, SOURCE_HOOKS, saved.last_at, payload)


@contextmanager
def _locked(state: State, mode: str) -> Iterator[IO[bytes]]:
    with state.saved.open(mode) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file

"""The tracker's process: `python -E -P -m contox_hooks.tracker.worker`, an Order as JSON on its standard input.

It answers with one JSON object on its standard output when it holds the lock, has written its state and watches, or
when it cannot; then it closes both and lives until SIGTERM, or until a file asks it to end (request.py). `Tracker.run`
is the same in the foreground.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from contox_hooks.domain.error import Busy, Error
from contox_hooks.lock import FileLock
from contox_hooks.tracker import log
from contox_hooks.tracker.bridge import Bridge
from contox_hooks.tracker.change import Change
from contox_hooks.tracker.close import mended
from contox_hooks.tracker.ignore import Ignore
from contox_hooks.tracker.keeper import Keeper
from contox_hooks.tracker.life import process_mark
from contox_hooks.tracker.line import change_text, line
from contox_hooks.tracker.lock import held
from contox_hooks.tracker.order import Order
from contox_hooks.tracker.place import Place, unwritable
from contox_hooks.tracker.request import is_stop_requested
from contox_hooks.tracker.state import State, iso, read_state, write_state
from contox_hooks.tracker.watch import Watcher
from contox_hooks.whole import write_whole

TICK_S = 0.5
"""How late the state may tell of a note or a command of another process."""
READY_S = 0.4
"""`start` waits so long for the first look at the tree: changes from then on are seen."""
AGAIN_S = 30.0
"""A watch that broke begins anew after it."""
LAST_S = 5.0
"""For what the watch still holds when the session ends."""

_END = object()


class Tracker:
    """One session of one root."""

    def __init__(self, place: Place, order: Order) -> None:
        self._place, self._order = place, order
        self._lock = FileLock(place.lock)
        self._bridge = Bridge(order)
        self._news: SimpleQueue[object] = SimpleQueue()
        self._stop = threading.Event()
        self._only = None if "." in order.watch else [_inner(place.root, name) for name in order.watch]

    def run(self, told: Callable[[State], None]) -> None:
        """Until SIGTERM, SIGINT or SIGHUP. `told` is called once it watches. Raises Busy when another tracker has the
        root, StoreError when it cannot begin or cannot write its end."""
        try:
            with self._stopped_by_signals():
                keeper = self._begin()
                self._run(keeper, told)
        except OSError as error:
            raise unwritable(self._place.folder, error) from error
        finally:
            self._lock.release()

    def _run(self, keeper: Keeper, told: Callable[[State], None]) -> None:
        inode = self._place.lock.stat().st_ino
        try:
            self._follow(keeper, inode, told)
        except Exception as error:
            keeper.fail(error, time.time())
            raise
        finally:
            if self._is_ours(inode):
                keeper.close()
                log.prune(self._place, self._order.keep)
                self._bridge.flush()

    def _begin(self) -> Keeper:
        place, order, now = self._place, self._order, time.time()
        with held(place.writing):
            if not self._lock.take():
                state = read_state(place)
                pid = f" (pid {state.pid})" if state is not None and state.pid else ""
                raise Busy(f"{place.root} is tracked already{pid}", hint="contox-hooks tracker status")
            mended(place)
            log.clear(place, order.session)
            log.prune(place, order.keep)
            state = State(
                status="running", session=order.session, task=order.task, pid=os.getpid(),
                process=process_mark(os.getpid()), started_at=iso(now), watching=self._watched(),
            )  # fmt: skip
            began = line("Session tracker started", now)
            offset = log.append(place, [began], header=log.session_header(order.session, order.task))
            write_state(place, state)
            write_whole(place.pid, f"{os.getpid()}\n", durable=False)
        return Keeper(place, state, offset)

    def _watched(self) -> tuple[str, ...]:
        return tuple(name for name in self._order.watch if (self._place.root / name).is_dir())

    def _follow(self, keeper: Keeper, inode: int, told: Callable[[State], None]) -> None:
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        ready_by: float | None = time.monotonic() + READY_S
        end_by: float | None = None
        while end_by is None or time.monotonic() < end_by:
            news: object = None
            with suppress(Empty):
                news = self._news.get(timeout=TICK_S if ready_by is None else READY_S / 4)
            if news is _END:
                return
            self._take(news, keeper)
            if ready_by is not None and (news is not None or time.monotonic() > ready_by):
                told(keeper.state)
                ready_by = None
            if is_stop_requested(self._place, self._order.session):
                self._stop.set()
            if self._is_ours(inode):
                keeper.write()
            elif not self._stop.is_set():  # the folder was removed, with whatever it belonged to
                self._stop.set()
            if end_by is None and self._stop.is_set():
                end_by = time.monotonic() + LAST_S

    def _take(self, news: object, keeper: Keeper) -> None:
        now = time.time()
        if isinstance(news, Exception):
            if keeper.has_failed_so(news):  # a system that stays at its limit is not told of twice a minute
                return
            keeper.fail(news, now)
            text = f"Gap: the watching broke off, it begins anew in {AGAIN_S:.0f} s"
            keeper.tell([line(text, now)], gaps=keeper.state.gaps + 1)
        elif isinstance(news, list) and (changes := [change for change in news if self._is_watched(change)]):
            texts = [change_text(change) for change in changes]
            times = [change.at or now for change in changes]
            writes = [change.count for change in changes if change.kind != "gap"]
            latest = max(range(len(times)), key=lambda number: (times[number], number))
            keeper.tell(
                [line(text, at) for text, at in zip(texts, times, strict=True)],
                last_event={"timestamp": iso(times[latest]), "detail": texts[latest]},
                events=keeper.state.events + sum(writes),
                gaps=keeper.state.gaps + len(changes) - len(writes),
            )
            self._bridge.note(changes)

    def _is_watched(self, change: Change) -> bool:
        """The root is watched as a whole; who named folders is told of those alone."""
        if self._only is None or change.kind == "gap":
            return True
        paths = [Path(path) for path in (change.path, change.old_path) if path]
        return any(path.is_relative_to(folder) for path in paths for folder in self._only)

    def _watch(self) -> None:
        watcher: Watcher | None = None
        is_last = False
        while not is_last:
            is_last = self._stop.is_set()  # what happened since it broke off is told all the same
            try:
                watcher = watcher or self._watcher()
                for batch in watcher.batches(self._stop):
                    self._news.put(batch)
                break
            except Exception as error:
                self._news.put(error)
                self._stop.wait(AGAIN_S)
        self._news.put(_END)

    def _watcher(self) -> Watcher:
        root, order = self._place.root, self._order
        rules = Ignore(root, order.ignore, [Path(path) for path in order.excludes])
        return Watcher(root, rules, roots=[(root / name).resolve() for name in self._watched()])

    def _is_ours(self, inode: int) -> bool:
        try:
            return self._place.lock.stat().st_ino == inode
        except OSError:
            return False

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        def stop(*_: object) -> None:
            self._stop.set()

        kinds = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
        before = {kind: signal.signal(kind, stop) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)


def _inner(root: Path, name: str) -> Path:
    """A watched folder as changes in it are told: relative to the root, absolute where it is outside."""
    base, folder = Path(os.path.realpath(root)), Path(os.path.realpath(root / name))
    return folder.relative_to(base) if folder.is_relative_to(base) else folder


def order_from(text: str) -> tuple[Place, Order]:
    given = json.loads(text)
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    order = Order(**fields)
    return Place(Path(order.root)), order


def main() -> None:
    answered = False

    def answer(**fields: Any) -> None:
        nonlocal answered
        if not answered:
            answered = True
            with suppress(OSError):  # whoever started it has left
                os.write(1, json.dumps(fields).encode())
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)

    try:
        place, order = order_from(sys.stdin.read())
        Tracker(place, order).run(lambda state: answer(state=asdict(state)))
    except Error as error:
        answer(code=error.code, message=error.message, hint=error.hint)
        sys.exit(error.exit_code)
    except Exception as error:
        answer(code="error", message=f"the tracker failed: {type(error).__name__}: {error}", hint="")
        raise


if __name__ == "__main__":
    main()

"""Starts and ends the tracker of a place, from outside of its process.

Invariants: `start` returns when the tracker holds its lock, has written its state and watches, or raises what kept it
from that; `stop` signals the process that the state marks and no other; one that it cannot find is asked by a file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict

from contox_hooks.domain import error as errors
from contox_hooks.domain.error import Busy, Error, NotFound, Refused
from contox_hooks.tracker.close import close_dead
from contox_hooks.tracker.life import ask_to_stop
from contox_hooks.tracker.lock import is_running
from contox_hooks.tracker.order import Order
from contox_hooks.tracker.place import Place, unwritable
from contox_hooks.tracker.request import request_stop
from contox_hooks.tracker.state import State, read_state

STOP_S = 15.0
"""For the last changes, the summary, and a disk that is slow."""
_POLL_S = 0.01
_RAISED = {cls.code: cls for cls in (errors.Busy, errors.StoreError, errors.RepositoryError, errors.SettingError)}


def start(place: Place, order: Order) -> State:
    """A process of its own session, with its own descriptors: it outlives the terminal. Raises Busy when the root is
    tracked already, StoreError."""
    place.create()
    process = subprocess.Popen(
        [sys.executable, "-E", "-P", "-m", "contox_hooks.tracker.worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True, cwd=place.root.anchor,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with process.stdin, process.stdout:
            process.stdin.write(json.dumps(asdict(order)).encode())
            process.stdin.close()
            said = process.stdout.read()
    except BrokenPipeError:
        said = b""
    try:
        answer = json.loads(said)
    except ValueError:
        raise Error(
            f"the tracker ended at once (exit code {process.wait()})", hint="contox-hooks tracker start --foreground"
        ) from None
    if "state" not in answer:
        process.wait()
        raise _RAISED.get(answer["code"], Error)(answer["message"], hint=answer["hint"])
    process.returncode = 0  # nobody will wait for it; Python would warn of that
    return State(**answer["state"])


def stop(place: Place) -> tuple[State, bool]:
    """The closed session, and whether its tracker was found dead. Raises NotFound, Busy, Refused, StoreError."""
    place.check()
    try:
        if not is_running(place):
            return _close_dead(place)
        until = time.monotonic() + STOP_S
        is_asked, requested = False, ""
        while is_running(place):
            state = read_state(place)
            if not is_asked and state is not None:
                is_asked = ask_to_stop(state.pid, state.process)
                if not is_asked and state.session not in ("", requested):
                    request_stop(place, requested := state.session)
            if time.monotonic() > until:
                pid = f" (pid {state.pid})" if state is not None and state.pid else ""
                raise Busy(f"the tracker of {place.root}{pid} does not stop", hint="contox-hooks tracker status")
            time.sleep(_POLL_S)
        closed = close_dead(place)
    except PermissionError as error:
        if error.filename is None:
            raise Refused("the tracker belongs to another user", hint="let its owner stop it") from error
        raise unwritable(place.folder, error) from error
    except OSError as error:
        raise unwritable(place.folder, error) from error
    if closed is None:
        raise NotFound(f"{place.state} is gone", hint="contox-hooks tracker start")
    return closed, False


def _close_dead(place: Place) -> tuple[State, bool]:
    state = read_state(place)
    if state is not None and state.status == "running":
        closed = close_dead(place)
        if closed is not None:
            return closed, True
    raise NotFound(f"no tracker runs in {place.root}", hint="contox-hooks tracker start")

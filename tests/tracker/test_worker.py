"""The tracker's process: what it does with what the watch tells, and when something breaks."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.domain.error import StoreError
from contox_hooks.tracker import launch, worker
from contox_hooks.tracker.change import Change
from contox_hooks.tracker.order import order_of
from contox_hooks.tracker.place import Place, place_of
from contox_hooks.tracker.state import State, read_state
from tests.gitrepo import Repo
from tests.tracker.world import details, session

Batches = Callable[[], Iterator[list[Change]]]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[[Batches], None]:
    """Lets the watch tell what a test says, then nothing more until the end."""

    def set_up(batches: Batches) -> None:
        class Watch:
            def __init__(self, *_: object, **__: object) -> None:
                pass

            def batches(self, stop: threading.Event) -> Iterator[list[Change]]:
                yield from batches()
                os.kill(os.getpid(), signal.SIGTERM)
                stop.wait()

        monkeypatch.setattr(worker, "Watcher", Watch)

    return set_up


def run_of(place: Place, *folders: str) -> State:
    place.create()
    worker.Tracker(place, replace(order_of(place), watch=folders or (".",))).run(lambda _: None)
    state = read_state(place)
    assert state is not None
    return state


def test_who_names_folders_is_told_of_those_alone(repo: Repo, watch: Callable[[Batches], None], tmp_path: Path) -> None:
    (repo.path / "src").mkdir()
    outside = str(tmp_path / "outside")
    told = [
        Change("edited", "src/a"),
        Change("edited", "srcs/b"),
        Change("moved", "c", "src/c"),
        Change("gap", "why", count=7),
    ]
    watch(lambda: iter([[*told, Change("created", f"{outside}/d", count=2)]]))
    state = run_of(place := place_of(repo.path), "src", outside, "nowhere")
    assert details(place)[1:-1] == [
        "Edited: src/a", "Moved: src/c -> c",
        "Gap: the watching missed 7 changes (why); what a look at the files finds follows",
        f"Created: {outside}/d (x2)",
    ]  # fmt: skip
    assert (state.watching, state.events, state.gaps) == (("src",), 4, 1)


def test_a_line_has_the_time_of_its_change(repo: Repo, watch: Callable[[Batches], None]) -> None:
    watch(lambda: iter([[Change("edited", "a", at=1_760_000_000.0)]]))
    state = run_of(place := place_of(repo.path))
    assert "[2025-10-09 08:53:20 +0000] Edited: a\n" in place.log.read_text()
    assert state.last_event == {"timestamp": "2025-10-09T08:53:20+00:00", "detail": "Edited: a"}


def test_a_watch_that_breaks_begins_anew_and_is_told_of_once(
    repo: Repo, watch: Callable[[Batches], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "AGAIN_S", 0.01)
    tries = []

    def batches() -> Iterator[list[Change]]:
        tries.append(1)
        if len(tries) < 4:
            raise OSError(28, "no watches left")
        yield [Change("edited", "a")]

    watch(batches)
    state = run_of(place := place_of(repo.path))
    assert details(place)[1:-1] == ["Gap: the watching broke off, it begins anew in 0 s", "Edited: a"]
    assert state.last_error is not None
    assert "no watches left" in state.last_error["detail"]
    assert state.gaps == 1


def test_the_same_watch_goes_on_after_a_break_also_at_the_end(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Watch:
        def __init__(self, *_: object, **__: object) -> None:
            made.append(self)

        def batches(self, stop: threading.Event) -> Iterator[list[Change]]:
            if not stop.is_set():
                os.kill(os.getpid(), signal.SIGTERM)
                raise OSError(28, "no watches left")
            yield [Change("edited", "a")]

    monkeypatch.setattr(worker, "Watcher", Watch)
    state = run_of(place := place_of(repo.path))
    assert details(place)[2:-1] == ["Edited: a"]
    assert (len(made), state.gaps) == (1, 1)


def test_a_mistake_of_ours_leaves_a_closed_session_that_names_it(repo: Repo, watch: Callable[[Batches], None]) -> None:
    watch(lambda: iter([[Change("edited", "a", count="x")]]))  # type: ignore[arg-type]
    place = place_of(repo.path)
    with pytest.raises(TypeError):
        run_of(place)
    state = read_state(place)
    assert state is not None
    assert (state.status, state.last_error is not None) == ("stopped", True)
    assert details(place)[-1] == "Session tracker stopped"


def test_what_kept_it_from_starting_is_told_by_who_started_it(repo: Repo) -> None:
    place = place_of(repo.path)
    place.create()
    place.log.mkdir()
    with pytest.raises(StoreError, match=r"session\.md"):
        launch.start(place, order_of(place))
    place.log.rmdir()
    assert session(place).status == "stopped"

"""When the server is asked for what, on a clock of the test's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.cli.watch_schedule import (
    BURST_S,
    LONG_WAIT_S,
    PATIENCE,
    PIPELINE_S,
    QUIET_PIPELINE_S,
    REST_CAP_S,
    REST_S,
    RING_S,
    SAFETY_PIPELINE_S,
    SAFETY_S,
    SESSIONS_S,
    Ask,
    Schedule,
)
from contox_hooks.wire.session import RemotePipeline, RemoteSession

RUNNING = RemotePipeline(4, 1, 0, "running")
DONE = RemotePipeline(4, 4, 0, "done")
FAILED = RemotePipeline(4, 2, 1, "failed")
NOTHING = RemotePipeline(0, 0, 0, "done")


def session(name: str = "S", *, updated_at: float = 1.0, status: str = "active", events: int = 1) -> RemoteSession:
    return RemoteSession(name, "P", "cli", "active", status, 1.0, updated_at, None, events, "")


def following(*names: str, at: float = 0.0) -> Schedule:
    schedule = Schedule()
    assert schedule.due(at) == [None]
    schedule.follow([session(name) for name in names], at)
    return schedule


def test_sessions_are_asked_at_once_and_every_thirty_seconds() -> None:
    schedule = Schedule()
    assert schedule.due(0.0) == [None]
    schedule.looked(0.0)
    assert schedule.due(29.9) == []
    assert (schedule.next_at(), schedule.due(30.0)) == (SESSIONS_S, [None])


def test_every_session_is_asked_for_its_pipeline_and_again_with_each_look() -> None:
    schedule = following("A", "B", "C")
    assert schedule.due(0.0) == ["A", "B", "C"]
    for name, over in (("A", DONE), ("B", FAILED), ("C", NOTHING)):
        assert not schedule.is_settled
        schedule.fold_pipeline(name, over, 0.0)
    assert schedule.is_settled
    assert schedule.due(29.9) == []
    schedule.looked(30.0)  # as they were, but a pipeline may have begun, or be tried again
    assert schedule.due(30.0) == ["A", "B", "C"]
    assert not schedule.is_settled
    schedule.fold_pipeline("A", RUNNING, 30.0)
    schedule.fold_pipeline("B", None, 30.0)
    schedule.fold_pipeline("C", None, 30.0)
    assert schedule.due(35.0) == ["A"]
    schedule.follow([session("B")], 60.0)
    assert schedule.followed == {"A", "B"}  # A is under way; C is not among the newest any more
    schedule.fold_pipeline("A", DONE, 60.0)
    schedule.follow([session("B"), session("C")], 90.0)
    assert schedule.followed == {"B", "C"}


def test_one_that_is_gone_is_not_asked_for_again_unless_it_looks_otherwise() -> None:
    schedule = following("A")
    schedule.drop("A")
    schedule.follow([session("A")], 30.0)
    assert schedule.due(30.0) == []
    schedule.follow([session("A", updated_at=2.0)], 60.0)
    assert schedule.due(60.0) == ["A"]


def test_what_was_just_saved_may_be_queued_a_moment_later() -> None:
    schedule = following("A")
    schedule.fold_pipeline("A", NOTHING, 0.0)
    schedule.follow([session("A", events=2)], 30.0)
    schedule.fold_pipeline("A", NOTHING, 30.0)
    assert not schedule.is_settled
    assert schedule.due(30.0 + PIPELINE_S) == ["A"]
    schedule.fold_pipeline("A", None, 30.0 + PIPELINE_S)
    assert schedule.is_settled
    assert schedule.due(59.0) == []


def test_a_running_pipeline_is_asked_for_every_five_seconds_until_it_is_over() -> None:
    schedule = following("A", "B")
    for at in (0.0, 5.0, 10.0):
        assert schedule.due(at) == ["A", "B"]
        for name in "AB":
            schedule.fold_pipeline(name, RUNNING, at)
        assert schedule.due(at + PIPELINE_S - 0.1) == []
    schedule.fold_pipeline("A", DONE, 15.0)
    assert schedule.due(15.0) == ["B"]
    schedule.drop("B")
    assert schedule.due(29.0) == []


def test_a_pipeline_that_does_not_move_is_asked_for_less_often_and_at_once_when_it_does() -> None:
    schedule, at, pauses = following("A"), 0.0, []
    schedule.fold_pipeline("A", RUNNING, at)
    for _ in range(PATIENCE + 5):
        schedule.fold_pipeline("A", None, at)
        pauses.append(min(30.0, _at(schedule, "A") - at))
        at = _at(schedule, "A")
    assert pauses[:PATIENCE] == [PIPELINE_S] * PATIENCE
    assert pauses == sorted(pauses)
    assert pauses[-1] == QUIET_PIPELINE_S
    schedule.fold_pipeline("A", RUNNING, at)
    assert _at(schedule, "A") == at + PIPELINE_S


def _at(schedule: Schedule, name: str) -> float:
    return schedule._pipelines[name].at


def test_a_session_that_changed_is_followed_again() -> None:
    schedule = following("A")
    schedule.fold_pipeline("A", DONE, 0.0)
    schedule.follow([session("A", updated_at=2.0)], 30.0)
    assert schedule.due(30.0) == ["A"]
    schedule.fold_pipeline("A", NOTHING, 30.0)
    schedule.follow([session("A", updated_at=2.0, status="enriching")], 60.0)
    assert schedule.due(60.0) == ["A"]


def test_a_server_out_of_reach_is_left_alone_longer_each_time() -> None:
    schedule, at, rests = following("A"), 0.0, []
    for _ in range(9):
        schedule.rest(at)
        rests.append(schedule.next_at() - at)
        assert schedule.due(schedule.next_at() - 0.1) == []
        at = schedule.next_at()
    assert rests[:3] == [REST_S, 2 * REST_S, 4 * REST_S]
    assert rests[-1] == REST_CAP_S
    assert schedule.due(at) == [None, "A"]  # the sessions first
    schedule.looked(at)
    schedule.rest(at)
    assert schedule.next_at() == at + REST_S


def test_the_server_says_how_long() -> None:
    schedule = following("A")
    schedule.rest(0.0, wait_s=17.0)
    assert schedule.due(16.9) == []
    assert schedule.due(17.0) == ["A"]
    schedule.rest(17.0)
    assert schedule.next_at() == 17.0 + REST_S  # waiting its turn was no failure
    schedule.rest(100.0, wait_s=0.0)
    assert schedule.due(100.0) == []


def test_one_answer_that_cannot_be_used_holds_up_nothing_else() -> None:
    schedule = following("A", "B")
    schedule.put_off("A", 0.0)
    assert schedule.due(0.0) == ["B"]
    assert "A" in schedule.due(REST_S)
    schedule.put_off("nobody", 0.0)
    assert not schedule.is_settled
    schedule.fold_pipeline("B", DONE, 0.0)
    assert schedule.is_settled  # nobody waits for one that cannot be asked
    schedule.rang(1.0)
    assert schedule.due(1.0) == [None]


def test_a_stream_replaces_polling_but_for_a_slow_look() -> None:
    schedule = following("A")
    schedule.fold_pipeline("A", RUNNING, 0.0)
    schedule.stream(True, 1.0)
    assert set(schedule.due(RING_S)) == {None, "A"}  # what rang before anyone listened
    schedule.looked(2.0)
    schedule.fold_pipeline("A", RUNNING, 2.0)
    assert schedule.due(2.0 + SAFETY_PIPELINE_S - 1) == []
    assert schedule.due(2.0 + SAFETY_PIPELINE_S) == ["A"]
    schedule.fold_pipeline("A", DONE, 32.0)
    assert schedule.due(2.0 + SAFETY_S - 1) == []
    schedule.rang(40.0)
    assert not schedule.is_settled
    assert schedule.due(40.0) == [None]
    schedule.looked(40.0)
    assert schedule.due(40.0) == ["A"]
    schedule.fold_pipeline("A", None, 40.0)
    assert schedule.is_settled
    schedule.rang(40.1)
    schedule.rang(40.2)
    assert schedule.due(40.9) == []
    assert schedule.due(41.0) == [None]
    schedule.looked(41.0)
    schedule.fold_pipeline("A", None, 41.0)
    schedule.stream(False, 50.0)
    assert schedule.next_at() == 50.0 + SESSIONS_S


@given(st.integers(0, 20), st.integers(0, 20), st.sampled_from([0.05, 0.2, 3.0]))
def test_a_bell_that_rings_all_the_time_leaves_room_for_others(running: int, idle: int, every_s: float) -> None:
    """200 requests a minute are all processes': delivery needs some."""
    schedule, now, asked = Schedule(), 0.0, []
    sessions = [session(str(number)) for number in range(running + idle)]
    schedule.stream(True, now)
    while now < 180.0:
        for ask in schedule.due(now):
            asked.append(now)
            if ask is None:
                schedule.follow(sessions, now)
            else:
                schedule.fold_pipeline(ask, RUNNING if int(ask) < running else None, now)
        schedule.rang(now)
        now += every_s
    assert sum(60.0 <= at < 120.0 for at in asked) <= 60 + 2 * BURST_S + running + idle
    assert sum(120.0 <= at < 180.0 for at in asked) >= 10  # it is still heard


def test_a_bell_after_silence_is_answered_at_once() -> None:
    schedule = following(*"ABCDE")
    schedule.stream(True, 0.0)
    for name in "ABCDE":
        schedule.fold_pipeline(name, DONE, 0.0)
    schedule.rang(5.0)
    assert schedule.due(5.0) == [None]


def test_silence_that_is_asked_for_again_and_again_is_trouble() -> None:
    schedule, at = following("A"), 0.0
    while not schedule.rest(at, wait_s=3.0):
        at = schedule.next_at()
        assert at < LONG_WAIT_S
    assert at >= LONG_WAIT_S - 3.0
    rests = []
    for _ in range(9):
        rests.append(schedule.next_at() - at)
        at = schedule.next_at()
        assert schedule.rest(at, wait_s=3.0)
    assert rests[:3] == [REST_S, 2 * REST_S, 4 * REST_S]
    assert rests[-1] == REST_CAP_S
    schedule.looked(at)
    assert not schedule.rest(at, wait_s=3.0)
    assert schedule.rest(at, wait_s=LONG_WAIT_S)


STEP = st.one_of(
    st.tuples(st.just("pipeline"), st.sampled_from([RUNNING, DONE, FAILED, NOTHING, None])),
    st.tuples(st.just("rest"), st.none() | st.floats(0, 600)),
    st.tuples(st.just("put_off"), st.none()),
    st.tuples(st.just("rang"), st.none()),
)


@given(st.lists(STEP, max_size=60), st.integers(1, 20))
def test_whatever_comes_it_goes_on_and_never_asks_too_often(steps: list[tuple[str, object]], several: int) -> None:
    """A driver that asks whatever is due: at most so many requests a minute, and the sessions again some time."""
    schedule, now, asked = Schedule(), 0.0, []
    pending = iter(steps)
    for _ in range(120):
        now = max(now, schedule.next_at())
        due = schedule.due(now)
        assert due, "what is due next must be due then"
        for ask in due:
            asked.append((now, ask))
            kind, value = next(pending, ("pipeline", RUNNING))
            if kind == "rest":
                schedule.rest(now, wait_s=value)  # type: ignore[arg-type]
                break
            if kind == "put_off":
                schedule.put_off(ask, now)
            elif ask is None:
                schedule.follow([session(str(n)) for n in range(several)], now)
            else:
                schedule.fold_pipeline(ask, value, now)  # type: ignore[arg-type]
            if kind == "rang":
                schedule.rang(now)
    _assert_bounded(asked, steps)


def _assert_bounded(asked: list[tuple[float, Ask]], steps: list[tuple[str, object]]) -> None:
    later = asked[len(steps) + 40 :]  # when everything goes well again
    for index, (at, _) in enumerate(later):
        within = sum(1 for other, _ in later[index:] if other - at < 60.0)
        assert within <= 12 * 20 * 0.5 + 20 + 3
    assert any(ask is None for _, ask in asked)

"""Lease, send, acknowledge: nothing lost, nothing repeated under another identity, order kept, sessions apart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.capture.courier import Carried, Courier, is_due
from contox_hooks.capture.outbox import Outbox, Parcel
from contox_hooks.capture.store import CaptureStore
from contox_hooks.connection import Connection
from contox_hooks.domain.delivery import Answer, Circuit
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.event import SOURCE_HISTORY, SOURCE_HOOKS, Event

OURS = Connection("https://contox.example", "team", "proj_1")
OTHERS = Connection("https://contox.example", "team", "proj_2")
OK = Answer(202, event_id="evt", session_id="remote")


class World:
    """An outbox, a clock that sleeping moves, and a server that stores by identity and answers as it is told."""

    def __init__(self, store: CaptureStore, connection: Connection = OURS) -> None:
        self.store = store
        self.outbox = Outbox(store, connection)
        self.now = 1_000_000.0
        self.answers: list[Answer | Callable[[Parcel], Answer]] = []
        self.stored: dict[str, dict] = {}
        self.tries: list[Parcel] = []
        self.slept = 0.0
        self.skip = False
        self._seq = 0

    def add(self, *sessions: str, source: str = SOURCE_HOOKS, size: int = 10) -> None:
        """One event a named session, delivered to the memory store already."""
        for session in sessions:
            self._seq += 1
            key = f"landed:{self._seq}"
            event = Event("landed", key, source, int(self.now) + self._seq, {"how": "pull", "ref": "x" * size})
            with self.store.transaction():
                self.store.keep_event(event)
            [(seq,)] = self.store.rows("SELECT seq FROM outbox WHERE key = ?", (key,))
            if session:
                self.store.acknowledge([(seq, session)])

    def send(self, parcel: Parcel) -> Answer:
        self.tries.append(parcel)
        answer = self.answers.pop(0) if self.answers else OK
        answer = answer(parcel) if callable(answer) else answer
        if answer.status == 202:
            self.stored.setdefault(parcel.hash, json.loads(parcel.text))
        return answer

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += max(seconds, 0.001)

    def run(self, **options: float) -> Carried:
        courier = Courier(
            self.outbox, self.send, skip_enrichment=lambda: self.skip,
            clock=lambda: self.now, sleep=self.sleep, jitter=lambda: 0.5,
        )  # fmt: skip
        return courier.run(**options)

    def keys(self) -> list[str]:
        return [entry["key"] for event in self.stored.values() for entry in event["contoxHooks"]["activity"]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with CaptureStore.open(tmp_path / "capture.db") as store:
        found = World(store)
        found.outbox.bind(deliver_existing=False)
        yield found


def lost_answer(world: World) -> Callable[[Parcel], Answer]:
    def answer(parcel: Parcel) -> Answer:
        world.stored.setdefault(parcel.hash, json.loads(parcel.text))
        return Answer(None, "closed")

    return answer


def test_events_of_one_session_travel_together_and_sessions_apart(world: World) -> None:
    world.add("a", "a", "b", "a")
    done = world.run()
    assert (done.requests, done.delivered) == (2, 4)
    assert [len(e["contoxHooks"]["activity"]) for e in world.stored.values()] == [3, 1]
    assert world.outbox.waiting_count() == 0
    assert not is_due(world.outbox, world.now)


def test_without_batching_each_event_travels_alone_in_order(tmp_path: Path) -> None:
    with CaptureStore.open(tmp_path / "capture.db") as store:
        world = World(store, Connection("https://contox.example", "t", "p", batching=False))
        world.outbox.bind(deliver_existing=False)
        world.add("a", "a", "b", "a")
        world.run()
        assert sorted(world.keys()) == ["landed:1", "landed:2", "landed:3", "landed:4"]
        assert [parcel.session_id for parcel in world.tries].count("a") == 3


def test_what_was_captured_before_connecting_stays_unless_asked_for(tmp_path: Path) -> None:
    with CaptureStore.open(tmp_path / "capture.db") as store:
        world = World(store)
        world.add("a", "a")
        assert world.outbox.bind(deliver_existing=False) == 0
        world.add("a")
        assert world.outbox.waiting_count() == 1
        assert world.outbox.bind(deliver_existing=True) == 3
        world.run()
        assert world.keys() == ["landed:1", "landed:2", "landed:3"]


def test_history_that_was_read_back_is_never_sent(world: World) -> None:
    world.add("h", source=SOURCE_HISTORY)
    world.outbox.bind(deliver_existing=True)
    world.run()
    assert world.tries == []


def test_events_that_are_in_no_session_yet_wait_for_the_memory_store(world: World) -> None:
    world.add("")
    world.run()
    assert world.tries == []
    assert world.outbox.waiting_count() == 1


def test_what_belongs_to_one_connection_never_goes_to_another(world: World) -> None:
    world.add("a")
    world.answers = [Answer(503)]
    world.run(patience_s=0)
    other = World(world.store, OTHERS)
    other.now = world.now
    world.add("a")  # before the switch: still ours
    assert other.outbox.bind(deliver_existing=True) == 0
    other._seq = world._seq
    other.add("a")
    other.run()
    assert other.keys() == ["landed:3"]
    world.outbox.bind(deliver_existing=False)
    world.now += 100
    world.run()
    assert world.keys() == ["landed:1", "landed:2"]


def test_skipping_what_waits_and_asking_for_it_after_all(world: World) -> None:
    world.add("a", "a")
    assert world.outbox.skip_waiting() == 2
    world.add("a")
    world.run()
    assert world.keys() == ["landed:3"]
    world.outbox.bind(deliver_existing=True)
    world.run()
    assert sorted(world.keys()) == ["landed:1", "landed:2", "landed:3"]


def test_a_lost_answer_is_harmless_and_a_repeat_repeats_bytes_and_decision(world: World) -> None:
    world.add("a")
    world.answers = [lost_answer(world), Answer(500), OK]
    world.skip = True
    world.run(patience_s=1000)
    assert len({(parcel.text, parcel.hash) for parcel in world.tries}) == 1
    assert [parcel.skip_enrichment for parcel in world.tries] == [True] * 3
    assert len(world.stored) == 1
    world.skip = False
    world.add("a")
    world.run()
    assert not world.tries[-1].skip_enrichment


def test_a_decision_once_made_outlives_a_change_of_the_setting(world: World) -> None:
    world.add("a")
    world.answers = [Answer(None, "down")]
    world.run(patience_s=0)
    world.skip = True
    world.now += 1000
    world.run()
    assert [parcel.skip_enrichment for parcel in world.tries] == [False, False]


def test_a_refused_event_alone_goes_to_quarantine_and_nothing_waits_behind_it(world: World) -> None:
    world.add("a")
    world.answers = [Answer(422, "no")]
    world.run()
    world.add("a", "b")
    world.run()
    assert world.keys() == ["landed:2", "landed:3"]
    [bad] = world.outbox.parcels("quarantined")
    assert bad.last_error == "422 no"
    assert world.outbox.waiting().quarantined == 1
    assert world.outbox.waiting_count() == 0
    assert world.outbox.retry(None, now=world.now) == 1
    world.run()
    assert sorted(world.keys()) == ["landed:1", "landed:2", "landed:3"]


def test_a_failing_session_does_not_hold_up_another_and_keeps_its_own_order(world: World) -> None:
    world.add("a")
    world.answers = [Answer(500)]
    world.run(patience_s=0)
    world.add("a", "b")
    world.now -= 0.5
    world.answers = []
    world.run(patience_s=0)
    assert world.keys() == ["landed:3"]
    world.now += 100
    world.run()
    assert world.keys() == ["landed:3", "landed:1", "landed:2"]


def test_a_refused_key_parks_everything_and_goes_on_by_itself(world: World) -> None:
    world.add("a", "b", "c")
    world.answers = [Answer(401, "Unauthorized")]
    world.run(patience_s=0)
    assert len(world.tries) == 1
    assert world.outbox.waiting().circuit.cause == "key"
    assert world.outbox.waiting_count() == 3
    world.now += 601
    world.run()
    assert sorted(world.keys()) == ["landed:1", "landed:2", "landed:3"]
    assert world.outbox.circuit() == Circuit()


def test_who_waits_for_it_is_told_of_a_refused_key_at_once_and_of_a_restart_not(world: World) -> None:
    world.add("a")
    world.answers = [Answer(401, "Unauthorized")]
    world.run(until=world.now + 30)
    assert (len(world.tries), world.slept) == (1, 0)
    world.outbox.keep_circuit(world.outbox.circuit()._replace(rests_until=0.0))  # as the verbs do
    world.outbox.hurry()
    world.answers = [Answer(503), Answer(None, "closed")]
    assert world.run(until=world.now + 30).delivered == 1


def test_a_dead_server_is_probed_by_one_request_at_a_time(world: World) -> None:
    world.add(*"abcdefgh")
    world.answers = [Answer(500)] * 100
    world.run(patience_s=0)
    assert len(world.tries) == 5
    for _ in range(5):
        world.now += 601
        before = len(world.tries)
        world.run(patience_s=0)
        assert len(world.tries) == before + 1


def test_what_is_too_large_is_halved_until_it_passes_and_is_quarantined_when_it_cannot(world: World) -> None:
    world.add(*["a"] * 8, size=20_000)
    world.answers = [Answer(413)]
    world.run()
    assert world.keys() == [f"landed:{n}" for n in range(1, 9)]
    assert len(world.stored) > 1
    world.answers = [Answer(413)] * 100
    world.add("b", size=100_000)
    world.run()
    assert len(world.outbox.parcels("quarantined")) == 1
    assert world.outbox.waiting_count() == 0


def test_a_session_that_the_server_closed_is_noticed_by_the_next_answer(world: World) -> None:
    world.add("a")
    world.run()
    world.add("a")
    world.answers = [Answer(202, event_id="e", session_id="another")]
    assert world.run().closed_sessions == ("a",)
    world.add("b")
    world.answers = [Answer(202, event_id="e", session_id="third")]
    assert world.run().closed_sessions == ()


def test_rate_limits_are_waited_out(world: World) -> None:
    world.add("a")
    world.answers = [Answer(429, retry_after_s=15.0)]
    assert world.run(patience_s=20).delivered == 1
    assert world.slept == pytest.approx(15.0)


def test_a_courier_leaves_when_the_next_try_is_far_away(world: World) -> None:
    world.add("a")
    world.answers = [Answer(429, retry_after_s=100.0)]
    world.run(patience_s=20)
    assert world.slept == 0
    assert not is_due(world.outbox, world.now)
    assert is_due(world.outbox, world.now + 90)


def test_a_preview_shows_what_goes_out_next_and_changes_nothing(world: World) -> None:
    world.add("a", "b", "a")
    texts = [parcel.text for parcel in world.outbox.preview(10, now=world.now)]
    assert world.outbox.parcels("waiting") == []
    world.run()
    assert [parcel.text for parcel in world.tries] == texts


def test_a_dropped_capture_is_not_sent_unless_it_is_named(world: World) -> None:
    world.add("a")
    world.answers = [Answer(400)]
    world.run()
    [bad] = world.outbox.parcels("quarantined")
    world.outbox.drop(bad, now=world.now)
    assert world.outbox.retry(None, now=world.now) == 0
    assert world.outbox.retry([bad.id], now=world.now) == 1
    assert world.run().delivered == 1
    assert world.outbox.retry([bad.id], now=world.now) == 0, "what was delivered is over"
    with pytest.raises(NotFound):
        world.outbox.parcel(999)


def test_a_capture_database_that_was_built_anew_delivers_what_happened_since_connecting(tmp_path: Path) -> None:
    with CaptureStore.open(tmp_path / "capture.db") as store:
        world = World(store, Connection("https://contox.example", "t", "p", connected_at=1_000_003))
        world.add("a", "a", "a", "a")
        world.outbox.bind_again()
        world.outbox.bind_again()
        world.run()
        assert world.keys() == ["landed:3", "landed:4"]


def test_a_database_of_the_format_before_is_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "capture.db"
    with CaptureStore.open(path) as store:
        World(store).add("a")
    with sqlite3.connect(path) as db:
        for statement in (
            "DROP INDEX outbox_unsent", "DROP INDEX outbox_unlearned",
            "CREATE INDEX outbox_unlearned ON outbox (seq) WHERE learned = 0 AND state = 'delivered'",
            "ALTER TABLE outbox DROP COLUMN parcel", "DROP TABLE parcel",
            "DROP TABLE bound", "PRAGMA user_version = 1",
        ):  # fmt: skip
            db.execute(statement)
    db.close()
    with CaptureStore.open(path) as store:
        assert World(store).outbox.bind(deliver_existing=True) == 1


def test_an_event_that_always_fails_holds_up_its_own_session_alone(world: World) -> None:
    def answer(parcel: Parcel) -> Answer:
        return Answer(500) if parcel.session_id == "poison" else OK

    world.answers = [answer] * 10_000
    world.add("poison")
    for _ in range(40):  # its backoff and the connection's have grown alike
        world.now += 301
        world.run(patience_s=0)
    world.add("healthy", "poison")
    world.now += 601
    world.run(patience_s=0)
    assert world.keys() == ["landed:2"]


def test_resets_of_one_event_do_not_hold_up_another_session(world: World) -> None:
    world.answers = [lambda parcel: Answer(None, "closed") if parcel.session_id == "poison" else OK] * 1000
    world.add("poison", "x")
    for _ in range(3):
        world.now += 601
        world.run(patience_s=0)
    world.add("y")
    world.now += 601
    world.run(patience_s=0)
    assert sorted(world.keys()) == ["landed:2", "landed:3"]


@pytest.mark.parametrize("answer", [Answer(503), Answer(None, "down")])
def test_a_clock_that_was_ahead_for_a_while_stops_nothing(world: World, answer: Answer) -> None:
    world.add("a")
    world.now += 365 * 86_400
    world.answers = [answer]
    world.run(patience_s=0)
    world.now -= 365 * 86_400
    assert is_due(world.outbox, world.now)
    assert world.run(patience_s=0).delivered == 1


def test_two_retried_captures_of_one_session_wait_for_each_other(world: World) -> None:
    for _ in range(2):
        world.add("a")
        world.answers = [Answer(422)]
        world.run()
    world.outbox.retry(None, now=world.now)
    world.answers = [Answer(503)] * 3
    world.run(patience_s=10)
    assert world.slept > 0
    assert world.keys() == ["landed:1", "landed:2"]


def test_a_server_that_says_in_a_second_for_ever_keeps_nobody_for_ever(world: World) -> None:
    world.add("a")
    world.answers = [Answer(429, retry_after_s=1.0)] * 10_000
    world.run()
    assert world.slept < 100
    assert len(world.tries) < 20


def test_many_small_ones_that_are_too_large_together_are_halved(world: World) -> None:
    world.answers = [lambda parcel: Answer(413) if parcel.events > 3 else OK] * 100
    world.add(*["a"] * 12)
    world.run()
    assert world.keys() == [f"landed:{n}" for n in range(1, 13)]
    world.now += 2 * 86_400  # the limit may have been a proxy's
    world.answers = []
    world.add(*["b"] * 12)
    assert world.run().requests == 1


def test_what_may_be_stored_already_is_not_packed_anew(world: World) -> None:
    world.add(*["a"] * 4, size=20_000)
    world.answers = [lost_answer(world), Answer(413)]
    world.run(patience_s=100)
    assert world.keys() == [f"landed:{n}" for n in range(1, 5)], "once"
    assert len(world.outbox.parcels("quarantined")) == 1


def test_sessions_can_be_sent_alone(world: World) -> None:
    world.add("a", "b", "a")
    assert world.outbox.waiting_sessions() == ["a", "b"]
    world.outbox.only = frozenset({"a"})
    assert world.outbox.waiting_count() == 2
    world.run()
    assert sorted(world.keys()) == ["landed:1", "landed:3"]
    assert world.outbox.waiting_count() == 0
    world.outbox.only = None
    assert world.outbox.waiting_sessions() == ["b"]
    assert world.outbox.counterpart("remote") == "a"
    assert world.outbox.counterpart("other") is None


def test_nothing_is_sent_again_by_itself_after_the_capture_database_was_lost(tmp_path: Path) -> None:
    with CaptureStore.open(tmp_path / "capture.db") as store:
        store.keep_meta("set_aside", "capture.db.damaged")
        world = World(store, Connection("https://contox.example", "t", "p", connected_at=1_000_002))
        world.add("a", "a", "a")
        world.outbox.bind_again()
        world.add("a")
        world.run()
        assert world.keys() == ["landed:4"]
        assert world.outbox.held_count() == 2, "one was before connecting"
        world.outbox.bind(deliver_existing=True)
        assert world.outbox.held_count() == 0


FAULTS = st.sampled_from([
    Answer(500), Answer(503, retry_after_s=3.0), Answer(429, retry_after_s=2.0), Answer(429), Answer(401, "Unauthorized"),
    Answer(None, "closed"), Answer(302), Answer(200), "lost", OK, OK,
])  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(FAULTS, max_size=40), sessions=st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_whatever_fails_every_event_arrives_once_and_in_its_sessions_order(
    script: list[Answer | str], sessions: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with CaptureStore.open(tmp_path_factory.mktemp("random") / "capture.db") as store:
        world = World(store)
        world.outbox.bind(deliver_existing=False)
        world.answers = [lost_answer(world) if answer == "lost" else answer for answer in script]  # type: ignore[misc]
        for session in sessions:
            world.add(session)
            world.run(patience_s=1)
        for _ in range(len(script) + 2):
            world.now += 601
            world.run(patience_s=1)
        keys = world.keys()
        assert sorted(keys) == sorted(f"landed:{n}" for n in range(1, len(sessions) + 1))
        for session in "abc":
            own = [f"landed:{n}" for n, name in enumerate(sessions, 1) if name == session]
            assert [key for key in keys if key in own] == own


def test_what_a_forgotten_connection_left_goes_nowhere_until_it_is_asked_for(world: World) -> None:
    world.add("a", "b")
    world.answers = [Answer(503)] * 2
    world.run(patience_s=0)
    assert world.outbox.release() == 2
    world.add("a")  # while there is no connection
    assert world.outbox.bind(deliver_existing=False) == 0
    world.run()
    assert world.keys() == []
    other = World(world.store, OTHERS)
    assert other.outbox.bind(deliver_existing=True) == 3
    other.run()
    assert sorted(other.keys()) == ["landed:1", "landed:2", "landed:3"]


def test_skipping_leaves_out_what_came_during_the_pause_alone(world: World) -> None:
    world.add("a", "b")
    world.answers = [Answer(503)]
    world.run(patience_s=0)
    world.outbox.pause()
    world.add("a", "c")
    assert world.outbox.meanwhile_count() == 2
    assert world.outbox.skip_waiting() == 2
    world.outbox.resume()
    world.now += 100
    world.run()
    assert sorted(world.keys()) == ["landed:1", "landed:2"]


def test_a_switch_that_died_before_it_was_bound_leaves_no_overlap(tmp_path: Path) -> None:
    with CaptureStore.open(tmp_path / "capture.db") as store:
        one = World(store)
        one.outbox.bind(deliver_existing=False)
        one.add("a")  # at 1,000,001
        two = World(store, Connection("https://contox.example", "t", "proj_2", connected_at=1_000_002))
        two._seq = one._seq
        two.add("a")
        two.outbox.bind_again()
        two.run()
        assert two.keys() == ["landed:2"]
        two.outbox.bind(deliver_existing=True)
        one.outbox.bind(deliver_existing=False)
        ranges = sorted(store.rows("SELECT after, COALESCE(until, 99) FROM bound"))
        assert all(low[1] <= high[0] for low, high in pairwise(ranges)), ranges
        one.run()
        assert one.keys() == ["landed:1"]

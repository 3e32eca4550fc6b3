"""What becomes of one try (invariant 4): what passes is tried for ever, what cannot is parked or quarantined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.delivery import (
    BACKOFF_CAP_S,
    BREAK_AFTER,
    RETRY_AFTER_CAP_S,
    Answer,
    Circuit,
    Delivered,
    Park,
    Quarantine,
    Retry,
    Split,
    backoff_s,
    decide_verdict,
    fold_circuit,
    rest_s,
)


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (Answer(202, event_id="e", session_id="s"), Delivered, None),
        (Answer(200, session_id="s"), Delivered, None),
        (Answer(202), Retry, "server"),
        (Answer(None, "dns: no such host"), Retry, "network"),
        (Answer(302, "elsewhere"), Retry, "network"),
        (Answer(408), Retry, "server"),
        (Answer(425), Retry, "server"),
        (Answer(429, retry_after_s=7), Retry, "rate"),
        (Answer(500), Retry, "server"),
        (Answer(503, retry_after_s=9), Retry, "server"),
        (Answer(599), Retry, "server"),
        (Answer(401, "Unauthorized"), Park, "key"),
        (Answer(403, "Forbidden"), Park, "key"),
        (Answer(401, "Invalid signature"), Park, "secret"),
        (Answer(400, "Invalid event: commits[0].timestamp is before 1980"), Quarantine, None),
        (Answer(404, "commits[0]: no such project folder"), Quarantine, None),
        (Answer(404, "Project not found"), Park, "project"),
        (Answer(404, "no such thing"), Quarantine, None),
        (Answer(400, "Invalid request body"), Quarantine, None),
        (Answer(409), Quarantine, None),
        (Answer(422), Quarantine, None),
        (Answer(413), Split, None),
    ],
)
def test_each_class_of_answer(answer: Answer, kind: type, detail: str | None) -> None:
    verdict = decide_verdict(answer)
    assert type(verdict) is kind
    if isinstance(verdict, Retry | Park):
        assert verdict.cause == detail


@given(status=st.integers(100, 599) | st.none(), text=st.text(max_size=20))
def test_only_an_acknowledgement_takes_an_event_out_of_the_outbox(status: int | None, text: str) -> None:
    assert not isinstance(decide_verdict(Answer(status, text)), Delivered)


@given(failures=st.integers(0, 10_000), jitter=st.floats(0, 1, exclude_max=True))
def test_the_backoff_is_jittered_and_capped(failures: int, jitter: float) -> None:
    assert 0 <= backoff_s(failures, jitter) < BACKOFF_CAP_S
    assert backoff_s(failures, 0.0) == 0.0
    assert backoff_s(failures, 0.9) <= backoff_s(failures + 1, 0.9)


def test_a_server_cannot_ask_for_silence_without_end() -> None:
    verdict = decide_verdict(Answer(429, retry_after_s=1e9))
    assert verdict == Retry("rate", "429", RETRY_AFTER_CAP_S)
    assert decide_verdict(Answer(429, retry_after_s=-5)) == Retry("rate", "429", 0.0)


def test_the_connection_rests_after_five_failures_of_the_server_and_one_success_heals_it() -> None:
    circuit = Circuit()
    for number in range(1, BREAK_AFTER + 1):
        circuit = fold_circuit(circuit, Retry("server", "500"), now=100.0 + number, jitter=0.5)
        assert (circuit.rests_until > 100.0 + number) == (number == BREAK_AFTER)
    assert circuit.since == 101.0
    assert fold_circuit(circuit, Delivered("e", "s"), now=200.0, jitter=0.5) == Circuit()


def test_a_network_failure_rests_the_connection_at_once() -> None:
    assert fold_circuit(Circuit(), Retry("network", "dns"), now=10.0, jitter=0.5).rests_until == 11.0


def test_a_refused_key_needs_the_user_and_stays_told_until_the_server_lets_us_in() -> None:
    circuit = fold_circuit(Circuit(), Park("key", "401"), now=1.0, jitter=0.0)
    assert circuit.needs_user
    assert circuit.rests_until >= 2.0
    circuit = circuit._replace(is_told=True)
    for verdict in (Park("key", "401"), Retry("network", "x"), Retry("server", "500"), Retry("rate", "429", 5.0)):
        circuit = fold_circuit(circuit, verdict, now=50.0, jitter=0.5)
        assert circuit.is_told, verdict
    assert not fold_circuit(circuit, Delivered("e", ""), now=60.0, jitter=0.5).is_told


def test_a_point_in_time_that_a_wrong_clock_wrote_is_over() -> None:
    assert rest_s(110.0, 100.0) == 10.0
    assert rest_s(90.0, 100.0) == 0.0
    assert rest_s(100.0 + 365 * 86_400, 100.0) == 0.0


def test_rate_limits_are_waited_out_as_asked_and_longer_when_they_do_not_end() -> None:
    circuit = fold_circuit(Circuit(), Retry("rate", "429", 30.0), now=5.0, jitter=0.9)
    assert circuit.rests_until == 35.0
    for _ in range(12):
        circuit = fold_circuit(circuit, Retry("rate", "429", 0.0), now=5.0, jitter=0.5)
    assert circuit.rests_until == 5.0 + BACKOFF_CAP_S / 2
    silent = fold_circuit(Circuit(failures=3), Retry("rate", "429"), now=5.0, jitter=0.5)
    assert silent.failures == 4
    assert silent.rests_until > 5.0


@given(
    st.lists(st.sampled_from([Retry("server", "5"), Retry("network", "n"), Park("key", "k"), Retry("rate", "r", 3.0)]))
)
def test_no_wait_is_ever_longer_than_ten_minutes_without_the_servers_word(verdicts: list[Retry | Park]) -> None:
    circuit = Circuit()
    for verdict in verdicts:
        circuit = fold_circuit(circuit, verdict, now=1000.0, jitter=0.999)
        assert circuit.rests_until <= 1000.0 + BACKOFF_CAP_S

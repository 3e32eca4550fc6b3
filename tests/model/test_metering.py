"""The Meter: what is on record of each call, who is asked next, and how often a chunk may be asked about."""

from __future__ import annotations

import pytest

from contox_hooks.domain.error import SpendRefused
from contox_hooks.model.chat import ModelBusy, ModelRefused, ModelUnavailable, ModelUnreached
from tests.model.world import QUESTION, WIDE, Model, World, answered, fails, says


def rows(world: World) -> list[tuple[str, str, int]]:
    return [(row.model, row.status, row.prompt_tokens + row.completion_tokens) for row in world.ledger.calls()]


def test_an_answer_is_recorded_with_its_purpose(world: World) -> None:
    model = Model(says("yes", prompt=7, completion=3))
    meter = world.meter(model)
    assert meter.ask(QUESTION, purpose="ask") == answered("yes", 7, 3)
    (row,) = world.ledger.calls()
    assert (row.purpose, row.session_id, row.status, row.micro_dollars) == ("ask", None, "done", 3)
    assert [(step.model, step.outcome) for step in meter.steps] == [("test/one", "answered")]
    assert meter.used.tokens_today == 10
    assert (meter.name, meter.paid) == ("test/one", True)


def test_the_row_stands_before_the_model_is_asked(world: World) -> None:
    seen = []
    model = Model(lambda question: seen.extend(rows(world)) or answered())  # type: ignore[func-returns-value]
    world.meter(model).ask(QUESTION, purpose="ask")
    assert seen == [("test/one", "started", 115)]


FAILURES = [
    (ModelUnavailable("timed out"), 115), (ModelUnreached("no name"), 0), (ModelBusy("429"), 0), (ModelRefused("401"), 0),
]  # fmt: skip


@pytest.mark.parametrize(("error", "tokens"), FAILURES, ids=lambda value: type(value).__name__)
def test_a_failure_counts_where_it_may_have_cost(world: World, error: Exception, tokens: int) -> None:
    meter = world.meter(Model(fails(error)))
    with pytest.raises(type(error)):
        meter.ask(QUESTION, purpose="ask")
    assert rows(world) == [("test/one", "failed", tokens)]
    assert [step.outcome for step in meter.steps] == [str(error)]


def test_a_process_that_is_stopped_in_mid_call_leaves_it_as_started(world: World) -> None:
    with pytest.raises(KeyboardInterrupt):
        world.meter(Model(fails(KeyboardInterrupt()))).ask(QUESTION, purpose="ask")
    assert rows(world) == [("test/one", "started", 115)]


def test_the_fallback_is_a_further_call_of_the_same_claim(world: World) -> None:
    first, second = Model(fails(ModelUnavailable("503"))), Model(says(model="test/two"), name="test/two")
    meter = world.meter(first, second)
    answer = meter.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    assert answer.model == "test/two"
    assert rows(world) == [("test/one", "failed", 115), ("test/two", "done", 15)]
    assert {row.chunk_no for row in world.ledger.calls()} == {1}
    assert [step.outcome for step in meter.steps] == ["503", "answered"]


def test_a_cap_stops_the_fallback_too_and_what_was_tried_is_told(world: World) -> None:
    first, second = Model(fails(ModelUnavailable("503"))), Model(says(), name="test/two")
    meter = world.meter(first, second, caps=WIDE._replace(tokens_a_day=150))
    with pytest.raises(SpendRefused):
        meter.ask(QUESTION, purpose="ask")
    assert second.asked == []
    assert [step.model for step in meter.steps] == ["test/one", "test/two"]


def test_a_chunk_is_asked_about_once_and_repaired_once(world: World) -> None:
    model = Model(says())
    meter = world.meter(model)
    where = {"purpose": "enrich", "session_id": world.session_id, "chunk_no": 1}
    meter.ask(QUESTION, **where)
    assert meter.claim(world.session_id, 1)
    meter.ask(QUESTION, **where)
    assert not meter.claim(world.session_id, 1)
    with pytest.raises(SpendRefused, match="perhaps paid"):
        meter.ask(QUESTION, **where)
    assert len(model.asked) == len(rows(world)) == 2


def test_failures_are_rounds_too(world: World) -> None:
    model = Model(fails(ModelUnavailable("timed out")))
    meter = world.meter(model)
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            meter.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    with pytest.raises(SpendRefused):
        meter.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    assert len(model.asked) == 2


def test_another_meter_may_not_ask_about_a_claimed_chunk(world: World) -> None:
    first, second = Model(says()), Model(says())
    mine, other = world.meter(first), world.meter(second)
    assert mine.claim(world.session_id, 1)
    assert not other.claim(world.session_id, 1)
    with pytest.raises(SpendRefused, match="perhaps paid"):
        other.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    assert second.asked == []
    mine.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    assert len(first.asked) == 1


def test_what_costs_nothing_may_be_asked_again_and_is_counted(world: World) -> None:
    model = Model(says(), paid=False)
    caps = WIDE._replace(cents_a_day=0)
    for meter in (world.meter(model, caps=caps), world.meter(model, caps=caps)):
        assert meter.claim(world.session_id, 1)
        for _ in range(3):
            meter.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    assert [row.micro_dollars for row in world.ledger.calls()] == [0] * 6
    assert world.ledger.used().tokens_today == 90


@pytest.mark.parametrize("error", [ModelRefused("401"), ModelUnreached("no name"), ModelBusy("429")], ids=str)
def test_a_claim_that_cost_nothing_is_given_back(world: World, error: Exception) -> None:
    meter = world.meter(Model(fails(error)))
    assert meter.claim(world.session_id, 1)
    with pytest.raises(type(error)):
        meter.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    other = world.meter(Model(says()))
    assert other.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1).text == "yes"


def test_a_claim_over_a_cap_is_given_back(world: World) -> None:
    meter = world.meter(Model(says()), caps=WIDE._replace(tokens_a_day=0))
    assert meter.claim(world.session_id, 1)
    with pytest.raises(SpendRefused):
        meter.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    assert world.meter(Model(says())).claim(world.session_id, 1)


def test_a_claim_is_kept_where_one_of_two_may_have_been_paid(world: World) -> None:
    meter = world.meter(Model(fails(ModelUnavailable("timed out"))), Model(fails(ModelRefused("401")), name="test/two"))
    with pytest.raises(ModelRefused):
        meter.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=1)
    assert not world.meter(Model(says())).claim(world.session_id, 1)
    answered_once = world.meter(Model(says()))
    answered_once.ask(QUESTION, purpose="enrich", session_id=world.session_id, chunk_no=2)
    assert not world.meter(Model(says())).claim(world.session_id, 2)


def test_what_is_foreseen_counts_what_comes_before(world: World) -> None:
    ahead = world.meter(Model(says()), caps=WIDE._replace(tokens_a_day=200)).foresight()
    assert ahead.refusal(QUESTION, world.session_id, ["a" * 40]) == ""
    assert ahead.refusal(QUESTION, world.session_id, ["b" * 40]).startswith(
        "tokens_a_day: 115 of 200 tokens used today"
    )
    assert world.ledger.calls() == []

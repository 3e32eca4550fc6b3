"""Who is asked after whom, and what is told of it."""

from __future__ import annotations

import pytest

from contox_hooks.domain.error import Error, SpendRefused
from contox_hooks.model.cascade import Step, cascade
from contox_hooks.model.chat import Answer, ModelBusy, ModelRefused, ModelUnavailable, ModelUnreached
from tests.model.world import answered


def run(*outcomes: Answer | Error) -> tuple[Answer | Error, list[Step]]:
    ticks = iter(range(100))
    steps: list[Step] = []

    def call(outcome: Answer | Error) -> Answer:
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    models = [(f"p/{number}", outcome) for number, outcome in enumerate(outcomes)]
    try:
        return cascade(models, call, steps, lambda: float(next(ticks))), steps
    except Error as error:
        return error, steps


@pytest.mark.parametrize("kind", [ModelUnavailable, ModelUnreached, ModelBusy])
def test_an_endpoint_without_an_answer_is_followed_by_the_next(kind: type[ModelUnavailable]) -> None:
    found, steps = run(kind("p/0 failed (503)"), answered("yes"))
    assert found == answered("yes")
    assert steps == [Step("p/0", "failed (503)", 1.0), Step("p/1", "answered", 1.0)]
    assert str(steps[0]) == "p/0 failed (503) (1.0 s)"


@pytest.mark.parametrize("kind", [ModelRefused, SpendRefused])
def test_a_refusal_is_told_not_passed_over(kind: type[Error]) -> None:
    refusal = kind("p/0 refuses the request (401)")
    found, steps = run(refusal, answered())
    assert found is refusal
    assert [step.model for step in steps] == ["p/0"]


def test_the_first_that_answers_is_the_last_that_is_asked() -> None:
    assert run(answered("a"), answered("b"))[0] == answered("a")


def test_when_nobody_answers_the_last_reason_stands() -> None:
    last = ModelUnavailable("p/1: timed out")
    found, steps = run(ModelUnavailable("p/0: x"), last)
    assert found is last
    assert [step.outcome for step in steps] == ["x", "timed out"]


def busy(wait_s: float | None) -> ModelBusy:
    return ModelBusy("p/0 takes no more requests now (429)", wait_s=wait_s)


def ask_one(*outcomes: Answer | Error) -> tuple[Answer | Error, int]:
    """One model that does these in turn; what came of it, and how often it was asked."""
    left, steps = list(outcomes), list[Step]()

    def call(model: None) -> Answer:
        outcome = left.pop(0)
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    try:
        return cascade([("p/0", None)], call, steps, lambda: 0.0), len(steps)
    except Error as error:
        return error, len(steps)


def test_the_last_one_is_asked_once_more_if_it_says_when_to_come_back() -> None:
    assert ask_one(busy(5), answered("yes")) == (answered("yes"), 2)
    again = busy(5)
    assert ask_one(busy(5), again, answered()) == (again, 2)
    for wait_s in (None, 31.0):
        once = busy(wait_s)
        assert ask_one(once, answered()) == (once, 1)


def test_a_busy_one_with_another_behind_it_is_not_waited_for() -> None:
    found, steps = run(busy(5), answered("b"))
    assert (found, len(steps)) == (answered("b"), 2)

"""One model after the other until one answers, each step on record.

Must not know what a call is. Invariant: only an endpoint that gave no answer is followed by the next; a refusal, of the
endpoint or of a cap, is told. The last one is asked once more if it said when to come back: it did nothing yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from contox_hooks.domain.error import Error
from contox_hooks.model.chat import Answer, ModelBusy, ModelUnavailable

M = TypeVar("M")

COME_BACK_S = 30.0
"""So long a wait is worth it; the models' own pace (client.py) does the waiting."""


class Step(NamedTuple):
    model: str
    """`provider/model`."""
    outcome: str
    """`answered`, or why not: one line for people."""
    seconds: float

    def __str__(self) -> str:
        return f"{self.model} {self.outcome} ({self.seconds:.1f} s)"


def cascade(
    models: Sequence[tuple[str, M]], call: Callable[[M], Answer], steps: list[Step], clock: Callable[[], float]
) -> Answer:
    """The first answer; `models` are (name, model), at least one. Adds to `steps` as they happen, also when it raises:
    what `call` raised last."""
    waiting = list(models)
    may_come_back = True
    while waiting:
        (name, model), *waiting = waiting
        begun = clock()
        try:
            answer = call(model)
        except Error as error:
            steps.append(Step(name, error.message.removeprefix(f"{name} ").removeprefix(f"{name}: "), clock() - begun))
            if not waiting and may_come_back and _says_when(error):
                may_come_back = False
                waiting = [(name, model)]
            elif not waiting or not isinstance(error, ModelUnavailable):
                raise
        else:
            steps.append(Step(name, "answered", clock() - begun))
            return answer
    raise ValueError("no model to ask")


def _says_when(error: Error) -> bool:
    return isinstance(error, ModelBusy) and error.wait_s is not None and error.wait_s <= COME_BACK_S

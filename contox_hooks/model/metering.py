"""The one caller of `ChatModel.answer`: every call is recorded, within the caps, and told.

Puts cascade and ledger together; must not know HTTP or prompts. Invariants: no request without its committed row; a
(session, chunk) is asked about by one Meter only, ever, and by that one for one answer and one repair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from contox_hooks.domain.error import Error
from contox_hooks.model.cascade import Step, cascade
from contox_hooks.model.chat import FREE, Answer, ChatModel, Question
from contox_hooks.model.ledger import Call, Caps, Ledger, Used, claimed, decide_refusal
from contox_hooks.model.preset import Price

ROUNDS = 2
"""An extraction is one question, and one more to repair its answer."""


class Priced(NamedTuple):
    model: ChatModel
    price: Price | None
    """None: nobody knows it, or nothing is paid."""


class Meter:
    """Implements `chat.Asker`. For one project, in one process and thread."""

    def __init__(
        self, models: Sequence[Priced], ledger: Ledger, caps: Caps, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`models`: the first one is asked, each next one when the one before gives no answer."""
        self._models = [(priced.model.name, priced) for priced in models]
        self._ledger = ledger
        self.caps = caps
        self._clock = clock
        self._rounds: dict[tuple[str, int], int] = {}
        """Of the chunks that this Meter claimed."""
        self._costly: dict[tuple[str, int], int] = {}
        """Calls about each that may have been paid."""
        self._steps: list[Step] = []

    @property
    def name(self) -> str:
        """Of the model that is asked first: `provider/model`."""
        return self._models[0][0]

    @property
    def paid(self) -> bool:
        """Whether any of the models costs money."""
        return any(priced.model.paid for _, priced in self._models)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Of the last `ask`: who was asked and what came of it, also when it raised."""
        return tuple(self._steps)

    @property
    def used(self) -> Used:
        return self._ledger.used()

    def claim(self, session_id: str, chunk_no: int) -> bool:
        """Whether this Meter may ask about the chunk: for who wants to know before a prompt is made; `ask` claims by
        itself. False: another one did, and perhaps paid. Where nothing is paid, always true."""
        key = (session_id, chunk_no)
        if not self.paid or self._rounds.get(key, ROUNDS) < ROUNDS:
            return True
        if key in self._rounds or not self._ledger.claim(session_id, chunk_no):
            return False
        self._rounds[key] = 0
        return True

    def ask(
        self, question: Question, *, purpose: str, session_id: str | None = None, chunk_no: int | None = None
    ) -> Answer:
        """One metered question. Raises ModelUnavailable (ModelBusy, ModelUnreached) of the last model, ModelRefused;
        SpendRefused: a cap is reached, or another Meter claimed the chunk, and the model was not asked."""
        self._steps = []
        key = None
        if self.paid and session_id is not None and chunk_no is not None:
            key = (session_id, chunk_no)
            if self._rounds.get(key, 0) >= ROUNDS:
                raise claimed(session_id, chunk_no)

        def call(priced: Priced) -> Answer:
            return self._call(priced, question, Call(
                purpose, priced.model.name, priced.model.paid, priced.price, question.estimated_tokens,
                question.max_tokens, session_id, chunk_no,
            ), claims=key is not None and key not in self._rounds)  # fmt: skip

        try:
            return cascade(self._models, call, self._steps, self._clock)
        except Error:
            if key is not None and not self._costly.get(key):
                self._give_back(key)
            raise
        finally:
            if key in self._rounds:
                self._rounds[key] += 1

    def foresight(self) -> Foresight:
        return Foresight(self._models[0][1], self._ledger, self.caps)

    def _give_back(self, key: tuple[str, int]) -> None:
        """Nothing was paid: the chunk can be asked about another time."""
        if self._rounds.pop(key, None) is not None:
            self._ledger.release(*key)

    def _call(self, priced: Priced, question: Question, call: Call, *, claims: bool) -> Answer:
        call_id = self._ledger.start(call, self.caps, claims=claims)
        key = (call.session_id or "", call.chunk_no or 0)
        if claims:
            self._rounds[key] = 0
        self._costly[key] = self._costly.get(key, 0) + 1
        try:
            answer = priced.model.answer(question)
        except Error as error:
            is_free = isinstance(error, FREE)
            self._costly[key] -= is_free
            self._ledger.fail(call_id, call, error.message, is_free=is_free)
            raise
        self._ledger.settle(
            call_id, call, model=answer.model, prompt=answer.prompt_tokens, completion=answer.completion_tokens,
            is_estimate=answer.is_estimate,
        )  # fmt: skip
        return answer


class Foresight:
    """Which calls of extraction would be made, one after the other: those before count as their estimates. Writes
    nothing."""

    def __init__(self, priced: Priced, ledger: Ledger, caps: Caps) -> None:
        self._priced, self._ledger, self._caps = priced, ledger, caps
        self._tokens = self._micro_dollars = 0
        self._of_session: dict[str, int] = {}

    def refusal(self, question: Question, session_id: str, commits: Sequence[str]) -> str:
        """Why this one would not be made; "" where it would, and it counts from here on."""
        model, price = self._priced
        if model.paid and self._ledger.is_claimed(commits):
            return f"{model.name} was asked about them before and may have been paid"
        call = Call("enrich", model.name, model.paid, price, question.estimated_tokens, question.max_tokens, session_id)
        used = self._ledger.used(session_id)
        refused = decide_refusal(
            used._replace(
                tokens_today=used.tokens_today + self._tokens,
                micro_dollars_today=used.micro_dollars_today + self._micro_dollars,
                tokens_of_session=used.tokens_of_session + self._of_session.get(session_id, 0),
            ),
            call,
            self._caps,
        )
        if refused is not None:
            return refused.message
        self._tokens += call.tokens
        self._micro_dollars += call.micro_dollars(call.prompt_tokens, call.completion_tokens) or 0
        self._of_session[session_id] = self._of_session.get(session_id, 0) + call.tokens
        return ""

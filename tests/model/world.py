"""A project with a session in a store of its own, and models that answer from the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contox_hooks.memory.store import Place
from contox_hooks.model.chat import Answer, Question
from contox_hooks.model.client import ModelClient
from contox_hooks.model.ledger import Caps, Ledger
from contox_hooks.model.metering import Meter, Priced
from contox_hooks.model.preset import PRESETS, Price
from contox_hooks.wire.endpoint import parse_endpoint
from tests.memory.events import DAY, Clock, a_project, commit, open_service

KEY = "sk-" + "test" * 8
QUESTION = Question("the system's words", "the user's data", max_tokens=100)
WIDE = Caps(tokens_a_day=1_000_000, tokens_a_session=1_000_000, cents_a_day=1_000)
PRICE = Price(150_000, 600_000)


@dataclass
class Model:
    """A `ChatModel` that says what the test says."""

    respond: Callable[[Question], Answer]
    name: str = "test/one"
    paid: bool = True
    asked: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        return self.respond(question)


def answered(text: str = "yes", prompt: int = 10, completion: int = 5, model: str = "test/one") -> Answer:
    return Answer(text, model, prompt, completion)


def says(text: str = "yes", **values: Any) -> Callable[[Question], Answer]:
    return lambda question: answered(text, **values)


def fails(error: BaseException) -> Callable[[Question], Answer]:
    def respond(question: Question) -> Answer:
        raise error

    return respond


class World:
    """One store, one project, one session."""

    def __init__(self, where: Place, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.service = open_service(where, self.clock)
        self.store = self.service.store
        self.project_id = a_project(self.service).id
        receipts = self.service.ingest(self.project_id, [commit(1, DAY)])
        self.session_id = receipts[0].session_id
        self.ledger = Ledger(self.store, self.project_id)

    def meter(self, *models: Model, caps: Caps = WIDE, price: Price | None = PRICE) -> Meter:
        return Meter([Priced(model, price) for model in models], self.ledger, caps)

    def close(self) -> None:
        self.service.close()


def client(
    url: str, folder: Path, *, key: str = KEY, paid: bool = True, total_s: float = 20.0, provider: str = "custom"
) -> ModelClient:
    return ModelClient(provider, parse_endpoint(url), "small-one", PRESETS[provider], key, folder, paid, total_s)

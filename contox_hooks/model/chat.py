"""What is asked of a language model and what comes back: the one seam between us and whoever answers.

Values, the protocol and its errors; must not know HTTP, prompts or storage. Whoever asks pays through `metering.py`,
which holds the caps: no other module calls `ChatModel.answer`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from contox_hooks.domain.error import RemoteError

CHARACTERS_A_TOKEN = 3
"""Of a word, for estimates before a call: low, since prose has about 4, and a cap must not come late."""


@dataclass(frozen=True, slots=True)
class Question:
    system: str
    """The instructions. Ours alone: no text from a repository."""
    user: str
    """The data, fenced."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema of the answer; None for prose."""
    schema_name: str = "answer"
    max_tokens: int = 4096
    """Of the answer."""

    @property
    def estimated_tokens(self) -> int:
        """Of what is sent."""
        schema = "" if self.schema is None else json.dumps(self.schema)
        return estimated_tokens(self.system + self.user + schema)


_WORD = re.compile(rb"[A-Za-z0-9]+")
_BLANKS = b" \t"
_BLANKS_A_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """What it takes at most, or nearly: a word of letters one for each three begun; of one with a digit in it (hashes,
    base64), of punctuation, line ends and all that is not ASCII, one a byte of UTF-8; blanks four (indentation)."""
    raw = text.encode("utf-8", "replace")
    count = of_words = 0
    for word in _WORD.findall(raw):
        of_words += len(word)
        count += -(-len(word) // CHARACTERS_A_TOKEN) if word.isalpha() else len(word)
    blanks = len(raw) - len(raw.translate(None, _BLANKS))
    return int(count + -(-blanks // _BLANKS_A_TOKEN) + len(raw) - of_words - blanks)


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    """JSON text where a schema was given, not yet validated."""
    model: str
    """`provider/model` that really answered."""
    prompt_tokens: int
    completion_tokens: int
    """As the endpoint counts them, else estimated from the characters."""
    cut: bool = False
    """The answer stopped at max_tokens."""
    is_estimate: bool = False
    """The endpoint did not count the tokens."""


class ModelUnavailable(RemoteError):
    """No answer: time-out, no connection, 5xx, a cut stream. Another endpoint may answer; later, this one too."""

    code: ClassVar[str] = "model_unavailable"


class ModelUnreached(ModelUnavailable):
    """Nothing was sent: an unknown name, no connection, no safe one. It cost nothing."""

    code: ClassVar[str] = "model_unreached"


class ModelBusy(ModelUnavailable):
    """429: too many requests, or no credit left. `wait_s` when the endpoint says how long."""

    code: ClassVar[str] = "model_busy"

    def __init__(self, message: str, *, hint: str = "", wait_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s


class ModelRefused(RemoteError):
    """Other 4xx: a key, a model name or a request that will not work another time either."""

    code = "model_refused"


FREE = (ModelUnreached, ModelBusy, ModelRefused)
"""What cost nothing: not a byte was sent, or all of it was refused."""


class ChatModel(Protocol):
    @property
    def name(self) -> str:
        """`provider/model`, for people."""
        ...

    @property
    def paid(self) -> bool:
        """Whether a call costs money; an endpoint on this machine does not."""
        ...

    def answer(self, question: Question) -> Answer:
        """One request. Raises ModelUnavailable, ModelBusy, ModelRefused."""
        ...


class Asker(Protocol):
    """A model with its caps: what the verbs and stages that may use one are handed. None stands for no model."""

    @property
    def name(self) -> str: ...

    def ask(self, question: Question, *, purpose: str) -> Answer:
        """One metered request. `purpose`: a word for the ledger (`ask`, `hygiene`, `changelog` …). Raises what
        `ChatModel.answer` raises, and SpendRefused (domain/error.py) when a cap is reached; nothing was sent then."""
        ...

"""One model at one endpoint, asked over HTTP.

Must not know prompts, caps or storage. Invariant: one `answer` is one POST, never repeated by itself, and ends within
`total_s`; the key is in its header and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from contox_hooks.domain.error import AccessRefused
from contox_hooks.model.chat import Answer, ModelBusy, ModelRefused, ModelUnavailable, ModelUnreached, Question
from contox_hooks.model.openai_wire import PATH, answer_of, error_of, error_text, request_body
from contox_hooks.model.preset import Preset
from contox_hooks.net.http import Http, Peer, Unreachable, plain
from contox_hooks.net.pace import asked_wait_s, pace_of
from contox_hooks.wire.endpoint import Endpoint

ANSWER_S = 120.0
"""4,096 tokens at 40 a second, the slow end of hosted models, and what a queue takes."""
PER_MINUTE = 60
"""Requests to one provider: a request a second is what the narrowest free tiers take."""

PATIENCE_S = 60.0
"""A request waits so long for its turn: PER_MINUTE may ask for it, or an endpoint that said when to come back."""

_PEER: Final = Peer(
    on_nonsense="is that the base URL of a model? contox-hooks settings: model_url",
    on_key="contox-hooks settings model-key",
    on_redirect="sign in to the network, or contox-hooks settings set model_url with the new address",
    may_be_keyless=True,
)
_NOT_SENT = ("dns", "connect", "tls")


@dataclass(frozen=True, slots=True)
class ModelClient:
    """Implements `chat.ChatModel`."""

    provider: str
    endpoint: Endpoint
    model: str
    preset: Preset
    key: str = field(repr=False)
    """Empty: none is sent; an endpoint on this machine may do without."""
    data_dir: Path = field(repr=False)
    """Of the user: the pace is shared by all processes."""
    paid: bool = True
    total_s: float = ANSWER_S

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}"

    def answer(self, question: Question) -> Answer:
        body = request_body(question, self.model, self.preset)
        try:
            # One for each request: on a connection that was kept and that the endpoint has ended it would fail, and a
            # body that is packed, as origins may come to take it, might have to be sent twice.
            http = Http(
                self.endpoint, self.key, pace=pace_of(self.data_dir, self.endpoint, PER_MINUTE), total_s=self.total_s,
                patience_s=PATIENCE_S, peer=_PEER,
            )  # fmt: skip
        except AccessRefused as error:
            raise ModelRefused(f"{self.name}: {error.message}", hint=error.hint) from None
        try:
            reply = http.request("POST", PATH, body=body)
        except Unreachable as error:
            raise self._unavailable(error) from None
        finally:
            http.close()
        if not 200 <= reply.status < 300:
            text = plain(error_text(reply.body), self.key)
            raise error_of(reply.status, text, asked_wait_s(reply.headers, reply.status), self.name)
        answer = answer_of(reply.body, question, self.provider, self.model)
        return replace(answer, model=plain(answer.model, self.key))  # an endpoint may say anything there

    def _unavailable(self, error: Unreachable) -> ModelUnavailable:
        text = f"{self.name}: {error.message}"
        if error.why == "rate":
            return ModelBusy(text, hint=error.hint, wait_s=error.wait_s)
        kind = ModelUnreached if error.why in _NOT_SENT else ModelUnavailable
        return kind(text, hint=error.hint)

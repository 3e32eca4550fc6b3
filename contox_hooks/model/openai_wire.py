"""OpenAI's chat completions: a Question as a request's body, a reply's body as an Answer, a status as an error.

Pure. Must not know HTTP's doing, keys or money. Invariant: whatever a reply holds, an Answer or one of chat.py's errors
comes of it.
"""

from __future__ import annotations

import json
from typing import Any

from contox_hooks.domain.error import RemoteError
from contox_hooks.model.chat import Answer, ModelBusy, ModelRefused, ModelUnavailable, Question, estimated_tokens
from contox_hooks.model.preset import Preset

PATH = "/chat/completions"
MAX_TOKENS = 100_000_000
"""A count beyond is no count."""
_PASSING = (408, 425, 429)
"""4xx that may pass: DESIGN.md, invariant 4."""
_KEY = "contox-hooks settings model-key"


def request_body(question: Question, model: str, preset: Preset) -> bytes:
    """UTF-8 JSON. Bytes that are no text reach us as lone surrogates, and the endpoint as question marks."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": question.system},
            {"role": "user", "content": question.user},
        ],
        preset.limit_as: question.max_tokens,
    }
    if preset.temperature is not None:
        body["temperature"] = preset.temperature
    if question.schema is not None:
        body["response_format"] = _response_format(question, preset)
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _response_format(question: Question, preset: Preset) -> dict[str, Any]:
    if preset.schema_as == "json_object":
        return {"type": "json_object"}
    # Not `strict`: endpoints that know it refuse a schema with keywords they do not; the answer is validated anyway.
    return {"type": "json_schema", "json_schema": {"name": question.schema_name, "schema": question.schema}}


def answer_of(body: bytes, question: Question, provider: str, asked: str) -> Answer:
    """The answer in the body of a 2xx. `asked`: the model's name in the request. Raises ModelUnavailable: there is
    none in it."""
    name = f"{provider}/{asked}"
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        raise ModelUnavailable(f"{name} answered what is not JSON") from None
    choice = _first(reply, "choices")
    message = choice.get("message")
    if not isinstance(message, dict):
        raise ModelUnavailable(f"{name} gave a reply without an answer")
    text, is_cut = message.get("content"), choice.get("finish_reason") == "length"
    if not isinstance(text, str) or (not text.strip() and not is_cut):
        raise ModelUnavailable(f"{name} gave no text: {_why_no_text(choice, message)}")
    prompt, completion = _counted(reply.get("usage"), has_text=bool(text))
    return Answer(
        text=text,
        model=f"{provider}/{_model(reply.get('model'), asked)}",
        prompt_tokens=question.estimated_tokens if prompt is None else prompt,
        completion_tokens=estimated_tokens(text) if completion is None else completion,
        cut=is_cut,
        is_estimate=prompt is None or completion is None,
    )


def _counted(usage: object, *, has_text: bool) -> tuple[int | None, int | None]:
    """Tokens of prompt and answer; None where the endpoint did not count: nothing that was sent or said takes none."""
    prompt, completion, total = (_count(usage, f"{part}_tokens") for part in ("prompt", "completion", "total"))
    if prompt and completion and total:  # what a model thought is in some endpoints' total alone, and paid for
        completion = max(completion, total - prompt)
    return prompt or None, (completion or None) if has_text else completion


def _first(reply: object, name: str) -> dict[str, Any]:
    listed = reply.get(name) if isinstance(reply, dict) else None
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, dict) else {}


def _why_no_text(choice: dict[str, Any], message: dict[str, Any]) -> str:
    if message.get("tool_calls") or message.get("function_call"):
        return "it wants to call a tool"
    if message.get("refusal"):
        return "it declined"
    if choice.get("finish_reason") == "content_filter":
        return "the endpoint's filter took it"
    return "the answer is empty"


def _count(usage: object, name: str) -> int | None:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if type(count) is int and 0 <= count <= MAX_TOKENS else None


def _model(said: object, asked: str) -> str:
    is_name = isinstance(said, str) and 0 < len(said) <= 200 and said.isascii() and said.isprintable()
    return str(said) if is_name else asked


def error_text(body: bytes) -> str:
    """What a refusal says is wrong, as it stands there: untrusted, of any length; "" where it says nothing."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(reply, dict):
        error = reply.get("error", reply)
        said = error.get("message", error.get("detail")) if isinstance(error, dict) else error
        return said if isinstance(said, str) else ""
    return ""


def error_of(status: int, text: str, wait_s: float | None, name: str) -> RemoteError:
    """The error that a status other than 2xx is. `text`: of the endpoint, fit for a message; `name`: of the model."""
    said = f": {text}" if text else ""
    if status == 429:
        hint = "wait, or look at the account's limits and credit"
        return ModelBusy(f"{name} takes no more requests now (429){said}", hint=hint, wait_s=wait_s)
    if status in _PASSING or status >= 500:
        return ModelUnavailable(f"{name} failed ({status}){said}", hint="try again later")
    hint = {
        401: _KEY,
        402: "look at the account's credit",
        403: _KEY,
        404: "contox-hooks settings: model_provider and the model's name",
    }.get(status, "contox-hooks settings: model_provider and what stands with it")
    return ModelRefused(f"{name} refuses the request ({status}){said}", hint=hint)

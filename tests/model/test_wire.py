"""The bytes of a request, and what each kind of reply comes to."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.model.chat import Answer, ModelBusy, ModelRefused, ModelUnavailable, Question, estimated_tokens
from contox_hooks.model.openai_wire import MAX_TOKENS, answer_of, error_of, error_text, request_body
from contox_hooks.model.preset import PRESETS, Price
from tests.model import server
from tests.model.world import QUESTION

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def read(said: server.Said, question: Question = QUESTION) -> Answer:
    return answer_of(said.body, question, "custom", "small-one")


def why(said: server.Said) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        read(said)
    assert caught.value.message.startswith("custom/small-one ")
    return caught.value.message.removeprefix("custom/small-one ")


def test_a_request_for_prose_names_the_model_the_texts_and_the_limit() -> None:
    assert json.loads(request_body(QUESTION, "m", PRESETS["mistral"])) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "the system's words"},
            {"role": "user", "content": "the user's data"},
        ],
        "max_tokens": 100,
        "temperature": 0.0,
    }


def test_a_schema_goes_along_under_its_name() -> None:
    question = replace(QUESTION, schema=SCHEMA, schema_name="items")
    body = json.loads(request_body(question, "m", PRESETS["openrouter"]))
    assert body["response_format"] == {"type": "json_schema", "json_schema": {"name": "items", "schema": SCHEMA}}
    older = replace(PRESETS["custom"], schema_as="json_object")
    assert json.loads(request_body(question, "m", older))["response_format"] == {"type": "json_object"}


def test_openai_has_its_own_word_for_the_limit_and_sets_its_own_temperature() -> None:
    body = json.loads(request_body(QUESTION, "m", PRESETS["openai"]))
    assert body["max_completion_tokens"] == 100
    assert not {"max_tokens", "temperature"} & set(body)


def test_bytes_that_are_no_text_do_not_stop_a_request() -> None:
    body = request_body(replace(QUESTION, user="caf\udce9 é"), "m", PRESETS["mistral"])
    assert json.loads(body)["messages"][1]["content"] == "caf? é"


def test_an_answer_with_its_counts_and_the_model_that_gave_it() -> None:
    answer = read(server.says({"a": 1}, prompt_tokens=7, completion_tokens=3, model="small-one-2603"))
    assert answer == Answer('{"a": 1}', "custom/small-one-2603", 7, 3)


def test_without_counts_they_are_estimated_from_what_was_sent_and_said() -> None:
    question = replace(QUESTION, schema=SCHEMA)
    answer = read(server.says("x" * 30, prompt_tokens=None), question)
    assert answer.is_estimate
    assert (answer.prompt_tokens, answer.completion_tokens) == (question.estimated_tokens, 10)
    assert question.estimated_tokens > QUESTION.estimated_tokens == 15


@pytest.mark.parametrize("counted", [-1, 1.5, "7", True, None, MAX_TOKENS + 1])
def test_a_count_that_is_none_is_estimated(counted: object) -> None:
    reply = json.loads(server.says("x" * 30).body)
    reply["usage"]["completion_tokens"] = counted
    answer = read(server.raw(json.dumps(reply).encode()))
    assert (answer.completion_tokens, answer.is_estimate, answer.prompt_tokens) == (10, True, 100)


def usage(**counts: int) -> Answer:
    reply = json.loads(server.says("x" * 30).body)
    reply["usage"] = {f"{name}_tokens": count for name, count in counts.items()}
    return read(server.raw(json.dumps(reply).encode()))


def test_what_a_model_thought_is_counted_where_only_the_total_has_it() -> None:
    assert usage(prompt=100, completion=10, total=5_000).completion_tokens == 4_900
    assert usage(prompt=100, completion=10, total=110).completion_tokens == 10
    assert usage(prompt=100, completion=10, total=1).completion_tokens == 10


def test_counts_of_nothing_for_something_are_estimated() -> None:
    answer = usage(prompt=0, completion=0, total=0)
    assert (answer.prompt_tokens, answer.completion_tokens) == (QUESTION.estimated_tokens, 10)
    assert answer.is_estimate


DENSE = [
    ("日本語の文章です" * 10, 80 * 1.25), (sha256(b"x").hexdigest() * 4, 256 / 1.1), ("f(e,t){return e.a&&t[0]}" * 9, 216 / 1.5)
]  # fmt: skip
"""Text, and tokens at most of it: characters a token as they were measured by others for dense text."""


@pytest.mark.parametrize(("text", "tokens"), DENSE, ids=["CJK", "hexadecimal", "minified"])
def test_an_estimate_of_dense_text_is_not_too_low(text: str, tokens: float) -> None:
    assert estimated_tokens(text) >= tokens


def test_an_estimate_of_prose_is_no_multiple_of_it() -> None:
    text = "The worker keeps its jobs in a file, since a server more has to be looked after. " * 20
    assert len(text) / 4 <= estimated_tokens(text) <= len(text) / 2


def test_an_answer_that_stopped_at_the_limit_says_so() -> None:
    assert read(server.says('{"a": ', finish_reason="length")).cut
    assert read(server.says("", finish_reason="length")).cut
    assert not read(server.says("{}")).cut


NO_ANSWER = [
    (server.raw(b"<html>"), "answered what is not JSON"),
    (server.raw(b"[" * 100_000), "answered what is not JSON"),
    (server.raw(b"{}"), "gave a reply without an answer"),
    (server.raw(b"[]"), "gave a reply without an answer"),
    (server.raw(b'{"choices": []}'), "gave a reply without an answer"),
    (server.raw(b'{"choices": [{"message": "hi"}]}'), "gave a reply without an answer"),
    (server.says(None), "gave no text: the answer is empty"),
    (server.says("  "), "gave no text: the answer is empty"),
    (server.says(None, tool_calls=[{"id": "1"}]), "gave no text: it wants to call a tool"),
    (server.says(None, refusal="I will not"), "gave no text: it declined"),
    (server.says(None, finish_reason="content_filter"), "gave no text: the endpoint's filter took it"),
]


@pytest.mark.parametrize(("said", "reason"), NO_ANSWER, ids=[reason for _, reason in NO_ANSWER])
def test_a_reply_without_an_answer_tells_why(said: server.Said, reason: str) -> None:
    assert why(said) == reason


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "usage", "prompt_tokens", "finish_reason", "model", "error"]),
        inner, max_size=4,
    ),
)  # fmt: skip


@given(_JSON)
def test_whatever_a_reply_holds_an_answer_or_an_error_comes_of_it(reply: object) -> None:
    body = json.dumps(reply).encode()
    assert isinstance(error_text(body), str)
    try:
        answer = answer_of(body, QUESTION, "custom", "small-one")
    except ModelUnavailable:
        return
    assert answer.text.strip() or answer.cut
    assert 0 <= answer.prompt_tokens <= MAX_TOKENS


@pytest.mark.parametrize("said", ["x" * 300, "ba\x1b[31md", 7, None, ""])
def test_a_model_name_that_is_none_is_not_believed(said: object) -> None:
    assert read(server.says("yes", model=said)).model == "custom/small-one"  # type: ignore[arg-type]


STATUSES = [
    (400, ModelRefused, ""), (401, ModelRefused, "model-key"), (402, ModelRefused, "credit"),
    (403, ModelRefused, "model-key"), (404, ModelRefused, "model's name"), (408, ModelUnavailable, ""),
    (413, ModelRefused, ""), (422, ModelRefused, ""), (425, ModelUnavailable, ""), (429, ModelBusy, "limits"),
    (500, ModelUnavailable, "later"), (503, ModelUnavailable, "later"), (529, ModelUnavailable, "later"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "hint"), STATUSES)
def test_each_status_is_its_error(status: int, kind: type[Exception], hint: str) -> None:
    error = error_of(status, "no", 7.0, "custom/small-one")
    assert type(error) is kind
    assert hint in error.hint
    assert (str(status), "no") == (error.message.partition("(")[2][:3], error.message[-2:])
    if isinstance(error, ModelBusy):
        assert error.wait_s == 7.0


def test_an_error_text_in_each_dialect() -> None:
    assert error_text(b'{"error": {"message": "bad"}}') == "bad"
    assert error_text(b'{"error": "bad"}') == "bad"
    assert error_text(b'{"message": "bad", "object": "error"}') == "bad"
    assert error_text(b'{"detail": "bad"}') == "bad"
    assert error_text(b'{"detail": [1]}') == error_text(b"no json") == error_text(b"[1]") == ""


def test_every_preset_is_whole() -> None:
    for name, preset in PRESETS.items():
        assert preset.base.startswith("https://") or name in ("ollama", "custom")
        assert bool(preset.base) == bool(preset.small) == bool(preset.medium), name
        assert set(preset.prices) <= {preset.small, preset.medium}


def test_money_is_exact_and_rounded_up() -> None:
    price = Price(150_000, 600_000)
    assert price.micro_dollars(1_000_000, 1_000_000) == 750_000
    assert price.micro_dollars(1, 0) == 1
    assert price.micro_dollars(0, 0) == 0

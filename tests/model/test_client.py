"""The client against an endpoint that misbehaves: one POST each time, a reason each time, the key nowhere."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from contox_hooks.model.chat import ModelBusy, ModelRefused, ModelUnavailable, ModelUnreached
from contox_hooks.net.http import MAX_BODY_BYTES
from tests.model import server
from tests.model.server import ModelServer
from tests.model.world import KEY, QUESTION, client
from tests.net.client import Speaker, spoken


def test_an_answer(model_server: ModelServer, tmp_path: Path) -> None:
    model_server.respond = lambda asked: server.says(f"{asked.system} / {asked.user}")
    one = client(model_server.url, tmp_path)
    assert one.answer(QUESTION).text == "the system's words / the user's data"
    (asked,) = model_server.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["model"] == "small-one"
    assert "content-encoding" not in asked.headers


FAULTS = [
    (server.fails(429, retry_after="7"), ModelBusy, "takes no more requests"),
    (server.fails(429), ModelBusy, "takes no more requests"),
    (server.fails(500), ModelUnavailable, "failed (500): it went wrong"),
    (server.fails(503), ModelUnavailable, "failed (503): it went wrong"),
    (server.fails(401, f"the key {KEY} is wrong"), ModelRefused, "refuses the request (401): the key [key] is wrong"),
    (server.fails(400), ModelRefused, "refuses the request (400)"),
    (server.cut(), ModelUnavailable, "broke off its answer"),
    (server.raw(b"{"), ModelUnavailable, "not JSON"),
    (server.raw(b"x" * (MAX_BODY_BYTES + 1)), ModelUnavailable, "more than 4 MiB"),
    (server.silent(), ModelUnavailable, "no complete answer in time"),
    (server.Said(307, b"", {"location": "http://elsewhere.example/"}), ModelUnavailable, "a redirect to"),
]


@pytest.mark.parametrize(("said", "kind", "text"), FAULTS, ids=[text for _, _, text in FAULTS])
def test_a_fault_is_its_error_after_one_post(
    model_server: ModelServer, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    said: server.Said, kind: type[Exception], text: str,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    model_server.script(said)
    one = client(model_server.url, tmp_path, total_s=1.0)
    with pytest.raises(ModelUnavailable if kind is not ModelRefused else ModelRefused) as caught:
        one.answer(QUESTION)
    assert type(caught.value) is kind
    assert text in caught.value.message
    assert "Contox server" not in f"{caught.value.message}{caught.value.hint}"
    assert len(model_server.asked) == 1
    told = "".join(traceback.format_exception(caught.value)) + caught.value.hint + repr(one) + caplog.text
    assert KEY not in told


def test_an_endpoint_that_asks_for_silence_is_given_it(model_server: ModelServer, tmp_path: Path) -> None:
    model_server.script(server.fails(429, retry_after="70"), server.says("too early"))
    one = client(model_server.url, tmp_path)
    with pytest.raises(ModelBusy) as first:
        one.answer(QUESTION)
    assert first.value.wait_s == 70
    with pytest.raises(ModelBusy) as second:  # also from another process: the pace is a file
        client(model_server.url, tmp_path).answer(QUESTION)
    assert 60 < (second.value.wait_s or 0) <= 70
    assert len(model_server.asked) == 1


def test_a_port_where_nobody_listens_was_not_reached(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ModelUnreached, match="cannot be reached"):
            client(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", tmp_path).answer(QUESTION)


def test_on_this_machine_no_key_is_needed_and_none_sent(model_server: ModelServer, tmp_path: Path) -> None:
    assert client(model_server.url, tmp_path, key="").answer(QUESTION).text == "an answer"
    assert "authorization" not in model_server.asked[0].headers


def test_elsewhere_a_key_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused) as caught:
        client("https://model.example/v1", tmp_path, key="").answer(QUESTION)
    assert caught.value.hint == "contox-hooks settings model-key"


def test_no_body_goes_out_packed_even_where_it_may(tmp_path: Path) -> None:
    """A packed body that is refused would have to be sent twice."""
    body = server.says("yes").body
    speaker = Speaker(spoken(body=body, accept_encoding="gzip"))
    try:
        one = client(f"{speaker.url}/v1", tmp_path)
        for _ in range(2):
            one.answer(replace(QUESTION, user="x" * 5000))
        assert all(b"content-encoding" not in asked.lower() for asked in speaker.heard)
    finally:
        speaker.close()


def test_a_short_silence_is_waited_for(model_server: ModelServer, tmp_path: Path) -> None:
    model_server.script(server.fails(429, retry_after="1"), server.says("now"))
    with pytest.raises(ModelBusy):
        client(model_server.url, tmp_path).answer(QUESTION)
    begun = time.monotonic()
    assert client(model_server.url, tmp_path).answer(QUESTION).text == "now"
    assert time.monotonic() - begun > 0.5


def test_a_key_that_comes_back_as_the_models_name_is_not_kept(model_server: ModelServer, tmp_path: Path) -> None:
    model_server.respond = lambda asked: server.says("yes", model=KEY)
    assert client(model_server.url, tmp_path).answer(QUESTION).model == "custom/[key]"

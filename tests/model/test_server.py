"""The endpoint that other tests build on does what it is told to."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.model.server import ModelServer, cut, fails, raw, says


def ask(server: ModelServer, user: str = "hello") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": user}]})
    connection.request("POST", "/v1/chat/completions", body, {"authorization": "Bearer k"})
    reply = connection.getresponse()
    try:
        return reply.status, reply.read()
    finally:
        connection.close()


def test_it_answers_by_the_request_and_keeps_it(model_server: ModelServer) -> None:
    model_server.respond = lambda asked: says({"you said": asked.user})
    status, body = ask(model_server, "ping")
    assert status == 200
    assert json.loads(json.loads(body)["choices"][0]["message"]["content"]) == {"you said": "ping"}
    assert model_server.asked[0].headers["authorization"] == "Bearer k"


def test_a_script_goes_in_order_and_its_last_line_stays(model_server: ModelServer) -> None:
    model_server.script(fails(429, retry_after="7"), raw(b"no json"))
    assert ask(model_server)[0] == 429
    assert [ask(model_server), ask(model_server)] == [(200, b"no json")] * 2


def test_a_cut_reply_ends_before_its_length(model_server: ModelServer) -> None:
    model_server.script(cut(after=10))
    with pytest.raises(http.client.IncompleteRead):
        ask(model_server)

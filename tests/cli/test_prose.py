"""Verbs that may ask a model: only where one is configured, with `--prose` where it is not what the verb is for."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from contox_hooks.cli import ask, impact, onboard
from contox_hooks.memory.report.prose import no_usage
from tests.cli.conftest import Call
from tests.gitrepo import Repo
from tests.model.server import ModelServer, fails, says
from tests.model.server import model_server as model_server
from tests.net.client import no_proxies as no_proxies

SAID = {"sentences": [{"text": "SQLite survives kill -9.", "sources": [1]}, {"text": "It is fast.", "sources": [99]}]}
REPORTS = [("changelog", "--days", "3660"), ("impact", "--days", "3660"), ("onboard",)]


@pytest.mark.parametrize("verb", [ask, impact, onboard])
def test_the_help_names_the_fields_of_usage(verb: ModuleType) -> None:
    told = " ".join((verb.command.__doc__ or "").split())
    assert "usage: promptTokens, completionTokens, totalTokens" in told
    assert list(no_usage()) == ["promptTokens", "completionTokens", "totalTokens"]


@pytest.fixture
def model(learnt: Repo, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    """Configured, after everything was learnt offline."""
    for name, value in (
        ("MODEL", "small"), ("MODEL_PROVIDER", "custom"), ("MODEL_URL", model_server.url), ("MODEL_SMALL", "test-model"),
    ):  # fmt: skip
        monkeypatch.setenv(f"CONTOX_{name}", value)
    model_server.respond = lambda asked: says(SAID)
    return model_server


def test_ask_answers_with_citations(model: ModelServer, call: Call) -> None:
    told = call("ask", "why sqlite")
    assert told.code == 0, told.err
    assert told.out.startswith("SQLite survives kill -9. [1]\n\n[1] ")
    assert "It is fast" not in told.out
    assert told.err == "contox-hooks: asked custom/test-model, 120 tokens; 1 sentence without a source left out\n"
    assert len(model.asked) == 1
    assert "<task>why sqlite</task>" in model.asked[0].user
    found = call("ask", "why sqlite", "--json").json
    assert found["answer"].startswith("SQLite survives kill -9. [Source 1]")
    assert (found["usage"]["totalTokens"], found["dropped"], found["trouble"]) == (120, 1, None)


def test_ask_offline_sends_nothing(model: ModelServer, call: Call) -> None:
    told = call("ask", "--offline", "why sqlite")
    assert told.out.startswith("[1] ")
    assert (told.err, model.asked) == ("", [])


def test_a_model_that_fails_leaves_the_passages_and_one_line(model: ModelServer, call: Call) -> None:
    model.respond = lambda asked: fails(401)
    told = call("ask", "why sqlite")
    assert told.code == 0
    assert told.out == call("ask", "--offline", "why sqlite").out
    assert re.fullmatch(r"contox-hooks: told without a model: .*\n", told.err)
    assert call("ask", "why sqlite", "--json").json["trouble"]


def test_a_model_that_is_half_configured_is_said(
    model: ModelServer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_MODEL_URL", "none")
    told = call("ask", "why sqlite")
    assert (told.code, told.out[:4]) == (0, "[1] ")
    assert "a custom provider has no address: contox-hooks settings set model_url URL" in told.err
    assert call("changelog", "--prose", "--json").error["code"] == "setting"


@pytest.mark.parametrize("verb", REPORTS)
def test_prose_only_when_it_is_asked_for(model: ModelServer, call: Call, verb: tuple[str, ...]) -> None:
    plain = call(*verb)
    assert model.asked == []
    told = call(*verb, "--prose")
    assert told.code == 0, told.err
    assert len(model.asked) == 1
    assert "SQLite survives kill -9. [1]\n\n[1] " in told.out
    assert "It is fast" not in told.out
    assert set(plain.out.splitlines()) - {""} <= set(told.out.splitlines())
    assert "120 tokens" in told.err
    found = call(*verb, "--prose", "--json").json
    assert found["prose"]["text"] == "SQLite survives kill -9. [Source 1]"
    assert [each["number"] for each in found["prose"]["sources"]] == [1]
    assert found["trouble"] is None
    assert call(*verb, "--json").json["prose"] is None


@pytest.mark.parametrize("verb", REPORTS)
def test_prose_without_a_model_says_what_to_type(learnt: Repo, call: Call, verb: tuple[str, ...]) -> None:
    error = call(*verb, "--prose", "--json").error
    assert (error["code"], error["hint"]) == ("setting", "contox-hooks settings set model small")


@pytest.mark.parametrize("verb", REPORTS)
def test_the_report_stands_when_the_model_fails(model: ModelServer, call: Call, verb: tuple[str, ...]) -> None:
    plain = call(*verb).out
    model.respond = lambda asked: fails(400)
    told = call(*verb, "--prose")
    assert (told.code, told.out) == (0, plain)
    assert told.err.startswith("contox-hooks: told without a model: ")
    assert call(*verb, "--prose", "--json").json["trouble"]

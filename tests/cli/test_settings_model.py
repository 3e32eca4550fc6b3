"""A model in `settings` and `status`: its key comes in unseen, what it used and cost is shown, what is missing is told."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from contox_hooks.model.ledger import Call, Caps, Ledger
from contox_hooks.model.preset import Price
from contox_hooks.model_key import key_of
from contox_hooks.place import config_dir
from contox_hooks.wire.endpoint import parse_endpoint
from tests.cli.conftest import Call as CallVerb
from tests.cli.world import parts_of
from tests.gitrepo import Repo

KEY = "sk-" + "typed" * 8
MISTRAL = parse_endpoint("https://api.mistral.ai/v1")
OPENROUTER = parse_endpoint("https://openrouter.ai/api/v1")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MISTRAL_API_KEY", "OPENROUTER_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def captured(repo: Repo, call: CallVerb) -> Repo:
    assert call("init", "--no-hooks").code == 0
    return repo


def spend(repo: Repo, model: str, prompt: int, completion: int, price: Price | None) -> None:
    """One call that runs."""
    service, project_id = parts_of(repo)
    with service:
        call = Call("ask", model, True, price, prompt, completion)
        Ledger(service.store, project_id).start(call, Caps(10**9, 10**9, 10**6))


# -- the key ------------------------------------------------------------------------------------------------------------


def test_a_key_comes_on_stdin_and_is_never_shown(
    captured: Repo, call: CallVerb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    told = call("settings", "model-key", "-")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("the key for api.mistral.ai is kept in ")
    assert KEY not in told.out
    assert key_of(MISTRAL, variables=()) == KEY
    for verb in (("settings",), ("settings", "--json"), ("status",), ("status", "--json")):
        shown = call(*verb)
        assert KEY not in shown.out + shown.err


def test_a_key_for_another_provider_and_its_end(
    captured: Repo, call: CallVerb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    told = call("settings", "model-key", "--provider", "openrouter", "-", "--json").json
    assert (told["provider"], told["host"]) == ("openrouter", "openrouter.ai")
    assert str(config_dir()) in told["where"]
    assert (key_of(OPENROUTER, variables=()), key_of(MISTRAL, variables=())) == (KEY, "")
    told = call("settings", "model-key", "--provider", "openrouter", "--forget", "--json").json
    assert told == {"provider": "openrouter", "host": "openrouter.ai", "where": None}
    assert key_of(OPENROUTER, variables=()) == ""


def test_a_key_in_the_command_line_is_refused_and_not_repeated(captured: Repo, call: CallVerb) -> None:
    told = call("settings", "model-key", KEY)
    assert (told.code, told.out) == (2, "")
    assert "a key does not belong in a command line" in told.err
    assert KEY not in told.err
    assert key_of(MISTRAL, variables=()) == ""


def test_nobody_to_type_it(captured: Repo, call: CallVerb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    told = call("settings", "model-key")
    assert told.code == 2
    assert "contox-hooks settings model-key - < FILE" in told.err


@pytest.mark.parametrize("arguments", [("-",), ("-", "--provider", "acme")])
def test_what_is_no_key_or_no_provider_keeps_nothing(
    captured: Repo, call: CallVerb, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("two words\n"))
    told = call("settings", "model-key", *arguments)
    assert told.code in (2, 6)
    assert "two words" not in told.err
    assert not (config_dir() / "credentials.json").exists()


def test_a_key_that_is_typed_is_not_echoed(captured: Repo) -> None:
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "contox_hooks", "settings", "model-key"],
        stdin=follower, stdout=follower, stderr=follower, cwd=captured.path, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    os.close(follower)
    seen = b""
    while b"API key for api.mistral.ai: " not in seen:
        seen += os.read(leader, 1024)
    os.write(leader, f"{KEY}\n".encode())
    while chunk := _read(leader):
        seen += chunk
    assert child.wait(30) == 0, seen
    os.close(leader)
    assert KEY.encode() not in seen
    assert key_of(MISTRAL, variables=()) == KEY


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1024)
    except OSError:  # the other end is closed
        return b""


# -- what it used and cost ------------------------------------------------------------------------------------------------


def test_without_a_model_nothing_is_said_of_spending(captured: Repo, call: CallVerb) -> None:
    assert call("settings", "--json").json["spend"] is None
    assert call("status", "--json").json["spend"] is None
    assert "tokens today" not in call("status").out + call("settings").out


def test_spend_is_in_settings_and_status(captured: Repo, call: CallVerb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_MODEL_API_KEY", KEY)
    assert call("settings", "set", "model", "small").code == 0
    spend(captured, "mistral/mistral-small-latest", 40_000, 10_000, Price(150_000, 600_000))
    line = "mistral/mistral-small-latest: 50,000 of 200,000 tokens today, $0.0120 of $0.50"
    assert call("settings").out.splitlines()[-1] == f"model {line}"
    assert f"  model     {line}" in call("status").out.splitlines()
    found = call("status", "--json").json
    assert found["problems"] == [] or all("key" not in problem["text"] for problem in found["problems"])
    assert found["spend"] == call("settings", "--json").json["spend"] == {
        "models": ["mistral/mistral-small-latest"], "tokens_today": 50_000, "tokens_a_day": 200_000,
        "tokens_a_session": 100_000, "calls_today": 1, "micro_dollars_today": 12_000, "cents_a_day": 50,
        "unpriced_calls_today": 0, "models_without_price": [],
    }  # fmt: skip


def test_an_unknown_price_is_said(captured: Repo, call: CallVerb) -> None:
    for name, value in (("model", "small"), ("model-small", "mine"), ("model-fallback", "openrouter")):
        assert call("settings", "set", name, value).code == 0
    line = call("settings").out.splitlines()[-1]
    assert line.startswith("model mistral/mine, then openrouter/mistralai/mistral-small-2603: 0 of 200,000 tokens")
    assert line.endswith("and what nobody knows the price of (contox-hooks settings set model_price IN/OUT)")
    assert call("settings", "--json").json["spend"]["models_without_price"] == ["mistral/mine"]
    assert call("settings", "set", "model-price", "0.1/0.3").code == 0
    assert call("settings").out.splitlines()[-1].endswith("$0.00 of $0.50")


def test_what_runs_here_is_not_paid(captured: Repo, call: CallVerb) -> None:
    for name, value in (("model", "small"), ("model-provider", "ollama")):
        assert call("settings", "set", name, value).code == 0
    assert (
        call("settings").out.splitlines()[-1] == "model ollama/mistral-nemo: 0 of 200,000 tokens today, nothing is paid"
    )
    assert call("status", "--json").json["spend"]["models"] == ["ollama/mistral-nemo"]


def test_a_missing_key_is_a_problem_with_its_command(captured: Repo, call: CallVerb) -> None:
    assert call("settings", "set", "model", "small").code == 0
    problems = call("status", "--json").json["problems"]
    assert {
        "text": "there is no API key for mistral (api.mistral.ai)",
        "command": "contox-hooks settings model-key --provider mistral",
    } in problems


def test_a_model_that_is_not_complete_leaves_the_settings_readable(captured: Repo, call: CallVerb) -> None:
    for name, value in (("model", "small"), ("model-provider", "custom")):
        assert call("settings", "set", name, value).code == 0
    told = call("settings", "--json")
    assert (told.code, told.json["spend"]) == (0, None)
    assert told.err == (
        "contox-hooks: the model cannot be asked: a custom provider has no address\n"
        "  → contox-hooks settings set model_url URL\n"
    )
    assert any(
        problem["command"] == "contox-hooks settings set model_url URL"
        for problem in call("status", "--json").json["problems"]
    )

"""Which model the settings name, where, at what price and with whose key."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks import asker
from contox_hooks.configuration import effective_settings, user_file
from contox_hooks.domain.error import SettingError
from contox_hooks.domain.setting import Effective, Layer, fold_layers
from contox_hooks.model.client import ModelClient
from contox_hooks.model.metering import Meter
from contox_hooks.model.preset import Price
from contox_hooks.model_key import forget_key, keep_key, key_of
from contox_hooks.place import config_dir
from contox_hooks.wire.endpoint import parse_endpoint
from tests.gitrepo import Repo
from tests.model.world import World

KEY = "sk-" + "mine" * 8
OTHER = "sk-" + "other" * 8


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MISTRAL_API_KEY", "OPENROUTER_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def folded(**values: object) -> Effective:
    return fold_layers([Layer("own", values)])


def chosen(**values: object) -> list[tuple[str, str, bool]]:
    return [(one.name, one.endpoint.base, one.paid) for one in asker.chosen_models(folded(**values))]


def keys(world: World, effective: Effective) -> list[str]:
    meter = asker.meter_for(effective, world.store, world.project_id)
    assert isinstance(meter, Meter)
    found = []
    for _, priced in meter._models:
        assert isinstance(priced.model, ModelClient)
        found.append(priced.model.key)
    return found


def test_offline_there_is_none(world: World) -> None:
    assert asker.meter_for(folded(), world.store, world.project_id) is None


def test_the_offline_default_loads_no_module_of_models() -> None:
    script = "import sys; from contox_hooks import asker, work, report; " \
        "from contox_hooks.cli import settings, screen, ask, changelog, impact, onboard; " \
        "from contox_hooks.memory.report import ask, changelog, impact, onboarding; " \
        "print([name for name in sys.modules if name.startswith('contox_hooks.model') or name == 'httpx'])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


CHOICES = [
    ({"model": "small"}, [("mistral/mistral-small-latest", "https://api.mistral.ai/v1", True)]),
    ({"model": "medium"}, [("mistral/mistral-medium-latest", "https://api.mistral.ai/v1", True)]),
    ({"model": "medium", "model_medium": "mine"}, [("mistral/mine", "https://api.mistral.ai/v1", True)]),
    ({"model": "small", "model_medium": "mine"}, [("mistral/mistral-small-latest", "https://api.mistral.ai/v1", True)]),
    (
        {"model": "medium", "model_provider": "openrouter", "model_fallback": "mistral"},
        [
            ("openrouter/mistralai/mistral-medium-3.1", "https://openrouter.ai/api/v1", True),
            ("mistral/mistral-medium-latest", "https://api.mistral.ai/v1", True),
        ],
    ),
    (
        {"model": "small", "model_small": "mine", "model_fallback": "openrouter"},
        [
            ("mistral/mine", "https://api.mistral.ai/v1", True),
            ("openrouter/mistralai/mistral-small-2603", "https://openrouter.ai/api/v1", True),
        ],
    ),
    ({"model": "small", "model_fallback": "mistral"}, [("mistral/mistral-small-latest", "https://api.mistral.ai/v1", True)]),
    ({"model": "small", "model_provider": "ollama"}, [("ollama/mistral-nemo", "http://127.0.0.1:11434/v1", False)]),
    (
        {"model": "small", "model_provider": "custom", "model_url": "http://127.0.0.1:8000/v1/", "model_small": "m"},
        [("custom/m", "http://127.0.0.1:8000/v1", False)],
    ),
    (
        {"model": "small", "model_provider": "custom", "model_url": "http://127.0.0.1:8000/v1",
         "model_small": "mistral-small-latest"},
        [("custom/mistral-small-latest", "http://127.0.0.1:8000/v1", False)],
    ),
    (
        {"model": "small", "model_provider": "custom", "model_url": "http://127.0.0.1:8000/v1", "model_small": "m",
         "model_price": "1/2"},
        [("custom/m", "http://127.0.0.1:8000/v1", True)],
    ),
    (
        {"model": "small", "model_provider": "custom", "model_url": "http://box.example/v1", "model_small": "m",
         "model_plain_http": True},
        [("custom/m", "http://box.example/v1", True)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), CHOICES)
def test_the_models_that_settings_name(values: dict[str, object], expected: list[tuple[str, str, bool]]) -> None:
    assert chosen(**values) == expected


WRONG = [
    ({"model_url": "none"}, "a custom provider has no address", "set model_url URL"),
    ({"model_url": "http://box.example/v1"}, "would carry the key in the clear", "model_plain_http true"),
    ({"model_url": "https://a:b@box.example/v1"}, "model_url holds a user name or password", "leave out"),
    ({"model_url": "box.example"}, "model_url does not begin with https://", "https://box.example"),
    ({"model_url": "https://box.example/v1"}, "nobody says which model of box.example is meant", "set model_small NAME"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "message", "hint"), WRONG)
def test_a_custom_provider_that_is_not_complete(values: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(SettingError) as caught:
        chosen(model="small", model_provider="custom", **values)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "--plain-http" not in caught.value.hint


def prices(**values: object) -> list[Price | None]:
    return [one.price for one in asker.chosen_models(folded(model="small", **values))]


def test_a_price_is_the_users_for_the_provider_and_published_for_the_fallback() -> None:
    listed = Price(150_000, 600_000)
    assert prices() == [listed]
    assert prices(model_small="mine") == [None]
    assert prices(model_price="0.075/12") == [Price(75_000, 12_000_000)]
    assert prices(model_price="1/2.5", model_fallback="openrouter") == [Price(1_000_000, 2_500_000), listed]
    assert prices(model_price="1/2", model_fallback="ollama") == [Price(1_000_000, 2_000_000), None]
    assert prices(model_provider="ollama") == [None]


# -- keys ---------------------------------------------------------------------------------------------------------------


def test_without_a_key_the_model_is_not_set_up_and_what_to_type_is_told(world: World) -> None:
    with pytest.raises(SettingError) as caught:
        asker.meter_for(folded(model="small"), world.store, world.project_id)
    assert caught.value.message == "there is no API key for mistral (api.mistral.ai)"
    assert caught.value.hint == "contox-hooks settings model-key --provider mistral"


def test_the_providers_own_variable_counts_only_where_the_provider_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    with pytest.raises(SettingError, match="no API key for mistral"):
        keys(world, folded(model="small"))
    assert keys(world, folded(model="small", model_provider="mistral")) == [KEY]
    with pytest.raises(SettingError, match="no API key for openai"):
        keys(world, folded(model="small", model_provider="openai"))


def test_our_variable_is_for_the_provider_and_never_for_the_fallback(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTOX_MODEL_API_KEY", KEY)
    both = folded(model="small", model_provider="openrouter", model_fallback="mistral")
    with pytest.raises(SettingError, match="no API key for mistral"):
        keys(world, both)
    monkeypatch.setenv("MISTRAL_API_KEY", OTHER)
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-" + "unused" * 5)
    assert keys(world, both) == [KEY, OTHER]


def test_on_this_machine_none_is_needed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert keys(world, folded(model="small", model_provider="ollama")) == [""]


def test_a_kept_key_goes_to_its_own_endpoint_alone(world: World) -> None:
    mistral, openai = parse_endpoint("https://api.mistral.ai/v1"), parse_endpoint("https://api.openai.com/v1")
    assert str(config_dir()) in keep_key(mistral, f" {KEY}\n")
    assert (config_dir() / "credentials.json").stat().st_mode & 0o777 == 0o600
    assert keys(world, folded(model="small")) == [KEY]
    assert key_of(openai, variables=()) == ""
    forget_key(mistral)
    assert key_of(mistral, variables=()) == ""


@pytest.mark.parametrize("typed", ["", "two words", "x" * 5000, "caf\u00e9", "a\x1b[0m"])
def test_what_is_no_key_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    endpoint = parse_endpoint("https://api.mistral.ai/v1")
    with pytest.raises(SettingError) as caught:
        keep_key(endpoint, typed)
    assert not typed or typed not in f"{caught.value.message}{caught.value.hint}"
    assert not (config_dir() / "credentials.json").exists()
    if typed:
        monkeypatch.setenv("CONTOX_MODEL_API_KEY", typed)
        with pytest.raises(SettingError, match="the environment's CONTOX_MODEL_API_KEY is no API key"):
            key_of(endpoint, variables=("CONTOX_MODEL_API_KEY",))


def test_a_key_is_in_no_repr(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_MODEL_API_KEY", KEY)
    meter = asker.meter_for(folded(model="small"), world.store, world.project_id)
    assert meter is not None
    assert KEY not in f"{meter!r}{meter._models!r}"


# -- layers -------------------------------------------------------------------------------------------------------------


def test_a_committed_file_switches_a_model_off_and_never_on_nor_elsewhere(repo: Repo) -> None:
    theirs = repo.path / ".contox.yaml"
    theirs.write_text(
        "model: medium\nmodel_provider: custom\nmodel_url: https://theirs.example/v1\nmodel_small: theirs\n"
        "model_fallback: openai\nmodel_plain_http: true\nmodel_price: 0/0\ntokens_a_day: 900000000\ncents_a_day: 999999\n"
    )  # fmt: skip
    assert effective_settings(repo.repository).settings == effective_settings(None).settings
    user_file().write_text("model: small\n")
    mine = effective_settings(None)
    assert effective_settings(repo.repository) == mine
    theirs.write_text("model: offline\ntokens_a_day: 10\n")
    narrowed = effective_settings(repo.repository)
    assert (narrowed.settings.model, narrowed.origins["model"]) == ("offline", str(theirs))
    assert narrowed.settings.tokens_a_day == 10


def test_a_plan_forbids_the_larger_model_whatever_a_layer_says(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_MODEL", "medium")
    assert effective_settings(repo.repository).settings.model == "medium"
    pinned = effective_settings(repo.repository, plan={"model": "small"})
    assert (pinned.settings.model, pinned.origins["model"]) == ("small", "the plan")
    monkeypatch.setenv("CONTOX_MODEL", "offline")
    assert effective_settings(repo.repository, plan={"model": "small"}).settings.model == "offline"

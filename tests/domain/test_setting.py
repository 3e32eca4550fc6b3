"""Types, ranges and near names of settings; how layers combine, and that a committed file can only narrow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.configure import as_text
from contox_hooks.domain.error import SettingError
from contox_hooks.domain.setting import DEFAULTS, SPECS, Layer, canonical_name, fold_layers, parse_value

CASES = [
    ("paused", "yes", True),
    ("paused", "OFF", False),
    ("paused", True, True),
    ("diff_budget", "100", 100),
    ("diff_budget", 0, 0),
    ("exclude", "*.a, *.b", ("*.a", "*.b")),
    ("exclude", ["*.a"], ("*.a",)),
    ("window", "sliding", "sliding"),
]


@pytest.mark.parametrize(("name", "given_value", "expected"), CASES)
def test_a_value_in_its_type(name: str, given_value: object, expected: object) -> None:
    assert parse_value(name, given_value, where="here") == expected


WRONG = [
    ("paused", "maybe", "paused in here must be true or false, not 'maybe'"),
    ("paused", 1, "must be true or false, not 1"),
    ("diff_budget", "many", "must be a whole number, not 'many'"),
    ("diff_budget", True, "must be a whole number, not True"),
    ("diff_budget", 1.5, "must be a whole number, not 1.5"),
    ("diff_budget", 100_001, "between 0 and 100000, not 100001"),
    ("diff_budget", -1, "between 0 and 100000, not -1"),
    ("min_interval_s", 86_401, "between 0 and 86400"),
    ("exclude", [1], "must be a list of patterns"),
    ("exclude", None, "must be a list of patterns"),
    ("window", "round", "must be one of fixed, sliding, not 'round'"),
    ("model", None, "must be one of offline, small, medium, not"),
    ("model_provider", "acme", "must be one of mistral, openrouter, openai, ollama, custom, not"),
    ("model_fallback", "custom", "must be one of none, mistral, openrouter, openai, ollama, not"),
    ("model_small", "two words", "model_small in here is not understood"),
    ("model_small", None, "model_small in here is not understood"),
    ("model_url", "", "model_url in here is not understood"),
    ("model_url", "https://me:word@box.example/v1", "model_url in here is not understood"),
    ("model_price", "0.1", "model_price in here is not understood"),
    ("tokens_a_day", -1, "between 0 and 1000000000, not -1"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_value_is_named_with_its_place(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingError, match="in here") as caught:
        parse_value(name, value, where="here")
    assert message in caught.value.message


def test_an_unknown_name_comes_with_the_near_one() -> None:
    with pytest.raises(SettingError) as caught:
        parse_value("difbudget", "1", where="here")
    assert caught.value.hint == "did you mean diff_budget?"
    with pytest.raises(SettingError) as caught:
        parse_value("zzz", "1", where="here")
    assert caught.value.hint == "contox-hooks settings lists them"


def test_a_long_value_leaves_one_short_line() -> None:
    with pytest.raises(SettingError) as caught:
        parse_value("exclude", [[1] * 10_000], where="here")
    assert len(caught.value.message) < 150


@pytest.mark.parametrize("spelling", ["diff_budget", "diffBudget", "diff-budget", "DIFFBUDGET"])
def test_every_layer_has_its_own_spelling(spelling: str) -> None:
    assert canonical_name(spelling, where="here") == "diff_budget"


@given(st.sampled_from(sorted(SPECS)), st.data())
def test_a_value_typed_again_is_the_same(name: str, data: st.DataObject) -> None:
    default = getattr(DEFAULTS, name)
    values: st.SearchStrategy[object]
    if isinstance(default, bool):
        values = st.booleans()
    elif isinstance(default, int):
        values = st.integers(SPECS[name].minimum, SPECS[name].maximum)
    elif isinstance(default, tuple):
        word = st.text(st.characters(blacklist_characters=",\n", blacklist_categories=("Cs",)), min_size=1)
        values = st.lists(word.map(str.strip).filter(bool)).map(tuple)
    elif SPECS[name].form:
        values = st.from_regex(SPECS[name].form, fullmatch=True).filter(
            lambda text: text.isascii() and text.isprintable()
        )
    else:
        values = st.sampled_from(SPECS[name].choices)
    value = data.draw(values)
    parsed = parse_value(name, as_text(value), where="here")
    # Separators that str.strip knows and a pattern may hold inside are kept; only the ends go.
    assert parsed == value


def test_later_layers_win_and_are_named() -> None:
    folded = fold_layers([Layer("a", {"diff_budget": 1, "paused": True}), Layer("b", {"diff_budget": 2})])
    assert (folded.settings.diff_budget, folded.origins["diff_budget"]) == (2, "b")
    assert (folded.settings.paused, folded.origins["paused"]) == (True, "a")
    assert folded.origins["diffs"] == "default"


NARROWED = [
    ("auto_learn", True, False, False),
    ("auto_learn", False, True, False),
    ("diffs", False, True, False),
    ("deep_enrich", True, False, False),
    ("diff_budget", 1000, 500, 500),
    ("diff_budget", 1000, 5000, 1000),
    ("min_interval_s", 60, 600, 600),
    ("min_interval_s", 600, 60, 600),
    ("exclude", ("*.a",), ("*.b", "*.a"), ("*.a", "*.b")),
    ("exclude", ("*.a",), (), ("*.a",)),
    ("model", "offline", "medium", "offline"),
    ("model", "medium", "offline", "offline"),
    ("model", "medium", "small", "small"),
    ("model_provider", "ollama", "custom", "ollama"),
    ("model_small", "mine", "theirs", "mine"),
    ("model_medium", "mine", "theirs", "mine"),
    ("model_fallback", "none", "openai", "none"),
    ("model_url", "https://mine.example/v1", "https://theirs.example/v1", "https://mine.example/v1"),
    ("model_plain_http", False, True, False),
    ("model_price", "list", "0/0", "list"),
    ("tokens_a_day", 1000, 5000, 1000),
    ("tokens_a_day", 1000, 10, 10),
    ("tokens_a_session", 1000, 5000, 1000),
    ("cents_a_day", 10, 500, 10),
    ("window", "fixed", "sliding", "fixed"),
    ("paused", False, True, False),
    ("paused", True, False, True),
    ("tracker_watch", ("src",), ("/",), ("src",)),
    ("tracker_ignore", ("*.a",), ("*.b", "!*.a"), ("*.a", "*.b")),
    ("tracker_keep", 100, 1, 100),
]


@pytest.mark.parametrize(("name", "own", "committed", "expected"), NARROWED)
def test_a_committed_file_only_narrows(name: str, own: object, committed: object, expected: object) -> None:
    folded = fold_layers([Layer("own", {name: own}), Layer(".contox.yaml", {name: committed}, narrowing=True)])
    assert getattr(folded.settings, name) == expected
    assert folded.origins[name] == (".contox.yaml" if expected != own else "own")


def test_every_setting_is_in_that_table() -> None:
    assert {name for name, *_ in NARROWED} == set(SPECS)


def test_a_paid_model_keeps_ten_minutes_between_runs_unless_the_user_says_otherwise() -> None:
    own = Layer("own", {"model": "small"})
    folded = fold_layers([own])
    assert (folded.settings.min_interval_s, folded.origins["min_interval_s"]) == (600, "default of a paid model")
    assert fold_layers([own, Layer("own", {"min_interval_s": 60})]).settings.min_interval_s == 60
    assert fold_layers([Layer("own", {"min_interval_s": 0, "model": "small"})]).settings.min_interval_s == 0
    assert fold_layers([]).settings.min_interval_s == 0


def test_what_runs_on_this_machine_is_not_paid_but_its_paid_fallback_is() -> None:
    ollama = Layer("own", {"model": "small", "model_provider": "ollama"})
    assert fold_layers([ollama]).settings.min_interval_s == 0
    assert fold_layers([ollama, Layer("own", {"model_fallback": "mistral"})]).settings.min_interval_s == 600


def test_a_committed_file_cannot_shorten_the_interval_of_a_paid_model() -> None:
    layers = [Layer("own", {"model": "small"}), Layer(".contox.yaml", {"min_interval_s": 5}, narrowing=True)]
    assert fold_layers(layers).settings.min_interval_s == 600


def test_a_plan_pins_the_tier_after_every_other_layer() -> None:
    plan = Layer("plan", {"model": "small"}, narrowing=True)
    folded = fold_layers([Layer("own", {"model": "small"}), Layer("environment", {"model": "medium"}), plan])
    assert (folded.settings.model, folded.origins["model"]) == ("small", "plan")
    assert fold_layers([plan]).settings.model == "offline"  # it switches nothing on


def test_what_was_pasted_in_place_of_a_name_is_not_repeated() -> None:
    pasted = "sk-" + "a" * 30 + " "
    with pytest.raises(SettingError) as caught:
        parse_value("model_small", pasted, where="here")
    assert pasted.strip() not in f"{caught.value.message}{caught.value.hint}"


def test_an_ollama_with_a_price_is_paid() -> None:
    layer = Layer("own", {"model": "small", "model_provider": "ollama", "model_price": "1/2"})
    assert fold_layers([layer]).settings.min_interval_s == 600

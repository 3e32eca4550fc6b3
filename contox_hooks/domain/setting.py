"""The settings there are, their types, defaults, and how layers combine. Reading files is configuration.py's work.

Later layers win; the repository's committed file can only narrow (DESIGN.md, "State"): a stranger's clone must not be
able to widen what is captured.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from contox_hooks.domain.error import SettingError
from contox_hooks.domain.session import WindowMode


@dataclass(frozen=True, slots=True)
class Settings:
    """Effective settings of one repository."""

    auto_learn: bool = True
    model: str = "offline"
    model_provider: str = "mistral"
    model_small: str = "mistral-small-latest"
    model_medium: str = "mistral-medium-latest"
    model_fallback: str = "none"
    model_url: str = "none"
    model_plain_http: bool = False
    model_price: str = "list"
    tokens_a_day: int = 200_000
    tokens_a_session: int = 100_000
    cents_a_day: int = 50
    min_interval_s: int = 0
    exclude: tuple[str, ...] = ("*.env", "*.key", "*.pem", "*.p12", "*.pfx", "node_modules/**", "dist/**")
    diffs: bool = True
    diff_budget: int = 3000
    deep_enrich: bool = True
    window: WindowMode = "fixed"
    paused: bool = False
    tracker_watch: tuple[str, ...] = (".",)
    tracker_ignore: tuple[str, ...] = ()
    tracker_keep: int = 100

    @property
    def model_is_paid(self) -> bool:
        """As far as the settings say: Ollama runs on this machine, unless somebody says what it costs, and a custom
        endpoint may cost money."""
        is_free = self.model_provider == "ollama" and self.model_price == "list" and self.model_fallback in FREE
        return self.model != "offline" and not is_free


FREE = ("none", "ollama")
"""Providers that nobody pays."""

PAID_INTERVAL_S = 600
"""`min_interval_s` of a paid model where the user set none (DESIGN.md, invariant 8; CONTRACT.md section 5)."""

PROVIDERS = ("mistral", "openrouter", "openai", "ollama")
"""Beside `custom`, whose address is a setting (model/preset.py)."""

Narrowing = Literal["union", "min", "max", "and", "never"]


@dataclass(frozen=True, slots=True)
class Spec:
    help: str
    narrow: Narrowing
    """What the committed `.contox.yaml` may do: add, lower (choices: towards the first), raise, switch off, nothing."""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    form: str = ""
    """A pattern of the whole value, where it is free text."""
    like: str = ""
    """An example, for who typed another."""


_NAME = r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}"
_AMOUNT = r"\d{1,4}(?:\.\d{1,6})?"

SPECS: Mapping[str, Spec] = {
    "auto_learn": Spec("run the pipeline by itself after commits", "and"),
    "model": Spec("who extracts memory: rules, or a language model", "min", choices=("offline", "small", "medium")),
    "model_provider": Spec("where the model is", "never", choices=(*PROVIDERS, "custom")),
    "model_small": Spec(
        "its name there; unset: the provider's usual one", "never", form=_NAME, like="mistral-small-2506"
    ),
    "model_medium": Spec("as model_small", "never", form=_NAME, like="mistral-medium-2508"),
    "model_fallback": Spec("who is asked when the provider gives no answer", "never", choices=("none", *PROVIDERS)),
    "model_url": Spec(
        "base URL of a custom provider", "never", form=r"none|https?://[^\s@?#]{1,500}", like="http://127.0.0.1:8000/v1"
    ),
    "model_plain_http": Spec("let a custom provider be asked over http on another machine", "never"),
    "model_price": Spec(
        "dollars a million tokens, in/out; list: as published, where known",
        "never",
        form=rf"list|{_AMOUNT}/{_AMOUNT}",
        like="0.15/0.60",
    ),
    "tokens_a_day": Spec("most tokens a project's model calls use a day (UTC)", "min", minimum=0, maximum=10**9),
    "tokens_a_session": Spec("most tokens that one session's model calls use", "min", minimum=0, maximum=10**9),
    "cents_a_day": Spec("most money that all projects' model calls cost a day (UTC)", "min", minimum=0, maximum=10**6),
    "min_interval_s": Spec(
        "least seconds between two automatic runs; 600 of a paid model", "max", minimum=0, maximum=86_400
    ),
    "exclude": Spec("paths that leave neither names nor diffs (gitignore patterns)", "union"),
    "diffs": Spec("keep diffs in digests", "and"),
    "diff_budget": Spec("characters of diff kept a commit", "min", minimum=0, maximum=100_000),
    "deep_enrich": Spec("read changed files for signatures, routes and schemas", "and"),
    "window": Spec("a session's 4 hours count from its start or its last event", "never", choices=("fixed", "sliding")),
    "paused": Spec("capture nothing until switched off again", "never"),
    "tracker_watch": Spec("folders of the project that the session tracker watches", "never"),
    "tracker_ignore": Spec("paths that the session tracker does not tell of (gitignore patterns)", "union"),
    "tracker_keep": Spec("closed sessions of the tracker that are kept", "never", minimum=1, maximum=100_000),
}

DEFAULTS = Settings()


def parse_value(name: str, value: object, *, where: str) -> Any:
    """A setting's value in its type, from text (git config, environment, command line) or YAML.

    Raises SettingError for an unknown name (with a near one), a wrong type, or a value out of range.
    """
    key = name.replace("-", "_").replace(".", "_").lower()
    if key not in SPECS:
        near = difflib.get_close_matches(key, SPECS, n=1)
        hint = f"did you mean {near[0]}?" if near else "contox-hooks settings lists them"
        raise SettingError(f"unknown setting {_shown(name)} in {where}", hint=hint)
    spec, default = SPECS[key], getattr(DEFAULTS, key)
    if isinstance(default, bool):
        return _boolean(key, value, where)
    if isinstance(default, int):
        return _integer(key, value, spec, where)
    if isinstance(default, tuple):
        return _patterns(key, value, where)
    if spec.form:
        return _text(key, value, spec, where)
    if not isinstance(value, str) or value not in spec.choices:
        raise SettingError(f"{key} in {where} must be one of {', '.join(spec.choices)}, not {_shown(value)}")
    return value


def canonical_name(name: str, *, where: str) -> str:
    """The setting's own spelling. Git config has no underscores: `contox.diffBudget` is `diff_budget`."""
    squeezed = name.replace("_", "").replace("-", "").replace(".", "").lower()
    for key in SPECS:
        if key.replace("_", "") == squeezed:
            return key
    parse_value(name, "", where=where)
    raise AssertionError("unreachable")


def _shown(value: object) -> str:
    """One short line, whatever a file holds."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _boolean(key: str, value: object, where: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "yes", "on", "1"):
        return True
    if isinstance(value, str) and value.lower() in ("false", "no", "off", "0"):
        return False
    raise SettingError(f"{key} in {where} must be true or false, not {_shown(value)}")


def _integer(key: str, value: object, spec: Spec, where: str) -> int:
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError
        number = int(value)
    except ValueError:
        raise SettingError(f"{key} in {where} must be a whole number, not {_shown(value)}") from None
    if (spec.minimum is not None and number < spec.minimum) or (spec.maximum is not None and number > spec.maximum):
        raise SettingError(f"{key} in {where} must be between {spec.minimum} and {spec.maximum}, not {number}")
    return number


def _text(key: str, value: object, spec: Spec, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(spec.form, value, re.ASCII) or not value.isprintable():
        # Not the value: what was pasted in its stead may be a key.
        raise SettingError(f"{key} in {where} is not understood", hint=f"like {spec.like}")
    return value


def _patterns(key: str, value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise SettingError(f"{key} in {where} must be a list of patterns, not {_shown(value)}")


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place, parsed. `narrowing` layers can only take away."""

    where: str
    values: Mapping[str, Any]
    narrowing: bool = False


@dataclass(frozen=True, slots=True)
class Effective:
    settings: Settings
    origins: Mapping[str, str]
    """Where each value came from."""


def fold_layers(layers: Iterable[Layer]) -> Effective:
    values: dict[str, Any] = {field.name: getattr(DEFAULTS, field.name) for field in fields(Settings)}
    origins = dict.fromkeys(values, "default")
    is_interval_own = False
    for layer in layers:
        for key, value in layer.values.items():
            new = _narrow(SPECS[key], values[key], value) if layer.narrowing else value
            if new != values[key] or not layer.narrowing:
                values[key] = new
                origins[key] = layer.where
            is_interval_own |= key == "min_interval_s" and not layer.narrowing
    settings = Settings(**values)
    if settings.model_is_paid and not is_interval_own and settings.min_interval_s < PAID_INTERVAL_S:
        settings = replace(settings, min_interval_s=PAID_INTERVAL_S)
        origins["min_interval_s"] = "default of a paid model"
    return Effective(settings, origins)


def _narrow(spec: Spec, current: Any, value: Any) -> Any:
    rule = spec.narrow
    if rule == "and":
        return current and value
    if rule == "min" and spec.choices:
        return min(current, value, key=spec.choices.index)
    if rule == "min":
        return min(current, value)
    if rule == "max":
        return max(current, value)
    if rule == "union":
        # A negated pattern would take others' exclusions back.
        return (*current, *(pattern for pattern in value if pattern not in current and not pattern.startswith("!")))
    return current

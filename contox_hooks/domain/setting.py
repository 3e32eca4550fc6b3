"""The settings there are, their types, defaults, and how layers combine. Reading files is configuration.py's work.

Later layers win; the repository's committed file can only narrow (DESIGN.md, "State"): a stranger's clone must not be
able to widen what is captured.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from contox_hooks.domain.error import SettingError
from contox_hooks.domain.session import WindowMode


@dataclass(frozen=True, slots=True)
class Settings:
    """Effective settings of one repository."""

    auto_learn: bool = True
    model: str = "offline"
    min_interval_s: int = 0
    exclude: tuple[str, ...] = ("*.env", "*.key", "*.pem", "*.p12", "*.pfx", "node_modules/**", "dist/**")
    diffs: bool = True
    diff_budget: int = 3000
    deep_enrich: bool = True
    window: WindowMode = "fixed"
    paused: bool = False


Narrowing = Literal["union", "min", "max", "and", "never"]


@dataclass(frozen=True, slots=True)
class Spec:
    help: str
    narrow: Narrowing
    """What the committed `.contox.yaml` may do: add, lower, raise, switch off, nothing."""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


SPECS: Mapping[str, Spec] = {
    "auto_learn": Spec("run the pipeline by itself after commits", "and"),
    "model": Spec("who extracts memory; in this version: offline", "never", choices=("offline",)),
    "min_interval_s": Spec("least seconds between two automatic pipeline runs", "max", minimum=0, maximum=86_400),
    "exclude": Spec("paths that leave neither names nor diffs (gitignore patterns)", "union"),
    "diffs": Spec("keep diffs in digests", "and"),
    "diff_budget": Spec("characters of diff kept a commit", "min", minimum=0, maximum=100_000),
    "deep_enrich": Spec("read changed files for signatures, routes and schemas", "and"),
    "window": Spec("a session's 4 hours count from its start or its last event", "never", choices=("fixed", "sliding")),
    "paused": Spec("capture nothing until switched off again", "never"),
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
    if not isinstance(value, str) or value not in spec.choices:
        raise SettingError(f"{key} in {where} must be one of {', '.join(spec.choices)}, not {_shown(value)}")
    return value


def canonical_name(name: str, *, where: str) -> str:
    """The setting's own spelling. Git config has no underscores: `contox.diffBudget` is `diff_budget`."""
    squeezed = name.replace("_", "").replace("-", "").lower()
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
    for layer in layers:
        for key, value in layer.values.items():
            new = _narrow(SPECS[key].narrow, values[key], value) if layer.narrowing else value
            if new != values[key] or not layer.narrowing:
                values[key] = new
                origins[key] = layer.where
    return Effective(Settings(**values), origins)


def _narrow(rule: Narrowing, current: Any, value: Any) -> Any:
    if rule == "and":
        return current and value
    if rule == "min":
        return min(current, value)
    if rule == "max":
        return max(current, value)
    if rule == "union":
        # A negated pattern would take others' exclusions back.
        return (*current, *(pattern for pattern in value if pattern not in current and not pattern.startswith("!")))
    return current

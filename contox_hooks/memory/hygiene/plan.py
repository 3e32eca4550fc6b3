"""A hygiene plan: actions with what they were made of, as JSON that a file holds. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contox_hooks.domain.error import UsageError
from contox_hooks.memory.hygiene.action import Action, Malformed, action_of

PLAN_VERSION = 1
MAX_BYTES = 8_000_000
MAX_ACTIONS = 5_000
_HINT = "contox-hooks hygiene analyze -o plan.json"


@dataclass(frozen=True, slots=True)
class Plan:
    actions: tuple[Action, ...]
    total: int
    """Items that were looked at."""
    summary: str = ""
    warnings: tuple[str, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    by_type: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_type", dict(Counter(action.type for action in self.actions)))

    def to_json(self) -> dict[str, Any]:
        return {
            "planVersion": PLAN_VERSION,
            "summary": self.summary,
            "actions": [action.to_json() for action in self.actions],
            "metrics": {
                "totalMemories": self.total, "actionsCount": len(self.actions), "byType": dict(self.by_type)
            },
            "warnings": list(self.warnings),
            "usage": {"promptTokens": self.prompt_tokens, "completionTokens": self.completion_tokens},
        }  # fmt: skip


def plan_of(content: bytes, *, name: str = "the plan") -> Plan:
    """What a file holds. Raises UsageError with one line that says what is wrong with it, and where."""
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name} has {len(content):,} bytes, more than any plan", hint=_HINT)
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is no JSON: {_one_line(error)}", hint=_HINT) from None
    return plan_from(value, name=name)


def plan_from(value: object, *, name: str = "the plan") -> Plan:
    """Of a JSON value. Raises UsageError."""
    if not isinstance(value, dict) or not isinstance(value.get("actions"), list):
        raise UsageError(f"{name} is no hygiene plan: it has no list of actions", hint=_HINT)
    if value.get("planVersion") not in (PLAN_VERSION, str(PLAN_VERSION)):
        version = _one_line(repr(value.get("planVersion")))
        raise UsageError(f"{name} is of plan version {version}, not {PLAN_VERSION}", hint=_HINT)
    if len(value["actions"]) > MAX_ACTIONS:
        raise UsageError(f"{name} has {len(value['actions']):,} actions, {MAX_ACTIONS:,} are allowed", hint=_HINT)
    actions = []
    for number, each in enumerate(value["actions"], 1):
        try:
            actions.append(action_of(each))
        except Malformed as error:
            raise UsageError(f"{name}, action {number}: {_one_line(error)}", hint=_HINT) from None
    metrics = value.get("metrics")
    total = metrics.get("totalMemories") if isinstance(metrics, dict) else 0
    return Plan(tuple(actions), total if isinstance(total, int) else 0)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _one_line(what: object) -> str:
    return " ".join(str(what).split())[:200]

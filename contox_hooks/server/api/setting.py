"""A project's settings as the server has them: values, where each comes from, and what they may be.

Invariants: where the model is asked and what all projects may cost is the owner's; nothing is set that the plan takes
back; a request is carried out whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, RootModel
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.domain.error import SettingError
from contox_hooks.domain.redaction import redact
from contox_hooks.domain.setting import DEFAULTS, SPECS, Effective, canonical_name, parse_value
from contox_hooks.server.api.declared import ERRORS, UNCHANGED, Id
from contox_hooks.server.desk import AtDesk, Visit
from contox_hooks.server.effective import effective_of
from contox_hooks.server.refusal import forbidden
from contox_hooks.server.reply import reply, tagged

router = APIRouter(tags=["projects"])

OWNERS_ONLY: Final = frozenset(name for name in SPECS if name.startswith("model_")) | {"cents_a_day"}
"""Whoever set these for one project would decide where the server sends its keys, or what others may spend."""
MAX_VALUE: Final = 20_000
"""Characters of one value as JSON: a hundred patterns of 200."""
_ORIGINS: Final = ("default", "default of a paid model", "project", "environment", "the plan")


class SettingReply(BaseModel):
    value: Any
    origin: str
    """`server` for the files of whoever runs it."""
    default: Any
    help: str
    choices: list[str]
    minimum: int | None
    maximum: int | None
    ownersOnly: bool


class SettingsReply(BaseModel):
    projectId: str
    settings: dict[str, SettingReply]


class SettingsChange(RootModel[dict[str, Any]]):
    """Values by name; null goes back to what holds without the project's own."""

    model_config = {"json_schema_extra": {"examples": [{"min_interval_s": 900, "exclude": ["*.env", "secrets/**"]}]}}


@router.get(
    "/api/v2/projects/{project_id}/settings",
    summary="A project's settings in force",
    responses={200: {"model": SettingsReply}, **UNCHANGED, **ERRORS},
)
def settings(desk: AtDesk, request: Request, project_id: Id) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        return tagged(request, _settings(visit))


@router.patch(
    "/api/v2/projects/{project_id}/settings",
    summary="Change a project's settings",
    description="For its admins; what concerns all projects is the owners'.",
    responses={200: {"model": SettingsReply}, **ERRORS},
)
def change(desk: AtDesk, project_id: Id, asked: SettingsChange) -> Response:
    with desk.project(project_id, Right.ADMINISTER) as visit, visit.service.store.transaction():
        change_settings(visit, asked.root)
        return reply(_settings(visit))


def change_settings(visit: Visit, wanted: Mapping[str, Any]) -> None:
    """Raises SettingError, and 403 for what is not this person's or the plan does not allow. In a transaction."""
    for name, value in wanted.items():
        key = canonical_name(name, where="the request")
        if key in OWNERS_ONLY and not visit.key.is_unbound_owner:
            raise forbidden(f"{key} is the owners' to set")
        parsed = value_of(key, value, where="the request")
        kept = list(parsed) if isinstance(parsed, tuple) else parsed
        visit.service.projects.set_setting(visit.project.id, key, kept)
        effective = _effective(visit)
        if parsed is not None and effective.origins[key] == "the plan" and getattr(effective.settings, key) != parsed:
            raise forbidden(f"The plan does not allow {key} {kept}: at most {getattr(effective.settings, key)}")


def value_of(key: str, value: Any, *, where: str) -> Any:
    """Of a setting by its own spelling. Raises SettingError."""
    if len(json.dumps(value)) > MAX_VALUE:
        raise SettingError(f"{key} is longer than {MAX_VALUE:,} characters")
    if any(redact(str(one)).count for one in (value if isinstance(value, list) else [value])):
        raise SettingError(f"{key} holds what looks like a secret")
    return None if value is None else parse_value(key, value, where=where)


def _effective(visit: Visit) -> Effective:
    return effective_of(visit.service, visit.service.projects.get(visit.project.id).settings)


def _settings(visit: Visit) -> dict[str, Any]:
    effective = _effective(visit)
    told = {
        name: {
            "value": getattr(effective.settings, name),
            "origin": origin if (origin := effective.origins[name]) in _ORIGINS else "server",
            "default": getattr(DEFAULTS, name),
            "help": spec.help,
            "choices": list(spec.choices),
            "minimum": spec.minimum,
            "maximum": spec.maximum,
            "ownersOnly": name in OWNERS_ONLY,
        }
        for name, spec in SPECS.items()
    }
    return {"projectId": visit.project.id, "settings": told}

"""Changelog, impact and onboarding guide: CONTRACT.md section 1.4, as the CLI's verbs tell them (report.py).

No model is asked. Where no clone of the repository is on this machine, `unseen` says what is missing.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.memory.report.changelog import MAX_ENTRIES, Mode
from contox_hooks.server.api.declared import ERRORS
from contox_hooks.server.api.report_shape import ChangelogReply, GuideReply, ImpactReply
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.reply import reply
from contox_hooks.server.reports import reports_of
from contox_hooks.wire.loose import time_of

router = APIRouter(tags=["reports"])

_DAY_S: Final = 86_400
_USUAL_DAYS: Final = 30
"""Of a changelog, as Contox's MCP server asks for it."""
_IMPACT_DAYS: Final = 7
_MOST_DAYS: Final = 30
"""CONTRACT.md section 1.4."""

ProjectId = Annotated[str, Path(max_length=200)]


@router.get(
    "/api/v2/projects/{project_id}/changelog",
    summary="What happened, for developers day by day, for product week by week, for executives month by month",
    responses={200: {"model": ChangelogReply}, **ERRORS},
)
def changelog(
    desk: AtDesk,
    project_id: ProjectId,
    mode: Mode = "developer",
    since: Annotated[str, Query(max_length=40, description="ISO 8601; 30 days ago by default")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES)] = MAX_ENTRIES,
) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        reports = reports_of(visit)
        now = visit.service.store.now()
        told = reports.changelog(since=_moment(since, now - _USUAL_DAYS * _DAY_S), until=now, mode=mode, limit=limit)
        return reply({**told.to_wire(), "unseen": reports.unseen})


@router.post(
    "/api/v2/projects/{project_id}/impact",
    summary="Which modules changed lately, what that may touch, and how risky it is",
    responses={200: {"model": ImpactReply}, **ERRORS},
)
def impact(
    desk: AtDesk, project_id: ProjectId, days: Annotated[int, Query(ge=1, le=_MOST_DAYS)] = _IMPACT_DAYS
) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        reports = reports_of(visit)
        told = reports.impact(since=visit.service.store.now() - days * _DAY_S)
        return reply({**told.to_wire(), "unseen": reports.unseen})


@router.post(
    "/api/v2/projects/{project_id}/onboarding-guide",
    summary="A guide in nine sections for who is new, each statement with what it stands on",
    responses={200: {"model": GuideReply}, **ERRORS},
)
def onboarding_guide(desk: AtDesk, project_id: ProjectId) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        reports = reports_of(visit)
        return reply({**reports.guide().to_wire(), "unseen": reports.unseen})


def _moment(text: str, default: int) -> int:
    """Seconds since the epoch. Raises Refusal."""
    if not text:
        return default
    found = time_of(text)
    if found is None:
        raise Refusal(400, "since is no time: 2026-01-31T00:00:00.000Z")
    return int(found)

"""What may no longer hold: CONTRACT.md section 1.4, `/api/v2/projects/:id/drift-check`.

Both answer from what the pipeline's drift check found, without a model; the POST asks about decisions, conventions and
architecture, and changes nothing, so that reading is right enough.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.server.api.declared import ERRORS, UNCHANGED
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import reply, tagged
from contox_hooks.shape.drift import drift_object, problems_object

router = APIRouter(tags=["reports"])


class Usage(BaseModel):
    promptTokens: int
    completionTokens: int


class Detail(BaseModel):
    convention: str
    baselineItemId: str
    violation: str
    files: list[str]
    severity: str


class DriftReply(BaseModel):
    message: str
    driftsDetected: int
    itemsChecked: int
    baselineSize: int
    details: list[Detail]
    usage: Usage


class Problem(BaseModel):
    id: str
    kind: str
    description: str
    itemIds: list[str]
    severity: str
    status: str
    createdAt: str


class ProblemsReply(BaseModel):
    problems: list[Problem]
    total: int


ProjectId = Annotated[str, Path(max_length=200)]


@router.post(
    "/api/v2/projects/{project_id}/drift-check",
    summary="Decisions, conventions and architecture that commits went against",
    responses={200: {"model": DriftReply}, **ERRORS},
)
def check(desk: AtDesk, project_id: ProjectId) -> Response:
    """From what the pipeline's drift check found; no model is asked, and nothing changes."""
    with desk.project(project_id, Right.READ) as visit:
        return reply(drift_object(visit.service, visit.project.id))


@router.get(
    "/api/v2/projects/{project_id}/drift-check",
    summary="Everything that a commit made doubtful and nobody has decided about",
    responses={200: {"model": ProblemsReply}, **UNCHANGED, **ERRORS},
)
def problems(desk: AtDesk, request: Request, project_id: ProjectId) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        return tagged(request, problems_object(visit.service, visit.project.id))

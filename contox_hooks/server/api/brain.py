"""The project's memory as one document: CONTRACT.md section 1.3, `GET /api/v2/brain`.

Invariant: the ETag follows from what is told and from every parameter: clients keep one for all of them.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.memory.brain import DEFAULT_BUDGET_TOKENS
from contox_hooks.memory.kept import kept_brain
from contox_hooks.server.api.brain_shape import BrainReply
from contox_hooks.server.api.declared import ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import is_known, reply

router = APIRouter(tags=["memory"])

MAX_BUDGET_TOKENS = 100_000
"""A document of 400 KB: more is no context of any agent."""


@router.get(
    "/api/v2/brain",
    summary="All of a project's memory as Markdown within a budget of tokens",
    responses={200: {"model": BrainReply}, **UNCHANGED, **ERRORS},
)
def brain(
    desk: AtDesk,
    request: Request,
    projectId: Id,
    tokenBudget: Annotated[int, Query(ge=0, le=MAX_BUDGET_TOKENS)] = DEFAULT_BUDGET_TOKENS,
    minConfidence: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = 0.0,
    limit: Annotated[int | None, Query(ge=0, le=100_000, description="At most so many items are told")] = None,
    activeFiles: Annotated[Text, Query(max_length=20_000, description="Paths or folders, joined with commas")] = "",
) -> Response:
    """The ETag depends on what is told and on every parameter."""
    with desk.project(projectId, Right.READ) as visit:
        found = kept_brain(
            visit.service, visit.project.id, budget_tokens=tokenBudget, min_confidence=minConfidence, limit=limit,
            active_files=paths_of(activeFiles),
        )  # fmt: skip
        tag = f'"{found.etag}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if is_known(request, tag):
            return Response(status_code=304, headers=headers)
        return reply(found.to_wire(assembled_at=visit.service.store.now()), headers=headers)


def paths_of(joined: str) -> list[str]:
    return [path.strip() for path in joined.split(",") if path.strip()]

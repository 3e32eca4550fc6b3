"""Hygiene: a plan of what could be better about the newest items, and the plan applied (CONTRACT.md section 1.4).

To analyze is to read; to apply, dry or not, wants a curator. No model is asked: a plan is the rules' own.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.memory.hygiene.analysis import analyze
from contox_hooks.memory.hygiene.applying import apply
from contox_hooks.memory.hygiene.plan import plan_from
from contox_hooks.server.api.declared import ERRORS
from contox_hooks.server.api.hygiene_shape import AppliedReply, HygieneBody, PlanReply
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.refusal import Refusal
from contox_hooks.server.reply import reply
from contox_hooks.shape.hygiene import plan_object

router = APIRouter(tags=["memory"])


_SCOPE: Final = {"teamId": "team_1", "projectId": "proj_1"}
_LOOK: Final = {"action": "analyze", "mode": "quick", "scope": _SCOPE}
_APPLY: Final = {"action": "apply", "scope": _SCOPE, "plan": {"planVersion": "1", "actions": []}, "dryRun": True}


@router.post(
    "/api/v2/hygiene",
    summary="Propose what could be better about memory, or apply such a plan",
    responses={200: {"model": PlanReply | AppliedReply}, **ERRORS},
)
def hygiene(desk: AtDesk, body: Annotated[HygieneBody, Body(examples=[_LOOK, _APPLY])]) -> Response:
    """To analyze is to read; to apply, dry or not, wants an editor with the scope admin. Rules alone propose. What
    needs approval is applied only when `selectedActionIds` names it."""
    if not body.of_project:
        raise Refusal(400, "projectId is required")
    return reply(_planned(desk, body) if body.action == "analyze" else _applied(desk, body))


def _planned(desk: AtDesk, body: HygieneBody) -> dict[str, Any]:
    with desk.project(body.of_project, Right.READ) as visit:
        prefix = None if body.filters is None else body.filters.schemaKeyPrefix
        plan = analyze(visit.service, visit.project.id, mode=body.mode, key_prefix=prefix or None)
        return plan_object(visit.service, plan)


def _applied(desk: AtDesk, body: HygieneBody) -> dict[str, Any]:
    with desk.project(body.of_project, Right.CURATE) as visit:
        plan = plan_from(body.plan)
        done = apply(visit.service, visit.project.id, plan, selected=body.selectedActionIds, dry_run=body.dryRun)
        return done.to_json()

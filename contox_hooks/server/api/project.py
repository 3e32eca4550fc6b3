"""Projects, and the secret that their events are signed with: CONTRACT.md section 1.5."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import reply

router = APIRouter(tags=["projects"])


@router.get("/api/projects/{project_id}/hmac-secret")
def hmac_secret(desk: AtDesk, project_id: str) -> Response:
    with desk.project(project_id, Right.CONTRIBUTE) as visit:
        secret: dict[str, Any] = {"hmacSecret": visit.service.access.ensure_secret(project_id)}
        return reply(secret)

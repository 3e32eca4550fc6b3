"""Open bugs and todos that commits settled: CONTRACT.md section 1.4, `POST /api/v2/auto-resolve`."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.server.api.declared import ERRORS, Id, Text
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import reply

router = APIRouter(tags=["reports"])


class Commit(BaseModel):
    sha: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{7,64}$")]
    message: Annotated[Text, Field(max_length=100_000)] = ""
    files: Annotated[list[Annotated[Text, Field(max_length=4096)]], Field(max_length=10_000)] = []


class ResolveBody(BaseModel):
    projectId: Id
    commits: Annotated[list[Commit], Field(max_length=1000)]
    dryRun: bool = False


class Resolved(BaseModel):
    itemId: str
    title: str
    type: str
    matchType: str
    matchedFiles: list[str]
    confidence: float
    commitSha: str
    previousStatus: str
    newStatus: str
    reason: str


class Skipped(BaseModel):
    itemId: str
    title: str
    reason: str


class ResolveReply(BaseModel):
    resolved: list[Resolved]
    skipped: list[Skipped]
    totalItemsScanned: int
    dryRun: bool


_COMMITS: Final = {
    "projectId": "proj_1",
    "commits": [
        {"sha": "0123456789abcdef0123456789abcdef01234567", "message": "fix: closes #7", "files": ["src/a.py"]}
    ],
    "dryRun": True,
}


@router.post(
    "/api/v2/auto-resolve",
    summary="Archive what commits settled for sure, put to review what they may have settled",
    responses={200: {"model": ResolveReply}, **ERRORS},
)
def auto_resolve(desk: AtDesk, body: Annotated[ResolveBody, Body(examples=[_COMMITS])]) -> Response:
    """A dry run is reading; else it wants an editor with the scope admin."""
    with desk.project(body.projectId, Right.READ if body.dryRun else Right.CURATE) as visit:
        commits = [commit.model_dump() for commit in body.commits]
        return reply(visit.service.auto_resolve(visit.project.id, commits, dry_run=body.dryRun).to_json())

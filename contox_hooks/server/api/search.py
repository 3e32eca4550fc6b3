"""Memory found by words and meaning: CONTRACT.md section 1.3, `GET /api/v2/search`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.embedder import embedder_if_any
from contox_hooks.server.api.brain import paths_of
from contox_hooks.server.api.declared import ERRORS, UNCHANGED, Id, Text
from contox_hooks.server.api.search_shape import SearchReply
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.reply import tagged
from contox_hooks.shape.search import search_object

router = APIRouter(tags=["memory"])


@router.get(
    "/api/v2/search",
    summary="Find memory by words and by meaning, best first",
    responses={200: {"model": SearchReply}, **UNCHANGED, **ERRORS},
)
def search(
    desk: AtDesk,
    request: Request,
    projectId: Id,
    q: Annotated[Text, Query(max_length=10_000)],
    limit: Annotated[int, Query(ge=1, le=200)] = 10,
    minSimilarity: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = 0.0,
    activeFiles: Annotated[Text, Query(max_length=20_000, description="Paths, joined with commas: they lift")] = "",
    useCompositeScore: Annotated[bool, Query(description="Tell the score that orders them")] = False,
) -> Response:
    """`similarity` is the cosine or the share of the query's telling words, whichever is more; `minSimilarity` is held
    against it. `compositeScore` orders the results, and compares those of one search only."""
    with desk.project(projectId, Right.READ) as visit:
        told = search_object(
            visit.service, visit.project.id, q, limit=limit, min_similarity=minSimilarity,
            active_files=paths_of(activeFiles), composite=useCompositeScore, embedder=embedder_if_any(),
        )  # fmt: skip
        return tagged(request, told)

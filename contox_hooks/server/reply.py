"""Answers as JSON, never empty (CONTRACT.md section 0, decision 8), and the same answer again as 304."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response


def reply(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(_written(value), status, dict(headers or {}), media_type="application/json")


def tagged(request: Request, value: Any) -> Response:
    """With an ETag of what it says; 304 to whoever has it already. It depends on the parameters only through the
    answer: clients that keep one ETag for all of them never get a wrong 304."""
    body = _written(value)
    tag = etag_of(body)
    if is_known(request, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, 200, {"ETag": tag, "Cache-Control": "private, no-cache"}, media_type="application/json")


def etag_of(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(request: Request, tag: str) -> bool:
    """RFC 9110, 13.1.2: a list of tags, weak or not, or `*`."""
    given = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag in given or given == ["*"]


def _written(value: Any) -> bytes:
    # ASCII: a lone surrogate that a client sent goes back as the escape that it came as.
    return json.dumps(value, separators=(",", ":")).encode()

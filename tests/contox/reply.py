"""One HTTP question and one HTTP answer, as values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """Without the query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """After Content-Encoding was undone."""

    def json(self) -> dict[str, Any]:
        """Raises ValueError unless the body is a JSON object."""
        data = json.loads(self.body)
        if not isinstance(data, dict):
            raise ValueError("not an object")
        return data


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Raw UTF-8; a lone surrogate as its escape, as JavaScript writes it."""
    return Reply(
        status, json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace"), headers=headers or {}
    )


def error(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    return answer({"error": text}, status, headers)


def with_etag(reply: Reply, request: Request) -> Reply:
    """The reply with its ETag; 304 without a body when the client has it already."""
    etag = f'"{hashlib.sha256(reply.body).hexdigest()[:32]}"'
    headers = {**reply.headers, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Reply(304, headers=headers)
    return Reply(reply.status, reply.body, reply.content_type, headers)

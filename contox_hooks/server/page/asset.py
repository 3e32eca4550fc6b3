"""Style, scripts and icons, served from the package under URLs that name their content.

Invariant: a URL's content never changes, so a browser keeps it for a year; another content has another URL.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from contox_hooks.server.refusal import not_found

FOLDER: Final = Path(__file__).parents[1] / "asset"
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)


class Asset(NamedTuple):
    digest: str
    content: bytes


@cache
def assets() -> dict[str, Asset]:
    """By file name."""
    found = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}
    return {name: Asset(hashlib.sha256(content).hexdigest()[:12], content) for name, content in found.items()}


def asset_url(name: str) -> str:
    return f"/asset/{assets()[name].digest}/{name}"


@router.get("/asset/{digest}/{name}")
def asset(digest: str, name: str) -> Response:
    found = assets().get(name)
    if found is None or found.digest != digest:
        raise not_found("File")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found.content, headers=headers, media_type=f"{TYPES[Path(name).suffix]}; charset=utf-8")

"""What a request is refused with: `{"error": text}` and the contract's status code (CONTRACT.md section 1.0).

Must not know routes. Invariant: every error leaves as a JSON object; what we did not foresee says nothing about our
insides, and is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from contox_hooks.domain import error as known
from contox_hooks.server.reply import reply

UNAUTHORIZED: Final = "Unauthorized"
"""Exactly so: the extension knows a bad key by it."""

STATUS_OF: Final[Mapping[type[known.Error], int]] = {
    known.NotFound: 404,
    known.UsageError: 400,
    known.SettingError: 400,
    known.Refused: 409,
    known.Busy: 503,
    known.StoreError: 503,
    known.SpendRefused: 403,
    known.RemoteError: 502,
}

_log = logging.getLogger(__name__)


class Refusal(Exception):
    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers or {}


def unauthorized() -> Refusal:
    return Refusal(401, UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})


def forbidden(text: str = "Access denied") -> Refusal:
    return Refusal(403, text)


def not_found(noun: str) -> Refusal:
    """Also for what is there but not for this caller: nobody learns of others' projects."""
    return Refusal(404, f"{noun} not found")


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(known.Error, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return reply({"error": error.text}, status=error.status, headers=error.headers)


def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, known.Error)
    status = next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), 500)
    return reply({"error": error.message}, status=status, headers={"Retry-After": "1"} if status == 503 else None)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return reply({"error": _first_problem(error)}, status=400)


def _first_problem(error: RequestValidationError) -> str:
    problem = error.errors()[0]
    where = [str(part) for part in problem["loc"] if part not in ("query", "body", "path", "header")]
    name = ".".join(where)
    if problem["type"] == "missing" and name:
        return f"{name} is required"
    if problem["type"] in ("json_invalid", "missing"):
        return "Invalid request body"
    return f"{name}: {problem['msg']}" if name else str(problem["msg"])


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = {404: "Not found", 405: "Method not allowed"}.get(error.status_code, str(error.detail))
    return reply({"error": text}, status=error.status_code, headers=error.headers)


def _unforeseen(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return reply({"error": "Internal server error"}, status=500)

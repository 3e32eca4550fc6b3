"""What routes share in saying what they take and give: errors in the OpenAPI document, texts within bounds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field


class Error(BaseModel):
    """Why there is nothing else."""

    error: str


_WHEN = {
    400: "The request is not understood",
    401: "No good key",
    403: "The key, or its owner's role, does not allow it",
    404: "Not there, or not for this key",
    429: "Too many requests: Retry-After says how many seconds to wait",
    503: "Busy or not available: try again in a moment",
}

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Error, "description": when} for status, when in _WHEN.items()
}

CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Error, "description": "It is not as the request takes it"}}
"""Beside ERRORS, of routes that refuse what would overwrite or go back."""

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "If-None-Match named this answer"}}
"""Of routes that answer with an ETag."""

NOT_KEPT = {"Cache-Control": "no-store"}
"""Headers of an answer that holds a secret: it is repeated to nobody (rim/repeat.py)."""


def _storable(text: str) -> str:
    """PostgreSQL's text has no NUL, and no database's has half a character."""
    if "\0" in text:
        raise ValueError("NUL is no text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half a character is no text") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
"""That every database can hold; how long is for the route to say."""
Id = Annotated[str, Field(max_length=200), AfterValidator(_storable)]

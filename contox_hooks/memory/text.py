"""Text as a database takes it. Paths and messages of git are bytes, and need not be text.

Pure. Invariant: what a text column takes stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def encodable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Bytes that are no UTF-8 arrive as lone surrogates, which no text column takes."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in values.items()
    }


def without_nul(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nor does PostgreSQL take a NUL; SQLite does."""
    return {name: storable(value) if isinstance(value, str) else value for name, value in values.items()}


def storable(text: str) -> str:
    """As any of the databases takes it."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", r"\x00")

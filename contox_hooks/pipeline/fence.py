"""Text that others wrote, put into a prompt so that it stays data: nothing in it ends the data or looks like its frame.

Pure. Owns the fence around the data; what of a text is shown at all is domain/shown.py's. Must not know what it means.
Invariants: the data is one JSON value, so no text leaves its string; the fence's token stands nowhere in the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any


def fenced(sections: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The sections as one JSON object between two lines that only this data could have; one entry a line."""
    parts = [
        f"{_json(name)}: [\n" + ",\n".join(_json(entry) for entry in entries) + "\n]"
        for name, entries in sections.items()
    ]
    data = "{" + ", ".join(parts) + "}"
    token = fence_token(data)
    return f"<data {token}>\n{data}\n</data {token}>"


def fence_token(data: str) -> str:
    """16 hexadecimal digits that do not stand in the data; the same for the same data."""
    token = sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    while token in data:
        token = sha256(token.encode()).hexdigest()[:16]
    return token


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))

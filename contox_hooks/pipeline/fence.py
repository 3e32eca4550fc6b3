"""Text that others wrote, put into a prompt so that it stays data: nothing in it ends the data or looks like its frame.

Pure. Owns what a model is shown of strange characters and the fence around the data. Must not know what the data means.
Invariants: the data is one JSON value, so no text leaves its string; the fence's token stands nowhere in the data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

_STRANGE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Control characters but tab and newline, what turns the direction of text, what is not seen (tags, zero width), and
half characters. Joiners stay: names and emojis are written with them."""
_SPECIAL = re.compile(r"<\|(\w{1,40})\|>")
"""How chat templates spell their own marks; some servers read them in a message's text as well."""


def visible(text: str) -> str:
    """The text with each strange character spelt out, so that a model reads what a person would not see."""
    text = _STRANGE.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text.replace("\r\n", "\n"))
    return _SPECIAL.sub(r"<¦\1¦>", text)


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

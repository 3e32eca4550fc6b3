"""What a person may write into a memory item's fields: from text, whoever asks for it.

Pure. What is wrong is told in words for people, and nothing is cut: they typed it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from contox_hooks.domain.item import ITEM_TYPES, MAX_FACTS, MAX_IMPACT, MAX_RATIONALE, MAX_TAGS, MAX_TITLE

TEXTS: Final[Mapping[str, int]] = {"facts": MAX_FACTS, "rationale": MAX_RATIONALE, "impact": MAX_IMPACT}
"""Fields of several lines, and how many characters they may have."""
MAX_KEY: Final = 200
_KEY = re.compile(r"[^\s/A-Z.][^\s/A-Z]*(?:/[^\s/A-Z.][^\s/A-Z]*)*")
"""An open set (CONTRACT.md section 6)."""
_TAG = re.compile(r"[^\s,A-Z]+")


def field_value(name: str, text: str) -> Any:
    """The value of `type`, `title`, `key`, `importance`, `tags` (between commas) or one of TEXTS; an empty rationale or
    impact is None. Raises ValueError with what is wrong."""
    if name in TEXTS:
        return _text(name, text)
    if name == "type" and text not in ITEM_TYPES:
        raise ValueError(f"type {short(text)!r} is none of {', '.join(ITEM_TYPES)}")
    if name == "title" and not text:
        raise ValueError("the title is empty")
    if name == "title" and len(text) > MAX_TITLE:
        raise ValueError(f"the title has {len(text):,} characters, {MAX_TITLE} are allowed")
    if name == "key" and not _KEY.fullmatch(text):
        raise ValueError(f"key {short(text)!r}: lower-case words like root/backend/api")
    if name == "key" and len(text) > MAX_KEY:
        raise ValueError(f"the key has {len(text):,} characters, {MAX_KEY} are allowed")
    if name == "importance":
        if text not in ("1", "2", "3", "4", "5"):
            raise ValueError(f"importance {short(text)!r} is not 1 to 5")
        return int(text)
    if name == "tags":
        tags = tuple(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))
        wrong = [tag for tag in tags if not _TAG.fullmatch(tag)]
        if wrong:
            raise ValueError(f"tag {short(wrong[0])!r}: lower-case, with hyphens")
        if len(tags) > MAX_TAGS:
            raise ValueError(f"{len(tags)} tags, {MAX_TAGS} are allowed")
        return tags
    return text


def _text(name: str, text: str) -> str | None:
    body, limit = text.strip("\n"), TEXTS[name]
    if len(body) > limit:
        raise ValueError(f"{name} has {len(body):,} characters, {limit:,} are allowed")
    return body if name == "facts" else body.strip() or None


def short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"

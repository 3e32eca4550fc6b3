"""Text of others as one line of a Markdown document that it cannot break out of. Pure.

Invariant: what `told` gives holds no line end, control character, tag, comment, image or open code span.
"""

from __future__ import annotations

import re

MAX_LINE = 240
MAX_TOLD = 200
"""Characters of a line of somebody else's words within a document of ours."""

GONE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e007f]")  # fmt: skip  # noqa: E501
"""What moves a cursor, reorders its neighbours, or is read by machines alone."""
_TAG = re.compile(r"<(?=[!/?A-Za-z])")
_COMMENT_END = re.compile(r"--+>")
_FENCE = re.compile(r"`{3,}|~{3,}")


def one_line(text: str, limit: int = MAX_LINE) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def told(text: str, limit: int = MAX_TOLD) -> str:
    """One line that stays where it is put. Escapes may make it longer than `limit`."""
    text = one_line(GONE.sub("", " ".join(text.split())), limit)
    text = _COMMENT_END.sub("--&gt;", _TAG.sub("&lt;", text)).replace("![", "!\\[").replace("**", "\\*\\*")
    text = _FENCE.sub(lambda found: found[0][0], text)
    if text.count("`") % 2:  # an open one would run on to the id
        text = "'".join(text.rsplit("`", 1))
    return text

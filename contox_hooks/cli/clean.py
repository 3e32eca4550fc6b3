"""Stored text on its way to a terminal: what came from git, or from a model, cannot move the cursor or recolour.

Pure. Invariant: what leaves here holds no control character but the line ends that were asked for, and no character
that reorders its neighbours.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor (ECMA-48, 5.4)
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|\x9c|$)"  # OSC, DCS, SOS, PM, APC: titles, links, clipboard
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def clean(text: str, *, lines: bool = False) -> str:
    """One line of plain text; with `lines` line ends and tabs stay. Bytes that were no UTF-8 become U+FFFD."""
    text = _ESCAPE.sub("", text.replace("\r\n", "\n"))
    if not lines:
        text = " ".join(text.split())
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub("", text))


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; what was longer ends in `...` (CONTRACT.md section 8: 120, cut to 117)."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


def escaped_json(text: str) -> str:
    """JSON text whose strings hold no control or reordering character as it is: those JSON itself lets through."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}" if found[0] >= " " else found[0], text)

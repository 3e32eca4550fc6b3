"""Text from git, models and clients on its way to a page or an agent: what cannot be seen, or moves what can, is named.

Escaping markup is somebody else's; this is about characters that HTML and JSON let through as they are. Applied to a
whole page, or a whole answer, at once, so that no template can forget it. Pure. Invariant: what leaves here can be
written as UTF-8.
"""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, marks of direction, a space without width
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # line ends of another kind, embeddings, overrides, isolates
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of pairs; tags: letters that nobody sees (UTS 51, annex C)
)


def visible(text: str) -> str:
    """`a\\u202eb` as `a⟨U+202E⟩b`. A carriage return at a line's end is no more than the line's end."""
    return _HIDDEN.sub(_named, text.replace("\r\n", "\n"))


def _named(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"

"""What a person changed in a form, told from what the form was made with: a page that was open for long undoes nothing.

Pure. Invariant: texts are compared as a page shows them, so that what it cannot show as it is counts as untouched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from contox_hooks.domain.visible import visible

MOST_WAS: Final = 200_000
"""Characters of `was_of`: patterns of 20,000 with up to six for each in JSON, and what else there is."""


def was_of(values: Mapping[str, str]) -> str:
    """For a hidden field of the form that shows these values."""
    return json.dumps({name: _seen(text) for name, text in values.items()})


def touched(was: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Which fields say something else than was shown, and what. `was`: from outside; no `was_of`: nothing was shown."""
    try:
        shown = json.loads(was)
    except (ValueError, RecursionError):
        shown = None
    before = shown if isinstance(shown, dict) else {}
    return {
        name: text.replace("\r\n", "\n").strip()
        for name, text in typed.items()
        if _seen(text) != before.get(name, "")
    }  # fmt: skip


def _seen(text: str) -> str:
    return visible(text).strip()

"""An error of ours in words for an agent: what is wrong and what to do next. Pure but for the user's home folder.

Invariants: no traceback; no name that the path of the user's home would tell; nothing unseen, as in frame.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contox_hooks.domain.error import Error
from contox_hooks.mcp.frame import one_line

MAX_REFUSAL: Final = 1000
"""Characters."""


def told(error: Error) -> str:
    """`message → hint`, in one line."""
    text = error.message + (f" → {error.hint}" if error.hint else "")
    return one_line(text.replace(str(Path.home()), "~"), MAX_REFUSAL)

"""After a pipeline has run: the project's brief in the AI tools' own files, where their owner asked for it.

Knows the memory and the clones; what may be written where is agent/'s. Invariant: without such a wish, a listing of one
folder a clone and nothing more; never raises.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.domain.error import Error

if TYPE_CHECKING:
    from contox_hooks.memory.service import Service

BRIEF_TOKENS = 500
"""About 2,000 characters: CONTRACT.md section 6 gives the brief as much."""

_PASSING = re.compile(
    r"^(?:# Memory of |- \*\*Active areas\*\*: |_[\d,]+ more in memory).*\n?| `[^`\n]*`$", re.MULTILINE
)
"""What another commit makes other words of, or another person's clone: its folder's name, and items' ids, which are
drawn at random. A file that git tracks would be changed for ever, by its own commits or by two people in turn."""

_EMPTY = re.compile(r"^## .*\n+(?=## |\Z)", re.MULTILINE)
"""A heading that nothing is left under."""


def brief_of(service: Service, project_id: str) -> str:
    """Decisions and conventions as Markdown that no text of an item's can break out of (memory/brain_text.py); empty
    without any. Raises StoreError."""
    text = _EMPTY.sub("", _PASSING.sub("", service.brain(project_id, budget_tokens=BRIEF_TOKENS).summary))
    return text if "\n- **" in text else ""


def refresh_briefs(service: Service, project_id: str) -> None:
    try:
        for clone in service.projects.clones(project_id):
            _refresh(clone / "contox", service, project_id)
    except Error:
        return  # `contox-hooks agents` tells how the files stand


def _refresh(state_root: Path, service: Service, project_id: str) -> None:
    if any(state_root.glob("agents*.json")):
        from contox_hooks.agent.refresh import refresh

        refresh(state_root, partial(brief_of, service, project_id))

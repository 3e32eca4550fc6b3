"""How a tool stands, from how its files stand. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from contox_hooks.agent.apply import Outcome

State = Literal["not_found", "found", "configured", "outdated"]

IN_PLACE = ("present", "updated")
"""Something of ours is in the file; an entry of our name that starts something else is not."""


def state_of(files: Sequence[Outcome], *, is_here: bool) -> State:
    """`files`: what `look` says of the tool's. A tool is configured by all of its files or not at all: a section that
    another tool's file brought, or an entry for all repositories, is only a part."""
    if not all(file.what in IN_PLACE for file in files):
        return "found" if is_here else "not_found"
    return "outdated" if any(file.what == "updated" for file in files) else "configured"


def is_part(files: Sequence[Outcome]) -> bool:
    """Whether we are in any of them."""
    return any(file.what in IN_PLACE for file in files)

"""What a person decides about items that a page showed them, one or many at once.

Owns what a decision goes by; review.py says what it means. Invariants: an item that does not say what was shown is left
alone; so is one of another project.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from contox_hooks.domain.error import NotFound, Refused
from contox_hooks.domain.item import Item, ItemStatus
from contox_hooks.memory.fingerprint import fingerprint

if TYPE_CHECKING:
    from contox_hooks.memory.service import Service

Verb = Literal["approve", "deprecate", "archive"]
STATUS_OF: Final[dict[Verb, ItemStatus]] = {"approve": "active", "deprecate": "deprecated", "archive": "archived"}

_SHOWN = ("type", "title", "facts", "rationale", "impact", "schema_key", "confidence", "status", "status_reason")
"""What a decision goes by; evidence is on an item's own page alone."""


class Choice(NamedTuple):
    item_id: str
    seen: str
    """`seen_of` the item when it was shown."""


@dataclass(frozen=True, slots=True)
class Decided:
    done: int
    changed: int
    """Not what was shown any more, or gone."""
    refused: tuple[str, ...]
    """Why, in words for people."""


def seen_of(item: Item) -> str:
    return fingerprint(item, _SHOWN)


def decide_shown(
    service: Service, project_id: str, choices: Iterable[Choice], verb: Verb, *, reason: str | None = None
) -> Decided:
    """One transaction. Raises StoreError."""
    done, changed, refused = 0, 0, []
    with service.store.transaction():
        for choice in dict.fromkeys(choices):
            try:
                item = service.items.get(choice.item_id)
            except NotFound:
                changed += 1
                continue
            if item.project_id != project_id or seen_of(item) != choice.seen:
                changed += 1
                continue
            try:
                service.reviews.decide(item.id, STATUS_OF[verb], reason=reason)
            except Refused as error:
                refused.append(error.message)
            else:
                done += 1
    return Decided(done, changed, tuple(refused))

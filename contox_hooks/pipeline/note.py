"""A saved note becomes drafts: one for each change that it tells of (CONTRACT.md section 3, `mcp_save`).

Pure rules; nothing is asked of a model. Must not know storage. Invariants: every draft quotes its note word for word;
a note claims less than a commit, whose diff shows what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from contox_hooks.domain.event import Event
from contox_hooks.domain.item import MAX_FACTS, MAX_TITLE, Draft, Evidence, ItemType
from contox_hooks.pipeline.classification import IMPORTANCE
from contox_hooks.pipeline.drafting import slug
from contox_hooks.pipeline.fact import cut
from contox_hooks.pipeline.quote import fold_message
from contox_hooks.wire.loose import objects_of, text_of

CONFIDENCE: Final = 0.6
"""Somebody said so and no line of code bears it out: CONTRACT.md section 6 asks for a careful look from 0.50 to 0.69.
Rules over a commit begin at 0.62 and rise with what its diff shows (classification.py)."""

_AUTOMATIC: Final = ("[evidence-collector]", "[auto-save]")
"""Lists of files and commands that a program made (CONTRACT.md section 3): events, but nothing worth knowing."""
_TYPES: Final[Mapping[str, tuple[ItemType, str]]] = {
    "architecture": ("architecture", "root/architecture"),
    "convention": ("convention", "root/conventions"),
    "implementation": ("implementation", "root/implementation"),
    "decision": ("decision", "root/decisions"),
    "bug": ("bug", "root/bugs"),
    "todo": ("todo", "root/todo"),
}
_MAX_QUOTE: Final = 300


def is_automatic(event: Event) -> bool:
    return text_of(event.payload.get("summary")).lstrip().startswith(_AUTOMATIC)


def note_summary(event: Event) -> str:
    return fold_message(text_of(event.payload.get("summary")))


def note_drafts(event: Event) -> Iterator[Draft]:
    """None of an automatic note, nor of a change that says nothing."""
    if is_automatic(event):
        return
    told = fold_message(_text(event))
    for change in objects_of(event.payload.get("changes")):
        title, content = fold_message(text_of(change.get("title"))), text_of(change.get("content")).strip()
        title = title or fold_message(content)
        quotes = dict.fromkeys(quote for quote in (_quote(title), _quote(fold_message(content))) if quote in told)
        evidence = tuple(Evidence(event.key, quote) for quote in quotes if quote)
        if not evidence:
            continue
        kind, schema_key = _type_of(text_of(change.get("category")))
        yield Draft(
            type=kind,
            title=cut(title, MAX_TITLE),
            facts=cut(content or title, MAX_FACTS),
            schema_key=schema_key,
            confidence=CONFIDENCE,
            importance=IMPORTANCE[kind],
            evidence=evidence,
            dedup_hint=f"{kind}:note:{slug(title)[:100] or 'untitled'}",
            at_utc=event.at_utc,
        )


def _text(event: Event) -> str:
    """All that the note says, as its quotes are looked for in it."""
    changes = objects_of(event.payload.get("changes"))
    return "\n".join(text_of(change.get(name)) for change in changes for name in ("title", "content"))


def _quote(text: str) -> str:
    """A quote is cut without a mark: it must stand there word for word."""
    return text[:_MAX_QUOTE].strip()


def _type_of(category: str) -> tuple[ItemType, str]:
    """One that nobody knows keeps its name as the key: clients look for `root/<category>`."""
    name = slug(category)[:40].strip("-")
    known = _TYPES.get(name) or _TYPES.get(name.removesuffix("s"))
    return known or ("implementation", f"root/{name}" if name else "root/implementation")

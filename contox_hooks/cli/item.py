"""How a memory item reads: a row, a line, a page, an object. Stored text is cleaned on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from contox_hooks.cli.render import ago, clean, cut, plural, say, short_ids, styled, table
from contox_hooks.domain.item import Item, RelationKind
from contox_hooks.memory.relation import Related


def item_object(item: Item, *, evidence: bool = False, relations: Sequence[Related] | None = None) -> dict[str, Any]:
    fields = asdict(item)
    if not evidence:
        del fields["evidence"]
    if relations is not None:
        fields["relations"] = [asdict(related) for related in relations]
    return fields


def item_table(items: Sequence[Item]) -> None:
    ids = short_ids(item.id for item in items)
    table(
        ("id", "type", "key", "title"),
        [(ids[item.id], item.type, item.schema_key, cut(clean(item.title), 100)) for item in items],
    )


def item_lines(items: Iterable[Item]) -> None:
    """Two lines an item: what it is, and what is known."""
    for item in items:
        say(f"{styled(item.type, 'dim')}  {styled(clean(item.title), 'bold')}  {styled(clean(item.schema_key), 'dim')}")
        told = one_line_of_facts(item)
        if told:
            say(f"  {told}")


def one_line_of_facts(item: Item, limit: int = 140) -> str:
    """Facts that say more than the title, their list folded into one line."""
    told = [clean(line).removeprefix("- ") for line in item.facts.splitlines()]
    facts = "; ".join(line for line in told if line)
    return "" if facts == clean(item.title) else cut(facts, limit)


def item_page(item: Item, relations: Sequence[Related] = ()) -> None:
    say(styled(clean(item.title), "bold"))
    say(f"{item.type} · {clean(item.schema_key)} · {item.status} · {ago(item.at_utc)} · {item.id}")
    if item.status_reason:
        say(f"{item.status}: {clean(item.status_reason)}")
    if item.superseded_by:
        say(f"superseded by {item.superseded_by}")
    say(f"importance {item.importance} of 5, confidence {item.confidence:.2f}, seen again {item.reinforced} times")
    for heading, text in (("", item.facts), ("Why", item.rationale or ""), ("Impact", item.impact or "")):
        if text.strip():
            say()
            say(f"{heading + ': ' if heading else ''}{clean(text.strip(), lines=True)}")
    if item.files:
        say()
        say(f"Files: {clean(', '.join(item.files))}")
    if item.tags:
        say(f"Tags: {clean(', '.join(item.tags))}")
    if relations:
        say()
        say("Relations:")
        for related in relations:
            say(f"  {_relation(item.id, related)}")
    say()
    say(f"Evidence, {plural(len(item.evidence), 'quote')}:")
    for found in item.evidence:
        where = f" {clean(found.path)}" if found.path else " (message)" if found.is_of_commit else ""
        say(f"  {found.told_by}{where}")
        for line in clean(found.quote, lines=True).strip().split("\n"):
            say(f"    {line}")


_PASSIVE: dict[RelationKind, str] = {
    "reinforces": "reinforced by", "supersedes": "superseded by", "contradicts": "contradicted by",
    "related": "related to",
}  # fmt: skip


def _relation(item_id: str, related: Related) -> str:
    """`superseded by 01K…: replaces: …`, seen from this item."""
    if related.from_id == item_id:
        told = "related to" if related.kind == "related" else related.kind
        return f"{told} {related.to_id}: {clean(related.reason)}"
    return f"{_PASSIVE[related.kind]} {related.from_id}: {clean(related.reason)}"

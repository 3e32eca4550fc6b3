"""Stage 3, Embed: the session's items as vectors, in chunks of their text (embedding.py)."""

from __future__ import annotations

from contox_hooks.domain.item import EXTENT, IN_THE_CODE, Item
from contox_hooks.memory.sql import item as sql
from contox_hooks.pipeline.embedding import chunks
from contox_hooks.pipeline.work import Result, Work, Writing, plural, skip, waiting


def embed(work: Work) -> Writing:
    if not waiting(work, sql.TO_EMBED_ANY):
        return skip("no new items")
    from contox_hooks.memory.vector import save

    embedder = work.tools.embedder()
    items = waiting(work, sql.TO_EMBED, model=embedder.name)
    pieces = [(item, piece) for item in items for piece in chunks(embedded_text(item))]
    if not pieces:
        return skip("every item is embedded already")
    rows = embedder.embed([piece for _, piece in pieces])

    def write() -> Result:
        for item in items:
            own = [row for row, (owner, _) in zip(rows, pieces, strict=True) if owner is item]
            save(work.service.store, item.id, embedder.name, own)
        return Result(f"{plural(len(items), 'item')}, {plural(len(pieces), 'vector')}")

    return write


def embedded_text(item: Item) -> str:
    """What it says in words. Signatures and extents read alike in every item of a file; the index of words has them."""
    told = item.facts.partition(f"\n{IN_THE_CODE}")[0].split("\n")
    facts = "\n".join(line for line in told if not EXTENT.match(line))
    return "\n".join(part for part in (item.title, facts, item.rationale) if part)

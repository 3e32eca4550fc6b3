"""How one item under review reads on a small screen: what it says, why it is here, how sure it is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from contox_hooks.cli.render import ago, clean, cut, plural, styled
from contox_hooks.domain.item import Evidence, Item
from contox_hooks.memory.review import BAND_TEXTS, band_of, blamed_commit, standing

_LEAST_TEXT = 3
"""Lines of facts that are shown however low the screen is."""
_MOST_HEAD = 3
"""Lines of a title or a reason."""


def card(item: Item, *, columns: int, lines: int, whole: bool = False) -> list[str]:
    """At most `lines` lines of at most `columns` characters, unless `whole`; what was left out says so."""
    width = max(20, columns - 1)
    most = None if whole else _MOST_HEAD
    head = [
        *(styled(line, "bold") for line in _wrapped(clean(item.title), width, most)),
        cut(f"{item.type} · {clean(item.schema_key)} · importance {item.importance} · {ago(item.at_utc)}", width),
        cut(f"confidence {item.confidence:.2f}: {BAND_TEXTS[band_of(item.confidence)]}", width),
        *(styled(line, "yellow") for line in _wrapped(clean(standing(item)), width, most)),
    ]
    told = list(_told(item, width))
    source = list(_cited(item, width, whole=whole))
    room = max(_LEAST_TEXT, lines - len(head) - len(source))
    if not whole and len(told) > room:
        told = [*told[: room - 1], f"… {plural(len(told) - room + 1, 'more line')} (v shows all)"]
    return [*head, *told, *source]


def opened_commit(item: Item) -> str | None:
    """The commit to look at: the one that made it doubtful, else its newest own."""
    own = next((found.commit_sha for found in item.evidence if found.is_of_commit), None)
    return blamed_commit(item.status_reason) or own


def _told(item: Item, width: int) -> Iterator[str]:
    for label, text in (("", item.facts), ("Why: ", item.rationale or ""), ("Impact: ", item.impact or "")):
        for number, line in enumerate(clean(text.strip(), lines=True).split("\n")):
            if line.strip():
                yield from _wrapped((label if number == 0 else "") + line, width)


def _cited(item: Item, width: int, *, whole: bool) -> Iterator[str]:
    """One quote, the likeliest: a line in a file; `whole`: each, uncut."""
    if not item.evidence:
        yield "cites nothing"
        return
    if whole:
        for each in item.evidence:
            yield from _dim(_wrapped(f"cites {each.told_by} {_place(each)}:", width))
            for line in clean(each.quote.strip("\n"), lines=True).split("\n"):
                yield from _dim(_wrapped(f"  {line}", width))
        return
    found = next((each for each in item.evidence if each.path is not None), item.evidence[0])
    more = f", {plural(len(item.evidence) - 1, 'more quote')}" if len(item.evidence) > 1 else ""
    yield styled(cut(f"cites {found.told_by} {_place(found)}{more}:", width), "dim")
    yield styled(cut(f"  {clean(found.quote)}", width), "dim")


def _place(found: Evidence) -> str:
    if found.path:
        return clean(found.path)
    return "the message" if found.is_of_commit else "in its own words"


def _dim(lines: Iterable[str]) -> Iterator[str]:
    return (styled(line, "dim") for line in lines)


def _wrapped(text: str, width: int, most: int | None = None) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", max_lines=most, placeholder=" …") or [""]

"""The project's memory as one Markdown document within a token budget, assembled on request, never stored.

Invariants: the same items and parameters give the same bytes, whenever they are asked for; never over the budget; no
active decision or convention of importance 4 or 5 gives way to anything but newer ones; what is not told is counted;
the text is presented as data, not as instructions (invariant 9).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from contox_hooks.domain.item import Item
from contox_hooks.memory.brain_layer import (
    Head,
    Layer,
    Topic,
    areas_of,
    best_of,
    brief_of,
    newest_first,
    stack_of,
    topics_of,
)
from contox_hooks.memory.brain_text import SECTIONS, Line, Page, details, title_line, told, with_details
from contox_hooks.memory.brain_tree import Node, tree_of
from contox_hooks.memory.report.telling import iso
from contox_hooks.memory.sql import brain as sql
from contox_hooks.memory.store import Store

CHARACTERS_A_TOKEN = 4
DEFAULT_BUDGET_TOKENS = 6000
"""CONTRACT.md section 1.3: the vendor's default."""
SUMMARY_TOKENS = 1000
"""The brief, about 500 (CONTRACT.md section 6), and as much again for conventions."""
_BRIEF, _ACTIVE, _REFERENCE = SECTIONS
_CONVENTIONS = "Conventions"
_SHARES = {_BRIEF: 1 / 8, _ACTIVE: 3 / 8, _REFERENCE: 1 / 2}
"""Of the budget: 500, 1,500 and 2,000 of 4,000 tokens, CONTRACT.md section 6."""
_LINES = {_BRIEF: 1, _ACTIVE: 3, _REFERENCE: 1}
"""Reasons and facts told of an item."""
_MAX_MERGED = 5
"""Items of one topic whose facts are looked at."""
_SUMMARY_CONVENTIONS = 20
_MISSES = 40
"""So many that do not fit in a row, and the room is full."""


@dataclass(frozen=True, slots=True)
class Layers:
    layer0: int
    layer1: int
    layer2: int
    archived: int
    """Items of the brief, active, for reference, and for search only; told or not."""


@dataclass(frozen=True, slots=True)
class Brain:
    document: str
    summary: str
    """The brief and the key conventions, for an agent's own file."""
    token_estimate: int
    """Of the document: ceil(characters / 4)."""
    items_loaded: int
    items_left_out: int
    item_ids: tuple[str, ...]
    """Those that the document tells of, by id."""
    schema_keys: tuple[str, ...]
    """Of those."""
    brain_hash: str
    """Of what is told: equal while memory says the same."""
    etag: str
    """Of what is told and every parameter; without quotation marks."""
    tree: tuple[Node, ...]
    layers: Layers

    def to_wire(self, *, assembled_at: int) -> dict[str, Any]:
        """The reply of CONTRACT.md section 1.3 with both sets of names; `assembled_at` in seconds since the epoch."""
        return {
            "document": self.document,
            "summary": self.summary,
            "tokenEstimate": self.token_estimate,
            "itemsLoaded": self.items_loaded,
            "itemsLeftOut": self.items_left_out,
            "schemaKeys": list(self.schema_keys),
            "brainHash": self.brain_hash,
            "tree": [node.to_wire() for node in self.tree],
            "layers": asdict(self.layers),
            "markdown": self.document,
            "metadata": {
                "itemCount": self.items_loaded,
                "tokenEstimate": self.token_estimate,
                "assembledAt": iso(assembled_at),
                "schemaKeys": list(self.schema_keys),
            },
        }


def brain_of(
    project_name: str,
    items: Iterable[Head],
    item_of: Callable[[Head], Item],
    *,
    budget_tokens: int = DEFAULT_BUDGET_TOKENS,
    min_confidence: float = 0.0,
    limit: int | None = None,
    active_files: Iterable[str] = (),
) -> Brain:
    """`items`: active ones, in any order; `item_of` gives the item itself, asked for when it is told of.

    `limit`: at most so many are told. `active_files`: paths or folders that are worked on; what stands there comes
    first, after the rules.
    """
    known = sorted((item for item in items if item.confidence >= min_confidence), key=lambda item: item.id)
    active = sorted(set(active_files))
    topics = topics_of(known, active)
    memory = _Memory(project_name, known, topics, *brief_of(topics), item_of)
    page = _page(memory, budget_tokens, limit)
    told_ids = tuple(sorted(item.id for topic in page.topics for item in topic.items))
    keys = {item.id: item.schema_key for item in known}
    document = page.text(len(known) - len(told_ids))
    summary = _summary(memory, min(budget_tokens, SUMMARY_TOKENS))
    tree = tree_of(keys.values())
    layers = _layers(memory)
    said = _hash(project_name, document, summary, [node.to_wire() for node in tree], asdict(layers))
    return Brain(
        document=document,
        summary=summary,
        token_estimate=-(-len(document) // CHARACTERS_A_TOKEN),
        items_loaded=len(told_ids),
        items_left_out=len(known) - len(told_ids),
        item_ids=told_ids,
        schema_keys=tuple(sorted({keys[item_id] for item_id in told_ids})),
        brain_hash=said,
        etag=_hash(said, budget_tokens, float(min_confidence), limit, active)[:32],
        tree=tree,
        layers=layers,
    )


class StoredHead(NamedTuple):
    id: str
    type: str
    title: str
    schema_key: str
    confidence: float
    importance: int
    dedup_hint: str | None
    files_json: str
    at_utc: int

    @property
    def files(self) -> list[str]:
        found: list[str] = json.loads(self.files_json)
        return found


def heads(store: Store, project_id: str) -> list[StoredHead]:
    """Of the active items."""
    return [StoredHead._make(row) for row in store.rows(sql.HEADS, project_id=project_id)]


class _Memory(NamedTuple):
    name: str
    items: Sequence[Head]
    topics: Sequence[Topic]
    decisions: Sequence[Topic]
    conventions: Sequence[Topic]
    """Those of the brief."""
    item_of: Callable[[Head], Item]

    @property
    def brief(self) -> set[str]:
        return {topic.lead.id for topic in (*self.decisions, *self.conventions)}


def _page(memory: _Memory, budget_tokens: int, limit: int | None) -> Page:
    size = budget_tokens * CHARACTERS_A_TOKEN
    page = Page(memory.name, size)
    shares = {section: int(size * share) for section, share in _SHARES.items()}
    filling = _Filling(page, memory.item_of, shares, len(memory.items) if limit is None else limit)
    topics, brief = memory.topics, memory.brief

    def section_of(topic: Topic) -> str:
        return _BRIEF if topic.lead.id in brief else _ACTIVE if topic.layer == "active" else _REFERENCE

    rules = newest_first(topic for topic in topics if topic.is_ruling)
    filling.titles((section_of(topic), topic) for topic in rules)
    for text in _lines_of_the_whole(memory.items):
        page.add(_BRIEF, Line(text), share=shares[_BRIEF])
    filling.rest(
        _BRIEF, [topic for topic in (*memory.decisions, *memory.conventions) if not topic.is_ruling], whole=True
    )
    filling.rest(_ACTIVE, [topic for topic in topics if topic.is_touched], whole=True)
    filling.detail(_BRIEF)
    filling.detail(_ACTIVE)
    layers: tuple[tuple[str, Layer], ...] = ((_ACTIVE, "active"), (_REFERENCE, "reference"))
    for whole in (True, False):
        for section, layer in layers:
            filling.rest(section, (each for each in topics if each.layer == layer and not each.is_ruling), whole=whole)
    return page


class _Filling:
    """Puts topics on a page, each once, until the room or the limit is reached."""

    def __init__(self, page: Page, item_of: Callable[[Head], Item], shares: dict[str, int], most: int) -> None:
        self._page = page
        self._item_of = item_of
        self._shares = shares
        self._most = most
        self._on_page: set[str] = set()

    def title(self, section: str, topic: Topic, *, share: int | None = None, whole: bool = False) -> bool:
        """With `whole`, its reasons and facts too, when there is room for them."""
        if len(topic.items) > self._most:
            return False
        line = Line(title_line(topic), topic)
        if not self._page.add(section, line, share=share):
            return False
        self._most -= len(topic.items)
        self._on_page.add(topic.lead.id)
        if whole:
            self._lengthen(section, line, topic)
        return True

    def titles(self, topics: Iterable[tuple[str, Topic]]) -> None:
        """Each into its section, whatever its share."""
        misses = 0
        for section, topic in topics:
            misses = 0 if self.title(section, topic) else misses + 1
            if misses == _MISSES:
                break

    def rest(self, section: str, topics: Iterable[Topic], *, whole: bool) -> None:
        """`whole`: with details, within the section's share; else titles, into all the room that is left."""
        misses = 0
        for topic in topics:
            if misses == _MISSES:
                break
            if topic.lead.id not in self._on_page:
                share = self._shares[section] if whole else None
                misses = 0 if self.title(section, topic, share=share, whole=whole) else misses + 1

    def detail(self, section: str) -> None:
        """Reasons and facts for what is there."""
        for line in self._page.lines(section):
            if line.topic is not None:
                self._lengthen(section, line, line.topic)

    def _lengthen(self, section: str, line: Line, topic: Topic) -> None:
        bare = title_line(topic)
        if line.text != bare:
            return
        items = [self._item_of(item) for item in topic.items[:_MAX_MERGED]]
        for most in (_LINES[section], 1):
            text = with_details(bare, details(items, most))
            if self._page.change(section, line, text, share=self._shares[section]):
                return


def _lines_of_the_whole(items: Sequence[Head]) -> list[str]:
    stack = "; ".join(told(item.title, 80) for item in stack_of(items))
    areas = ", ".join(f"`{told(folder, 80).replace('`', '')}` ({count})" for folder, count in areas_of(items))
    return [f"- **{name}**: {text}" for name, text in (("Stack", stack), ("Active areas", areas)) if text]


def _summary(memory: _Memory, budget_tokens: int) -> str:
    size = budget_tokens * CHARACTERS_A_TOKEN
    page = Page(memory.name, size, (_BRIEF, _CONVENTIONS))
    filling = _Filling(page, memory.item_of, {_BRIEF: size // 2, _CONVENTIONS: size}, len(memory.items))
    conventions = best_of(memory.topics, "convention", _SUMMARY_CONVENTIONS)
    for text in _lines_of_the_whole(memory.items):
        page.add(_BRIEF, Line(text), share=size // 2)
    filling.rest(_BRIEF, memory.decisions, whole=True)
    filling.rest(_CONVENTIONS, conventions, whole=False)
    return page.text(len(memory.items) - sum(len(topic.items) for topic in page.topics))


def _layers(memory: _Memory) -> Layers:
    brief = memory.brief
    counts = dict.fromkeys(("brief", "active", "reference", "archive"), 0)
    for topic in memory.topics:
        counts["brief" if topic.lead.id in brief else topic.layer] += 1 + len(topic.also)
    return Layers(counts["brief"], counts["active"], counts["reference"], counts["archive"])


def _hash(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

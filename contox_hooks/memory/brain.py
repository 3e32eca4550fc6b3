"""The project's memory as one Markdown document within a token budget, assembled on request, never stored.

Invariants: the same items and parameters give the same bytes, whenever they are asked for; never over the budget; no
active decision or convention of importance 4 or 5 gives way to anything but newer ones; what is not told is counted;
the text is presented as data, not as instructions (invariant 9).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, NamedTuple

from contox_hooks.domain.item import Item
from contox_hooks.memory.brain_layer import Head, Layer, Place, Topic, rank, weight
from contox_hooks.memory.brain_outline import Outline, Source
from contox_hooks.memory.brain_text import SECTIONS, Line, Page, details, title_line, told, with_details
from contox_hooks.memory.brain_tree import Node, tree_of
from contox_hooks.memory.report.module import is_code
from contox_hooks.memory.report.telling import iso

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
_STACK = "root/stack"
"""What the project is built of stands under this key; how its parts were moved around does not."""
_STACK_ITEMS, _AREA_ITEMS, _MAX_AREAS = 3, 30, 5
_MAIN_FILES = 5
"""Of an item: those that it is about come first."""
_BRIEF_DECISIONS, _BRIEF_CONVENTIONS, _SUMMARY_CONVENTIONS = 3, 5, 20
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
    source: Source,
    item_of: Callable[[Head], Item],
    *,
    budget_tokens: int = DEFAULT_BUDGET_TOKENS,
    limit: int | None = None,
    active_files: Iterable[str] = (),
) -> Brain:
    """`item_of` gives the item itself, asked for when it is told of. `limit`: at most so many are told.
    `active_files`: paths or folders that are worked on; what stands there comes first, after the rules.
    """
    active = sorted(set(active_files))
    outline = Outline(source, active)
    memory = _Memory(
        project_name, outline,
        tuple(islice(_best(outline, "decision"), _BRIEF_DECISIONS)),
        tuple(islice(_best(outline, "convention"), _BRIEF_CONVENTIONS)),
        _lines_of_the_whole(source, outline), item_of,
    )  # fmt: skip
    page = _page(memory, budget_tokens, limit)
    told_items = sorted((item for topic in page.topics for item in topic.items), key=lambda item: item.id)
    left_out = outline.count - len(told_items)
    document = page.text(left_out)
    summary = _summary(memory, min(budget_tokens, SUMMARY_TOKENS))
    tree = tree_of(source.keys())
    layers = _layers(memory)
    said = _hash(project_name, document, summary, [node.to_wire() for node in tree], asdict(layers))
    return Brain(
        document=document,
        summary=summary,
        token_estimate=-(-len(document) // CHARACTERS_A_TOKEN),
        items_loaded=len(told_items),
        items_left_out=left_out,
        item_ids=tuple(item.id for item in told_items),
        schema_keys=tuple(sorted({item.schema_key for item in told_items})),
        brain_hash=said,
        etag=_hash(said, budget_tokens, float(source.min_confidence), limit, active)[:32],
        tree=tree,
        layers=layers,
    )


class _Memory(NamedTuple):
    name: str
    outline: Outline
    decisions: Sequence[Topic]
    conventions: Sequence[Topic]
    """Those of the brief."""
    of_the_whole: Sequence[str]
    """Lines that tell of no single item."""
    item_of: Callable[[Head], Item]

    @property
    def brief(self) -> Sequence[Topic]:
        return (*self.decisions, *self.conventions)


def _page(memory: _Memory, budget_tokens: int, limit: int | None) -> Page:
    size = budget_tokens * CHARACTERS_A_TOKEN
    page = Page(memory.name, size)
    shares = {section: int(size * share) for section, share in _SHARES.items()}
    filling = _Filling(page, memory.item_of, shares, memory.outline.count if limit is None else limit)
    outline, brief = memory.outline, {topic.lead.id for topic in memory.brief}

    def section_of(topic: Topic) -> str:
        return _BRIEF if topic.lead.id in brief else _ACTIVE if topic.place.layer == "active" else _REFERENCE

    newest_rules = outline.topics(lambda place: place.is_ruling, lambda _: 0)
    filling.titles((section_of(topic), topic) for topic in newest_rules)
    for text in memory.of_the_whole:
        page.add(_BRIEF, Line(text), share=shares[_BRIEF])
    filling.rest(_BRIEF, (topic for topic in memory.brief if not topic.place.is_ruling), whole=True)
    filling.rest(_ACTIVE, outline.topics(lambda place: place.is_touched, rank), whole=True)
    filling.detail(_BRIEF)
    filling.detail(_ACTIVE)
    layers: tuple[tuple[str, Layer], ...] = ((_ACTIVE, "active"), (_REFERENCE, "reference"))
    for whole in (True, False):
        for section, layer in layers:
            filling.rest(section, outline.topics(_rest_of(layer), rank), whole=whole)
    return page


def _rest_of(layer: Layer) -> Callable[[Place], bool]:
    return lambda place: place.layer == layer and not place.is_ruling


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
        bare, share = title_line(topic), self._shares[section]
        if line.text != bare or self._page.room(section, share) <= 0:
            return
        items = (self._item_of(item) for item in topic.items[:_MAX_MERGED])
        lines = details(items, _LINES[section])
        for most in (len(lines), 1):
            if self._page.change(section, line, with_details(bare, lines[:most]), share=share):
                return


def _best(outline: Outline, type: str) -> Iterator[Topic]:
    """The most important of a type; the newer of equal ones."""
    return outline.topics(lambda place: place.type == type, weight)


def _lines_of_the_whole(source: Source, outline: Outline) -> list[str]:
    stack = "; ".join(told(item.title, 80) for item in source.best_of_key(_STACK, _STACK_ITEMS))
    latest = islice(outline.newest("implementation"), _AREA_ITEMS)
    areas = ", ".join(f"`{told(folder.replace('`', ''), 80)}` ({count})" for folder, count in _areas_of(latest))
    return [f"- **{name}**: {text}" for name, text in (("Stack", stack), ("Active areas", areas)) if text]


def _areas_of(items: Iterable[Head]) -> list[tuple[str, int]]:
    """Folders that they are about, with the number of those items, the most first."""
    counts: Counter[str] = Counter()
    for item in items:
        counts.update({path.rpartition("/")[0] or path for path in item.files[:_MAIN_FILES] if is_code(path)})
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:_MAX_AREAS]


def _summary(memory: _Memory, budget_tokens: int) -> str:
    size = budget_tokens * CHARACTERS_A_TOKEN
    page = Page(memory.name, size, (_BRIEF, _CONVENTIONS))
    filling = _Filling(page, memory.item_of, {_BRIEF: size // 2, _CONVENTIONS: size}, memory.outline.count)
    conventions = islice(_best(memory.outline, "convention"), _SUMMARY_CONVENTIONS)
    for text in memory.of_the_whole:
        page.add(_BRIEF, Line(text), share=size // 2)
    filling.rest(_BRIEF, memory.decisions, whole=True)
    filling.rest(_CONVENTIONS, conventions, whole=False)
    return page.text(memory.outline.count - sum(len(topic.items) for topic in page.topics))


def _layers(memory: _Memory) -> Layers:
    counts = memory.outline.layers()
    for topic in memory.brief:
        counts[topic.place.layer] -= len(topic.items)
    brief = sum(len(topic.items) for topic in memory.brief)
    return Layers(brief, counts["active"], counts["reference"], counts["archive"])


def _hash(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

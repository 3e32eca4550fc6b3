"""A question answered from memory: the passages that fit, cited, or the word that nothing does.

Pure, over what search found; what a model made of the passages is handed in. Invariant: every line of an answer stands
in an item, and names which; a passage that shares neither half of the question's words nor its meaning is left out
rather than shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contox_hooks.domain.item import Item
from contox_hooks.memory.report.prose import Prose, no_usage
from contox_hooks.memory.report.telling import commit_of, day, one_line, telling_lines
from contox_hooks.memory.search import SearchHit
from contox_hooks.memory.search_near import nearness, subject_words
from contox_hooks.memory.word import asked_words, words

LOOKED_AT = 15
"""Hits of the search that are looked at; CONTRACT.md section 9: 15 for a context pack."""
MAX_PASSAGES = 5
MAX_LINES = 3
_ENOUGH_WORDS = 0.5
"""Share of the question's words. With a third, questions about what a project never had found something on two
projects of three."""
_ENOUGH_MEANING = 0.55
"""Cosine with the built-in model: unrelated commits lie around 0.1, the same thing in other words above 0.5."""

_NUMBER = re.compile(r"v?\d[\w.]*")


@dataclass(frozen=True, slots=True)
class Passage:
    number: int
    """What the answer cites it by, from 1."""
    item: Item
    lines: tuple[str, ...]
    """At most MAX_LINES of its reasons and facts, those nearest to the question."""
    commits: tuple[str, ...]
    """Full ids of the commits that it cites, in the order of its evidence."""
    similarity: float
    """As every search tells it (memory/search_near.py)."""
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    passages: tuple[Passage, ...]
    prose: Prose | None = None
    """A model's answer; its sources are the passages, by their numbers."""
    trouble: str = ""
    """Why a model that was to answer did not."""

    @property
    def sources(self) -> tuple[str, ...]:
        """What a model is sent of each passage."""
        return tuple(
            "\n".join(
                (f"{item.title} ({standing(item)})", *(item.rationale or "").split("\n"), *item.facts.split("\n"))
            )
            for item in (passage.item for passage in self.passages)
        )

    def markdown(self, cited_as: str = "") -> str:
        """`[1]`, or with `cited_as` "Source " as the vendor's clients expect it, `[Source 1]`."""
        if not self.passages:
            return "Nothing in memory fits this question.\n"
        told = [] if self.prose is None else [self.prose.text(cited_as)]
        for passage in self.passages:
            item = passage.item
            head = f"[{cited_as}{passage.number}] **{one_line(item.title)}** ({standing(item)})"
            told.append("\n".join([head, *(f"- {line}" for line in passage.lines)]))
        return "\n\n".join(told) + "\n"

    def to_wire(self) -> dict[str, Any]:
        """The ask reply of CONTRACT.md section 1.3, and `question`, `dropped`, `trouble`; `commits` a source."""
        prose = self.prose
        near = [passage.similarity for passage in self.passages]
        return {
            "question": self.question,
            "answer": self.markdown("Source "),
            "sources": [_source(passage) for passage in self.passages],
            "avgSimilarity": round(sum(near) / len(near), 4) if near else 0.0,
            "usage": no_usage() if prose is None else prose.usage,
            "model": "offline" if prose is None else prose.model,
            "dropped": 0 if prose is None else prose.dropped,
            "trouble": self.trouble or None,
        }


def answer_of(question: str, hits: Sequence[SearchHit]) -> Answer:
    """`hits` as search gives them, best first."""
    asked = subject_words(question)
    fitting = _latest_first([hit for hit in hits if _fits(hit, asked)])[:MAX_PASSAGES]
    fitting.sort(key=lambda hit: hit.item.status != "active")
    return Answer(
        question,
        tuple(
            Passage(
                number,
                hit.item,
                _lines(hit.item, asked),
                hit.item.commits,
                nearness(hit, question),
                hit.score,
            )
            for number, hit in enumerate(fitting, 1)
        ),
    )


def _latest_first(hits: Sequence[SearchHit]) -> list[SearchHit]:
    """Of hits on one subject (titles that differ in numbers alone) the newest takes the place of
    the best, and so on; hits on other subjects stay where they are."""
    places: dict[str, list[int]] = {}
    for place, hit in enumerate(hits):
        places.setdefault(_subject(hit.item), []).append(place)
    ranked = list(hits)
    for same in places.values():
        newest = sorted((hits[place] for place in same), key=lambda hit: -hit.item.at_utc)
        for place, hit in zip(same, newest, strict=True):
            ranked[place] = hit
    return ranked


def _subject(item: Item) -> str:
    """Its title's words without numbers, in the alphabet's order: `bump MSRV to 1.65` and `… to 1.74` are one."""
    title = _NUMBER.sub("", item.title.casefold())
    return " ".join(sorted(asked_words(title))) or item.id


def standing(item: Item) -> str:
    """`decision, 2024-01-31, commit 0123456789ab`, and whether it is in doubt."""
    doubt = "" if item.status == "active" else f", {item.status}"
    commit = commit_of(item)
    return f"{item.type}, {day(item.at_utc)}{f', commit {commit}' if commit else ''}{doubt}"


def _fits(hit: SearchHit, asked: frozenset[str]) -> bool:
    matched = len(asked & set(hit.parts.matched))
    if hit.similarity is not None and hit.similarity >= _ENOUGH_MEANING:
        return True
    return bool(asked) and matched / len(asked) >= _ENOUGH_WORDS


def _lines(item: Item, asked: frozenset[str]) -> tuple[str, ...]:
    """Nearest first chosen, then in their own order; a reason counts a word more than a fact."""
    lines = telling_lines(item)
    worth = [(len(asked & set(words(line.text))) + line.is_reason, -place) for place, line in enumerate(lines)]
    chosen = sorted(range(len(lines)), key=lambda place: worth[place], reverse=True)[:MAX_LINES]
    return tuple(("Why: " if lines[place].is_reason else "") + lines[place].text for place in sorted(chosen))


def _source(passage: Passage) -> dict[str, Any]:
    item = passage.item
    return {
        "itemId": item.id,
        "type": item.type,
        "title": item.title,
        "facts": item.facts,
        "schemaKey": item.schema_key,
        "similarity": passage.similarity,
        "confidence": item.confidence,
        "files": list(item.files),
        "compositeScore": round(passage.score, 4),
        "commits": list(passage.commits),
        "eventKey": item.event_key,
    }

"""The ranking of search: pure, over candidates that any database may have found.

Words count by BM25 over fields (Robertson and Zaragoza 2009, BM25F); neighbours in the query that are neighbours in the
item count once more, and so does a title that says little else. Meaning is the cosine of the title with the query;
active files lift. Invariant: the same candidates and counts give the same order everywhere: scores are rounded before
they are compared, ties go to the newer item, then to the id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

WORDS_WEIGHT, MEANING_WEIGHT, FILES_WEIGHT = 1.0, 1.0, 0.2
"""Chosen by `benchmarks/find.py` over three projects at once, as are the numbers below: plateaus, where half as much or
half as much again changes the mean MRR by less than 0.005."""
NEAR_ENOUGH = 0.3
"""Cosine under which a text without any of the words is no answer: unrelated commits lie around 0.1 with the built-in
model."""

_FIELDS = {"title": (3.0, 7), "facts": (1.0, 88), "rationale": (1.0, 20), "files": (0.5, 17), "tags": (0.5, 4)}
"""Weight and typical length in words. Lengths are fixed (means over the items of three projects), so that one item's
score does not hang on what else is stored."""
_SATURATION = 3.0
_LENGTH_COUNTS = 0.75
"""BM25's k1 and b."""
_NEIGHBOURS = 0.2
"""Of two words' mean weight, when they stand side by side."""
_TITLE_ASKED = 0.4
"""So much more weighs an item all of whose title is in the query; one half of whose title is, half of that."""
_UNRELATED = 0.1
"""Cosine that says nothing."""
_SAME_FOLDER = 0.5
"""What a file beside an active one counts of the file itself."""

MatchedBy = Literal["words", "meaning", "both"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, with what its words weigh in this project."""

    words: tuple[str, ...]
    """In order, as `word.words` gives them; a word may repeat."""
    weights: Mapping[str, float]
    """Of the distinct words that the project has, `rarity` of each."""
    begun: str | None = None
    """A last word that nothing holds: half typed, it stands for all that begin so."""
    active_files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    item_id: str
    at_utc: int
    fields: Mapping[str, str]
    """The words of title, facts, rationale, files and tags, as the index holds them."""
    title_cosine: float | None = None
    """None without an embedder."""
    text_cosine: float | None = None
    """Of its best stored chunk; None where that is not known."""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    item_id: str
    score: float
    """0 to 1: 1 has most of the words, says the same, and stands in an active file when there are any."""
    matched_by: MatchedBy
    words: float
    """0 to 1: of the best candidate's."""
    meaning: float
    """0 to 1."""
    files: float
    """0 to 1: whether an active file, or one beside it, is its own."""
    matched_words: Mapping[str, float]
    """Word to its part of `words`, the weightiest first."""
    similarity: float | None
    """The higher of both cosines, when it is near enough to count."""


def rarity(items: int, holding: int) -> float:
    """BM25's weight of a word that `holding` of `items` hold; never negative."""
    return math.log(1 + (max(items, holding) - holding + 0.5) / (holding + 0.5))


def ranked(asked: Asked, candidates: Iterable[Candidate]) -> list[Ranked]:
    """Best first; without those that have none of the words and mean something else."""
    found = [(candidate, *_worded(asked, candidate.fields)) for candidate in candidates]
    most = max((total for _, total, _ in found), default=0.0)
    weight = WORDS_WEIGHT * bool(asked.words) + (FILES_WEIGHT if asked.active_files else 0.0)
    if any(candidate.title_cosine is not None for candidate, _, _ in found):
        weight += MEANING_WEIGHT
    kept = []
    for candidate, total, matched in found:
        near = max(candidate.title_cosine or 0.0, candidate.text_cosine or 0.0)
        if not total and near < NEAR_ENOUGH:
            continue
        worded = total / most if most else 0.0
        meant = max(0.0, (candidate.title_cosine or 0.0) - _UNRELATED) / (1 - _UNRELATED)
        lifted = _lift(asked.active_files, candidate.files)
        score = WORDS_WEIGHT * worded + MEANING_WEIGHT * meant + FILES_WEIGHT * lifted
        told = dict(sorted(matched.items(), key=lambda part: (-part[1], part[0])))
        hit = Ranked(
            candidate.item_id, min(1.0, round(score / weight, 4)),
            "meaning" if not total else "both" if near >= NEAR_ENOUGH else "words",
            round(worded, 4), round(meant, 4), lifted, {word: round(part / most, 4) for word, part in told.items()},
            round(near, 4) if near >= NEAR_ENOUGH else None,
        )  # fmt: skip
        kept.append((-hit.score, -candidate.at_utc, candidate.item_id, hit))
    return [hit for *_, hit in sorted(kept, key=lambda entry: entry[:3])]


def _worded(asked: Asked, fields: Mapping[str, str]) -> tuple[float, dict[str, float]]:
    """The weight of all words with their neighbours', and of each word alone."""
    weights, begun = asked.weights, asked.begun
    frequencies: dict[str, float] = {}
    beside: set[tuple[str, str]] = set()
    for name, (weight, typical) in _FIELDS.items():
        text = fields.get(name)
        if not text:
            continue
        held = text.split(" ")
        if begun is not None:
            held = [begun if word.startswith(begun) else word for word in held]
        share = weight / (1 - _LENGTH_COUNTS + _LENGTH_COUNTS * len(held) / typical)
        places = [place for place, word in enumerate(held) if word in weights]
        for place in places:
            frequencies[held[place]] = frequencies.get(held[place], 0.0) + share
        beside.update((held[one], held[other]) for one, other in pairwise(places) if other == one + 1)
    parts = {word: asked.weights[word] * often / (often + _SATURATION) for word, often in frequencies.items()}
    neighbours = sum(
        _NEIGHBOURS * (asked.weights[one] + asked.weights[other]) / 2
        for one, other in dict.fromkeys(pairwise(asked.words))
        if (one, other) in beside
    )
    title = set(fields.get("title", "").split())
    share = len(title.intersection(asked.words)) / len(title) if title else 0.0
    return (sum(parts.values()) + neighbours) * (1 + _TITLE_ASKED * share), parts


def _lift(active: frozenset[str], files: Sequence[str]) -> float:
    if not active or not files:
        return 0.0
    if not active.isdisjoint(files):
        return 1.0
    folders = {path.rpartition("/")[0] for path in active} - {""}
    return _SAME_FOLDER if any(path.rpartition("/")[0] in folders for path in files) else 0.0

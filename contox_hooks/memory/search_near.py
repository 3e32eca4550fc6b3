"""How near a hit comes to a query, as one number that means the same in every search. Pure.

A hit's `score` compares hits of one search only; clients that ask for a least similarity (CONTRACT.md section 1.3) want
an absolute one, and the same when words found a thing as when its meaning did.
"""

from __future__ import annotations

from contox_hooks.memory.search import SearchHit
from contox_hooks.memory.word import asked_words

_EMPTY = frozenset(
    word
    for text in (
        "a an the this that these those it its we our us you your i my they their there here what which who whom whose "
        "when where why how do does did done is are was were be been being can could should would will may might must "
        "have has had having not no of in on at to for from by with without about into as and or but if than then so "
        "any all some more most tell me explain please reason happened use used using"
    ,)
    for word in asked_words(text, limit=200)
)  # fmt: skip
"""Words of a question that say nothing of its subject, as `word.words` gives them."""


def nearness(hit: SearchHit, query: str) -> float:
    """0 to 1: the cosine, or the share of the query's telling words that the item has, whichever is more."""
    asked = subject_words(query)
    share = len(asked & set(hit.parts.matched)) / len(asked) if asked else 0.0
    return round(min(1.0, max(share, hit.similarity or 0.0)), 4)


def subject_words(question: str) -> frozenset[str]:
    """The question's words that say what it is about; all of them where none does."""
    asked = frozenset(asked_words(question))
    return (asked - _EMPTY) or asked

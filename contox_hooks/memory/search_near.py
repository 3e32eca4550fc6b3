"""How near a hit comes to a query, as one number that means the same in every search. Pure.

A hit's `score` compares hits of one search only; clients that ask for a least similarity (CONTRACT.md section 1.3) want
an absolute one, and the same when words found a thing as when its meaning did.
"""

from __future__ import annotations

from contox_hooks.memory.report.ask import subject_words
from contox_hooks.memory.search import SearchHit


def nearness(hit: SearchHit, query: str) -> float:
    """0 to 1: the cosine, or the share of the query's telling words that the item has, whichever is more."""
    asked = subject_words(query)
    share = len(asked & set(hit.parts.matched)) / len(asked) if asked else 0.0
    return round(min(1.0, max(share, hit.similarity or 0.0)), 4)

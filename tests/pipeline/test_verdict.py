"""A verdict is an opinion: it removes nothing that matters more, is surer, or was approved."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import RELATION_KINDS
from contox_hooks.pipeline.verdict import decide_verdict
from tests.pipeline.answers import known_item

FILES = ("store.py",)


@pytest.mark.parametrize(
    ("kind", "older", "newer", "effect"),
    [
        ("related", {}, {}, "note"),
        ("reinforces", {}, {}, "reinforce"),
        ("reinforces", {"importance": 5}, {}, "note"),
        ("reinforces", {"approved_at": 1}, {}, "note"),
        ("contradicts", {}, {}, "review"),
        ("supersedes", {}, {}, "supersede"),
        ("supersedes", {"importance": 3}, {"importance": 2}, "review"),
        ("supersedes", {"importance": 4}, {"importance": 5, "confidence": 0.89}, "review"),
        ("supersedes", {"confidence": 0.81}, {}, "review"),
        ("supersedes", {"approved_at": 1}, {"importance": 5, "confidence": 0.89}, "review"),
        ("supersedes", {}, {"files": ("other.py",)}, "review"),
        ("supersedes", {"files": ()}, {"files": ("other.py",)}, "supersede"),
        ("supersedes", {"importance": 1, "confidence": 0.3}, {"files": ("a.py", "store.py")}, "supersede"),
    ],
)
def test_decisions(kind: Any, older: dict[str, Any], newer: dict[str, Any], effect: str) -> None:
    one = known_item(1, **{"files": FILES, "importance": 3, **older})
    other = known_item(2, **{"files": FILES, "importance": 3, **newer})
    decision = decide_verdict(kind, older=one, newer=other)
    assert decision.effect == effect
    hindered = (kind, effect) in (("supersedes", "review"), ("reinforces", "note"))
    assert bool(decision.reason) == hindered


ITEMS = st.builds(
    known_item,
    importance=st.integers(1, 5),
    confidence=st.floats(0, 1),
    files=st.sampled_from([(), ("a.py",), ("b.py",)]),
    approved_at=st.sampled_from([None, 7]),
)


@given(ITEMS, ITEMS, st.sampled_from(RELATION_KINDS))
def test_what_is_protected_is_at_most_reviewed(older: Any, newer: Any, kind: Any) -> None:
    decision = decide_verdict(kind, older=older, newer=newer)
    protected = (
        older.approved_at is not None
        or older.importance >= 4
        or older.importance > newer.importance
        or older.confidence > newer.confidence
    )
    if protected:
        assert decision.effect in ("note", "review")
        assert decide_verdict("supersedes", older=older, newer=newer).effect == "review"
    if decision.effect == "supersede":
        assert kind == "supersedes"

"""Bands, and the rule for what history settles by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.event import SOURCE_HISTORY, SOURCE_HOOKS
from contox_hooks.memory.fingerprint import fingerprint
from contox_hooks.memory.review import BANDS, band_of, blamed_commit, decide_settled
from tests.memory.items import item

EDGES = [(1.0, "safe"), (0.9, "safe"), (0.896, "safe"), (0.894, "skim"), (0.7, "skim"), (0.69, "careful"), (0.5, "careful"), (0.49, "check"), (0.0, "check")]  # fmt: skip


@pytest.mark.parametrize(("confidence", "band"), EDGES)
def test_bands_begin_where_the_contract_says(confidence: float, band: str) -> None:
    assert band_of(confidence) == band


@given(st.floats(min_value=0, max_value=1))
def test_every_confidence_has_one_band(confidence: float) -> None:
    assert sum(low <= round(confidence, 2) < high for low, high in BANDS.values()) == 1


REASON = f"a.py changed in {'a' * 12}: no longer has “x in y”"


def test_the_commit_is_the_one_that_the_reason_names() -> None:
    assert blamed_commit(REASON) == "a" * 12
    assert blamed_commit("put here by hand") is None
    assert blamed_commit(None) is None


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("blamed_source", [SOURCE_HISTORY, SOURCE_HOOKS, None])
@pytest.mark.parametrize("item_source", [SOURCE_HISTORY, SOURCE_HOOKS, None])
def test_only_history_against_history_settles_what_nobody_approved(
    item_source: str | None, blamed_source: str | None, approved: bool
) -> None:
    settled = decide_settled(REASON, approved=approved, item_source=item_source, blamed_source=blamed_source)
    wanted = item_source == blamed_source == SOURCE_HISTORY and not approved
    assert settled == (f"later history: {REASON}" if wanted else None)


def test_a_fingerprint_sees_words_and_not_when_they_were_touched() -> None:
    one = item(1, "a title")
    assert fingerprint(one) == fingerprint(item(1, "a title", updated_at=9, reinforced=3, at_utc=5))
    for change in ({"title": "b"}, {"status": "review"}, {"tags": ("x",)}, {"files": ()}, {"approved_at": 1}):
        assert fingerprint(one) != fingerprint(item(1, **{"title": "a title", **change}))
    assert fingerprint(one, ("title",)) == fingerprint(item(1, "a title", status="review"), ("title",))

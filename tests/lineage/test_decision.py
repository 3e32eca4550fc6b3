"""The pure rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import Evidence
from contox_hooks.git.patch import Patch
from contox_hooks.pipeline.lineage import (
    decide_squashed,
    final_of,
    is_covered,
    moved_evidence,
    moved_range,
    picked_from,
    reverted_by,
    squashed_by,
)
from tests.pipeline.digests import digest

NAMES = st.sampled_from("abcdef")


def patch(added: set[int], removed: set[int] = frozenset()) -> Patch:  # type: ignore[assignment]
    return Patch(f"{sorted(added)}{sorted(removed)}", frozenset(added), frozenset(removed))


@given(st.dictionaries(NAMES, st.one_of(NAMES, st.just(""))), NAMES)
def test_every_chain_of_rewrites_ends(rewrites: dict[str, str], sha: str) -> None:
    final = final_of(sha, rewrites.get)
    assert final is None or final == sha or final in rewrites.values()
    if sha not in rewrites:
        assert final == sha


def test_chains() -> None:
    rewrites = {"a": "b", "b": "c", "d": "", "e": "d"}
    assert [final_of(sha, rewrites.get) for sha in "abcde"] == ["c", "c", "c", None, None]


def test_a_squash_holds_what_its_branch_left() -> None:
    branch = {"first": patch({1, 2, 3}), "second": patch({4}, {3}), "third": patch({5}, {4})}
    assert decide_squashed(patch({1, 2, 5}), branch) == ["first", "second", "third"]
    assert decide_squashed(patch({1, 2, 3}), {"first": branch["first"], "other": patch({7})}) == ["first"]
    assert decide_squashed(patch({8, 9}), branch) == []


def test_a_squash_may_be_changed_a_little_by_its_merge() -> None:
    branch = {"only": patch(set(range(20)))}
    assert decide_squashed(patch(set(range(1, 30))), branch) == ["only"]
    assert decide_squashed(patch(set(range(5, 30))), branch) == []


def test_a_commit_without_lines_is_in_no_squash() -> None:
    assert decide_squashed(patch({1}), {"empty": patch(set())}) == []


def test_covered() -> None:
    assert is_covered(patch({1, 2}, {9}), [patch({1}), patch({2}, {9})])
    assert not is_covered(patch({1, 2, 3}), [patch({1}), patch({2})])
    assert not is_covered(patch(set()), [patch({1})])


def test_evidence_of_the_dropped_goes_and_of_others_stays() -> None:
    entries = [Evidence("a", "one"), Evidence("b", "two"), Evidence("c", "three")]
    moved = moved_evidence(
        entries, {"a": None, "b": "d"}, lambda entry, sha: Evidence(sha, entry.quote)
    )  # fmt: skip
    assert moved == (Evidence("d", "two"), Evidence("c", "three"))
    assert moved_range("a..b", {"a": None, "b": "d"}) == "a..d"


def test_what_messages_name() -> None:
    sha = "a" * 40
    assert picked_from(digest("x", f"why\n\n(cherry picked from commit {sha})")) == sha
    assert picked_from(digest("x", f"as in (cherry picked from commit {sha}) once")) is None
    assert reverted_by(digest('Revert "x"', f"This reverts commit {sha}.")) == sha
    assert squashed_by(digest("Squashed commit of the following:", f"commit {sha}\nAuthor: A\n")) == [sha]
    assert squashed_by(digest("x", f"commit {sha}\n")) == []

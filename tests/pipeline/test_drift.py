"""The rule in drift.py's docstring, sentence by sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Evidence, Item
from contox_hooks.pipeline.drift import decide_drift, decide_release, takes_away
from tests.pipeline.digests import change, digest

CITED = Evidence("e" * 40, "def total(prices):\n    return sum(prices)", "shop/price.py")
ITEM = Item(
    "1", "p", None, "implementation", "t", "f", "root/x", 0.7, 3, "active",
    files=("shop/price.py", "README.md"), evidence=(Evidence("e" * 40, "Sum up baskets"), CITED),
)  # fmt: skip
STANDS = "import x\n\n\ndef  total(prices):\n\treturn sum(prices)  # exact\n"
CHANGED = STANDS.replace("sum", "fsum")
THEN = {"shop/price.py": STANDS, "README.md": ""}.get


def touch(path: str = "shop/price.py", *, hunk: str = "", status: str = "M", old: str | None = None) -> CommitDigest:
    file = change(path, status, old)  # type: ignore[arg-type]
    return digest(f"touch {path} {status} {hunk}", files=[file], hunks={path: hunk} if hunk else None)


def drift_reason(item: Item, commits: list[CommitDigest], now: Mapping[str, str]) -> tuple[str, str] | None:
    found = decide_drift(item, commits, now.get, THEN)
    return None if found is None else (found.commit_sha, found.path)


def test_changed_around_but_standing_is_not_flagged() -> None:
    assert drift_reason(ITEM, [touch()], {"shop/price.py": STANDS}) is None


def test_a_changed_line_is_flagged_with_the_commit_that_took_it() -> None:
    took = touch(hunk="-    return sum(prices)\n+    return fsum(prices)")
    after = touch(hunk="+# a comment")
    found = decide_drift(ITEM, [took, after], {"shop/price.py": CHANGED}.get, THEN)
    assert found is not None
    assert (found.commit_sha, found.path) == (took.sha, "shop/price.py")
    assert found.reason == f"shop/price.py changed in {took.sha[:12]}: no longer has “return sum(prices)”"


def test_without_the_line_in_any_diff_the_newest_change_is_named() -> None:
    first, last = touch(hunk="+a"), touch(hunk="+b")
    assert drift_reason(ITEM, [first, last], {"shop/price.py": CHANGED}) == (last.sha, "shop/price.py")


@pytest.mark.parametrize("text", ["xdef total(prices):\nreturn sum", "def total(prices):\nreturn sums"])
def test_a_line_inside_a_word_does_not_stand(text: str) -> None:
    item = replace(ITEM, evidence=(replace(CITED, quote="def total(prices)\nreturn sum"),))
    assert drift_reason(item, [touch()], {"shop/price.py": STANDS}) is None
    assert drift_reason(item, [touch()], {"shop/price.py": text}) is not None


def test_a_deleted_file_is_flagged() -> None:
    gone = touch(status="D")
    found = decide_drift(ITEM, [touch(), gone], lambda path: None, THEN)
    assert found is not None
    assert found.reason == f"shop/price.py was deleted in {gone.sha[:12]}"


def test_renames_are_followed() -> None:
    first = touch("shop/money.py", status="R", old="shop/price.py")
    second = touch("pay/money.py", status="R", old="shop/money.py")
    assert drift_reason(ITEM, [first, second], {"pay/money.py": STANDS}) is None
    assert drift_reason(ITEM, [first, second], {"pay/money.py": CHANGED}) == (second.sha, "pay/money.py")
    gone = touch("pay/money.py", status="D")
    assert drift_reason(ITEM, [first, second, gone], {"shop/price.py": STANDS}) == (gone.sha, "pay/money.py")


def test_a_copy_is_no_rename() -> None:
    copy = touch("shop/copy.py", status="C", old="shop/price.py")
    assert drift_reason(ITEM, [copy], {"shop/copy.py": "other"}) is None


def test_created_again_counts_as_it_is() -> None:
    assert drift_reason(ITEM, [touch(status="D"), touch(status="A")], {"shop/price.py": STANDS}) is None


def test_untouched_citations_are_not_looked_at() -> None:
    def refuse(path: str) -> str | None:
        raise AssertionError(path)

    assert decide_drift(ITEM, [touch("README.md", status="D")], refuse, THEN) is None


@pytest.mark.parametrize("evidence", [(), (Evidence("e", "Sum up"),), (Evidence("e", "-gone line", "shop/price.py"),)])
def test_without_cited_lines_only_the_last_file_counts(evidence: tuple[Evidence, ...]) -> None:
    item = replace(ITEM, evidence=evidence)
    first, second = touch(status="D"), touch("README.md", status="D")
    assert drift_reason(item, [first], {"README.md": ""}) is None
    assert drift_reason(item, [first, second], {}) == (second.sha, "README.md")
    assert drift_reason(replace(item, files=()), [first], {}) is None


def test_only_active_items_drift() -> None:
    assert drift_reason(replace(ITEM, status="review"), [touch(status="D")], {}) is None
    assert drift_reason(ITEM, [], {}) is None


def test_only_what_stood_at_the_items_newest_commit_must_stand() -> None:
    """What newer evidence replaced, and a redacted line, never stood there; nor did a path that git spells otherwise."""
    replaced = replace(CITED, quote="return fsum(prices)")
    redacted = replace(CITED, quote='TOKEN = "[redacted:token]"')
    assert (
        drift_reason(replace(ITEM, evidence=(CITED, replaced, redacted)), [touch()], {"shop/price.py": STANDS}) is None
    )
    escaped = replace(ITEM, files=("caf\\xe9.py",), evidence=(replace(CITED, path="caf\\xe9.py"),))
    assert drift_reason(escaped, [touch("caf\\xe9.py")], {}) is None
    assert drift_reason(replace(escaped, evidence=()), [touch("caf\\xe9.py")], {}) is None


def test_released_when_the_lines_stand_again() -> None:
    item = replace(ITEM, status="review")
    moved = touch("shop/money.py", status="R", old="shop/price.py")
    assert decide_release(item, [touch()], {"shop/price.py": STANDS}.get, THEN)
    assert decide_release(item, [moved], {"shop/money.py": STANDS}.get, THEN)
    assert not decide_release(item, [touch()], {"shop/price.py": CHANGED}.get, THEN)
    assert not decide_release(item, [touch()], lambda path: None, THEN)
    assert not decide_release(ITEM, [touch()], {"shop/price.py": STANDS}.get, THEN)
    without = replace(item, evidence=())
    assert decide_release(without, [touch(status="A")], {"shop/price.py": "another"}.get, THEN)
    assert not decide_release(without, [touch(status="D")], lambda path: None, THEN)


def test_takes_away() -> None:
    assert takes_away(touch(hunk="-    return sum(prices)"), ITEM)
    assert not takes_away(touch(hunk="+    return sum(prices)"), ITEM)

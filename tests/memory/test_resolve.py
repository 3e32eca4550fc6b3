"""Auto-resolve: precision first. A TODO is done when its line is gone for good; a claim alone proves little."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import Evidence, Item
from contox_hooks.memory.resolve import Commit, Passed, Resolution, decide_drifted, decide_resolved, is_open
from tests.memory.events import DAY, sha
from tests.memory.items import item

LINE = "# TODO: write the journal to disk"
TODO = item(
    1, "TODO: write the journal to disk", type="todo", files=("store.py",), evidence=(Evidence(sha(1), LINE, "store.py"),)
)  # fmt: skip
BUG = item(2, "Orders vanish when the cache overflows", type="bug", files=("cache.py",), evidence=(Evidence(sha(1), "Orders vanish"),))  # fmt: skip


def diff(*lines: str, path: str = "store.py") -> str:
    return f"--- a/{path}\n+++ b/{path}\n@@ -1,3 +1,3 @@\n" + "".join(f"{line}\n" for line in lines)


def commit(number: int = 5, message: str = "tidy up", diff: str = "", *files: str, **fields: Any) -> Commit:
    return Commit(sha(number), message, files or ("store.py",), DAY + number, diff, **fields)


def resolved(item: Item, *commits: Commit) -> Resolution:
    found = decide_resolved(item, commits)
    assert isinstance(found, Resolution), found
    return found


def test_a_commit_that_takes_the_line_away_resolves_it_for_certain() -> None:
    found = resolved(TODO, commit(diff=diff(f"-    {LINE}", "+    journal.flush()")))
    assert (found.commit_sha, found.new_status, found.match_type) == (sha(5), "archived", "both")
    assert found.matched_files == ("store.py",)
    assert found.reason == f"done in {sha(5)[:12]} “tidy up”"


NOT_DONE = [
    (diff(f"-{LINE}", f"+        {LINE}"), "indented anew"),
    (diff(f"-{LINE}") + diff(f"+{LINE}", path="journal.py"), "moved to another file"),
    (diff(f"-{LINE}", "+# FIXME(ada): write the whole journal onto disk"), "reworded"),
    (diff(f" {LINE}", "+journal.flush()"), "still there"),
    (diff(f"-{LINE}", path="other.py"), "a line of another file"),
    (diff("-# TODO: write"), "another line"),
    ("", "nobody knows what it did"),
]


@pytest.mark.parametrize(("text", "why"), NOT_DONE)
def test_what_only_moves_rewords_or_spares_the_line_does_not(text: str, why: str) -> None:
    message = "feat: write the journal to disk"  # a claim does not count while the line may stand
    assert not isinstance(decide_resolved(TODO, [commit(message=message, diff=text)]), Resolution), why


def test_a_diff_that_was_cut_leaves_it_to_a_person() -> None:
    found = resolved(TODO, commit(diff=diff(f"-{LINE}"), diff_cut=True))
    assert (found.new_status, found.reason.partition(":")[0]) == ("review", "perhaps done")


def test_a_file_is_followed_by_its_names() -> None:
    moved = commit(5, "tidy up", diff(f"-{LINE}", path="new.py"), "new.py")
    assert decide_resolved(TODO, [moved]) is None
    assert isinstance(decide_resolved(TODO, [moved], names={"store.py": ["new.py"]}), Resolution)


@pytest.mark.parametrize("fields", [{"sha": sha(1)}, {"at_utc": DAY - 1}])
def test_neither_its_own_commit_nor_an_earlier_one_resolves_it(fields: dict[str, Any]) -> None:
    assert decide_resolved(TODO, [replace(commit(diff=diff(f"-{LINE}")), **fields)]) is None


def test_the_first_commit_that_does_it_is_named() -> None:
    commits = [commit(4), commit(5, diff=diff(f"-{LINE}")), commit(6, diff=diff(f"-{LINE}"))]
    assert resolved(TODO, *commits).commit_sha == sha(5)


def test_drift_that_has_seen_the_file_resolves_what_a_diff_without_the_path_would_not() -> None:
    doubtful = replace(
        TODO, status="review", status_reason=f"store.py changed in {sha(5)[:12]}: no longer has “{LINE}”"
    )
    gone = commit(diff=diff(f"-{LINE}", path="renamed.py"))
    found = decide_drifted(doubtful, gone)
    assert found is not None
    assert found.new_status == "archived"
    assert decide_drifted(doubtful, replace(gone, diff_cut=True)) is None
    assert decide_drifted(doubtful, commit(diff=diff(f"-{LINE}") + diff(f"+{LINE}", path="b.py"))) is None
    assert decide_drifted(TODO, gone) is None  # active: its line stands
    assert decide_drifted(replace(doubtful, type="decision"), gone) is None


CLAIMS = [
    ("fix: orders vanish when the cache overflows", ("cache.py",), "archived", "both"),
    ("Fix vanishing orders when cache overflows\n\nLong story.", ("cache.py",), "archived", "both"),
    ("Fix orders that vanish as the cache grows", ("cache.py",), "review", "both"),
    ("fix: orders vanish when the cache overflows", ("other.py",), "review", "keyword"),
]


@pytest.mark.parametrize(("message", "files", "status", "match"), CLAIMS)
def test_a_bug_is_judged_by_words_and_files(message: str, files: tuple[str, ...], status: str, match: str) -> None:
    found = resolved(BUG, commit(5, message, "", *files))
    assert (found.new_status, found.match_type) == (status, match)


NO_CLAIMS = [
    ("docs: tell how the cache works", ("cache.py",)),
    ("fix: the cache has a size", ("cache.py",)),
    ("fix: typo", ("cache.py",)),
    ("fix: orders vanish", ("other.py",)),
    ("Revisit: orders vanish when the cache overflows", ("cache.py",)),
    ("", ("cache.py",)),
]


@pytest.mark.parametrize(("message", "files"), NO_CLAIMS)
def test_a_bug_stays_open_without_a_good_match(message: str, files: tuple[str, ...]) -> None:
    assert not isinstance(decide_resolved(BUG, [commit(5, message, "", *files)]), Resolution)


def test_a_near_miss_is_told() -> None:
    found = decide_resolved(BUG, [commit(5, "fix: a cache overflows", "", "cache.py")])
    assert isinstance(found, Passed)
    assert "has too few of its words" in found.reason


@pytest.mark.parametrize(
    ("message", "closes"),
    [("chore: x\n\nCloses #123", True), ("Fixes org/repo#123", True), ("see #123", False), ("Closes #1234", False)],
)
def test_an_issue_that_the_item_names_is_closed_by_number(message: str, closes: bool) -> None:
    named = replace(BUG, facts="- reported in #123")
    found = decide_resolved(named, [commit(5, message, "", "x.py")])
    assert isinstance(found, Resolution) == closes
    if isinstance(found, Resolution):
        assert (found.new_status, found.match_type) == ("archived", "keyword")


CLOSED = [
    replace(BUG, title="Fix orders that vanish"),
    replace(BUG, evidence=(Evidence(sha(1), "fix(cache): orders vanish"),)),
    replace(BUG, evidence=(Evidence(sha(1), "Closes #12"),)),
    replace(BUG, evidence=(Evidence(sha(1), "cache.limit(10)", "cache.py"),)),
    replace(BUG, type="decision"),
    replace(BUG, status="archived"),
    replace(TODO, status="superseded"),
]


@pytest.mark.parametrize("told", CLOSED)
def test_what_tells_of_a_fix_or_is_settled_is_not_open(told: Item) -> None:
    assert not is_open(told)
    assert decide_resolved(told, [commit(5, "fix: orders vanish when the cache overflows", diff(f"-{LINE}"))]) is None


def test_what_is_open() -> None:
    assert is_open(BUG)
    assert is_open(replace(BUG, evidence=(Evidence(sha(1), "# FIXME: overflows", "cache.py"),)))


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_message_and_diff_can_be_judged(message: str, text: str) -> None:
    for told in (TODO, BUG, replace(TODO, status="review")):
        decide_resolved(told, [commit(5, message, text)])
        decide_drifted(told, commit(5, message, text))

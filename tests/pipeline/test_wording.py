"""Titles and facts of messages that say little, or say it twice."""

from __future__ import annotations

import pytest

from contox_hooks.domain.item import Draft
from contox_hooks.pipeline.classification import item_type
from contox_hooks.pipeline.dependency import dependency_changes
from contox_hooks.pipeline.fact import Fact
from contox_hooks.pipeline.message import read_message
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.pipeline.patch import file_patches
from contox_hooks.pipeline.quote import verified
from contox_hooks.pipeline.schema_key import schema_key
from tests.pipeline.digests import digest

CODE = "+def total(prices):\n+    return sum(prices)\n+    # end of total"


def draft(subject: str, body: str = "", **hunks: str) -> Draft:
    commit = digest(subject, body, hunks=hunks or {"shop/a.py": CODE})
    found = OfflineExtractor().extract([commit]).drafts
    assert verified(found, [commit]) == (list(found), 0)
    (only,) = found
    return only


def test_a_merge_from_somewhere_takes_its_title_from_what_it_did() -> None:
    assert draft("Merge commit from fork").title == "a.py adds `def total(prices)`"
    told = draft("Merge commit from fork", "Tokens are compared in constant time.")
    assert told.title == "Tokens are compared in constant time"
    assert (
        told.confidence < draft("Compare tokens in constant time", "Tokens are compared in constant time.").confidence
    )


def test_two_merges_from_somewhere_are_two_items() -> None:
    found = OfflineExtractor().extract(
        [digest("Merge commit from fork", hunks={f"shop/{name}.py": f"+def {name}():\n+    go()\n+    stop()"}) for name in "ab"]
    ).drafts  # fmt: skip
    assert [each.title for each in found] == ["a.py adds `def a()`", "b.py adds `def b()`"]


def test_the_title_is_not_told_again_as_a_point() -> None:
    body = "* fix: sum up baskets\n\n* address feedback\n\n* Update shop/a.py\n\n* count their rows too"
    told = draft("fix: sum up baskets (#12)", body).facts
    assert "sum up baskets" not in told
    assert "feedback" not in told
    assert "Update shop" not in told
    assert "- count their rows too" in told


def test_of_squashed_commits_the_prose_of_the_one_that_the_subject_names() -> None:
    body = (
        "* test: try the sums\n\nThe tests were slow because of the clock.\n\n"
        "* feat: sum up baskets\n\nSums are kept so that pages load at once."
    )
    message = read_message("feat: sum up baskets (#12)", body)
    assert message.why == ("Sums are kept so that pages load at once.",)
    assert "test: try the sums" in message.bullets


@pytest.mark.parametrize(
    ("hunk", "fact"),
    [("+- [a shop](https://example.org)\n+We sell to\n+whom it", "now has “"), ("-Once there was a shop\n-of the old kind\n-by the sea", "no longer has “Once")],
)  # fmt: skip
def test_where_nothing_else_is_known_a_line_is_shown(hunk: str, fact: str) -> None:
    assert fact in draft("Remember the shops of the region", **{"docs/a.md": hunk}).facts


def test_a_vague_title_with_a_type() -> None:
    told = draft("test: flaky", **{"tests/test_a.py": "+    wait(1)\n+    wait(2)\n+    wait(3)"})
    assert told.title == "test: flaky (tests/test_a.py)"


def test_abbreviations_end_no_sentence() -> None:
    message = read_message("Round late", "A mark (e.g. '.') got a bonus, i.e. \"x\" did. It lost vs. `y` there.")
    assert message.prose == ("A mark (e.g. '.') got a bonus, i.e. \"x\" did.", "It lost vs. `y` there.")


def test_a_quotation_keeps_its_end() -> None:
    assert read_message("Say it", 'They said "no more." Then they left the shop.').prose[0] == 'They said "no more."'


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Round late (fixes #1 and #2)", "Round late"),
        ("Round late (see the notes of ada, #12)", "Round late (see the notes of ada, #12)"),
        ("Round late (#12)", "Round late"),
    ],
)
def test_no_bracket_is_torn(subject: str, title: str) -> None:
    assert read_message(subject, "").title == title


def test_pastes_are_no_prose() -> None:
    body = "It is faster now.\n\n  make bench | sort\n  tail -n 3 of it\n\nreal    2.321\nuser    0.674\nsys     0.101\n\nSeen twice by now."
    assert read_message("Sum up faster", body).prose == ("It is faster now.", "Seen twice by now.")


def test_the_first_reason_comes_with_what_it_is_of() -> None:
    body = "The sum was kept in the page. This caused empty baskets in two tabs. Prices were off too."
    message = read_message("Keep sums apart", body)
    assert message.why[0] == "The sum was kept in the page. This caused empty baskets in two tabs."
    assert message.prose == ("Prices were off too.",)
    assert draft("Keep sums apart", body).rationale == message.why[0]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Add regression tests for baskets", "implementation"),
        ("Regression in sums of baskets", "bug"),
        ("Avoid resolving every entry", "implementation"),
        ("Avoid a crash of empty baskets", "bug"),
        ("Introduce totals", "implementation"),
        ("Introduce a storage layer", "architecture"),
        ("Use Path.as_uri() over PurePath.as_uri()", "implementation"),
        ("Bump the eslint rules", "implementation"),
        ("Add eslint rules of the shop", "convention"),
    ],
)
def test_types(title: str, expected: str) -> None:
    assert item_type(read_message(title, ""), ["shop/a.py"], []) == expected


def test_forms_for_reports_are_no_conventions() -> None:
    message = read_message("Contributing starts with a form", "")
    assert item_type(message, [".github/ISSUE_TEMPLATE/bug.yml"], []) != "convention"
    assert item_type(message, ["CONTRIBUTING.rst", "setup.cfg"], []) == "convention"


def test_a_dependency_that_only_moved_is_no_decision() -> None:
    moved = Fact("package.json", "moves dependency `a` from `1` to `2`", 6, topic="dependency")
    added = Fact("package.json", "adds dependency `a 1`", 6, topic="dependency")
    message = read_message("Upgrade what the shop stands on", "")
    assert item_type(message, ["package.json"], [moved]) == "implementation"
    assert item_type(message, ["package.json"], [added]) == "decision"


def test_a_mended_cache_is_a_bug() -> None:
    assert schema_key("bug", ["shop/a.py"], "Fix caching of sums") == "root/bugs"
    assert schema_key("implementation", ["shop/a.py"], "Add caching of sums") == "root/perf"


def changes(path: str, hunk: str) -> list[str]:
    (patch,) = file_patches(digest("x", hunks={path: hunk}).diff)
    return [change.text for change in dependency_changes(patch)]


@pytest.mark.parametrize(
    ("path", "hunk", "told"),
    [
        ("package.json", '-    "pino": "^9.0.0",\n+    "pino": "^9 || ^10",', ["moves dependency `pino` from `^9.0.0` to `^9||^10`"]),
        ("package.json", '+    "a": ">=1.2 <2.0.0",', ["adds dependency `a>=1.2<2.0.0`"]),
        ("package.json", '+    "a": "npm:@shop/a@^1"', ["adds dependency `a npm:@shop/a@^1`"]),
        ("package.json", '+    "test": "node run.js"', []),
        ("Cargo.toml", "+[target.'cfg(unix)'.dependencies.libc]\n+version = \"0.2\"\n+\n+[package]\n+version = \"1\"", ["adds dependency `libc 0.2`"]),
        ("Cargo.toml", " [dependencies.serde]\n-version = \"1.0\"\n+version = \"1.2\"", ["moves dependency `serde` from `1.0` to `1.2`"]),
    ],
)  # fmt: skip
def test_ranges_and_tables_of_dependencies(path: str, hunk: str, told: list[str]) -> None:
    assert changes(path, hunk) == told


def test_documentation_comments_are_read_without_their_marks() -> None:
    told = draft(
        "Round late in sums",
        **{"src/a.rs": "+/// Keep the lock, otherwise two writers see one row.\n+fn a() {}\n+fn b() {}"},
    )
    assert told.rationale == "Keep the lock, otherwise two writers see one row. (src/a.rs)"

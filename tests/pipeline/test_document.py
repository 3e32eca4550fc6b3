"""What documents and changelogs say, without their markup and without what is beside the entry."""

from __future__ import annotations

import pytest

from contox_hooks.pipeline.document import is_changelog, plain
from contox_hooks.pipeline.offline import OfflineExtractor
from tests.pipeline.digests import digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[BUG #12](https://example.org/issues/12): Fix the sum of empty baskets", "Fix the sum of empty baskets"),
        ("[#12](https://example.org/12), [#13](https://example.org/13): Fix the sum", "Fix the sum"),
        ("[Feature #12]: Sum up baskets", "Sum up baskets"),
        ("Bug #12: Fix the sum", "Fix the sum"),
        ("Fix the sum. (`#12 <https://example.org/12>`_)", "Fix the sum"),
        ("Read `the manual <https://example.org/a>`__ first", "Read the manual first"),
        ("Fix the sum ([#12](https://example.org/12))", "Fix the sum"),
        ("Show [totals] in the basket", "Show [totals] in the basket"),
        ("Rate limits: none by default", "Rate limits: none by default"),
    ],
)
def test_an_entry_without_its_issue(text: str, told: str) -> None:
    assert plain(text) == told


def facts(subject: str, body: str, **hunks: str) -> str:
    (draft,) = (
        OfflineExtractor().extract([digest(subject, body, hunks={"CHANGES.md": hunks["log"], "a.py": CODE})]).drafts
    )
    return draft.facts


CODE = "-total = sum(prices)\n+total = sum(prices) + shipping\n+print(total)\n+check(total)"


def test_the_entry_that_cites_the_closed_issue() -> None:
    log = "+* #11: Round late in every basket\n+* #12: Sum up the empty baskets too"
    told = facts("Sum up what is empty", "Fixes #12", log=log)
    assert "Sum up the empty baskets too (changelog)" in told
    assert "Round late" not in told
    both = facts("Sum up what is empty", "Fixes #99", log=log)
    assert "Round late" in both


def test_an_entry_ends_at_a_code_fence() -> None:
    log = "+- Totals can be shown by day\n+  ```sh\n+  shop --by day\n+  - shop is a program of its own\n+  ```\n+- Baskets can be emptied"
    told = facts("Show totals by day", "", log=log)
    assert "- Totals can be shown by day (changelog)" in told
    assert "shop --by day (" not in told
    assert "a program of its own" not in told
    assert "- Baskets can be emptied (changelog)" in told


def test_a_file_for_one_entry_is_changelog() -> None:
    assert is_changelog("news/12.bugfix.rst")
    assert not is_changelog("news/today.rst")
    commit = digest("Sum up what is empty", hunks={"news/12.bugfix.rst": "+Empty baskets have a sum.", "a.py": CODE})
    (draft,) = OfflineExtractor().extract([commit]).drafts
    assert "- Empty baskets have a sum (changelog)" in draft.facts

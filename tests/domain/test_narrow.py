"""What was captured under wider settings is handed on as today's allow."""

from __future__ import annotations

from dataclasses import replace

from contox_hooks.domain.item import Evidence
from contox_hooks.domain.narrow import Narrow
from contox_hooks.domain.path import Exclusions
from tests.pipeline.answers import known_item
from tests.pipeline.digests import change, digest

MADE = digest("Add both", "Why.", hunks={"app/store.py": "+import sqlite3", "secret/plan.txt": "+the plan"})
OUT = Narrow(Exclusions(["secret/**"]))


def test_an_excluded_file_leaves_neither_its_name_nor_its_lines() -> None:
    found = OUT.digest(MADE)
    assert [file.path for file in found.files] == ["app/store.py"]
    assert "import sqlite3" in found.diff
    assert "plan" not in found.diff
    assert (found.excluded_files, found.insertions, found.files_total) == (MADE.excluded_files + 1, 1, MADE.files_total)


def test_a_rename_out_of_an_excluded_folder_is_excluded() -> None:
    made = replace(MADE, files=(change("app/plan.txt", "R", "secret/plan.txt"),))
    assert OUT.digest(made).files == ()


def test_nothing_is_left_of_a_diff_that_may_not_be_kept() -> None:
    found = Narrow(diffs=False).digest(MADE)
    assert (found.diff, found.diff_missing, found.files) == ("", "off", MADE.files)
    only = digest("Plan", hunks={"secret/plan.txt": "+the plan"})
    assert (OUT.digest(only).diff, OUT.digest(only).diff_missing) == ("", "excluded")


def test_what_is_allowed_is_unchanged() -> None:
    assert Narrow().digest(MADE) is MADE
    assert OUT.digest(digest("Other", hunks={"a.py": "+x"})) == digest("Other", hunks={"a.py": "+x"})


def test_items_about_excluded_files_are_not_handed_on() -> None:
    assert OUT.item(known_item(files=("secret/plan.txt",))) is None
    assert OUT.item(known_item(evidence=(Evidence("a" * 40, "the plan", "secret/plan.txt"),))) is None
    assert OUT.item(known_item(files=("app/store.py",))) is not None


def test_without_diffs_an_item_that_files_bear_is_its_title() -> None:
    item = known_item(facts="- x = 1", evidence=(Evidence("a" * 40, "x = 1", "a.py"),))
    found = Narrow(diffs=False).item(item)
    assert found is not None
    assert (found.title, found.facts, found.rationale) == (item.title, "", None)
    told = replace(item, evidence=(Evidence("a" * 40, "the message says so"),))
    assert Narrow(diffs=False).item(told) == told

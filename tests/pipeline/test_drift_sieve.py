"""What is passed over without reading a file, and what never may be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contox_hooks.domain.digest import CommitDigest, FileChange
from contox_hooks.pipeline.drift_name import Names
from contox_hooks.pipeline.drift_sieve import Sieve
from tests.pipeline.digests import change, digest

AROUND = digest("around", hunks={"a.py": "+import os\n x = 1\n-y = 2"})
TAKES = digest("takes", hunks={"a.py": "-x  =  1\n+x = 3"})
GIVES = digest("gives", hunks={"a.py": "+\tx = 1"})
CUT = replace(AROUND, files=(replace(AROUND.files[0], deletions=9),))


def matters(commit: CommitDigest, *lines: str, is_standing: bool = True) -> bool:
    return Sieve(commit).lets_through({"old.py": (lines, ("a.py", "old.py"))}, is_standing=is_standing)


@pytest.mark.parametrize("commit", [TAKES, CUT, replace(AROUND, redactions=1), replace(AROUND, parents=("1", "2"))])
def test_what_may_matter_passes(commit: CommitDigest) -> None:
    assert matters(commit, "x = 1")


def test_what_only_adds_takes_nothing_and_what_only_removes_gives_nothing() -> None:
    assert matters(GIVES, "x = 1", is_standing=False)
    assert not matters(GIVES, "x = 1")
    removes = digest("removes", hunks={"a.py": "-x = 1"})
    assert matters(removes, "x = 1")
    assert not matters(removes, "x = 1", is_standing=False)
    merge = replace(GIVES, parents=("1", "2"))  # counted against one parent: the line may come from the other
    assert matters(merge, "x = 1")


@pytest.mark.parametrize("status", ["A", "D", "R", "T"])
def test_a_file_that_comes_or_goes_passes_with_and_without_lines(status: str) -> None:
    commit = digest("moves", files=[FileChange("a.py", status)])  # type: ignore[arg-type]
    assert matters(commit, "x = 1")
    assert matters(commit)


def test_what_only_stands_around_is_passed_over() -> None:
    assert not matters(AROUND, "x = 1")
    assert not matters(TAKES)
    assert not matters(digest("other", hunks={"b.py": "-x = 1"}), "x = 1")


def test_names_are_kept_and_the_latest_comes_first() -> None:
    names = Names([("a.py", "a.py"), ("b.py", "a.py"), ("z.py", "z.py")])
    names.rename(digest("moves", files=[change("c.py", "R", "b.py"), change("n.py", "R", "m.py")]))
    assert names.of("a.py") == names.of("c.py") == ("c.py", "b.py", "a.py")
    assert names.of("unknown") == ("unknown",)
    assert names.moves == {("c.py", "a.py")}
    names.rename(digest("moves back", files=[change("a.py", "R", "c.py")]))
    assert names.of("b.py") == ("a.py", "c.py", "b.py")
    assert names.moves == {("c.py", "a.py")}

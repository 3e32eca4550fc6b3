"""What stays of a model's drafts: quotes that stand, wherever in their commit; less sure where some did not."""

from __future__ import annotations

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.pipeline.proof import DOUBTED, proven
from contox_hooks.pipeline.quote import verified
from tests.pipeline.digests import START, digest

FIRST = digest(
    "Use SQLite for jobs",
    "Redis was one more thing\nto run.",
    hunks={"store.py": "-import redis\n+import sqlite3", "other.py": "+timeout = 30"},
)
SECOND = digest("Wait longer", hunks={"other.py": "-timeout = 30\n+timeout = 60"}, minutes=5)


def draft(*evidence: Evidence, files: tuple[str, ...] = (), confidence: float = 0.85) -> Draft:
    return Draft("decision", "Jobs in SQLite", "facts", "root/data", confidence, 4, evidence, files=files)


def test_what_is_quoted_right_stays_as_it_is() -> None:
    made = draft(Evidence(FIRST.sha, "import sqlite3", "store.py"), Evidence(FIRST.sha, "one more thing to run."))
    (kept,), dropped = proven([made], [FIRST, SECOND])
    assert dropped == 0
    assert kept.evidence == made.evidence
    assert (kept.confidence, kept.files, kept.at_utc) == (0.85, ("store.py",), START)
    assert kept.commit_range == f"{FIRST.sha}..{FIRST.sha}"
    assert verified([kept], [FIRST, SECOND]) == ([kept], 0)


def test_a_quote_with_the_wrong_place_is_found_where_it_stands() -> None:
    made = draft(
        Evidence(FIRST.sha, "import sqlite3"),  # stands in the diff
        Evidence(FIRST.sha, "Use SQLite for jobs", "store.py"),  # stands in the message
        Evidence(FIRST.sha, "timeout = 30", "store.py"),  # stands in another file
    )
    (kept,), _ = proven([made], [FIRST])
    assert [(found.quote, found.path) for found in kept.evidence] == [
        ("import sqlite3", "store.py"), ("Use SQLite for jobs", None), ("timeout = 30", "other.py"),
    ]  # fmt: skip
    assert kept.confidence == 0.85


def test_a_draft_without_a_true_quote_is_dropped_and_one_with_some_is_less_sure() -> None:
    false = draft(Evidence(FIRST.sha, "Use PostgreSQL for jobs"), Evidence(SECOND.sha, "import sqlite3", "store.py"))
    half = draft(Evidence(FIRST.sha, "import sqlite3", "store.py"), Evidence(FIRST.sha, "never said so"))
    kept, dropped = proven([false, half], [FIRST, SECOND])
    assert dropped == 1
    assert [found.quote for found in kept[0].evidence] == ["import sqlite3"]
    assert kept[0].confidence == DOUBTED


def test_files_are_those_of_the_commits_that_are_still_cited() -> None:
    made = draft(
        Evidence(SECOND.sha, "timeout = 60", "other.py"), Evidence(FIRST.sha, "made up words"),
        files=("store.py", "other.py"),
    )  # fmt: skip
    (kept,), _ = proven([made], [FIRST, SECOND])
    assert kept.files == ("other.py",)
    assert (kept.commit_range, kept.at_utc) == (f"{SECOND.sha}..{SECOND.sha}", START + 300)

"""Agent Trace records: the lines that a commit added, and who made it as far as it says so (exchange/trace.py)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.exchange.contributor import contributor_of
from contox_hooks.exchange.trace import added_ranges, record_of
from contox_hooks.git.history import DigestLimits, read_digests
from tests.gitrepo import Repo
from tests.memory.events import DAY

SCHEMA = json.loads((Path(__file__).parent / "agent_trace.schema.json").read_text())
CHECK = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

ADA = Person("Ada Example", "ada@example.org", DAY)


def digest(body: str = "", author: Person = ADA) -> CommitDigest:
    return CommitDigest("a" * 40, (), author, ADA, "subject", body)


def the_lines(record: dict[str, Any], path: str) -> list[tuple[int, int]]:
    file = next(file for file in record["files"] if file["path"] == path)
    return [(each["start_line"], each["end_line"]) for each in file["conversations"][0]["ranges"]]


def test_the_lines_that_real_commits_added(repo: Repo) -> None:
    repo.commit("one", {"a.py": "".join(f"{n}\n" for n in range(1, 31)), "gone.py": "x\n", "b.bin": b"\0\1"})
    lines = [str(n) for n in range(1, 31)]
    lines[4:4] = ["new", "newer"]
    lines[20] = "changed"
    repo.write("ü name.py", "1\n\n\n4\n")
    (repo.path / "gone.py").unlink()
    repo.commit("two", {"a.py": "\n".join(lines) + "\n", "b.bin": b"\0\2"})
    records = [
        record_of(each, at_utc=DAY)
        for each in read_digests(repo.repository, revisions=["HEAD"], limits=DigestLimits(diff_budget=100_000))
    ]
    for record in records:
        CHECK.validate(record)
    assert the_lines(records[0], "a.py") == [(5, 6), (21, 21)]
    assert the_lines(records[0], "ü name.py") == [(1, 4)]
    assert the_lines(records[0], "gone.py") == []
    assert records[0]["metadata"]["contox-hooks"]["files_without_lines"] == ["b.bin"]
    assert the_lines(records[1], "a.py") == [(1, 30)]
    assert records[0]["vcs"] == {"type": "git", "revision": repo.head()}
    assert records[0]["timestamp"] == "2025-10-09T08:53:20Z"


def test_lines_that_the_digest_does_not_hold_are_not_made_up(repo: Repo) -> None:
    repo.commit("large", {"a.py": "".join(f"some words {n}\n" for n in range(500))})
    record = record_of(next(iter(read_digests(repo.repository, revisions=["HEAD"]))), at_utc=DAY)
    assert the_lines(record, "a.py") == []
    assert record["metadata"]["contox-hooks"]["files_without_lines"] == ["a.py"]


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="+- @,0123\nab\\", max_size=200), st.integers(0, 9))
def test_any_patch_gives_ranges_that_add_up_or_none(patch: str, insertions: int) -> None:
    ranges = added_ranges(patch, FileChange("a", "M", insertions, 0))
    assert ranges is None or sum(last - first + 1 for first, last in ranges) == insertions


@pytest.mark.parametrize(
    ("trailer", "expected"),
    [
        ("Co-Authored-By: Claude <noreply@anthropic.com>", ("mixed", None)),
        ("Co-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>", ("mixed", None)),
        ("co-authored-by: aider (openai/gpt-4o) <noreply@aider.chat>", ("mixed", "openai/gpt-4o")),
        ("Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>", ("mixed", None)),
        ("Co-authored-by: Claude <[e-mail]>", ("mixed", None)),  # as a server keeps it
        ("Co-authored-by: Cursor Agent", ("mixed", None)),
        ("Co-authored-by: Claude Example <claude@example.org>", ("unknown", None)),
        ("Co-authored-by: Claude <claude@example.org>", ("unknown", None)),
        ("Co-authored-by: Bob Example <bob@example.org>", ("unknown", None)),
        ("Co-authored-by: dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", ("unknown", None)),
        ("We talked about Claude <noreply@anthropic.com>", ("unknown", None)),
        ("", ("unknown", None)),
    ],
)  # fmt: skip
def test_who_made_it_is_what_the_commit_says(trailer: str, expected: tuple[str, str | None]) -> None:
    found = contributor_of(digest(f"Why.\n\n{trailer}\nSigned-off-by: Ada Example <ada@example.org>"))
    assert (found.type, found.model_id) == expected
    CHECK.validate(record_of(digest(trailer), at_utc=-5))


def test_a_tool_that_is_the_author_made_it() -> None:
    made = digest(author=Person("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com", DAY))
    assert contributor_of(made).type == "ai"
    assert contributor_of(replace(made, author=Person("Copilot", "", DAY))).type == "ai"

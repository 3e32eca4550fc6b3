"""The note's shape and bounds are the vendor's; each list says how many there are besides."""

from __future__ import annotations

import pytest

from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.domain.event import Event
from contox_hooks.domain.since import Side, WorkInProgress
from contox_hooks.pipeline.note import is_automatic
from contox_hooks.transcript.evidence import Evidence, Told
from contox_hooks.transcript.note import MAX_DIFF, MAX_DIFFS, MAX_TRANSCRIPT, Found, note_payload

ADA = Person("Ada", "ada@example.org", 0)


def change(path: str) -> FileChange:
    return FileChange(path, "M", 1, 0)


def contents(found: Found) -> dict[str, str]:
    return {each["title"]: each["content"] for each in note_payload(found)["changes"]}


def test_an_automatic_note_of_nothing_but_commits() -> None:
    commits = [CommitDigest(f"{n:040x}", (), ADA, ADA, f"c{n}", "", (change(f"{n}.py"),), 3) for n in range(12)]
    found = Found("main", commits, 40)
    payload = note_payload(found)
    assert payload["summary"] == "[evidence-collector] 36 files changed (of the latest 12 commits), 40 commits on main"
    assert is_automatic(Event("mcp_save", "k", "cli-auto", 0, payload))
    lines = contents(found)["Commits (40)"].split("\n")
    assert (len(lines), lines[0], lines[-1]) == (11, "0000000 c0", "… and 30 more")
    assert contents(found)["Files changed (36)"].split("\n")[-1] == "… and 24 more"
    assert {each["category"] for each in payload["changes"]} == {"implementation"}


def test_diffs_of_files_are_few_and_short() -> None:
    diff = "".join(f"--- a/{n}.py\n+++ b/{n}.py\n@@ -1 +1 @@\n+{'x' * 5000 if n == 3 else n}\n" for n in range(25))
    side = Side(tuple(change(f"{n}.py") for n in range(25)), 25, 25, 0, diff)
    found = contents(Found(work=WorkInProgress(staged=side)))
    diffs = {title: text for title, text in found.items() if title.endswith(" (staged)")}
    assert len(diffs) == MAX_DIFFS
    assert diffs["0.py (staged)"] == "--- a/0.py\n+++ b/0.py\n@@ -1 +1 @@\n+0\n"
    assert max(map(len, diffs.values())) <= MAX_DIFF
    assert "B not shown]" in diffs["3.py (staged)"]
    assert found["More diffs"] == "5 files not shown"


@pytest.mark.parametrize("length", [20, 200])
def test_a_transcript_is_bounded_by_whole_lines(length: int) -> None:
    told = [Told(tuple(f"{n:03}".ljust(length, "x") for n in range(most)), 99) for most in (10, 30, 15)]
    found = contents(Found(evidence=Evidence(*told), transcripts={"Claude Code": 2}))
    text = found["Agent transcripts (Claude Code 2)"]
    assert text.startswith("Requests (the latest; 89 before them):\n- 000x")
    assert len(text) <= MAX_TRANSCRIPT
    lines = [line for line in text.split("\n") if line.startswith("- ")]
    assert {len(line) for line in lines} == {length + 2}
    assert (" lines not shown]" in text) is (length == 200)

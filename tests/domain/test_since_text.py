"""Nothing that others wrote leaves its place in the Markdown."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.digest import CommitDigest, FileChange, Person
from contox_hooks.domain.since import (
    Base,
    Conflict,
    Save,
    Side,
    SideCommit,
    SinceCommit,
    SinceSave,
    Submodule,
    WorkInProgress,
)

NASTY = st.text(alphabet="ab `#~\n\r-\u202e\x1b<>!*_[]|\\\x00", max_size=40)


def document(text: str) -> str:
    person = Person(text, text, 0)
    files = (FileChange(text, "M", 1, 1, old_path=text),)
    digest = CommitDigest("a" * 40, ("b" * 40,) * 2, person, person, text, text, files, 1, 1, 1, diff=text)
    work = WorkInProgress(
        Side(files, 1, 1, 1, text), Side(files, 1, 1, 1, text), (text,), 3, (Conflict(text, "both added"),), 1,
        (Submodule(text, ("new commits",)),), (text,),
    )  # fmt: skip
    commit = SinceCommit(digest, (SideCommit("c" * 40, text),), 4)
    base = Base("save", "d" * 40, Save("d" * 40, 0))
    return SinceSave(base, "e" * 40, text, "first-parent", 60, (commit,), 3, work, (text,)).to_markdown()


def outside_fences(markdown: str) -> list[str]:
    lines, fence = [], ""
    for line in markdown.split("\n"):
        opens = re.match(r"(`{3,})(?:diff)?$", line)
        if fence:
            fence = "" if line == fence else fence
        elif opens:
            fence = opens[1]
        else:
            lines.append(line)
    assert not fence
    return lines


@settings(max_examples=60, deadline=None)
@given(text=NASTY)
@example(text="```\n# x\n````\n# y")
def test_every_line_is_ours(text: str) -> None:
    plain = [line for line in outside_fences(document("x")) if line]
    found = [line for line in outside_fences(document(text)) if line]
    begins = re.compile(r"#{1,3} |- |by |merge, |\d+ commits |1 file, |… |Brought in:|In the middle of: |Not seen: ")
    assert all(begins.match(line) for line in found), found
    assert [line[:2] for line in found if line.startswith("#")] == [line[:2] for line in plain if line.startswith("#")]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", document(text))


def test_counts_of_what_is_not_shown() -> None:
    text = document("x")
    assert "… 2 older commits not shown" in text
    assert "- … and 3 more" in text  # of the side branch
    assert "- … and 2 more" in text  # of the untracked

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.reflog import parse_line, read_message, switched_branches

MESSAGES = [
    ("commit: add a thing", "created", "commit"),
    ("commit (initial): start", "created", "commit"),
    ("commit (amend): better", "created", "amend"),
    ("commit (merge): Merge branch 'x'", "created", "merge"),
    ("commit (cherry-pick): picked", "created", "cherry-pick"),
    ("cherry-pick: picked", "created", "cherry-pick"),
    ("cherry-pick: fast-forward", "moved", None),
    ("revert: Revert \"x\"", "created", "revert"),
    ("am: from the list", "created", "am"),
    ("merge topic: Merge made by the 'ort' strategy.", "created", "merge"),
    ("merge topic: Fast-forward", "moved", None),
    ("merge FETCH_HEAD: Fast-forward", "landed", None),
    ("pull: Fast-forward", "landed", None),
    ("pull https://example.org/x.git main: Fast-forward", "landed", None),
    ("pull --ff-only origin main: Fast-forward", "landed", None),
    ("pull: Merge made by the 'ort' strategy.", "created", "merge"),
    ("initial pull", "landed", None),
    ("pull --rebase (start): checkout 1234", "landed", None),
    ("pull --rebase origin main (pick): my work", "created", "rebase"),
    ("pull --rebase (finish): returning to refs/heads/main", "finished", None),
    ("rebase (start): checkout main", "finished", None),
    ("rebase (pick): one", "created", "rebase"),
    ("rebase (squash): # This is a combination of 2 commits.", "created", "rebase"),
    ("rebase -i (fixup): one", "created", "rebase"),
    ("rebase (continue): one", "created", "rebase"),
    ("rebase (finish): refs/heads/topic onto 1234", "finished", None),
    ("rebase (abort): returning to refs/heads/topic", "finished", None),
    ("rebase finished: refs/heads/topic onto 1234", "finished", None),
    ("rebase: (not a step) but a subject", "created", "rebase"),
    ("fetch origin: fast-forward", "landed", None),
    ("fetch /tmp/x main:copy: storing head", "landed", None),
    ("update by push", "pushed", None),
    ("clone: from https://example.org/x.git", "landed", None),
    ("checkout: moving from main to topic", "switched", None),
    ("reset: moving to HEAD~1", "moved", None),
    ("reset: moving to FETCH_HEAD", "landed", None),
    ("branch: Created from main", "moved", None),
    ("", "unknown", None),
    ("jj: snapshot", "unknown", None),
]  # fmt: skip


@pytest.mark.parametrize(("message", "meaning", "kind"), MESSAGES)
def test_what_git_writes(message: str, meaning: str, kind: str | None) -> None:
    reading = read_message(message)
    assert (reading.meaning, reading.kind) == (meaning, kind)


def test_a_pull_that_merges_brings_others() -> None:
    assert read_message("pull: Merge made by the 'ort' strategy.").brings_others
    assert not read_message("merge topic: Merge made by the 'ort' strategy.").brings_others


def test_steps_of_a_rebase_are_transient() -> None:
    assert read_message("rebase (pick): one").transient
    assert not read_message("commit (amend): one").transient


@given(st.text(max_size=200))
def test_every_text_has_a_meaning(text: str) -> None:
    assert read_message(text).meaning


def test_branch_names_may_hold_spaces_of_a_commit_message() -> None:
    assert switched_branches("checkout: moving from main to feature/x") == ("main", "feature/x")
    assert switched_branches("commit: checkout: moving from a to b") is None


def test_a_line() -> None:
    line = f"{'0' * 40} {'a' * 40} Ada > Example <ada@example.org> 1760000000 +0200\tcommit (initial): x\ty"
    entry = parse_line(line)
    assert entry is not None
    assert (entry.old, entry.new, entry.email, entry.at_utc) == (None, "a" * 40, "ada@example.org", 1760000000)
    assert entry.message == "commit (initial): x\ty"


@given(st.text(max_size=200))
def test_garbage_is_no_entry_or_a_whole_one(text: str) -> None:
    entry = parse_line(text)
    assert entry is None or len(entry.new) in (40, 64)

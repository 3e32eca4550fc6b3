from __future__ import annotations

import pytest

from contox_hooks.cli.happening import what_happened
from contox_hooks.domain.event import checkout_event, landed_event, rewrite_event
from tests.cli.conftest import Call
from tests.cli.world import begin, commit
from tests.gitrepo import Repo

A, B = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")


def test_each_kind_in_one_line(repo: Repo, call: Call) -> None:
    begin(repo)
    repo.git("checkout", "-q", "-b", "topic")
    sha = commit(repo, "feat: add f\x1b[2J")
    repo.git("checkout", "-q", "main")
    call("status")
    repo.git("merge", "-q", "--ff-only", "topic")
    call("status")
    repo.git("branch", "-q", "-D", "topic")  # as long as it is on a branch nothing replaced it
    repo.git("commit", "-q", "--amend", "-m", "feat: add f, better")
    told = call("events")
    assert told.code == 0, told.err
    what = [line.split(None, 3)[2:] for line in told.out.splitlines()[1:]]
    assert ["checkout", "main → topic"] in what
    assert ["checkout", "topic → main, 1 own commit left behind"] in what
    assert ["landed", f"main fast-forwarded to {sha[:10]}: 1 commit landed"] in what
    assert any(kind == "rewrite" and text.startswith(f"amend: {sha[:10]} became ") for kind, text in what)
    assert any(kind == "commit" and "add f, better [amend] (+12 −0, 1 file)" in text for kind, text in what)
    assert any(text.endswith("– replaced since") for _, text in what)
    assert "\x1b" not in told.out


def test_json(repo: Repo, call: Call) -> None:
    begin(repo)
    sha = commit(repo)
    found = call("events", "--json").json
    assert found["total"] == 1
    (event,) = found["events"]
    assert set(event) == {
        "id", "key", "type", "source", "at", "received_at", "what", "superseded_by", "in_memory", "payload",
    }  # fmt: skip
    assert event["key"] == f"commit:{sha}"
    assert event["in_memory"] is False


def test_limit_says_what_it_left_out(repo: Repo, call: Call) -> None:
    begin(repo)
    for number in range(3):
        commit(repo, f"feat: {number}", number + 1)
    told = call("events", "-n", "2")
    assert told.out.splitlines()[-1] == "… and 1 more: --limit 3"


def test_none_yet(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("events").code == 4
    commit(repo)
    call("end-session")
    assert call("events").out == "no events in this session yet\n"


def test_unknown_session(repo: Repo, call: Call) -> None:
    begin(repo)
    assert call("events", "NOPE", "--json").error["code"] == "not_found"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            checkout_event(
                worktree="", old=None, new=A, old_branch=None, new_branch="main", left_behind=0, at_utc=1, how="clone"
            ),
            "cloned at main",
        ),
        (
            checkout_event(
                worktree="w", old=None, new=A, old_branch=None, new_branch="t", left_behind=0, at_utc=1, how="worktree"
            ),
            "new worktree w at t",
        ),
        (
            checkout_event(worktree="", old=A, new=B, old_branch="main", new_branch=None, left_behind=2, at_utc=1),
            "main → bbbbbbbbbb, 2 own commits left behind",
        ),
        (
            landed_event(how="reset", ref="main", old=A, new=B, count=0, dropped=3, at_utc=1),
            "main reset to bbbbbbbbbb: 3 commits no longer on it",
        ),
        (rewrite_event([(A, B), (B, None)], command="rebase", at_utc=1), "rebase: 2 commits rewritten, 1 dropped"),
    ],
)
def test_what_happened(event: object, text: str) -> None:
    assert what_happened(event) == text  # type: ignore[arg-type]

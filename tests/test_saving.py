"""A saved note on its way into the capture store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from contox_hooks import saving
from contox_hooks.assembly import Assembly
from contox_hooks.capture.inbox import letters
from contox_hooks.domain.error import NotInitialised, StoreError, UsageError
from contox_hooks.domain.event import Event
from contox_hooks.saving import MAX_CONTENT, MAX_SUMMARY, MAX_TITLE, MAX_TOTAL
from tests.gitrepo import Repo

save = partial(saving.save, source="mcp-server")
CHANGE = {"category": "decisions", "title": "Use tokens", "content": "Offsets skip rows."}


@pytest.fixture
def parts(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Assembly:
    monkeypatch.setattr(Assembly, "start_drain", lambda parts: None)
    repo.commit("begin")
    parts = Assembly(repo.repository)
    parts.state.create()
    return parts


def events(parts: Assembly) -> list[Event]:
    return [letter.event for letter in letters(parts.state)]


def payload(parts: Assembly) -> Mapping[str, Any]:
    (event,) = events(parts)
    return event.payload


def test_a_note_is_one_event_of_the_agents(parts: Assembly, repo: Repo) -> None:
    saved = save(parts, "Chose tokens.", [CHANGE])
    (event,) = events(parts)
    assert (event.type, event.source) == ("mcp_save", "mcp-server")
    assert event.payload == {"summary": "Chose tokens.", "changes": [CHANGE], "headCommitSha": repo.head()}
    assert saved.told() == (
        f"Saved: the summary and 1 change on commit {repo.head()[:12]}. It becomes memory in the background."
    )


def test_the_same_note_on_the_same_commit_is_the_same_event(parts: Assembly, repo: Repo) -> None:
    def keys() -> set[str]:
        return {event.key for event in events(parts)}

    save(parts, "s", [CHANGE])
    save(parts, "s", [dict(reversed(CHANGE.items()))], head_sha=repo.head()[:10])
    assert len(keys()) == 1
    save(parts, "s", [{**CHANGE, "content": "other"}])
    assert len(keys()) == 2
    repo.commit("next")
    save(parts, "s", [CHANGE])
    assert len(keys()) == 3


def test_the_head_is_that_of_this_worktree(parts: Assembly, repo: Repo, make_repo: Callable[..., Repo]) -> None:
    linked = repo.path.parent / "linked tree"
    repo.git("worktree", "add", "-q", "-b", "side", str(linked))
    there = Repo(linked, init=False)
    sha = there.commit("on the side")
    save(Assembly(there.repository), "s", [])
    assert payload(parts)["headCommitSha"] == sha != repo.head()


@pytest.mark.parametrize("head", ["f" * 40, "nope", "--all", "HEAD:a", "", "HEAD^{tree}"])
def test_a_head_that_is_no_commit_here_is_refused(parts: Assembly, head: str) -> None:
    with pytest.raises(UsageError, match="no commit of this repository"):
        save(parts, "s", [], head_sha=head)
    assert not events(parts)


def test_before_the_first_commit_there_is_no_head(make_repo: Callable[..., Repo], parts: Assembly) -> None:
    empty = Assembly(make_repo("empty").repository)
    empty.state.create()
    assert "on commit" not in save(empty, "s", [CHANGE]).told()
    assert "headCommitSha" not in payload(empty)


def test_secrets_stay_out_of_it(parts: Assembly) -> None:
    secret = "gh" + "p_" + "a1B2" * 9
    save(parts, f"token {secret}", [{**CHANGE, "content": f"export TOKEN={secret}"}])
    assert secret not in str(payload(parts))


def test_what_is_too_long_is_cut_and_said(parts: Assembly) -> None:
    long = "word " * 10_000
    saved = save(parts, long, [{**CHANGE, "title": long, "content": long}])
    assert saved.cuts == (
        f"Cut: the summary, from 50,000 to {MAX_SUMMARY:,} characters.",
        f"Cut: the title of change 1, from 50,000 to {MAX_TITLE} characters.",
        f"Cut: the content of change 1, from 50,000 to {MAX_CONTENT:,} characters.",
    )
    assert len(payload(parts)["changes"][0]["content"]) == MAX_CONTENT
    with pytest.raises(UsageError, match="at most"):
        save(parts, "s", [{**CHANGE, "content": "x" * MAX_TOTAL}])


def test_where_nothing_is_captured_nothing_is_made(repo: Repo) -> None:
    parts = Assembly(repo.repository)
    with pytest.raises(NotInitialised):
        save(parts, "s", [])
    assert not parts.state.exists


def test_a_disk_that_takes_nothing_is_an_error(parts: Assembly) -> None:
    parts.state.inbox.write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        save(parts, "s", [CHANGE])


def test_a_cut_leaves_no_half_of_a_secret(parts: Assembly) -> None:
    token = "ghp_" + "a1B2" * 9
    save(parts, "s", [{**CHANGE, "content": "x" * (MAX_CONTENT - 21) + " " + token}])
    assert "ghp_" not in str(payload(parts))

"""Invariants 2 and 3: each row of the operation table, with hooks off; nothing missed, doubled, or taken from others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.capture.conftest import Captured
from tests.gitrepo import Repo
from tests.operation import OPERATIONS, Operation


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_hooks_off(operation: Operation, repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    repo.commit("start", {"file.txt": "a\n"})
    operation.prepare(repo)
    captured = capture(repo)
    captured.drain()
    operation.act(repo)
    captured.drain()
    captured.drain()
    check(operation, captured)


def check(operation: Operation, captured: Captured) -> None:
    expected, kinds = operation.expected, captured.kinds()
    shas = captured.shas()
    assert {subject: kinds.get(subject) for subject in expected.made} == dict(expected.made)
    assert sum(shas.values()) == (len(expected.made) if expected.count is None else expected.count)
    assert all(times == 1 for times in shas.values())
    assert not any(subject.startswith("theirs") for subject in kinds)
    assert captured.superseded() >= set(expected.superseded)
    counted = Counter(event.type for event in captured.events())
    for kind, least in expected.events.items():
        assert counted[kind] >= least, kind


def test_without_reflogs_no_commit_is_missed_either(repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    repo.git("config", "core.logAllRefUpdates", "false")
    repo.git("reflog", "expire", "--expire=all", "--all")
    repo.commit("start")
    captured = capture(repo)
    captured.drain()
    repo.commit("one", {"a": "1\n"})
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("two", {"b": "1\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merged", "topic", env=repo.times())
    captured.drain()
    assert captured.kinds() == {"one": "commit", "two": "commit", "merged": "merge"}


def test_the_first_look_takes_the_present_as_its_starting_point(
    repo: Repo, capture: Callable[[Repo], Captured]
) -> None:
    repo.commit("the past")
    captured = capture(repo)
    assert captured.drain().first
    assert not captured.events("commit")


def test_an_unborn_repository_captures_its_first_commit(repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    captured = capture(repo)
    captured.drain()
    repo.commit("the very first")
    captured.drain()
    assert captured.kinds() == {"the very first": "commit"}


def test_a_bare_repository_captures_what_is_written_to_its_refs(
    make_repo: Callable[..., Repo], capture: Callable[[Repo], Captured]
) -> None:
    bare = make_repo("bare.git", bare=True)
    captured = capture(bare)
    captured.drain()
    tree = bare.git("mktree", input="")
    sha = bare.git("commit-tree", tree, "-m", "by plumbing")
    bare.git("update-ref", "refs/heads/main", sha)
    captured.drain()
    assert captured.kinds() == {"by plumbing": "commit"}


def test_a_rebase_under_way_is_left_alone_until_it_is_over(captured: Captured) -> None:
    repo = captured.repo
    for number in (1, 2, 3):
        repo.commit(f"topic {number}", {"same.txt": f"{number}\n"})
    captured.drain()
    editor = "sed -i -e '2s/^pick/edit/' -e '3s/^pick/fixup/'"
    repo.git("rebase", "-i", "HEAD~3", env={"GIT_SEQUENCE_EDITOR": editor})
    repo.write("same.txt", "2, edited\n")
    repo.git("commit", "-q", "-a", "--amend", "-m", "topic 2, edited")
    captured.drain()
    assert "topic 2, edited" not in captured.kinds()
    repo.run("rebase", "--continue", check=False)
    repo.write("same.txt", "3\n")
    repo.git("add", "-A")
    repo.run("rebase", "--continue", check=False)
    assert not (repo.path / ".git" / "rebase-merge").exists()
    captured.drain()
    now = set(repo.git("rev-list", "HEAD~2..HEAD").split())
    assert now <= set(captured.shas())
    assert captured.superseded() >= {"topic 2", "topic 3"}


def test_rewrite_pairs_from_the_spool_are_believed(captured: Captured) -> None:
    repo = captured.repo
    old = repo.commit("old", {"a.txt": "1\n"})
    captured.drain()
    repo.git("update-ref", "refs/heads/main", "HEAD~1")
    repo.git("reset", "-q", "--hard")
    new = repo.commit("quite another message", {"b.txt": "2\n"})
    with captured.assembly.state.spool.open("a") as spool:
        spool.write(f"\n1 pair rebase {old} {new}\n")
    captured.drain()
    assert captured.superseded() == {"old"}
    [rewrite] = captured.events("rewrite")
    assert rewrite.payload["pairs"] == [[old, new]]


def test_switching_branches_counts_own_commits_left_behind(captured: Captured) -> None:
    repo = captured.repo
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("one", {"a": "1\n"})
    repo.commit("two", {"b": "1\n"})
    repo.git("checkout", "-q", "main")
    captured.drain()
    to_topic, to_main = (event.payload for event in captured.events("checkout"))
    assert (to_topic["from_branch"], to_topic["to_branch"], to_topic["left_behind"]) == ("main", "topic", 0)
    assert (to_main["from_branch"], to_main["to_branch"], to_main["left_behind"]) == ("topic", "main", 2)


def test_a_clone_is_understood(captured: Captured, capture: Callable[[Repo], Captured]) -> None:
    clone = Repo(captured.repo.path.parent / "clone", init=False)
    captured.repo.git("clone", "-q", str(captured.repo.path), str(clone.path))
    theirs = capture(clone)
    theirs.drain()
    [event] = theirs.events()
    assert (event.type, event.payload["how"], event.payload["to_branch"]) == ("checkout", "clone", "main")


def test_a_bisection_is_no_story_of_switches(captured: Captured) -> None:
    repo = captured.repo
    for number in range(8):
        repo.commit(f"c{number}", {"n": f"{number}\n"})
    captured.drain()
    repo.git("bisect", "start", "HEAD", "HEAD~7")
    repo.git("bisect", "good")
    captured.drain()
    assert not captured.events("checkout")


def test_secrets_in_branch_names_stay_in_git(captured: Captured) -> None:
    repo = captured.repo
    token = "ghp_" + "a1B2c3D4e5" * 3 + "a1B2c3"
    repo.git("checkout", "-q", "-b", f"try/{token}")
    repo.commit("work", {"a": "1\n"})
    captured.drain()
    events = captured.events()
    assert {event.type for event in events} == {"commit", "checkout"}
    assert not any(token in str(event.payload) for event in events)


def test_a_commit_pushed_in_the_middle_of_a_rebase_is_not_taken_for_known(captured: Captured) -> None:
    repo = captured.repo
    repo.git("init", "-q", "--bare", "../hub.git")
    repo.git("remote", "add", "origin", "../hub.git")
    for number in (1, 2):
        repo.commit(f"topic {number}", {f"t{number}.txt": f"{number}\n"})
    repo.git("rebase", "-i", "HEAD~2", env={"GIT_SEQUENCE_EDITOR": "sed -i -e '1s/^pick/edit/'"})
    repo.commit("made during the rebase", {"g.txt": "g\n"})
    repo.git("push", "-q", "origin", "HEAD:refs/heads/share")
    captured.drain()
    repo.git("rebase", "--continue")
    captured.drain()
    now = set(repo.git("rev-list", "HEAD~3..HEAD").split())
    assert now <= set(captured.shas())
    assert "made during the rebase" not in captured.superseded()


def test_a_commit_that_another_tool_kept_under_its_own_ref_first(captured: Captured) -> None:
    repo = captured.repo
    sha = repo.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "by another tool", env=repo.times())
    repo.git("update-ref", f"refs/jj/keep/{sha}", sha)
    captured.drain()
    repo.git("update-ref", "refs/heads/main", sha)
    captured.drain()
    assert captured.kinds() == {"by another tool": "commit"}


def test_own_work_of_another_machine_has_landed_however_it_was_fetched(captured: Captured) -> None:
    repo = captured.repo
    other = Repo(repo.path.parent / "other", init=False)
    repo.git("clone", "-q", str(repo.path), str(other.path))
    other.commit("on the other machine", {"o.txt": "o\n"})
    other.git("tag", "v1")
    repo.git("fetch", "-q", str(other.path), "main")
    repo.git("checkout", "-q", "-b", "review", "FETCH_HEAD")
    captured.drain()
    repo.git("checkout", "-q", "main")
    repo.git("fetch", "-q", str(other.path), "tag", "v1")
    repo.git("rebase", "-q", "FETCH_HEAD")
    captured.drain()
    assert captured.kinds() == {}


def test_a_reset_that_undoes_an_amend_brings_the_old_commit_back(captured: Captured) -> None:
    repo = captured.repo
    old = repo.commit("first", {"a.txt": "1\n"})
    captured.drain()
    repo.git("commit", "-q", "--amend", "-m", "second", env=repo.times())
    captured.drain()
    assert captured.superseded() == {"first"}
    repo.git("reset", "-q", "--hard", old)
    captured.drain()
    assert captured.superseded() == {"second"}
    service, project = captured.assembly.service, captured.assembly.project
    stored = [
        e for s in service.sessions.page(project.id) for e in service.sessions.events(s.id) if e.event.type == "commit"
    ]
    assert {e.event.payload["subject"]: e.superseded_by for e in stored} == {"first": None, "second": old}


def test_an_old_commit_that_a_branch_still_holds_is_not_superseded(captured: Captured) -> None:
    repo = captured.repo
    repo.commit("first", {"a.txt": "1\n"})
    repo.git("branch", "backup")
    repo.git("commit", "-q", "--amend", "-m", "second", env=repo.times())
    captured.drain()
    assert captured.superseded() == set()


def test_a_first_look_in_the_middle_of_a_rebase_takes_no_past(repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    repo.commit("start", {"a.txt": "1\n"})
    repo.commit("long ago", {"b.txt": "1\n"})
    repo.git("commit", "-q", "--amend", "-m", "long ago, amended", env=repo.times())
    repo.git("rebase", "-i", "HEAD~1", env={"GIT_SEQUENCE_EDITOR": "sed -i -e '1s/^pick/edit/'"})
    captured = capture(repo)
    captured.drain()
    repo.git("rebase", "--continue")
    captured.drain()
    assert captured.kinds() == {}


def test_a_renamed_branch_brings_no_past(repo: Repo, capture: Callable[[Repo], Captured]) -> None:
    repo.commit("start", {"a.txt": "1\n"})
    repo.commit("gone", {"b.txt": "1\n"})
    repo.git("reset", "-q", "--hard", "HEAD~1")
    captured = capture(repo)
    captured.drain()
    repo.git("branch", "-m", "main", "trunk")
    captured.drain()
    assert captured.kinds() == {}


def test_a_branch_name_that_is_no_text_stops_nothing(captured: Captured) -> None:
    repo = captured.repo
    repo.run("checkout", "-q", "-b", b"caf\xe9".decode("utf-8", "surrogateescape"))
    repo.commit("work", {"a": "1\n"})
    captured.drain()
    [event] = captured.events("commit")
    assert event.payload["branch"] == "caf\\xe9"


def test_a_ref_without_its_object_stops_nothing(captured: Captured) -> None:
    repo = captured.repo
    (repo.path / ".git/refs/heads/broken").write_text("12" * 20 + "\n")
    repo.commit("work", {"a": "1\n"})
    captured.drain()
    assert captured.kinds() == {"work": "commit"}


def test_a_rebase_left_lying_about_does_not_stop_capture(captured: Captured) -> None:
    repo = captured.repo
    repo.commit("one", {"a.txt": "1\n"})
    repo.git("rebase", "-i", "HEAD~1", env={"GIT_SEQUENCE_EDITOR": "sed -i -e '1s/^pick/edit/'"})
    repo.git("checkout", "-q", "-f", "main")
    repo.commit("day by day", {"b.txt": "1\n"})
    captured.drain()
    assert "day by day" in captured.kinds()


def test_a_commit_of_a_worktree_that_is_gone_is_found_by_its_hook(captured: Captured) -> None:
    repo = captured.repo
    repo.git("worktree", "add", "-q", "--detach", "../side")
    side = Repo(repo.path.parent / "side", init=False)
    sha = side.commit("in the side", {"s.txt": "s\n"})
    with captured.assembly.state.spool.open("a") as spool:
        spool.write(f"\n1 post-commit {sha} +\n")
    repo.git("worktree", "remove", "--force", "../side")
    captured.drain()
    assert "in the side" in captured.kinds()


def test_no_secret_of_a_name_or_a_subject_reaches_any_file(captured: Captured) -> None:
    repo = captured.repo
    tokens = ["ghp_" + letter * 12 + "a1B2c3D4e5F6g7H8i9J0k1L2" for letter in "xyzw"]
    repo.git("checkout", "-q", "-b", f"try/{tokens[0]}")
    repo.commit(f"use {tokens[1]}", {"a": "1\n"})
    repo.git("tag", f"v-{tokens[2]}")
    repo.git("worktree", "add", "-q", "--detach", f"../wt-{tokens[3]}")
    captured.drain()
    captured.drain()
    assert captured.kinds() == {"use [redacted:github-token]": "commit"}
    for folder in (captured.assembly.state.root, captured.assembly.service.store.path.parent):
        stored = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
        assert not [token for token in tokens if token.encode() in stored], folder

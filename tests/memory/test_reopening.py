"""What auto-resolve closed is open again when the commit that closed it does not stay: real commits, real git."""

from __future__ import annotations

import pytest

from contox_hooks.memory.resolve import Commit, Resolution, decide_resolved, is_taken_back
from tests.cli.world import begin, learn, parts_of
from tests.gitrepo import Repo
from tests.memory.test_resolve import LINE, TODO, commit, diff

PARSER = "def parse_number(text):\n    # TODO: handle negative numbers in the parser\n    return int(text)\n"
DONE = PARSER.replace("    # TODO: handle negative numbers in the parser\n", "")


@pytest.fixture
def settled(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository whose one todo is archived by its latest commit, which stands on the branch `exp` alone."""
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    repo.commit("Add number parser because the form needs it", {"p.py": PARSER}, now=True)
    learn(repo)
    repo.git("checkout", "-q", "-b", "exp")
    repo.commit("Cleanup parser file", {"p.py": DONE}, now=True)
    learn(repo)
    status, reason = todo(repo)
    assert (status, reason) == ("archived", f"done in {repo.head()[:12]} “Cleanup parser file”")
    return repo


def todo(repo: Repo) -> tuple[str, str | None]:
    service, _ = parts_of(repo)
    with service:
        open_or_not = (
            "SELECT status, status_reason FROM item WHERE type = 'todo' AND status <> 'superseded' ORDER BY id"
        )
        rows = service.store.rows(open_or_not)
        assert sum(row["status"] in ("active", "review") for row in rows) <= 1
        row = next((row for row in rows if row["status"] == "active"), rows[0])
        return row["status"], row["status_reason"]


def go_on(repo: Repo, name: str = "other.py") -> None:
    """Another session's worth of work, that has nothing to do with it."""
    repo.commit(f"Add {name} because others asked", {name: "def other():\n    return 1\n"}, now=True)
    learn(repo)


def test_while_the_commit_stays_it_stays_archived(settled: Repo) -> None:
    before = todo(settled)
    go_on(settled)
    settled.git("checkout", "-q", "main")
    settled.git("merge", "-q", "exp")
    settled.git("branch", "-q", "-D", "exp")
    go_on(settled, "more.py")
    assert todo(settled) == before


def test_after_a_reset_it_is_open(settled: Repo) -> None:
    gone = settled.head()[:12]
    settled.git("reset", "-q", "--hard", "HEAD~1")
    learn(settled)
    go_on(settled)
    assert todo(settled) == ("active", f"open again: {gone} is on no branch any more")
    go_on(settled, "more.py")
    assert todo(settled)[0] == "active"


def test_after_the_reset_is_undone_it_is_archived_again(settled: Repo) -> None:
    before = todo(settled)
    gone = settled.head()
    settled.git("checkout", "-q", "main")
    settled.git("branch", "-q", "-D", "exp")
    go_on(settled)
    assert todo(settled)[0] == "active"
    settled.git("merge", "-q", "--no-edit", gone)
    go_on(settled, "more.py")
    assert todo(settled) == before


def test_after_its_branch_is_deleted_it_is_open(settled: Repo) -> None:
    gone = settled.head()[:12]
    settled.git("checkout", "-q", "main")
    settled.git("branch", "-q", "-D", "exp")
    go_on(settled)
    assert todo(settled) == ("active", f"open again: {gone} is on no branch any more")


def test_after_an_amend_that_brings_the_line_back_it_is_open(settled: Repo) -> None:
    gone = settled.head()[:12]
    settled.write("p.py", PARSER + "LIMIT = 1\n")
    settled.git("commit", "-q", "-a", "--amend", "-m", "Add a limit to the parser file")
    learn(settled)
    assert todo(settled) == ("active", f"open again: {gone} was rewritten")
    go_on(settled)
    assert todo(settled)[0] == "active"


def test_after_an_amend_of_words_alone_it_is_done_in_the_new_commit(settled: Repo) -> None:
    settled.git("commit", "-q", "--amend", "-m", "Tidy the parser file")
    learn(settled)
    go_on(settled)
    assert todo(settled) == ("archived", f"done in {settled.git('rev-parse', 'HEAD~1')[:12]} “Tidy the parser file”")


def test_after_a_revert_it_is_open_and_done_again_with_the_next_removal(settled: Repo) -> None:
    settled.git("revert", "--no-edit", "HEAD")
    learn(settled)
    assert todo(settled)[0] == "active"
    go_on(settled)
    assert todo(settled)[0] == "active"


def test_what_a_person_archived_stays(settled: Repo) -> None:
    service, _ = parts_of(settled)
    with service, service.store.transaction():
        service.store.run("UPDATE item SET status_reason = 'nobody needs it' WHERE type = 'todo'")
    settled.git("reset", "-q", "--hard", "HEAD~1")
    go_on(settled)
    assert todo(settled) == ("archived", "nobody needs it")


ADDED = diff(f"+    {LINE}")


def test_a_later_commit_takes_back_what_one_did() -> None:
    removing, adding = commit(5, diff=diff(f"-    {LINE}")), commit(6, diff=ADDED)
    assert decide_resolved(TODO, [removing, adding]) is None
    assert isinstance(decide_resolved(TODO, [adding, removing]), Resolution)
    last = commit(7, diff=diff(f"-    {LINE}"))
    found = decide_resolved(TODO, [removing, adding, last])
    assert isinstance(found, Resolution)
    assert found.commit_sha == last.sha


@pytest.mark.parametrize(
    ("later", "is_taken"),
    [
        (commit(6, diff=ADDED), True),
        (commit(6, diff=diff(f"+{LINE}", path="other.py")), False),
        (commit(6, diff=diff(f"-{LINE}", f"+    {LINE}")), False),
        (commit(6, f"Revert x\n\nThis reverts commit {commit(5).sha}.", diff("+other = 1")), False),
        (commit(6, f"Revert x\n\nThis reverts commit {commit(5).sha}."), True),
        (commit(6, f"Revert x\n\nThis reverts commit {'f' * 40}."), False),
    ],
    ids=["added", "another file's", "indented", "a revert that spares it", "a revert nobody saw", "another revert"],
)
def test_taken_back(later: Commit, is_taken: bool) -> None:
    assert is_taken_back(TODO, commit(5).sha[:12], later) is is_taken

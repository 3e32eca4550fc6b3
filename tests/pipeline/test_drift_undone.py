"""Doubt goes when the commit that gave it does not stay, and does not come back over what a person approved since."""

from __future__ import annotations

import pytest

from contox_hooks.domain.event import SOURCE_HOOKS
from tests.cli.world import begin, learn, parts_of
from tests.gitrepo import Repo

LIMIT = "def limit_requests(x):\n    return min(x, 100)\n"
OTHER = "def other(x):\n    return x\n"
TITLE = "%limit_requests%"


@pytest.fixture
def doubted(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """An item in review, for the latest commit of the branch `exp`."""
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    repo.commit("Add limit_requests because ops asked", {"a.py": LIMIT}, now=True)
    learn(repo)
    repo.git("checkout", "-q", "-b", "exp")
    repo.commit("Rename for style of the ops team", {"a.py": OTHER}, now=True)
    learn(repo)
    status, reason = standing(repo)
    assert status == "review"
    assert repo.head()[:12] in str(reason)
    return repo


def standing(repo: Repo, title: str = TITLE) -> tuple[str, str | None]:
    service, _ = parts_of(repo)
    with service:
        row = service.store.rows("SELECT * FROM item WHERE title LIKE :title ORDER BY id", title=title)[0]
        return row["status"], row["status_reason"]


def approve(repo: Repo, title: str = TITLE) -> None:
    service, _ = parts_of(repo)
    with service:
        row = service.store.rows("SELECT id FROM item WHERE title LIKE :title ORDER BY id", title=title)[0]
        service.reviews.approve(row["id"])


def go_on(repo: Repo, name: str = "m7.py") -> None:
    repo.commit(f"Add {name} because users need it", {name: "def seven(x):\n    return x + 7\n"}, now=True)
    learn(repo)


def test_amended_so_that_the_lines_stand_it_is_released(doubted: Repo) -> None:
    doubted.write("a.py", LIMIT + "z = 1\n")
    doubted.git("commit", "-q", "-a", "--amend", "-m", "Add z for the ops")
    learn(doubted)
    assert standing(doubted) == ("active", None)
    go_on(doubted)
    assert standing(doubted) == ("active", None)


def test_amended_in_words_alone_it_is_blamed_on_the_new_commit(doubted: Repo) -> None:
    old = doubted.head()[:12]
    doubted.git("commit", "-q", "--amend", "-m", "Rename for the style of ops")
    new = doubted.head()[:12]
    learn(doubted)
    go_on(doubted)
    status, reason = standing(doubted)
    assert status == "review"
    assert new in str(reason)
    assert old not in str(reason)


@pytest.mark.parametrize(
    "how", [("reset", "-q", "--hard", "HEAD~1"), ("checkout", "-q", "main")], ids=["reset", "deleted"]
)
def test_after_a_reset_or_without_its_branch_it_is_released(doubted: Repo, how: tuple[str, ...]) -> None:
    doubted.git(*how)
    if how[0] == "checkout":
        doubted.git("branch", "-q", "-D", "exp")
    learn(doubted)
    go_on(doubted)
    assert standing(doubted) == ("active", None)
    go_on(doubted, "m8.py")
    doubted.commit("Tell q to the ops people", {"a.py": LIMIT + "q = 3\n"}, now=True)
    learn(doubted)
    assert standing(doubted) == ("active", None)


def test_while_its_branch_stays_so_does_the_doubt(doubted: Repo) -> None:
    before = standing(doubted)
    doubted.git("checkout", "-q", "main")
    go_on(doubted)
    assert standing(doubted) == before


def test_squashed_by_a_forge_the_doubt_stays(doubted: Repo) -> None:
    before = standing(doubted)
    doubted.git("checkout", "-q", "main")
    doubted.git("merge", "-q", "--squash", "exp")
    doubted.git("commit", "-q", "-m", "Style (#3)")
    doubted.git("branch", "-q", "-D", "exp")
    go_on(doubted)
    assert standing(doubted) == before


@pytest.mark.parametrize("files", [{"a.py": OTHER + "q = 3\n"}, {"b.py": "q = 3\n"}], ids=["its file", "another"])
@pytest.mark.parametrize("ended", [False, True], ids=["same session", "next session"])
def test_what_was_approved_is_not_doubted_for_the_same_commit(
    doubted: Repo, files: dict[str, str], ended: bool
) -> None:
    approve(doubted)
    if ended:
        service, project_id = parts_of(doubted)
        with service:
            service.sessions.close(service.sessions.active(project_id, SOURCE_HOOKS).id)  # type: ignore[union-attr]
    doubted.commit("Tell q to the ops people", dict(files), now=True)
    learn(doubted)
    assert standing(doubted) == ("active", None)


def test_what_was_approved_is_doubted_for_a_later_one(doubted: Repo) -> None:
    doubted.commit("Back with it for ops", {"a.py": LIMIT}, now=True)
    learn(doubted)
    approve(doubted)
    doubted.commit("Rename again for style", {"a.py": OTHER}, now=True)
    learn(doubted)
    assert standing(doubted)[0] == "review"


def test_what_was_approved_although_no_branch_reaches_it_stays(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("Add limit_requests because ops asked", {"a.py": LIMIT}, now=True)
    learn(repo)
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "topic")
    go_on(repo)
    status, reason = standing(repo)
    assert status == "review"
    assert str(reason).startswith("no branch reaches ")
    approve(repo)
    go_on(repo, "m8.py")
    assert standing(repo) == ("active", f"approved: {reason}")

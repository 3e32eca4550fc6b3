"""Random histories, looked at now and then: every commit made here that is reachable at the end has one digest."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.capture.conftest import Captured
from tests.gitrepo import Repo
from tests.operation import OTHER


class Developer:
    """Does what developers do, at random; knows which commits are somebody else's."""

    def __init__(self, repo: Repo, chance: random.Random) -> None:
        self.repo = repo
        self.chance = chance
        self.count = 0
        self.other = Repo(repo.path.parent / "other", init=False)
        repo.git("clone", "-q", str(repo.path), str(self.other.path))
        repo.git("remote", "add", "origin", str(self.other.path))
        self.other.git("config", "receive.denyCurrentBranch", "ignore")

    def act(self) -> None:
        acts = [self.commit] * 4 + [
            self.backdated, self.amend, self.branch, self.switch, self.merge, self.pick, self.rebase, self.reset,
            self.plumbing, self.pull, self.stash, self.gc,
        ]  # fmt: skip
        self.chance.choice(acts)()
        self._clean()

    def commit(self, at: int | None = None) -> None:
        self.count += 1
        self.repo.commit(f"own {self.count}", {f"f{self.count}.txt": f"{self.count}\n"}, at=at)

    def backdated(self) -> None:
        self.commit(at=1_500_000_000 + self.count)

    def amend(self) -> None:
        self.count += 1
        self.repo.write(f"f{self.count}.txt", "amended\n")
        self.repo.git("add", "-A")
        self.repo.run("commit", "-q", "--amend", "-m", f"own {self.count}", env=self.repo.times(), check=False)

    def branch(self) -> None:
        self.count += 1
        self.repo.run("checkout", "-q", "-b", f"b{self.count}", check=False)

    def branches(self) -> list[str]:
        return self.repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def switch(self) -> None:
        self.repo.run("checkout", "-q", self.chance.choice(self.branches()), check=False)

    def merge(self) -> None:
        flag = self.chance.choice(["--no-ff", "--ff"])
        self.count += 1
        other = self.chance.choice(self.branches())
        self.repo.run("merge", "-q", flag, "-m", f"own {self.count}", other, env=self.repo.times(), check=False)

    def pick(self) -> None:
        self.repo.run("cherry-pick", self.chance.choice(self.branches()), env=self.repo.times(), check=False)

    def rebase(self) -> None:
        self.repo.run(
            "rebase", "-q", self.chance.choice(["--merge", "--apply"]), self.chance.choice(self.branches()), check=False
        )

    def reset(self) -> None:
        self.repo.run("reset", "-q", "--hard", f"HEAD~{self.chance.randint(1, 2)}", check=False)

    def plumbing(self) -> None:
        self.count += 1
        tree = self.repo.git("rev-parse", "HEAD^{tree}")
        sha = self.repo.git("commit-tree", tree, "-p", "HEAD", "-m", f"own {self.count}", env=self.repo.times())
        self.repo.git("update-ref", f"refs/heads/p{self.count}", sha)

    def pull(self) -> None:
        self.count += 1
        self.other.write(f"theirs{self.count}.txt", "x\n")
        self.other.git("add", "-A")
        self.other.git("commit", "-q", "-m", f"theirs {self.count}", env={**OTHER, **self.other.times()})
        flag = self.chance.choice(["--rebase", "--no-rebase", "--ff-only"])
        self.repo.run("pull", "-q", flag, "--no-edit", "origin", "main", env=self.repo.times(), check=False)

    def stash(self) -> None:
        self.repo.write("file.txt", f"{self.count}\n")
        self.repo.run("stash", "-q", check=False)

    def gc(self) -> None:
        self.repo.git("reflog", "expire", "--expire=now", "--all") if self.chance.random() < 0.3 else None
        self.repo.git("pack-refs", "--all")

    def _clean(self) -> None:
        """Whatever stopped half-way is given up, as people do."""
        for words in (("rebase", "--abort"), ("merge", "--abort"), ("cherry-pick", "--abort")):
            self.repo.run(*words, check=False)
        self.repo.git("reset", "-q", "--hard")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_missed_nothing_doubled_nothing_of_others(
    seed: int, repo: Repo, capture: Callable[[Repo], Captured]
) -> None:
    chance = random.Random(seed)
    repo.commit("start", {"file.txt": "a\n"})
    developer = Developer(repo, chance)
    captured = capture(repo)
    captured.drain()
    before = set(repo.git("rev-list", "--all").split())
    for _ in range(60):
        developer.act()
        if chance.random() < 0.3:
            captured.drain()
    captured.drain()

    shas = captured.shas()
    assert all(times == 1 for times in shas.values())
    log = repo.git("log", "--branches", "--format=%H %ce").splitlines()
    own = {line.split()[0] for line in log if line.endswith("ada@example.org")} - before
    assert own, "the developer did nothing"
    assert own - set(shas) == set(), "missed"
    theirs = {line.split()[0] for line in log if not line.endswith("ada@example.org")}
    assert set(shas) & theirs == set(), "taken from others"

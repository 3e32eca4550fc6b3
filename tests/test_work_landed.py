"""A `git pull` on its own has the memory looked at: the drain asks for it, and a real worker does it."""

from __future__ import annotations

import pytest

from contox_hooks import work
from contox_hooks.assembly import Assembly
from tests.cli.world import begin, learn
from tests.gitrepo import Repo
from tests.operation import OTHER

SOURCE = 'def greet(name: str) -> str:\n    return f"hello {name}"\n'


def pull_a_change_of_others(repo: Repo) -> str:
    other = Repo(repo.path.parent / "other", init=False)
    repo.git("clone", "-q", str(repo.path), str(other.path))
    other.write("greet.py", "def hail():\n    return 1\n")
    other.git("add", "-A")
    other.git("commit", "-q", "-m", "theirs", env={**OTHER, **other.times()})
    repo.git("pull", "-q", "--ff-only", str(other.path))
    return repo.head()


@pytest.mark.parametrize("auto_learn", ["true", "false"])
def test_what_a_pull_made_false_goes_to_review(repo: Repo, auto_learn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo)
    repo.commit("feat: greet people by name\n\nBecause a nameless greeting is cold.", {"greet.py": SOURCE}, now=True)
    learn(repo)
    theirs = pull_a_change_of_others(repo)
    monkeypatch.setenv("CONTOX_AUTO_LEARN", auto_learn)
    parts = Assembly(repo.repository)
    done = parts.drain().run()
    assert done is not None
    assert len(done.runs) == (auto_learn == "true")
    if not done.runs:
        return
    with parts.service as service:
        jobs = service.jobs.of_run(done.runs[0])
        assert [job.status for job in jobs] == ["skipped"] * 4 + ["queued"]
        work.run()
        items = service.items.page(parts.project.id, status="review")
    assert items
    assert all(theirs[:12] in str(item.status_reason) for item in items)

"""Names and import lines, from real repositories."""

from __future__ import annotations

from contox_hooks.domain.activity import ImportLine, Touch
from contox_hooks.domain.path import Exclusions
from contox_hooks.git.activity import import_lines, touches, tracked
from tests.gitrepo import Repo

NONE = Exclusions()


def test_before_the_first_commit_there_is_nothing(repo: Repo) -> None:
    assert touches(repo.repository, NONE, limit=9) == []
    assert tracked(repo.repository, NONE, limit=9) == []
    assert import_lines(repo.repository, NONE, limit=9) == []


def test_touches_are_newest_first_with_names_as_they_are(repo: Repo) -> None:
    names = ["a b.py", "s\nt.py", "é.py", "-x.py"]
    first = repo.commit("one", dict.fromkeys(names, "x\n"), at=1_700_000_000)
    second = repo.commit("two\n\n//" + "0" * 40 + " 12", {"a b.py": "y\n"}, at=1_700_000_100)
    empty = repo.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "empty").strip()
    repo.git("update-ref", "HEAD", empty)
    found = touches(repo.repository, NONE, limit=9)
    assert [touch.sha for touch in found] == [empty, second, first]
    assert found[0].paths == ()
    assert found[1] == Touch(second, 1_700_000_100, ("a b.py",))
    assert sorted(found[2].paths) == sorted(names)


def test_bounds_exclusions_and_merges(repo: Repo) -> None:
    repo.commit("one", {"a.py": "x\n", ".env": "k\n"}, at=1_700_000_000)
    repo.git("checkout", "-q", "-b", "side")
    side = repo.commit("side", {"b.py": "x\n"}, at=1_700_000_100)
    repo.git("checkout", "-q", "-")
    main = repo.commit("main", {"c.py": "x\n"}, at=1_700_000_200)
    repo.git("merge", "-q", "--no-ff", "-m", "join", "side")
    out = Exclusions(["*.env"])
    assert [touch.sha for touch in touches(repo.repository, out, limit=2)] == [main, side]
    assert [touch.sha for touch in touches(repo.repository, out, limit=9, since=1_700_000_150)] == [main]
    assert touches(repo.repository, out, limit=9)[-1].paths == ("a.py",)
    assert tracked(repo.repository, out, limit=9) == ["a.py", "b.py", "c.py"]
    assert tracked(repo.repository, out, limit=2) == ["a.py", "b.py"]


def test_import_lines_are_those_of_head(repo: Repo) -> None:
    repo.commit("one", {"a b.py": "import os\nx = 'import y'\n", "notes.md": "import this\n", "w.ts": "} from './b'\n"})
    (repo.path / "a b.py").write_text("import changed\n")
    assert import_lines(repo.repository, NONE, limit=9) == [
        ImportLine("a b.py", "import os"),
        ImportLine("w.ts", "} from './b'"),
    ]
    assert import_lines(repo.repository, Exclusions(["*.ts"]), limit=9) == [ImportLine("a b.py", "import os")]
    assert len(import_lines(repo.repository, NONE, limit=1)) == 1

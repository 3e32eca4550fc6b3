"""Patch ids against git's own, and the process behind them."""

from __future__ import annotations

import pytest

from contox_hooks.git import patch as module
from contox_hooks.git.patch import Patch, line_of, read_patches
from tests.gitrepo import Repo


def patches(repo: Repo, *shas: str) -> list[Patch | None]:
    return list(read_patches(repo.repository, shas))


def ids(repo: Repo, *shas: str) -> list[str]:
    return [found.id for found in patches(repo, *shas) if found is not None]


def gits_id(repo: Repo, sha: str) -> str:
    text = repo.run("diff-tree", "-p", "--root", sha).stdout
    return repo.git("patch-id", "--stable", input=text).split()[0]


def a_history(repo: Repo) -> list[str]:
    """The same change at two places, the same with other white space, another one, a binary file, a mode."""
    repo.commit("base", {"a.py": "".join(f"line {n}\n" for n in range(9)), "b.bin": b"\0\1"})
    base = repo.head()
    text = (repo.path / "a.py").read_text()
    made = [repo.commit("change", {"a.py": text.replace("line 5", "line five")})]
    repo.git("checkout", "-q", "-b", "second", base)
    repo.commit("before", {"a.py": "zero\n" + text, "b.bin": b"\0\1"})
    made.append(repo.commit("change again", {"a.py": "zero\n" + text.replace("line 5", "line five")}))
    repo.git("checkout", "-q", "-b", "third", base)
    made.append(repo.commit("with spaces", {"a.py": text.replace("line 5", "line  five")}))
    repo.git("checkout", "-q", "-b", "fourth", base)
    made.append(repo.commit("other", {"a.py": text.replace("line 5", "line 6")}))
    for content in (b"\0\2", b"\0\3"):
        repo.git("checkout", "-q", "-B", "fifth", base)
        made.append(repo.commit("binary", {"b.bin": content}))
    repo.git("checkout", "-q", "-B", "sixth", base)
    repo.git("update-index", "--chmod=+x", "a.py")
    repo.git("commit", "-q", "-m", "mode", env=repo.times())
    return [*made, repo.head(), base]


def test_equal_where_gits_own_are_equal(repo: Repo) -> None:
    shas = a_history(repo)
    ours, gits = ids(repo, *shas), [gits_id(repo, sha) for sha in shas]
    assert len(ours) == len(shas)
    for one in range(len(shas)):
        for other in range(one):
            assert (ours[one] == ours[other]) == (gits[one] == gits[other]), (one, other)
    assert ours[0] == ours[1] == ours[2] != ours[3]


def test_the_lines(repo: Repo) -> None:
    repo.commit("one", {"a.py": "keep\nold\n}\n"})
    sha = repo.commit("two", {"a.py": "keep\n  new\n}\n}\n", "café.py": "-- not a header\n"})
    (found,) = patches(repo, sha)
    assert found is not None
    assert found.removed == {line_of("a.py", "old")}
    assert line_of("a.py", "new") in found.added
    assert line_of("a.py", "}") not in found.added


def test_merges_empty_and_missing_commits_have_none(repo: Repo) -> None:
    first = repo.commit("one", {"a": "1\n"})
    empty = repo.commit("empty")
    repo.git("checkout", "-q", "-b", "side", first)
    repo.commit("two", {"b": "2\n"})
    repo.git("merge", "-q", "--no-ff", "-m", "merged", "main", env=repo.times())
    assert patches(repo, empty, repo.head(), "f" * 40) == [None, None, None]


def test_a_giant_is_compared_with_nothing_and_the_next_is_read(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PATCH_LINES", 50)
    giant = repo.commit("giant", {"a": "line\n" * 5000})
    small = repo.commit("small", {"b": "line\n"})
    found = patches(repo, giant, small)
    assert found[0] is None
    assert found[1] is not None

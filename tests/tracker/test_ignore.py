"""What is ignored, judged by git itself over real trees."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.tracker import ignore
from contox_hooks.tracker.ignore import Ignore
from contox_hooks.tracker.tree import Tree
from tests.gitrepo import Repo

FILES = (
    "a.log", "keep.log", "src/a.log", "src/keep.log", "src/deep/a.py", "src/deep/build/x.o", "build/out", "docs/build/y",
    "lib/a b.txt", "lib/[odd].txt", "lib/Zürich.md", "src/only.txt", "only.txt", "x/y/z/w.tmp", "x/y/w.tmp", "x/secret",
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    repo = Repo(tmp_path_factory.mktemp("ignored") / "work")
    for path in FILES:
        repo.write(path, "1\n")
    return repo


def shown(root: Path, rules: Ignore) -> set[str]:
    return {fact.path for fact in Tree(str(root), rules).check()}


def by_git(repo: Repo) -> set[str]:
    return set(repo.git("ls-files", "-z", "--others", "--exclude-standard").split("\0")[:-1])


NESTED = {
    ".gitignore": "*.log\n!keep.log\n/only.txt\nbuild/\n# *.py\nx/**/w.tmp\nlib/[[]odd*\n\\!odd\n*.md   \n",
    "src/.gitignore": "!a.log\n/deep/*\n!/deep/build/\n",
    "docs/.gitignore": "!build/\n",
    "x/.gitignore": "build\n!m\n",
    "everything": "*\n",
}


def test_nested_files_and_excludes_are_read_as_git_reads_them(make_repo: Callable[..., Repo]) -> None:
    repo = make_repo()
    for path in FILES:
        repo.write(path, "1\n")
    for path, text in NESTED.items():
        repo.write(path, text)
    repo.write("x/m/build/z", "1\n")
    (repo.path / "lib" / ".gitignore").symlink_to("../everything")
    exclude = repo.path / ".git" / "info" / "exclude"
    exclude.write_text("secret\n*.tmp\n!keep.log\n")
    found = shown(repo.path, Ignore(repo.path, excludes=[exclude]))
    assert found == by_git(repo)
    assert {"keep.log", "src/a.log", "src/deep/build/x.o", "docs/build/y"} <= found


NAME = st.sampled_from(
    ["a.log", "*.log", "build", "src", "keep.*", "*", "w.tmp", "?nly.txt", "[ab].*", "[z-a]", "y", "deep"]
)
PATTERN = st.builds(
    lambda no, root, parts, folder: f"{no}{root}{'/'.join(parts)}{folder}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/", "**/"]),
    st.one_of(st.lists(NAME, min_size=1, max_size=3), st.tuples(NAME, st.just("**"), NAME)),
    st.sampled_from(["", "/"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PATTERN, min_size=1, max_size=4), st.lists(PATTERN, max_size=2))
def test_any_patterns_hide_what_git_hides(filled: Repo, top: list[str], inner: list[str]) -> None:
    filled.write(".gitignore", "\n".join(top) + "\n")
    filled.write("src/.gitignore", "\n".join(inner) + "\n")
    assert shown(filled.path, Ignore(filled.path)) == by_git(filled)


def test_a_folder_whose_name_holds_git_is_like_any_other(make_repo: Callable[..., Repo]) -> None:
    """Failure 8: components, not substrings."""
    repo = make_repo("foo.github.io")
    for path in (".github/workflows/ci.yml", "x.git/config", ".gitattributes", ".contextual/a", "sub/.git"):
        repo.write(path, "1\n")
    repo.write(".context/session.md", "1\n")
    found = shown(repo.path, Ignore(repo.path, ["!.git", "!.context/"]))
    assert found == {".github/workflows/ci.yml", "x.git/config", ".gitattributes", ".contextual/a"}


def test_what_tools_leave_behind_is_hidden_until_the_project_says_otherwise(tmp_path: Path) -> None:
    for path in (
        "node_modules/a/b.js",
        "src/__pycache__/a.pyc",
        ".vscode/settings.json",
        ".idea/x",
        "htmlcov/i.html",
        ".coverage",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")
    assert shown(tmp_path, Ignore(tmp_path)) == set()
    (tmp_path / ".gitignore").write_text("!.vscode/\n")
    assert shown(tmp_path, Ignore(tmp_path)) == {".gitignore", ".vscode/settings.json"}
    assert shown(tmp_path, Ignore(tmp_path, [".vscode"])) == {".gitignore"}


def test_a_file_of_nonsense_hides_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbf*.o\ngone/\n!\n\\\n\xff\xfe\n[\n!/\n//\n/\n   \n#\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.o").write_text("1")
    (tmp_path / "sub" / "a.c").write_text("1")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "a.c").write_text("1")
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / ".gitignore")
    (tmp_path / "folder" / ".gitignore").mkdir(parents=True)
    assert shown(tmp_path, Ignore(tmp_path)) == {".gitignore", "sub/a.c"}


@pytest.mark.parametrize("odd", ["[z-a]", "a[b-a]c", "[a-\\]", "[[:none:]]", "[a", "[]", "[!z-a]q", "[!]", "\\"])
def test_a_pattern_that_is_odd_means_what_it_means_to_git(filled: Repo, odd: str) -> None:
    for path in ("z", "zq", "aq", "abc", "a", "]"):
        filled.write(f"odd/{path}", "1\n")
    filled.write(".gitignore", "")
    filled.write("odd/.gitignore", f"{odd}\n*q\n!{odd}\n*.log\n")
    assert shown(filled.path / "odd", Ignore(filled.path / "odd")) == {
        path.removeprefix("odd/") for path in by_git(filled) if path.startswith("odd/")
    }


def test_patterns_of_many_stars_take_no_exponential_time(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*a" * 9 + "*b\n" + "**/a/" * 9 + "b\n**/q*/**/*.x\n" + "**/*a" * 5 + "b\n")
    long, deep = "a" * 250, "/".join("a" * 40)
    for path in (long, f"{long}b", deep, "quick/deep/hidden.x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")
    assert shown(tmp_path, Ignore(tmp_path)) == {".gitignore", long, deep}


def test_of_a_huge_file_and_of_too_many_the_first_lines_are_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ignore, "_MOST_CHARACTERS", 14)
    monkeypatch.setattr(ignore, "_MOST_IN_ALL", 20)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ".gitignore").write_text("*.one\n*.two\n*.three\n")
    rules = Ignore(tmp_path)

    def hidden(folder: str) -> list[str]:
        return [end for end in ("one", "two", "three") if rules.ignores(folder, f"x.{end}", is_folder=False)]

    assert (rules.passed_over, hidden("a"), hidden("b")) == (None, ["one", "two"], ["one"])
    assert rules.passed_over == str(tmp_path / "a" / ".gitignore")
    rules.reread("")
    assert (hidden("b"), hidden("a")) == (["one", "two"], ["one"])

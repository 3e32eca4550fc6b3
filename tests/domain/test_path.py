"""Kinds of paths, and exclusions against `git check-ignore` itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.path import Exclusions, PathKind, path_kind
from tests.gitrepo import Repo


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (
            "source",
            "a.py src/main.rs lib/x.ts app/View.vue cmd/tool/main.go include/a.hpp setup.sql query.graphql style.scss",
        ),
        ("source", "latest.py contest/a.js src/attestation.go web/index.html bin/run.sh main.tf"),
        (
            "test",
            "tests/a.py src/test_a.py pkg/a_test.go a.spec.ts src/__tests__/a.js spec/a_spec.rb FooTest.java conftest.py",
        ),
        ("test", "tests/fixtures/data.json"),
        ("doc", "README.md README docs/a.rst CHANGES LICENSE docs/conf notes.txt src/CHANGELOG.md tests/README.md"),
        (
            "config",
            "pyproject.toml setup.cfg .env .env.local Dockerfile Makefile package.json requirements.txt .gitignore a.yaml",
        ),
        ("config", "requirements-dev.txt CMakeLists.txt pom.xml go.mod"),
        (
            "ci",
            ".github/workflows/ci.yml .gitlab-ci.yml Jenkinsfile tox.ini .pre-commit-config.yaml .circleci/config.yml",
        ),
        ("migration", "app/migrations/0001_initial.py db/migrate/1_a.rb alembic/versions/x.py migrations/2_up.sql"),
        ("lock", "package-lock.json web/yarn.lock Cargo.lock go.sum poetry.lock uv.lock Gemfile.lock pnpm-lock.yaml"),
        (
            "generated",
            "a_pb2.py a.pb.go x.min.js dist/main.js node_modules/a/b.js vendor/x/y.go __snapshots__/a.snap a.js.map",
        ),
        ("asset", "logo.png font.woff2 data.csv a.pdf model.onnx a.svg"),
        ("other", "x.zzz bin/tool data/blob.q"),
    ],
)
def test_kinds(kind: PathKind, paths: str) -> None:
    assert {path: path_kind(path) for path in paths.split()} == dict.fromkeys(paths.split(), kind)


@given(st.text())
def test_every_path_has_a_kind(path: str) -> None:
    assert path_kind(path)


def ignored_by_git(root: Path, patterns: list[str], paths: list[str]) -> set[str]:
    (root / ".git/info/exclude").write_text("".join(f"{pattern}\n" for pattern in patterns))
    done = subprocess.run(
        ["git", "-C", str(root), "check-ignore", "--no-index", "--stdin", "-z"],
        input="".join(f"{path}\0" for path in paths).encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return set(done.stdout.decode().split("\0")) - {""}


PATHS = [
    "a", "b", "a/b", "a/b/c", "b/a", "x/a/b", "a.env", ".env", "x/.env", "x/prod.env", "dist/a", "x/dist/a/b", "distx",
    "src/a.py", "src/b/a.py", "doc/frotz/a", "a/x/y/b", "foo", "foo/bar", "a/foo", "a/foo/bar", "!x", "#x", "a b", "a ",
    "[a]", "a]b", "a-b", "a\\b", "ééé", "a*b", "a?b", "ab", "aXb", "A", "1", "deep/a/b/c/d/e", "abc", "a/abc/b", "a\nb",
]  # fmt: skip

PATTERNS = [
    "*.env", "a", "/a", "a/", "/a/", "a/b", "a/**", "**/a", "**/a/b", "a/**/b", "**", "*", "/*", "*/", "dist/**", "dist/",
    "foo/*", "/foo/*", "a?b", "a*b", "[ab]", "[!a]", "[^a]", "[a-c]", "[]a]", "[!]a]", "[[:alpha:]]", "[[:digit:]]", "[a",
    r"\!x", r"\#x", "#x", "!a", "a\\", r"a\*b", r"a\?b", r"\[a\]", "a\\ ", "a ", "a  ", "/", "//", "", "**/", "/**", "a**",
    "a**b", "**b", "a/**/", "**/**", "*/b", "*/*/c", "src/**/a.py", "**/foo/**", "ééé", "é*", "[[:nope:]]", "[\\]]", "[z-a]",
    "[a\\-z]", "[a/b]", "a[/]b", "***", "a/***/b", ".*", "?", "??", "[*]", "**/*.py", "x/**/a", "!*", "!/a", "!a/b",
    "deep/**/e", "a//b", "./a", "../a", "a/**/b/**/e",
    "**/a/**/b", "**/a/**/*/b/**", "**/*b/**/?/**/*", "**/**/a/**/**/b", "[a-", "[!", "[]", "*a*b*c*", "*\\*", "\\", "\\\\", "a\\\\b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_says_what_git_says(repo: Repo, pattern: str) -> None:
    ours = Exclusions([pattern])
    assert {path for path in PATHS if ours.matches(path)} == ignored_by_git(repo.path, [pattern], PATHS)


LISTS = st.lists(
    st.one_of(st.sampled_from(PATTERNS), st.text(alphabet="ab*?/![]-\\.", max_size=8)), min_size=1, max_size=5
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=LISTS, paths=st.lists(st.text(alphabet="ab.*/-]", min_size=1, max_size=9), max_size=12))
@example(["*", "!a", "a/b"], [])
@example(["a/*", "!a/b"], [])
@example(["a/", "!a/b/"], [])
def test_lists_of_patterns_say_what_git_says(repo: Repo, patterns: list[str], paths: list[str]) -> None:
    asked = [
        path for path in dict.fromkeys([*PATHS, *paths]) if all(part not in ("", ".", "..") for part in path.split("/"))
    ]
    ours = Exclusions(patterns)
    assert {path for path in asked if ours.matches(path)} == ignored_by_git(repo.path, patterns, asked)


def test_a_pattern_of_many_stars_is_no_trap() -> None:
    assert not Exclusions(["*a" * 40 + "b"]).matches("a" * 4000)


def test_a_pattern_of_many_folders_is_no_trap() -> None:
    """With a step back at each `**/` this takes years."""
    for pattern in ("**/a/" * 40 + "b", "**/*/" * 40 + "b/**/c", "**/" * 400 + "*a*/b"):
        assert not Exclusions([pattern]).matches("a/" * 500 + "c.py")


def says(pattern: list[str], path: list[str]) -> bool:
    """Part by part, as one would say it."""
    if not pattern or not path:
        return pattern == path
    if pattern[0] == "**":
        return says(pattern[1:], path) or says(pattern, path[1:])
    return pattern[0] in ("*", path[0]) and says(pattern[1:], path[1:])


FOLDERS = st.lists(st.sampled_from(["**", "**", "*", "a", "b"]), min_size=1, max_size=7).map(
    lambda parts: [*parts, "b"]
)


@given(FOLDERS, st.lists(st.sampled_from("ab"), min_size=1, max_size=9))
def test_many_folders_fit_wherever_they_can(pattern: list[str], path: list[str]) -> None:
    leading = [path[:end] for end in range(1, len(path) + 1)]  # what is in a folder that is out is out
    assert Exclusions(["/" + "/".join(pattern)]).matches("/".join(path)) == any(says(pattern, one) for one in leading)


def test_nothing_excludes_nothing() -> None:
    assert not Exclusions().matches("a")
    assert not Exclusions(["", "# a"])
    assert Exclusions(["a"]) == Exclusions(("a",))

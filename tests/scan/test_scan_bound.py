"""Files that nobody writes by hand: read in no time, whatever stands in them, and no half of a secret is kept."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from contox_hooks.scan.choice import Role
from contox_hooks.scan.reading import _said
from contox_hooks.scan.said import MAX_ROWS, Said

MANY, MORE = 30_000, 120_000


@contextmanager
def soon() -> Iterator[None]:
    """Of the processor's time: what takes a fraction of a second ends on any machine, what would take minutes on none."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, 6.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def read(path: str, text: str, role: Role = "manifest") -> list[Said]:
    return _said(text.encode(), path, role)


ENDLESS: list[tuple[str, Role, str]] = [
    ("a.rb", "source", "\n" * 60 + "class A\nend\n"),
    ("A.java", "source", "\n" * MORE),
    ("a.c", "source", "int main(\n" * 50_000),
    ("a.yml", "practice", " - run: uv run " + "-a " * 200 + "\n"),
    ("a.yml", "practice", " - run: " + "A=1; " * MORE),
    ("a.yml", "practice", " - run: a" + " " * MORE + "b\nname: a" + " " * MORE + "b\n"),
    ("a.yml", "practice", "on:\n" + "\n" * MORE),
    (".pre-commit-config.yaml", "practice", " " * MORE + "x"),
    ("setup.py", "manifest", "install_requires=[" * 20_000),
    ("pom.xml", "manifest", "<project>" + "<parent>" * 50_000 + "<dependency>" * 50_000),
    ("pom.xml", "manifest", "<artifactId>" + " " * MORE),
    ("requirements.txt", "manifest", "a" + " " * MORE + "x"),
    ("Gemfile", "manifest", "group a" + " " * MORE + "x"),
    ("pyproject.toml", "manifest", "a." * MORE + "a = 1\n"),
]


@pytest.mark.parametrize(("path", "role", "text"), ENDLESS, ids=range(len(ENDLESS)))
def test_no_pattern_goes_back_and_forth_for_ever(path: str, role: Role, text: str) -> None:
    with soon():
        assert len(read(path, text, role)) < MAX_ROWS


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("setup.cfg", "install_requires =\n" + "  a\n" * MANY * 3),
        ("package.json", '{"dependencies": {' + ",\n".join(f'"a{number}": "1"' for number in range(MANY)) + "}}"),
        ("Cargo.toml", "[dependencies]\n" + "".join(f'a{number} = "1"\n' for number in range(MANY))),
        ("pom.xml", "".join(f"<dependency><artifactId>a{number}</artifactId></dependency>\n" for number in range(20_000))),
    ],
)  # fmt: skip
def test_of_very_many_dependencies_the_first_are_read(path: str, text: str) -> None:
    with soon():
        assert len([row for row in read(path, text) if row.topic == "needs"]) == MAX_ROWS


def test_what_tests_a_project_is_seen_also_behind_very_many() -> None:
    names = [f"a{number}" for number in range(100)]
    rows = read(
        "package.json", '{"devDependencies": {' + ",".join(f'"{name}": "1"' for name in [*names, "vitest"]) + "}}"
    )
    assert [row.says for row in rows if row.topic == "tests with"] == ["vitest"]


TOKEN = "ghp_" + "a1B2c3D4" * 5


@pytest.mark.parametrize(
    ("path", "role", "before", "after"),
    [
        ("a.yml", "practice", " - run: pytest " + "x" * 34 + " ", "\n"),
        ("package.json", "manifest", '{"scripts": {\n"test": "jest ' + "x" * 80 + " ", '"}}'),
        ("a.go", "source", "x\n" * 2966 + "// Package a reads files by ", "\npackage a\n"),
        ("Procfile", "practice", f"web: password={'q7Zk' * 232} ", "\n"),
        ("Procfile", "practice", f"web: password={'q7Zk' * 1006} ", "\n"),
        ("a.py", "source", '@app.get("/' + "x" * 75 + "/", '")\ndef show():\n    pass\n'),
        ("README.md", "readme", f"A shop is a thing of the web with password={'q7Zk' * 77} ", "\n"),
    ],
)
def test_a_secret_goes_before_a_text_is_cut(path: str, role: Role, before: str, after: str) -> None:
    for shift in range(0, 44, 4):
        start = before[:-1] + "x" * shift + before[-1]
        for row in read(path, start + TOKEN + after, role):
            assert TOKEN[:8] not in row.says + row.quote

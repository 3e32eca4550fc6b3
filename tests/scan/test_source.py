"""What a source file says: its first words, its definitions, routes and schemas, and where a program starts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.scan.practice import practice_rows
from contox_hooks.scan.said import Said, clean
from contox_hooks.scan.source import source_rows
from contox_hooks.scan.surface import _is_program, entries
from contox_hooks.scan.tree import ReadFile, ReadTree


def rows(path: str, text: str) -> list[Said]:
    found = clean(source_rows(text.encode(), path))
    for row in found:
        assert row.line == 0 or row.quote in text.split("\n")[row.line - 1]
    return found


def told(path: str, text: str, topic: str) -> list[str]:
    return [row.says for row in rows(path, text) if row.topic == topic]


HEADINGS = {
    "a.py": ('#!/usr/bin/env python\n"""Carts of the shop.\n\nMore."""\n', "Carts of the shop"),
    "b.go": (
        "// Copyright 2020 The Authors\n\n// Package b reads files (e.g. text) and dates. More.\npackage b\n",
        "Package b reads files (e.g. text) and dates",
    ),
    "c.rs": ("//! Ways to search\n//! in large files. And more.\n\nuse x;\n", "Ways to search in large files"),
    "d.ts": ("/**\n * Keeps the state of the page.\n * @module x\n */\nexport const a = 1\n", "Keeps the state of the page"),
    "e.rb": ("# frozen_string_literal: true\n", None),
    "f.c": ("/*\n * Copyright (c) 2020. Permission is hereby granted to all.\n */\nint a;\n", None),
    "g.py": ('"""Todo"""\n', None),
    "h.js": ("/* eslint-disable no-console for all of this */\n", None),
    "i.py": ("import os\n'''no docstring at all'''\n", None),
}  # fmt: skip


@pytest.mark.parametrize("path", HEADINGS)
def test_the_first_words_of_a_file(path: str) -> None:
    text, wanted = HEADINGS[path]
    assert told(path, text, "doc") == ([wanted] if wanted else [])


def test_definitions_are_quoted_up_to_their_names_the_largest_first() -> None:
    text = (
        "def small(a):\n    pass\n\n\n@decorated\nclass Large(Base):\n    a = 1\n    b = 2\n\n\ndef _own():\n    pass\n"
    )
    found = [row for row in rows("a.py", text) if row.topic == "defines"]
    assert [(row.says, row.quote, row.line) for row in found] == [
        ("Large", "class Large", 6),
        ("small", "def small", 1),
    ]


def test_schemas_that_outlive_a_process_and_no_others() -> None:
    text = "@dataclass\nclass Plain:\n    a: int\n\n\nclass Kept(models.Model):\n    name = models.CharField()\n"
    assert told("a.py", text, "schema") == ["Kept (Django model): name"]
    assert told("a.go", "package a\n\ntype T struct {\n\tA int\n}\n", "schema") == []


@pytest.mark.parametrize(
    ("path", "text", "quote"),
    [
        ("cmd/a/main.go", "package main\n\nfunc main() {\n}\n", "func main()"),
        ("src/main.rs", "fn main() {}\n", "fn main()"),
        ("A.java", "class A {\n  public static void main(String[] a) {}\n}\n", "public static void main(String[] a)"),
        ("a.py", "def f(): ...\n\nif __name__ == '__main__':\n    f()\n", "if __name__ == '__main__':"),
        ("a.js", "#!/usr/bin/env node\n", "#!/usr/bin/env node"),
    ],
)
def test_where_a_program_starts(path: str, text: str, quote: str) -> None:
    [row] = [row for row in rows(path, text) if row.topic == "entry"]
    assert row.quote == quote


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/main.rs", 'const S: &str = "\\\nfn main() {\n}\n";\n'), ("a.go", "package a\n\nvar s = `\nfunc main() {\n`\n"),
        ("a.c", 'char *s = "\\\nint main() {\n}";\n'),
    ],
)  # fmt: skip
def test_no_program_starts_inside_of_a_string(path: str, text: str) -> None:
    assert told(path, text, "entry") == []


def test_of_rust_only_what_cargo_runs_is_a_program() -> None:
    paths = ["src/main.rs", "src/bin/a.rs", "src/glue.rs", "build.rs", "cmd/a/main.go"]
    assert [path for path in paths if _is_program(path)] == ["src/main.rs", "src/bin/a.rs", "cmd/a/main.go"]


def test_a_path_that_leaves_no_room_for_what_it_starts_is_named_itself() -> None:
    path = "d/" * 400 + "Dockerfile"
    [row] = clean(practice_rows(b"CMD a b\n", path))
    [found] = entries(ReadTree({path: ReadFile(path, "b" * 40, "practice", [row])}, [], [], [path]))
    assert found.about.startswith("d/d/")


def test_who_asks_is_no_route() -> None:
    text = "const a = await client.post('/api/x', {})\nhttpClient.get('/y')\napp.get('/z', show)\n"
    assert told("a.ts", text, "route") == ["GET /z → show"]


def test_a_file_that_does_not_parse_says_what_its_lines_show() -> None:
    assert told("a.py", '"""What it is for."""\nimport x\ndef (:\n', "doc") == ["What it is for"]
    assert told("a.py", "import x\ndef (:\n", "import") == ["import x"]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["a.py", "a.go", "a.ts", "a.rs", "a.java", "a.c", "a.rb", "a.sql", "a.graphql"]),
    st.text(max_size=200),
)
def test_whatever_stands_there_nothing_raises(path: str, text: str) -> None:
    for row in clean(source_rows(text.encode("utf-8", "replace"), path)):
        assert row.quote

"""Whatever bytes a file holds, its reader answers with an outline or with the reason why not."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.pipeline.source import tree
from contox_hooks.pipeline.source.language import outline, reader_of
from contox_hooks.pipeline.source.outline import Outline, Unparsable

SAMPLES = {
    "a.py": "class A:\n    def f(self, a: int) -> str:\n        return 'x'\n",
    "a.js": "export function f(a) { return app.get('/x', h) }\nexport class A { m() {} }\n",
    "a.ts": "export interface A { id: number }\nexport function f(a: A): void {}\n",
    "a.tsx": "export const V = (p: P) => <div>{p.x}</div>\n",
    "a.go": "package a\ntype A struct { X int }\nfunc (a *A) F(x int) error { return nil }\n",
    "a.rs": "pub struct A { x: u8 }\nimpl A { pub fn f(&self) -> u8 { 1 } }\n",
    "A.java": 'public class A {\n  @GetMapping("/x") public int f(int a) { return a; }\n}\n',
    "a.c": "struct a { int x; };\nint f(int a)\n{\n\treturn a;\n}\n",
    "a.h": "#ifndef A\n#define A\nint f(int a);\n#endif\n",
    "a.cpp": "class A {\npublic:\n  int f(int a) const;\n};\n",
    "a.rb": "class A < B\n  def f(a)\n    1\n  end\nend\n",
    "a.php": "<?php\nclass A {\n  public function f(int $a): int { return 1; }\n}\n",
    "a.sql": "CREATE TABLE a (x int, y text);\n",
    "a.prisma": "model A {\n  id Int @id\n}\n",
    "a.proto": "message A {\n  int32 x = 1;\n}\n",
    "a.graphql": "type A {\n  x: Int\n}\n",
    "openapi.yaml": "openapi: 3.0.0\npaths:\n  /x:\n    get: {}\n",
    "openapi.json": '{"openapi": "3.0.0",\n "paths": {"/x": {"get": {}}}}\n',
}
PATHS = sorted(SAMPLES)


def said(content: bytes, path: str) -> Outline | str:
    try:
        return outline(content, path)
    except Unparsable as reason:
        return str(reason)


@pytest.mark.parametrize("path", PATHS)
def test_line_ends_and_a_byte_order_mark_change_nothing(path: str) -> None:
    text = SAMPLES[path]
    expected = outline(text.encode(), path)
    assert expected.definitions or expected.schemas or expected.routes
    assert outline(b"\xef\xbb\xbf" + text.encode(), path) == expected
    assert outline(text.replace("\n", "\r\n").encode(), path) == expected
    assert outline(text.replace("\n", "\r").encode(), path) == expected


def bare(text: str) -> str:
    return "".join(text.split()).replace(",", "")


@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("openapi")])
def test_texts_stand_so_in_the_file(path: str) -> None:
    text = (
        SAMPLES[path].replace("(", "(\n    ").replace(") ", "\n) ")
        if path.endswith(("js", "ts", "go", "rs"))
        else SAMPLES[path]
    )
    found = outline(text.encode(), path)
    told = [part.signature for part in found.definitions]
    told += [field.text for schema in found.schemas for field in schema.fields]
    assert told
    assert [each for each in told if bare(each) not in bare(text)] == []


@pytest.mark.parametrize("path", PATHS)
def test_bytes_that_are_no_text_are_said(path: str) -> None:
    assert said(SAMPLES[path].encode() + b"\0\0", path) in (
        "does not parse (not text)",
        "does not parse (line 1)",
        "does not parse (line 4)",
    )
    assert isinstance(said(SAMPLES[path].encode("utf-16"), path), str)


@pytest.mark.parametrize("path", [path for path in PATHS if not path.endswith((".py", ".json", ".yaml"))])
def test_other_encodings_are_read_as_far_as_they_go(path: str) -> None:
    comment = {"sql": "-- \xe9\n", "rb": "# \xe9\n", "graphql": "# \xe9\n"}.get(path.rpartition(".")[2], "// \xe9\n")
    found = outline(SAMPLES[path].encode() + comment.encode("latin-1"), path)
    assert (found.definitions, found.schemas) == (
        outline(SAMPLES[path].encode(), path).definitions,
        outline(SAMPLES[path].encode(), path).schemas,
    )


@pytest.mark.parametrize("path", PATHS)
def test_unfinished_code_is_read_in_part_or_said(path: str) -> None:
    text = SAMPLES[path]
    for end in range(len(text)):
        said(text[:end].encode(), path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "[",
        "{",
        "a(",
        "a<",
        "a.",
        "if a {\n",
        "class A {\n",
        "message A {\n",
        "- ",
        "((((a,",
        "<a>",
        "`${",
        "def a\n",
    ],
)
def test_nesting_costs_little(path: str, unit: str) -> None:
    prefix = "openapi: 3.0.0\npaths: " if path.endswith(".yaml") else "<?php " if path.endswith(".php") else ""
    said((prefix + unit * 20_000).encode(), path)


def test_the_costly_nesting_is_refused() -> None:
    assert said(b"class A { int x = " + b"a<\n" * 5_000 + b"1;\n}\n", "A.java") == "is nested too deeply"


@pytest.mark.parametrize("path", ["a.js", "a.ts", "a.php", "a.go", "a.c"])
def test_minified_files_are_not_read(path: str) -> None:
    one_line = SAMPLES[path].replace("\n", " ") * 500
    assert said(one_line.encode(), path) == "is minified"


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_PARSE_S", -1)
    assert said(SAMPLES["a.go"].encode() * 2_000, "a.go") == "takes longer than -1 s to parse"
    monkeypatch.undo()
    assert isinstance(said(SAMPLES["a.go"].encode(), "a.go"), Outline)


def test_declarations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_NODES", 10)
    assert said(b"package a\n" + b"func f() {}\n" * 20, "a.go") == "has more than 10 declarations"


def test_mostly_garbage_does_not_parse() -> None:
    assert said(b"%% ((( what is this ]]\n" * 20, "a.go") == "does not parse (line 1)"
    partly = outline(b"package a\nfunc f() {}\n" + b"func g() { return 1 }\n" * 20 + b"func (((\n", "a.go")
    assert partly.broken_line == 23
    assert len(partly.definitions) == 21


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_change_of_a_file_is_an_outline_or_a_reason(path: str, data: st.DataObject) -> None:
    content = SAMPLES[path].encode()
    at = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(
        st.one_of(st.binary(max_size=12), st.text(alphabet="(){}[]<>;:,.'\"=#@/* \n", max_size=12).map(str.encode))
    )
    with contextlib.suppress(Unparsable):
        found = outline(content[:at] + put + content[at + cut :], path)
        assert all(0 <= part.first_line <= part.last_line for part in found.parts)


def test_a_missing_grammar_is_said_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_rust", None)
    tree.grammar.cache_clear()
    tree._parser.cache_clear()
    assert said(b"fn f() {}", "a.rs") == "needs tree-sitter-rust (pip install tree-sitter-rust)"
    assert isinstance(said(SAMPLES["a.go"].encode(), "a.go"), Outline)


def test_a_grammar_is_imported_when_its_first_file_comes() -> None:
    code = (
        "import sys\nfrom contox_hooks.pipeline.source.language import outline\nfrom contox_hooks.pipeline import deep\n"
        "loaded = lambda: sorted(name for name in sys.modules if name.startswith('tree_sitter') and '.' not in name)\n"
        "outline(b'x = 1', 'a.py'); print(loaded())\noutline(b'package a', 'a.go'); print(loaded())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['tree_sitter', 'tree_sitter_go']"]


def test_who_reads_what() -> None:
    assert {path: reader_of(path) for path in ("a.py", "A.TSX", "x/y.hpp", "Makefile", "README.md", "package.json", "api/openapi.yml", "petstore-api.json", "capital.yaml")} == {
        "a.py": "python", "A.TSX": "javascript", "x/y.hpp": "c", "Makefile": None, "README.md": None,
        "package.json": None, "api/openapi.yml": "openapi", "petstore-api.json": "openapi", "capital.yaml": None,
    }  # fmt: skip

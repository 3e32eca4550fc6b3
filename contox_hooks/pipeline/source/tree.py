"""Syntax trees by tree-sitter, within bounds of size, time and nesting; grammars are imported when first needed.

Owns what holds for every grammar: parsing, texts of nodes, collecting an outline. Must not know any language.
Invariant: whatever the bytes hold, the answer comes in about MAX_PARSE_S, as a tree or as Unparsable.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import (
    MAX_SIGNATURE,
    Definition,
    NotNow,
    Outline,
    Route,
    Schema,
    Unparsable,
    clip,
    tidy,
)

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

MAX_PARSE_S = 0.5
"""A source of 500 KiB takes 0.05 to 0.15 s; error recovery over garbage of that size took 4 s."""
MAX_OPEN_ANGLES = 2000
"""`a<a<a<…` costs the Java grammar memory with the square of its depth, in a step that no time bound reaches: 0.9 GB
at 10,000. A source of 500 KiB rarely has 500 more `<` than `>`."""
MAX_BYTES_A_LINE = 400
"""On average; what has longer lines was written by a machine."""
MAX_NODES = 60_000
"""Children looked at in one file."""
MAX_DEPTH = 12
"""Containers inside one another (namespaces, classes, modules) that are gone into."""
_PIECE_BYTES = 65536
_MAX_BROKEN = 1 / 3
"""Share of a file that may stand in errors at its top level. Macros break nearly every file of C somewhere."""

_NOT_CODE = re.compile(
    r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|/\*.*?\*/|//[^\n]*|(?:^|(?<=\s))# [^\n]*""", re.DOTALL
)


class Tree:
    """A parsed file."""

    def __init__(self, root: Node, content: bytes) -> None:
        self.root = root
        self.content = content
        self._left = MAX_NODES

    def text(self, node: Node | None) -> str:
        return "" if node is None else self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        return self.content[start:end].decode("utf-8", "replace")

    def head(self, node: Node, body: Node | None, start: Node | None = None) -> str:
        """A definition's text up to its body, without comments."""
        first = (start or node).start_byte
        end = body.start_byte if body is not None else node.end_byte
        # Cut before it is taken apart: a node without a body may be as long as the file.
        text = self.between(first, min(end, first + 8 * MAX_SIGNATURE))
        if "/*" in text or "//" in text or "#" in text:
            text = _NOT_CODE.sub(lambda match: match[1] or " ", text)
        return clip(tidy(text).rstrip(" {:;=,").removesuffix(" =>"))

    def children(self, node: Node) -> list[Node]:
        found = node.named_children
        self._left -= len(found)
        if self._left < 0:
            raise Unparsable(f"has more than {MAX_NODES:,} declarations")
        return found

    @property
    def broken_line(self) -> int:
        node = self.root
        if not node.has_error:
            return 0
        while not (node.is_error or node.is_missing):
            inner = next((child for child in node.children if child.has_error or child.is_missing), None)
            if inner is None:
                break
            node = inner
        return node.start_point[0] + 1


def parse(content: bytes, package: str, function: str = "language") -> Tree:
    """The tree of a source by the grammar that `package.function()` gives. Raises Unparsable."""
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    reason = _unfit(content)
    if reason:
        raise Unparsable(reason)
    parser = _parser(package, function)
    deadline = time.monotonic() + MAX_PARSE_S
    try:
        # Only where it reads by a callback does the parser ask whether to go on.
        tree = parser.parse(
            lambda offset, _: content[offset : offset + _PIECE_BYTES],
            encoding="utf8",
            progress_callback=lambda _offset, _has_error: time.monotonic() > deadline,
        )
    except ValueError:  # how the binding says that it was stopped
        parser.reset()
        raise NotNow(f"takes longer than {MAX_PARSE_S:g} s to parse") from None
    root = tree.root_node
    found = Tree(root, content)
    if root.has_error:
        broken = len(content) if root.is_error else _bytes_of(child for child in root.children if child.is_error)
        if broken > _MAX_BROKEN * len(content):
            raise Unparsable(f"does not parse (line {found.broken_line})")
    return found


def _unfit(content: bytes) -> str:
    if b"\0" in content:
        return "does not parse (not text)"
    if len(content) > 10_000 and len(content) > MAX_BYTES_A_LINE * (content.count(b"\n") + 1):
        return "is minified"
    if content.count(b"<") - content.count(b">") > MAX_OPEN_ANGLES:
        return "is nested too deeply"
    return ""


def _bytes_of(nodes: Iterable[Node]) -> int:
    return sum(node.end_byte - node.start_byte for node in nodes)


@cache
def grammar(package: str, function: str) -> Language:
    """Raises Unparsable when the wheel is not installed or too new for the binding."""
    wheel = package.replace("_", "-")
    try:
        from tree_sitter import Language

        return Language(getattr(import_module(package), function)())
    except ImportError:
        raise NotNow(f"needs {wheel} (pip install {wheel})") from None
    except ValueError as error:
        raise NotNow(f"needs another {wheel} ({error})") from None


@cache
def _parser(package: str, function: str) -> Parser:
    language = grammar(package, function)
    from tree_sitter import Parser

    return Parser(language)


class Collected:
    """The outline of a tree, as it is put together."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.definitions: list[Definition] = []
        self.routes: list[Route] = []
        self.schemas: list[Schema] = []

    def define(
        self, node: Node, name: str, body: Node | None, *,
        owner: str = "", joint: str = "", public: bool = True, start: Node | None = None, signature: str = "",
    ) -> str:  # fmt: skip
        """Adds a definition, unless its head makes no sense; gives its qualified name. `joint` stands between owner and
        name where the signature is told alone, none where it says the owner itself; `start` is the node that its lines
        and its text start with."""
        qualified = f"{owner}.{name}" if owner else name
        head = signature or self.tree.head(node, body, start)
        if not name or (node.has_error and _BROKEN_HEAD.search(head) and _is_broken(node, body)):
            return qualified
        prefix = owner.replace(".", "." if joint == "." else "::") + joint if owner and joint else ""
        first, (row, column) = (start or node).start_point[0] + 1, max(start or node, node, key=_end).end_point
        self.definitions.append(Definition(qualified, head, first, row + (column > 0), public, prefix))
        return qualified

    def outline(self) -> Outline:
        return Outline(tuple(self.definitions), tuple(self.routes), tuple(self.schemas), self.tree.broken_line)


_BROKEN_HEAD = re.compile(r"[;{}]")
"""In a head that holds an error: it runs over several statements. Else it is a macro that the grammar does not know."""


def _end(node: Node) -> int:
    return node.end_byte


def _is_broken(node: Node, body: Node | None) -> bool:
    return any((child.has_error or child.is_missing) and child != body for child in node.children)


def lines_of(node: Node) -> tuple[int, int]:
    return node.start_point[0] + 1, node.end_point[0] + 1


def nodes_of(tree: Tree, package: str, function: str, pattern: str, name: str) -> Iterator[Node]:
    """The nodes that a query captures under a name, in the order of the file."""
    from tree_sitter import QueryCursor

    captured = QueryCursor(_query(package, function, pattern)).captures(tree.root).get(name, [])
    yield from sorted(captured, key=lambda node: node.start_byte)


@cache
def _query(package: str, function: str, pattern: str):  # type: ignore[no-untyped-def]
    from tree_sitter import Query

    return Query(grammar(package, function), pattern)


def child(node: Node | None, *types: str) -> Node | None:
    """The first child of one of these types."""
    return None if node is None else next((each for each in node.named_children if each.type in types), None)


def unquoted(text: str) -> str:
    """The inside of a string literal; empty when it is none, or holds an expression."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'`" or "${" in text or "#{" in text:
        return ""
    return text[1:-1]

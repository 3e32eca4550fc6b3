"""What a Python file defines, read from its syntax tree by the interpreter's own parser.

Owns definitions and how nodes are written; routes and schemas are beside it. Must not know items or git. Invariant:
whatever the bytes hold, the answer is an Outline or `Unparsable`; nothing is imported or run.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator, Sequence

from contox_hooks.pipeline.source.outline import (
    MAX_SIGNATURE,
    Definition,
    Outline,
    Schema,
    Unparsable,
    clip,
    tidy,
)
from contox_hooks.pipeline.source.python_route import routes_of
from contox_hooks.pipeline.source.python_schema import schema_of

Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_COMMENT = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|#[^\n]*""")
_PLAIN = re.compile(
    r"""(?:[^"'\\]++|"[^"\\\n]*+"(?!\s*[rbfuRBFU]{0,2}["'])|'[^'\\\n]*+'(?!\s*[rbfuRBFU]{0,2}["']))*+"""
)
"""No escapes, no strings side by side: what the text says is what it looks like to the redaction of secrets."""


class Text:
    """A module's text; says how a node is written in it."""

    def __init__(self, text: str) -> None:
        self._lines = [line.encode("utf-8", "surrogatepass") for line in text.split("\n")]

    def of(self, node: ast.expr) -> str:
        """As it stands in the file; as the parser would write it where escapes hide what that says."""
        flat = self._between(node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
        return flat if _PLAIN.fullmatch(flat) else tidy(ast.unparse(node))

    def head(self, node: Defined) -> str:
        """`def f(a: int) -> str`, without decorators and the colon."""
        body = node.body[0]
        start = min((part.lineno, part.col_offset) for part in (body, *getattr(body, "decorator_list", ())))
        flat = self._between(node.lineno, node.col_offset, *start).removesuffix("@").rstrip(" :")
        return flat if _PLAIN.fullmatch(flat) else _rendered(node)

    def _between(self, first: int, start: int, last: int, end: int) -> str:
        if first == last:
            text = self._lines[first - 1][start:end].decode("utf-8", "replace")
        else:
            parts = (self._lines[first - 1][start:], *self._lines[first : last - 1], self._lines[last - 1][:end])
            text = b"\n".join(parts).decode("utf-8", "replace")
        return tidy(_COMMENT.sub(lambda match: match[1] or " ", text) if "#" in text else text)


def outline(content: bytes, path: str = "") -> Outline:
    """The outline of a module's source. Raises Unparsable."""
    try:
        text = _decoded(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stranger's invalid escapes are not our user's news
            tree = ast.parse(text)
        written = Text(text)
        definitions: list[Definition] = []
        schemas: list[Schema] = []
        found = list(_definitions(tree.body, ""))
        for name, node in found:
            definitions.append(_definition(name, node, written))
            if isinstance(node, ast.ClassDef):
                schema = schema_of(name, node, written.of)
                if schema:
                    schemas.append(schema)
        names = {id(node): name for name, node in found}
        routes = sorted(routes_of(tree, text, names, written.of), key=lambda route: route.first_line)
    except SyntaxError as error:
        raise Unparsable(f"does not parse (line {error.lineno or 1})") from error
    except (RecursionError, MemoryError) as error:
        raise Unparsable("is nested too deeply") from error
    except (ValueError, UnicodeError) as error:  # null bytes, unknown or wrong encodings
        raise Unparsable("does not parse (not text)") from error
    return Outline(tuple(definitions), tuple(routes), tuple(schemas))


def _decoded(content: bytes) -> str:
    """By the encoding that the file declares; lines end as the parser counts them."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def _definitions(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, Defined]]:
    """Definitions at module and class level, also under `if` and `try`; what a function nests is its own affair."""
    for node in body:
        if isinstance(node, Defined):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If):
            yield from _definitions(node.body, prefix)
            yield from _definitions(node.orelse, prefix)
        elif isinstance(node, ast.Try):
            for part in (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody):
                yield from _definitions(part, prefix)


def _definition(name: str, node: Defined, written: Text) -> Definition:
    first = min((node.lineno, *(decorator.lineno for decorator in node.decorator_list)))
    public = not any(part.startswith("_") and part != "__init__" for part in name.split("."))
    owner, dot, _ = name.rpartition(".")
    return Definition(name, clip(written.head(node)), first, node.end_lineno or node.lineno, public, owner + dot)


def _rendered(node: Defined) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(part) for part in (*node.bases, *node.keywords))
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return tidy(f"{word} {node.name}({clip(ast.unparse(node.args), MAX_SIGNATURE - 40)}){returns}")

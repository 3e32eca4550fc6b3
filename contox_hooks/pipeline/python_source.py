"""What a Python file defines: signatures, routes and schemas, read from its syntax tree.

Owns the reading of Python for deep enrichment. Must not know items or git. Invariant: whatever the bytes hold, the
answer is an Outline or `Unparsable`; nothing is imported or run.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_SIGNATURE = 200
MAX_FIELDS = 12
"""Fields shown of one schema; more are counted."""

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "websocket"})
_ROUTE_CALLS = frozenset({"Route", "WebSocketRoute", "Mount", "APIRoute", "add_url_rule", "add_api_route", "add_route"})
_DJANGO_CALLS = frozenset({"path", "re_path", "url"})
_SCHEMA_BASES = {
    "BaseModel": "pydantic model", "BaseSettings": "pydantic settings", "TypedDict": "TypedDict",
    "NamedTuple": "NamedTuple", "Enum": "enum", "StrEnum": "enum", "IntEnum": "enum", "Flag": "enum",
    "IntFlag": "enum", "SQLModel": "SQLModel", "DeclarativeBase": "SQLAlchemy base", "Struct": "msgspec struct",
}  # fmt: skip
_SCHEMA_DECORATORS = {
    "dataclass": "dataclass",
    "define": "attrs class",
    "frozen": "attrs class",
    "attrs": "attrs class",
}


class Unparsable(Exception):
    """The file is not Python that this interpreter can read; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    """Qualified inside its module: `Client.get`."""
    signature: str
    """`def get(self, url: str) -> Response`, `class Client(Base)`; cut at MAX_SIGNATURE."""
    first_line: int
    last_line: int

    @property
    def is_public(self) -> bool:
        return not any(part.startswith("_") for part in self.name.split("."))


@dataclass(frozen=True, slots=True)
class Schema:
    name: str
    text: str
    """`User (dataclass): id: int, name: str`."""


@dataclass(frozen=True, slots=True)
class Route:
    handler: str
    """Qualified name of what answers, empty when it is not a plain name."""
    text: str
    """`GET /users/{id} → show_user`."""


@dataclass(frozen=True, slots=True)
class Outline:
    definitions: tuple[Definition, ...]
    routes: tuple[Route, ...]
    schemas: tuple[Schema, ...]


def outline(source: bytes) -> Outline:
    """The outline of a module's source. Raises Unparsable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a stranger's invalid escapes are not our user's news
            tree = ast.parse(source)
        definitions: list[Definition] = []
        routes: list[Route] = []
        schemas: list[Schema] = []
        for name, node in _definitions(tree.body, ""):
            definitions.append(Definition(name, _signature(node), node.lineno, node.end_lineno or node.lineno))
            if isinstance(node, ast.ClassDef):
                schema = _schema(name, node)
                if schema:
                    schemas.append(schema)
            else:
                routes.extend(_decorated_routes(name, node))
        routes.extend(_called_routes(tree.body))
    except SyntaxError as error:
        raise Unparsable(f"does not parse (line {error.lineno or 1})") from error
    except (RecursionError, MemoryError) as error:
        raise Unparsable("is nested too deeply") from error
    except (ValueError, UnicodeError) as error:  # null bytes, unknown or wrong encodings
        raise Unparsable("does not parse (not text)") from error
    return Outline(tuple(definitions), tuple(routes), tuple(schemas))


_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _definitions(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, _Defined]]:
    """Definitions at module and class level, also under `if` and `try`; what a function nests is its own affair."""
    for node in body:
        if isinstance(node, _Defined):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If):
            yield from _definitions(node.body, prefix)
            yield from _definitions(node.orelse, prefix)
        elif isinstance(node, ast.Try):
            for part in (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody):
                yield from _definitions(part, prefix)


def _signature(node: _Defined) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(_text(base) for base in node.bases)
        return _cut(f"class {node.name}({bases})" if bases else f"class {node.name}")
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {_text(node.returns)}" if node.returns else ""
    arguments = _cut(_text(node.args), MAX_SIGNATURE - 40)
    return _cut(f"{word} {node.name}({arguments}){returns}")


def _schema(name: str, node: ast.ClassDef) -> Schema | None:
    kind = next((_SCHEMA_DECORATORS[last] for last in map(_last_name, node.decorator_list)
                 if last in _SCHEMA_DECORATORS), None)  # fmt: skip
    for base in node.bases:
        kind = kind or _SCHEMA_BASES.get(_last_name(base))
        if kind is None and isinstance(base, ast.Attribute) and base.attr == "Model":
            kind = "Django model" if _text(base.value) == "models" else "model"
    if kind is None and any(_assigned(statement) == "__tablename__" for statement in node.body):
        kind = "SQLAlchemy model"
    if kind is None:
        return None
    fields = [field for statement in node.body for field in _field(statement)]
    shown = ", ".join(fields[:MAX_FIELDS]) + (f", and {len(fields) - MAX_FIELDS} more" if fields[MAX_FIELDS:] else "")
    return Schema(name, f"{name} ({kind})" + (f": {shown}" if shown else ""))


def _field(statement: ast.stmt) -> Iterator[str]:
    name = _assigned(statement)
    if name is None or (name.startswith("__") and name != "__tablename__"):
        return
    if isinstance(statement, ast.AnnAssign):
        yield f"{name}: {_cut(_text(statement.annotation), 60)}"
    elif isinstance(statement, ast.Assign):
        value = statement.value
        if isinstance(value, ast.Call):
            yield f"{name} = {_cut(_text(value), 60)}"
        elif isinstance(value, ast.Constant):
            yield f"{name} = {_cut(repr(value.value), 40)}"


def _assigned(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def _decorated_routes(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Route]:
    """`@app.route("/x", methods=[…])` of Flask and Quart, `@router.get("/x")` of FastAPI, Starlette and others."""
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            continue
        path = _string(decorator.args[0]) if decorator.args else _keyword_string(decorator, "path")
        if path is None or not path.startswith("/"):
            continue
        verb = decorator.func.attr
        if verb in ("route", "api_route"):
            yield Route(name, f"{_methods(decorator)} {_cut(path, 120)} → {name}")
        elif verb in _VERBS:
            yield Route(name, f"{verb.upper()} {_cut(path, 120)} → {name}")


def _called_routes(body: Sequence[ast.stmt]) -> Iterator[Route]:
    """Starlette's `Route(…)`, Flask's `add_url_rule(…)`, Django's `path(…)` in `urlpatterns`, at module level."""
    for statement in body:
        if isinstance(statement, _Defined):
            continue
        is_urlpatterns = "urlpatterns" in _targets(statement)
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = _last_name(node.func)
            path = _string(node.args[0])
            if path is None:
                continue
            if called in _ROUTE_CALLS and path.startswith("/"):
                handler = _handler(node)
                yield Route(handler, f"{_methods(node)} {_cut(path, 120)}" + (f" → {handler}" if handler else ""))
            elif is_urlpatterns and called in _DJANGO_CALLS:
                handler = _handler(node)
                yield Route(handler, f"/{_cut(path.lstrip('/^'), 120)}" + (f" → {handler}" if handler else ""))


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    name = _assigned(statement)
    return [name] if name else []


def _handler(call: ast.Call) -> str:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    node = named.get("view_func") or named.get("endpoint") or (call.args[-1] if len(call.args) > 1 else None)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "as_view":
        node = node.func.value
    return _cut(_text(node), 80) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def _methods(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg == "methods" and isinstance(keyword.value, (ast.List, ast.Tuple, ast.Set)):
            verbs = [verb.upper() for verb in map(_string, keyword.value.elts[:8]) if verb]
            if verbs:
                return "|".join(verbs)
    return "WEBSOCKET" if _last_name(call.func) == "WebSocketRoute" else "GET"


def _keyword_string(call: ast.Call, name: str) -> str | None:
    return next((_string(keyword.value) for keyword in call.keywords if keyword.arg == name), None)


def _string(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _last_name(node: ast.expr) -> str:
    """`dataclass` of `dataclass`, `@dataclass(frozen=True)`, `dataclasses.dataclass`, `Generic[T]`."""
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Attribute):
            return node.attr
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def _cut(text: str, limit: int = MAX_SIGNATURE) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"

"""Routes that Python code declares: decorators of Flask and FastAPI, calls of Starlette, Flask and Django.

Invariant: a route is told only where its path is written as one string.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

from contox_hooks.pipeline.source.block import Lines
from contox_hooks.pipeline.source.outline import Route
from contox_hooks.pipeline.source.python_schema import assigned_name, last_name

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "websocket"})
_ROUTE_CALLS = frozenset({"Route", "WebSocketRoute", "Mount", "APIRoute", "add_url_rule", "add_api_route", "add_route"})
_DJANGO_CALLS = frozenset({"path", "re_path", "url"})
_BODIES = ("body", "orelse", "finalbody", "handlers")
_DECORATED = re.compile(r"@[\w.]+\.(?:(?:api_)?route|get|post|put|patch|delete|head|options|websocket)\(")
_CALLED = tuple(
    re.compile(re.escape(word))
    for word in ("Route(", "Mount(", "add_url_rule(", "add_api_route(", "add_route(", "urlpatterns")
)
"""What a line must hold to declare a route: most statements have none like it, and are not gone through. Each starts
with a literal, so that a text without any costs next to nothing."""


def routes_of(
    tree: ast.Module, text: str, names: Mapping[int, str], written: Callable[[ast.expr], str]
) -> Iterator[Route]:
    """All routes, also those that an application's factory declares inside a function. `names`: what definitions are
    called, by the `id` of their nodes."""
    places = [match.end() for pattern in (_DECORATED, *_CALLED) for match in pattern.finditer(text)]
    if not places:
        return
    lines = Lines(text)
    for statement in _hinted(tree.body, sorted(map(lines.at, places))):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _decorated_routes(names.get(id(statement), statement.name), statement)
            continue
        is_urlpatterns = "urlpatterns" in _targets(statement)
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and node.args:
                yield from _called_route(node, written, is_urlpatterns=is_urlpatterns)


def _hinted(body: Sequence[ast.stmt], hints: Sequence[int]) -> Iterator[ast.stmt]:
    """Simple statements and functions that hold a line of `hints`, however deep they stand."""
    for statement in body:
        first = min(part.lineno for part in (statement, *getattr(statement, "decorator_list", ())))
        place = bisect_left(hints, first)
        if place == len(hints) or hints[place] > (statement.end_lineno or first):
            continue
        inner = [part for name in _BODIES for part in getattr(statement, name, ())]
        if not inner or isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement
        for part in inner:
            yield from _hinted(part.body if isinstance(part, ast.ExceptHandler) else [part], hints)


def _decorated_routes(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Route]:
    """`@app.route("/x", methods=[…])` of Flask and Quart, `@router.get("/x")` of FastAPI, Starlette and others."""
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            continue
        path = _string(decorator.args[0]) if decorator.args else _keyword_string(decorator, "path")
        if path is None or not path.startswith("/"):
            continue
        called = decorator.func.attr
        verb = _methods(decorator) if called in ("route", "api_route") else called.upper() if called in _VERBS else ""
        if verb:
            yield Route(verb, path, name, decorator.lineno, node.end_lineno or node.lineno)


def _called_route(node: ast.Call, written: Callable[[ast.expr], str], *, is_urlpatterns: bool) -> Iterator[Route]:
    """Starlette's `Route(…)`, Flask's `add_url_rule(…)`, Django's `path(…)` in `urlpatterns`."""
    called = last_name(node.func)
    path = _string(node.args[0])
    if path is None:
        return
    lines = node.lineno, node.end_lineno or node.lineno
    if called in _ROUTE_CALLS and path.startswith("/"):
        yield Route(_methods(node), path, _handler(node, written), *lines)
    elif is_urlpatterns and called in _DJANGO_CALLS:
        yield Route("", f"/{path.lstrip('/^')}", _handler(node, written), *lines)


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    name = assigned_name(statement)
    return [name] if name else []


def _handler(call: ast.Call, written: Callable[[ast.expr], str]) -> str:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    node = named.get("view_func") or named.get("endpoint") or (call.args[-1] if len(call.args) > 1 else None)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "as_view":
        node = node.func.value
    return written(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def _methods(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg == "methods" and isinstance(keyword.value, (ast.List, ast.Tuple, ast.Set)):
            verbs = [verb.upper() for verb in map(_string, keyword.value.elts[:8]) if verb]
            if verbs:
                return "|".join(verbs)
    return "WEBSOCKET" if last_name(call.func) == "WebSocketRoute" else "GET"


def _keyword_string(call: ast.Call, name: str) -> str | None:
    return next((_string(keyword.value) for keyword in call.keywords if keyword.arg == name), None)


def _string(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

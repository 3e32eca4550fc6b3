"""Routes of JavaScript servers: Express and its like by their calls, Next.js by where a file is.

Invariant: a call is a route only on something named like an application or a router, with a path that starts with `/`:
`axios.get("/x")` is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Definition, Route
from contox_hooks.pipeline.source.tree import Tree, lines_of, nodes_of, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "all", "use", "ws"})
_HINT = re.compile(rb"\.(?:get|post|put|patch|delete|head|options|all|use|ws|route)\(\s*[\"'`]/")
_SERVER = re.compile(r"(?:^|[._$])(?:\w*(?:app|router|server|api|routes?|fastify))(?:\(\))?$", re.IGNORECASE)
_CALLS = """(call_expression function: (member_expression property: (property_identifier) @verb
    (#any-of? @verb "get" "post" "put" "patch" "delete" "head" "options" "all" "use" "ws" "route"))
  arguments: (arguments . [(string) (template_string)])) @call"""

_NEXT = re.compile(r"(?:^|/)(?:src/)?(?P<room>pages|app)/(?P<rest>.+)\.(?:js|jsx|ts|tsx|mjs)$")
_HTTP = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def express_routes(tree: Tree, package: str, function: str) -> Iterator[Route]:
    if not _HINT.search(tree.content):
        return
    for call in nodes_of(tree, package, function, _CALLS, "call"):
        function_node, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
        if function_node is None or arguments is None:
            continue
        verb = tree.text(function_node.child_by_field_name("property"))
        server = tree.text(function_node.child_by_field_name("object"))
        given = arguments.named_children
        path = unquoted(tree.text(given[0]))
        if not path.startswith("/") or not _SERVER.search(server):
            continue
        if verb == "route":
            yield from _chained(tree, call, path)
        elif len(given) > 1:
            yield Route("" if verb == "use" else verb.upper(), path, _handler(tree, given[-1]), *lines_of(call))


def _chained(tree: Tree, call: Node, path: str) -> Iterator[Route]:
    """`router.route("/x").get(list).post(add)`."""
    node = call
    while True:
        member = node.parent
        outer = member.parent if member is not None and member.type == "member_expression" else None
        if member is None or outer is None or outer.type != "call_expression":
            return
        verb = tree.text(member.child_by_field_name("property"))
        arguments = outer.child_by_field_name("arguments")
        if verb in _VERBS and arguments is not None and arguments.named_children:
            yield Route(verb.upper(), path, _handler(tree, arguments.named_children[-1]), *lines_of(arguments))
        node = outer


def _handler(tree: Tree, node: Node) -> str:
    return tree.text(node) if node.type in ("identifier", "member_expression") else ""


def next_routes(path: str, definitions: Sequence[Definition]) -> Iterator[Route]:
    """`app/users/[id]/route.ts` answers what it exports, `app/**/page.tsx` and `pages/**` are pages."""
    match = _NEXT.search(path)
    if match is None:
        return
    parts = match["rest"].split("/")
    name = parts.pop()
    if match["room"] == "app":
        if name not in ("route", "page"):
            return
        place = "/" + "/".join(part for part in parts if not part.startswith(("(", "@")))
        if name == "page":
            yield Route("", place, _default(definitions), *_lines(definitions))
            return
        for definition in definitions:
            if definition.name in _HTTP:
                yield Route(definition.name, place, definition.name, definition.first_line, definition.last_line)
    elif not name.startswith("_") and _default(definitions):
        place = "/" + "/".join([*parts, name] if name != "index" else parts)
        yield Route("", place, _default(definitions), *_lines(definitions))


def _default(definitions: Sequence[Definition]) -> str:
    found = (each.name for each in definitions if each.signature.startswith("export default"))
    return next(found, "")


def _lines(definitions: Sequence[Definition]) -> tuple[int, int]:
    found = [each for each in definitions if each.signature.startswith("export default")]
    return (found[0].first_line, found[0].last_line) if found else (0, 0)

"""Rails routes, as config/routes.rb draws them: verbs, resources, namespaces, scopes.

Invariant: a route is told as the file writes it: `resources :users` is one line, not the seven routes that it makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Route
from contox_hooks.pipeline.source.tree import MAX_DEPTH, Tree, child, lines_of

if TYPE_CHECKING:
    from tree_sitter import Node

_VERBS = ("get", "post", "put", "patch", "delete", "match")
_TO = re.compile(r"""(?:\bto:|=>)\s*["']([^"']+)["']""")
_ON_COLLECTION = re.compile(r"\bon: :collection\b")
_ONLY = re.compile(r"\b(?:only|except):\s*(?:\[[^\]]*\]|%i\[[^\]]*\]|:\w+)")


def rails_routes(tree: Tree) -> Iterator[Route]:
    yield from _block(tree, tree.root, "", 0)


def _block(tree: Tree, block: Node, prefix: str, depth: int) -> Iterator[Route]:
    if depth > MAX_DEPTH:
        return
    for node in tree.children(block):
        if node.type != "call":
            continue
        method = tree.text(node.child_by_field_name("method"))
        arguments = node.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        first = tree.text(given[0]) if given else ""
        name = first.strip(":\"'").strip("/")
        target = _TO.search(tree.text(arguments))
        inner = prefix
        if method in _VERBS and given:
            if given[0].type == "pair":  # get "users" => "users#index"
                name = tree.text(given[0].child_by_field_name("key")).strip(":\"'").strip("/")
            verb = "" if method == "match" else method.upper()
            at = prefix.removesuffix("/:id") if _ON_COLLECTION.search(tree.text(arguments)) else prefix
            yield Route(verb, f"{at}/{name}", target[1] if target else "", *lines_of(node))
        elif method == "root":
            yield Route("GET", f"{prefix}/", target[1] if target else first.strip("\"'"), *lines_of(node))
        elif method in ("resources", "resource") and given:
            only = _ONLY.search(tree.text(arguments))
            told = f"{method} {only[0]}" if only else method
            for each in given:
                if each.type in ("simple_symbol", "string"):
                    place = f"{prefix}/{tree.text(each).strip(':' + chr(34) + chr(39))}"
                    yield Route(
                        told, place, "", each.start_point[0] + 1, arguments.end_point[0] + 1 if arguments else 0
                    )
            inner = f"{prefix}/{name}" + ("/:id" if method == "resources" else "")
        elif method in ("namespace", "scope") and given and given[0].type in ("simple_symbol", "string"):
            inner = f"{prefix}/{name}"
        elif method == "collection":
            inner = prefix.removesuffix("/:id")
        elif method == "mount":
            yield Route("", f"{prefix}/{_mounted(tree, given)}", "", *lines_of(node))
        body = child(node, "do_block", "block")
        inside = body.child_by_field_name("body") if body is not None else None
        if inside is not None:
            yield from _block(tree, inside, inner, depth + 1)


def _mounted(tree: Tree, given: list[Node]) -> str:
    target = next(
        (_TO.search(tree.text(each)) or re.search(r"""at:\s*["']([^"']+)""", tree.text(each)) for each in given), None
    )
    return target[1].strip("/") if target else ""

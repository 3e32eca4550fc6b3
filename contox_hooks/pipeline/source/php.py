"""What a PHP file defines: functions, classes, interfaces, traits, enums; routes and tables of Laravel.

Must not know items or git. Invariant: attributes are left out of signatures; public is what is neither private
nor protected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Field, Outline, Route, Schema, field
from contox_hooks.pipeline.source.tree import MAX_DEPTH, Collected, Tree, child, lines_of, nodes_of, parse, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node

_PACKAGE, _FUNCTION = "tree_sitter_php", "language_php"
_TYPES = ("class_declaration", "interface_declaration", "trait_declaration", "enum_declaration")
_FUNCTIONS = ("function_definition", "method_declaration")
_ROUTES = """(scoped_call_expression scope: (name) @scope (#eq? @scope "Route") name: (name)) @call"""
_TABLES = """(scoped_call_expression scope: (name) @scope (#eq? @scope "Schema") name: (name) @verb
  (#any-of? @verb "create" "table")) @call"""
_COLUMN = re.compile(r"\$table\s*->\s*(\w+)\(\s*[\"'](\w+)[\"']")
_VERBS = ("get", "post", "put", "patch", "delete", "options", "any", "view", "redirect", "resource", "apiResource")


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    tree = parse(content, _PACKAGE, _FUNCTION)
    found = Collected(tree)
    _block(found, tree.root, "", 0)
    if b"Route::" in content:
        found.routes += _routes(tree)
    if b"Schema::" in content:
        found.schemas += _tables(tree)
    return found.outline()


def _block(found: Collected, block: Node, owner: str, depth: int) -> None:
    tree = found.tree
    for node in tree.children(block):
        body = node.child_by_field_name("body")
        name = tree.text(node.child_by_field_name("name"))
        attributes = child(node, "attribute_list")
        start = attributes.next_sibling if attributes is not None else None
        if node.type in _FUNCTIONS:
            words = tree.text(child(node, "visibility_modifier"))
            public = words not in ("private", "protected") and (not name.startswith("_") or name.startswith("__"))
            found.define(node, name, body, owner=owner, joint="::", public=public, start=start)
        elif node.type in _TYPES and depth < MAX_DEPTH:
            name = found.define(node, name, body, owner=owner, start=start)
            if body is not None:
                _block(found, body, name, depth + 1)
                fields = tuple(_fields(tree, node, body))
                if fields:
                    found.schemas.append(Schema(name, _kind(tree, node), fields, *lines_of(node)))
        elif node.type == "namespace_definition" and body is not None and depth < MAX_DEPTH:
            _block(found, body, owner, depth + 1)
        elif node.type in ("if_statement", "compound_statement") and depth < MAX_DEPTH:  # if (! function_exists('f')) {
            inner = body or (node if node.type == "compound_statement" else None)
            if inner is not None:
                _block(found, inner, owner, depth + 1)


def _kind(tree: Tree, node: Node) -> str:
    return "enum" if node.type == "enum_declaration" else "Eloquent model"


def _fields(tree: Tree, node: Node, body: Node) -> Iterator[Field]:
    """The cases of an enum; what an Eloquent model lets be filled and casts."""
    base = tree.text(child(node, "base_clause"))
    is_model = bool(re.search(r"\b(?:Model|Authenticatable|Pivot)$", base))
    for each in tree.children(body):
        if each.type == "enum_case":
            yield field(tree.text(each.child_by_field_name("name")), tree.text(each).rstrip(";"))
        elif is_model and each.type == "property_declaration":
            declared = child(each, "property_element")
            name = tree.text(child(declared, "variable_name"))
            if name in ("$table", "$fillable", "$casts", "$guarded", "$hidden", "$primaryKey"):
                yield field(name, tree.text(declared))


def _tables(tree: Tree) -> Iterator[Schema]:
    """`Schema::create('users', function (Blueprint $table) {…})` of a migration."""
    for node in nodes_of(tree, _PACKAGE, _FUNCTION, _TABLES, "call"):
        given = _given(tree, node)
        name = unquoted(given[0]) if given else ""
        if name:
            fields = (field(match[2], f"{match[1]} {match[2]}") for match in _COLUMN.finditer(tree.text(node)[:20_000]))
            created = tree.text(node.child_by_field_name("name")) == "create"
            yield Schema(name, "table" if created else "table change", tuple(fields), *lines_of(node))


def _given(tree: Tree, call: Node) -> list[str]:
    arguments = call.child_by_field_name("arguments")
    return [tree.text(each) for each in arguments.named_children] if arguments is not None else []


def _routes(tree: Tree) -> Iterator[Route]:
    for node in nodes_of(tree, _PACKAGE, _FUNCTION, _ROUTES, "call"):
        yield from _route(tree, node, tree.text(node.child_by_field_name("name")), _given(tree, node))
        # Route::middleware('auth')->get('/x', …): the verb stands further on in the chain.
        outer = node.parent
        while outer is not None and outer.type == "member_call_expression":
            verb = tree.text(outer.child_by_field_name("name"))
            yield from _route(tree, outer, verb, _given(tree, outer))
            outer = outer.parent


def _route(tree: Tree, node: Node, verb: str, given: list[str]) -> Iterator[Route]:
    if verb == "match" and len(given) > 1:
        verbs = "|".join(word.upper() for word in re.findall(r"\w+", given[0]))
        given = given[1:]
    elif verb in _VERBS:
        verbs = (
            verb if verb.lower().endswith("resource") else "" if verb in ("any", "view", "redirect") else verb.upper()
        )
    else:
        return
    path = unquoted(given[0]) if given else ""
    if path and len(given) > 1:
        yield Route(verbs, _prefix(tree, node) + "/" + path.strip("/"), _handler(given[1]), *lines_of(node))


def _handler(text: str) -> str:
    """`UserController::show` of `[UserController::class, 'show']` and of `'UserController@show'`."""
    match = re.fullmatch(r"\[\s*\\?([\w\\]+)::class\s*,\s*['\"](\w+)['\"]\s*,?\s*\]", text)
    if match:
        return f"{match[1]}::{match[2]}"
    match = re.fullmatch(r"\\?([\w\\]+)::class|['\"]([\w\\@]+)['\"]", text)
    return (match[1] or match[2]) if match else ""


def _prefix(tree: Tree, node: Node) -> str:
    """Of the `Route::prefix('admin')->group(…)` around it."""
    found: list[str] = []
    outer = node.parent
    for _ in range(100):
        if outer is None:
            break
        if outer.type == "member_call_expression" and tree.text(outer.child_by_field_name("name")) == "group":
            chain = outer.child_by_field_name("object")
            text = tree.text(chain) if chain is not None else ""
            match = re.search(r"\bprefix\(\s*['\"]([^'\"]+)['\"]", text[:500])
            if match:
                found.append(match[1].strip("/"))
        outer = outer.parent
    return "".join("/" + part for part in reversed(found))

"""What a Go file defines: functions, methods, types; routes of Gin, chi and net/http.

Must not know items or git. Invariant: public is what starts with a capital, as the language has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Field, Outline, Route, Schema, field
from contox_hooks.pipeline.source.tree import Collected, Tree, child, lines_of, nodes_of, parse, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node

_PACKAGE = "tree_sitter_go"
_RECEIVER = re.compile(r"\*?\s*([A-Za-z_]\w*)(?:\[[^\]]*\])?\s*\)$")
_HINT = re.compile(
    rb"\.(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|Any|Get|Post|Put|Patch|Delete|Handle|HandleFunc)\(\s*\""
)
_CALLS = """(call_expression function: (selector_expression field: (field_identifier) @verb
    (#match? @verb "^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|Any|Get|Post|Put|Patch|Delete|Handle|HandleFunc)$"))
  arguments: (argument_list . (interpreted_string_literal))) @call"""
_GROUPS = """(short_var_declaration left: (expression_list . (identifier))
  right: (expression_list . (call_expression function: (selector_expression field: (field_identifier) @verb
    (#eq? @verb "Group")) arguments: (argument_list . (interpreted_string_literal))))) @group"""
_PATTERN = re.compile(r"(?:([A-Z]+) )?([^/\s]*/\S*)$")


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    tree = parse(content, _PACKAGE)
    found = Collected(tree)
    for node in tree.children(tree.root):
        if node.type in ("function_declaration", "method_declaration"):
            name = tree.text(node.child_by_field_name("name"))
            receiver = _RECEIVER.search(tree.text(node.child_by_field_name("receiver")))
            owner = receiver[1] if receiver else ""
            body = node.child_by_field_name("body")
            found.define(node, name, body, owner=owner, public=name[:1].isupper())
        elif node.type == "type_declaration":
            specs = tree.children(node)
            for spec in specs:
                _type(found, spec, node if len(specs) == 1 else spec)
    if _HINT.search(tree.content):
        found.routes += _routes(tree)
    return found.outline()


def _type(found: Collected, spec: Node, start: Node) -> None:
    tree = found.tree
    name, kind = tree.text(spec.child_by_field_name("name")), spec.child_by_field_name("type")
    if kind is None:
        return
    is_struct, is_interface = kind.type == "struct_type", kind.type == "interface_type"
    body = child(kind, "field_declaration_list") if is_struct else None
    end = body or (_first_inside(kind) if is_interface else None)
    found.define(spec, name, end, public=name[:1].isupper(), start=start)
    if is_struct and body is not None:
        found.schemas.append(Schema(name, "struct", tuple(_struct_fields(tree, body)), *lines_of(spec)))
    elif is_interface:
        methods = [node for node in tree.children(kind) if node.type != "comment"]
        fields = (field(_name_in(tree, node), tree.text(node)) for node in methods)
        found.schemas.append(Schema(name, "interface", tuple(fields), *lines_of(spec)))


def _first_inside(kind: Node) -> Node | None:
    return next((node for node in kind.children if node.type == "{"), None)


def _name_in(tree: Tree, node: Node) -> str:
    return tree.text(node.child_by_field_name("name")) or tree.text(node)


def _struct_fields(tree: Tree, body: Node) -> Iterator[Field]:
    for node in tree.children(body):
        if node.type == "field_declaration":
            kind, tag = node.child_by_field_name("type"), node.child_by_field_name("tag")
            text = tree.between(node.start_byte, kind.end_byte if kind is not None else node.end_byte)
            names = [tree.text(name) for name in node.children_by_field_name("name")] or [tree.text(kind)]
            wire = re.search(r'\bjson:"([^",]+)', tree.text(tag))
            yield field(", ".join(names), text + (f' json:"{wire[1]}"' if wire else ""))


def _routes(tree: Tree) -> Iterator[Route]:
    prefixes = _prefixes(tree)
    for call in nodes_of(tree, _PACKAGE, "language", _CALLS, "call"):
        function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
        if function is None or arguments is None or len(arguments.named_children) < 2:
            continue
        given = arguments.named_children
        verb = tree.text(function.child_by_field_name("field"))
        pattern = _PATTERN.match(unquoted(tree.text(given[0])))
        group = tree.text(function.child_by_field_name("operand"))
        if pattern is None and not (group in prefixes and unquoted(tree.text(given[0])) == ""):
            continue
        said, path = (pattern[1], pattern[2]) if pattern else (None, "")
        handler = tree.text(given[-1]) if given[-1].type in ("identifier", "selector_expression") else ""
        told = said or ("" if verb.startswith("Handle") or verb == "Any" else verb.upper())
        yield Route(told, prefixes.get(group, "") + path, handler, *lines_of(call))


def _prefixes(tree: Tree) -> dict[str, str]:
    """What `v1 := router.Group("/v1")` puts before the paths of `v1`; names are taken to be unique in a file."""
    found: dict[str, str] = {}
    for node in nodes_of(tree, _PACKAGE, "language", _GROUPS, "group"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        call = child(right, "call_expression")
        function = call.child_by_field_name("function") if call is not None else None
        arguments = call.child_by_field_name("arguments") if call is not None else None
        if function is not None and arguments is not None:
            parent = found.get(tree.text(function.child_by_field_name("operand")), "")
            found[tree.text(left)] = parent + unquoted(tree.text(arguments.named_children[0])).rstrip("/")
    return found

"""What a Java file defines: types, methods, records, entities; routes of Spring's annotations.

Must not know items or git. Invariant: annotations are read, and left out of signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Field, Outline, Route, Schema, field
from contox_hooks.pipeline.source.tree import MAX_DEPTH, Collected, Tree, child, lines_of, parse

if TYPE_CHECKING:
    from tree_sitter import Node

_TYPES = (
    "class_declaration", "interface_declaration", "enum_declaration", "record_declaration",
    "annotation_type_declaration",
)  # fmt: skip
_METHODS = ("method_declaration", "constructor_declaration", "compact_constructor_declaration")
_ENTITIES = {
    "Entity": "JPA entity", "MappedSuperclass": "JPA entity", "Embeddable": "JPA embeddable", "Document": "document",
    "Data": "data class", "Value": "data class", "Table": "entity",
}  # fmt: skip
_MAPPINGS = {
    "GetMapping": "GET", "PostMapping": "POST", "PutMapping": "PUT", "PatchMapping": "PATCH",
    "DeleteMapping": "DELETE", "RequestMapping": "",
}  # fmt: skip
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_PATHS = re.compile(r'\(\s*(?:\{|")|\b(?:value|path)\s*=\s*(\{[^}]*\}|"(?:[^"\\\n]|\\.)*")')
_METHOD = re.compile(r"\bRequestMethod\.([A-Z]+)")


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    tree = parse(content, "tree_sitter_java")
    found = Collected(tree)
    for node in tree.children(tree.root):
        if node.type in _TYPES:
            _type(found, node, "", 0)
    return found.outline()


def _type(found: Collected, node: Node, owner: str, depth: int) -> None:
    tree = found.tree
    body = node.child_by_field_name("body")
    annotations, start, words = _modifiers(tree, node)
    public = "public" in words or (bool(owner) and "private" not in words)
    name = found.define(
        node, tree.text(node.child_by_field_name("name")), body, owner=owner, public=public, start=start
    )
    if body is None or depth > MAX_DEPTH:
        return
    members = list(tree.children(body))
    for inner in [each for each in members if each.type == "enum_body_declarations"]:
        members += tree.children(inner)
    prefixes = _paths(tree, annotations.get("RequestMapping")) or [""]
    for each in members:
        if each.type in _TYPES:
            _type(found, each, name, depth + 1)
        elif each.type in _METHODS:
            _method(found, each, name, prefixes, node.type)
    schema = _schema(tree, node, name, annotations, members)
    if schema:
        found.schemas.append(schema)


def _method(found: Collected, node: Node, owner: str, prefixes: list[str], within: str) -> None:
    tree = found.tree
    annotations, start, words = _modifiers(tree, node)
    public = "public" in words or (within == "interface_declaration" and "private" not in words)
    name = found.define(
        node, tree.text(node.child_by_field_name("name")), node.child_by_field_name("body"),
        owner=owner, joint=".", public=public, start=start,
    )  # fmt: skip
    for called, annotation in annotations.items():
        if called in _MAPPINGS:
            verb = _MAPPINGS[called] or "|".join(_METHOD.findall(tree.text(annotation)))
            for prefix in prefixes:
                for path in _paths(tree, annotation) or [""]:
                    if prefix or path:
                        found.routes.append(Route(verb, _joined(prefix, path), name, *lines_of(node)))


def _joined(prefix: str, path: str) -> str:
    parts = [part.strip("/") for part in (prefix, path)]
    return "/" + "/".join(part for part in parts if part)


def _paths(tree: Tree, annotation: Node | None) -> list[str]:
    text = tree.text(annotation)
    match = _PATHS.search(text)
    if match is None:
        return []
    return [path for path in _STRING.findall(match[1] or text.partition("(")[2].partition(")")[0])]


def _modifiers(tree: Tree, node: Node) -> tuple[dict[str, Node], Node | None, set[str]]:
    """Annotations by name, the first node that is none, and the words."""
    modifiers = child(node, "modifiers")
    if modifiers is None:
        return {}, None, set()
    annotations: dict[str, Node] = {}
    words: list[Node] = []
    for each in modifiers.children:
        if each.type in ("annotation", "marker_annotation"):
            annotations[tree.text(each.child_by_field_name("name")).rpartition(".")[2]] = each
        elif not each.type.endswith("comment"):
            words.append(each)
    return annotations, words[0] if words else modifiers.next_sibling, {each.type for each in words}


def _schema(
    tree: Tree, node: Node, name: str, annotations: dict[str, Node], members: list[Node]
) -> Schema | None:  # fmt: skip
    if node.type == "record_declaration":
        parameters = child(node, "formal_parameters")
        given = tree.children(parameters) if parameters is not None else []
        fields = [field(tree.text(each.child_by_field_name("name")), tree.text(each)) for each in given]
        return Schema(name, "record", tuple(fields), *lines_of(node))
    if node.type == "enum_declaration":
        constants = [each for each in members if each.type == "enum_constant"]
        fields = [field(tree.text(each.child_by_field_name("name")), tree.text(each)) for each in constants]
        return Schema(name, "enum", tuple(fields), *lines_of(node))
    kind = next((_ENTITIES[each] for each in annotations if each in _ENTITIES), None)
    if kind is None:
        return None
    return Schema(name, kind, tuple(_fields(tree, members)), *lines_of(node))


def _fields(tree: Tree, members: list[Node]) -> Iterator[Field]:
    for each in members:
        if each.type == "field_declaration":
            declared = child(each, "variable_declarator")
            _, _, words = _modifiers(tree, each)
            kind = each.child_by_field_name("type")
            if declared is not None and kind is not None and "static" not in words:
                name = declared.child_by_field_name("name")
                end = name.end_byte if name is not None else declared.end_byte
                yield field(tree.text(name), tree.between(kind.start_byte, end))

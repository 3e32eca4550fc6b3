"""What a JavaScript or TypeScript file defines: functions, classes, interfaces, types, enums.

Owns definitions and schemas; routes are beside it. Must not know items or git. Invariant: what a function nests is its
own affair; where a file exports anything, only what it exports is public.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.javascript_route import express_routes, next_routes
from contox_hooks.pipeline.source.outline import Field, Outline, Schema, field
from contox_hooks.pipeline.source.tree import MAX_DEPTH, Collected, Tree, child, lines_of, parse

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS = ("arrow_function", "function_expression", "generator_function", "function")
_NAMED = (
    "function_declaration", "generator_function_declaration", "function_signature", "class_declaration",
    "abstract_class_declaration", "interface_declaration", "type_alias_declaration", "enum_declaration",
)  # fmt: skip
_NAMESPACES = ("internal_module", "module")
_WRAPPERS = ("export_statement", "ambient_declaration", "expression_statement")


def outline(content: bytes, path: str) -> Outline:
    """Raises Unparsable."""
    package, function = _grammar(path)
    tree = parse(content, package, function)
    reading = _Reading(tree)
    reading.block(tree.root, "", exported=False, depth=0)
    found = reading.found
    found.routes += express_routes(tree, package, function)
    found.routes += next_routes(path, found.definitions)
    return found.outline()


def _grammar(path: str) -> tuple[str, str]:
    """TypeScript with its angle-bracket casts is another grammar than with JSX; JavaScript has JSX always."""
    suffix = path.rpartition(".")[2].lower()
    if suffix in ("ts", "mts", "cts"):
        return "tree_sitter_typescript", "language_typescript"
    if suffix == "tsx":
        return "tree_sitter_typescript", "language_tsx"
    return "tree_sitter_javascript", "language"


class _Reading:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found = Collected(tree)
        self.is_module = any(each.type == "export_statement" for each in tree.root.named_children)

    def block(self, node: Node, owner: str, *, exported: bool, depth: int) -> None:
        for each in self.tree.children(node):
            self.statement(each, owner, each, exported=exported, depth=depth)

    def statement(self, node: Node, owner: str, start: Node, *, exported: bool, depth: int) -> None:
        public = exported or not self.is_module
        if node.type in _WRAPPERS and depth < MAX_DEPTH:
            is_export = node.type == "export_statement"
            for each in self.tree.children(node):
                if each.type == "assignment_expression":
                    self.assigned(each, owner, node)
                elif is_export and each.type in _FUNCTIONS:
                    self.found.define(each, "default", each.child_by_field_name("body"), owner=owner, start=node)
                elif each.type != "decorator":
                    self.statement(each, owner, start, exported=exported or is_export, depth=depth + 1)
        elif node.type in _NAMED:
            self.named(node, owner, start, public=public, depth=depth)
        elif node.type in ("lexical_declaration", "variable_declaration"):
            for each in self.tree.children(node):
                self.variable(each, owner, start, exported=exported, public=public)
        elif node.type in _NAMESPACES and depth < MAX_DEPTH:
            body = node.child_by_field_name("body")
            name = self.found.define(node, self.name(node).strip("\"'"), body, owner=owner, public=public, start=start)
            if body is not None:
                self.block(body, name, exported=exported, depth=depth + 1)

    def name(self, node: Node) -> str:
        return self.tree.text(node.child_by_field_name("name"))

    def named(self, node: Node, owner: str, start: Node, *, public: bool, depth: int) -> None:
        body = node.child_by_field_name("body")
        kind = node.type.partition("_")[0]
        if kind == "type":
            value = node.child_by_field_name("value")
            body = value if value is not None and value.type == "object_type" else None
        name = self.found.define(node, self.name(node), body, owner=owner, joint=".", public=public, start=start)
        if body is None:
            return
        if kind in ("interface", "type", "enum"):
            fields = tuple(self.members(body))
            self.found.schemas.append(Schema(name, "enum" if kind == "enum" else kind, fields, *lines_of(node)))
        elif kind in ("class", "abstract") and depth < MAX_DEPTH:
            for each in self.tree.children(body):
                self.member(each, name, public=public)

    def members(self, body: Node) -> list[Field]:
        fields = []
        for each in self.tree.children(body):
            if each.type in ("property_signature", "method_signature", "enum_assignment"):
                fields.append(field(self.name(each), self.tree.text(each)))
            elif each.type == "property_identifier":
                fields.append(field(self.tree.text(each), self.tree.text(each)))
        return fields

    def member(self, node: Node, owner: str, *, public: bool) -> None:
        name = self.name(node) or self.tree.text(node.child_by_field_name("property"))
        body = node.child_by_field_name("body")
        if node.type in ("public_field_definition", "field_definition"):
            value = node.child_by_field_name("value")
            if value is None or value.type not in _FUNCTIONS:
                return
            body = value.child_by_field_name("body")
        elif node.type not in ("method_definition", "method_signature", "abstract_method_signature"):
            return
        hidden = name.startswith(("#", "_")) or self.tree.text(child(node, "accessibility_modifier")) == "private"
        self.found.define(node, name, body, owner=owner, joint=".", public=public and not hidden)

    def variable(self, node: Node, owner: str, start: Node, *, exported: bool, public: bool) -> None:
        value = node.child_by_field_name("value")
        name = self.name(node)
        if value is None or not name.replace("$", "_").isidentifier():
            return
        if value.type in (*_FUNCTIONS, "class"):
            body = value.child_by_field_name("body")
            self.found.define(value, name, body, owner=owner, public=public, start=start)
            if value.type == "class" and body is not None:
                for each in self.tree.children(body):
                    self.member(each, name, public=public)
            return
        if exported:
            self.found.define(node, name, value, owner=owner, start=start)
        fields = self.zod(value)
        if fields:
            self.found.schemas.append(Schema(name, "zod schema", tuple(fields), *lines_of(node)))

    def zod(self, value: Node) -> list[Field]:
        function = value.child_by_field_name("function") if value.type == "call_expression" else None
        if self.tree.text(function) != "z.object":
            return []
        body = child(value.child_by_field_name("arguments"), "object")
        pairs = [each for each in self.tree.children(body) if each.type == "pair"] if body is not None else []
        return [field(self.tree.text(pair.child_by_field_name("key")), self.tree.text(pair)) for pair in pairs]

    def assigned(self, node: Node, owner: str, start: Node) -> None:
        """`exports.f = function () {…}`, `Shop.prototype.total = …`."""
        left, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or value is None or left.type != "member_expression" or value.type not in _FUNCTIONS:
            return
        name = self.tree.text(left).removeprefix("module.").removeprefix("exports.").replace(".prototype.", ".")
        if len(name) <= 80 and "(" not in name and not owner:
            self.found.define(value, name, value.child_by_field_name("body"), start=start)

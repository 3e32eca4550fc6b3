"""What a Ruby file defines: classes, modules, methods; Rails models, tables and routes.

Must not know items or git. Invariant: a method is public unless `private` or `protected` stands before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Field, Outline, Schema, field
from contox_hooks.pipeline.source.ruby_route import rails_routes
from contox_hooks.pipeline.source.tree import MAX_DEPTH, Collected, Tree, child, lines_of, nodes_of, parse

if TYPE_CHECKING:
    from tree_sitter import Node

_PACKAGE = "tree_sitter_ruby"
_MODEL_BASES = ("ApplicationRecord", "ActiveRecord::Base")
_MODEL_CALLS = frozenset(
    {"belongs_to", "has_many", "has_one", "has_and_belongs_to_many", "validates", "enum", "scope", "attribute"}
)
_TABLES = """(call method: (identifier) @verb (#any-of? @verb "create_table" "change_table")
  arguments: (argument_list . [(string) (simple_symbol)])) @call"""


def outline(content: bytes, path: str) -> Outline:
    """Raises Unparsable."""
    tree = parse(content, _PACKAGE)
    found = Collected(tree)
    _block(found, tree.root, "", 0)
    if b"_table" in content:
        found.schemas += _tables(tree)
    if b"routes.draw" in content or "config/routes" in path:
        found.routes += rails_routes(tree)
    return found.outline()


def _block(found: Collected, block: Node, owner: str, depth: int) -> None:
    tree = found.tree
    public = True
    for node in tree.children(block):
        if node.type in ("class", "module") and depth < MAX_DEPTH:
            body = node.child_by_field_name("body")
            name = tree.text(node.child_by_field_name("name")).replace("::", ".")
            name = found.define(node, name, body or _end(node), owner=owner)
            if body is not None:
                _block(found, body, name, depth + 1)
                if tree.text(node.child_by_field_name("superclass")).lstrip("< ") in _MODEL_BASES:
                    found.schemas.append(Schema(name, "Rails model", tuple(_model(tree, body)), *lines_of(node)))
        elif node.type in ("method", "singleton_method"):
            _method(found, node, owner, public=public)
        elif node.type == "identifier" and tree.text(node) in ("private", "protected", "public"):
            public = tree.text(node) == "public"
        elif node.type == "call" and tree.text(node.child_by_field_name("method")) in (
            "private",
            "private_class_method",
        ):
            inner = child(node.child_by_field_name("arguments"), "method", "singleton_method")
            if inner is not None:
                _method(found, inner, owner, public=False)
        elif node.type == "singleton_class" and depth < MAX_DEPTH:
            inner = node.child_by_field_name("body")
            if inner is not None:
                _block(found, inner, owner, depth + 1)


def _end(node: Node) -> Node | None:
    return next((each for each in node.children if each.type == "end"), None)


def _method(found: Collected, node: Node, owner: str, *, public: bool) -> None:
    tree = found.tree
    name, parameters = node.child_by_field_name("name"), node.child_by_field_name("parameters")
    end = parameters or name
    after = next((each for each in node.children if end is not None and each.start_byte >= end.end_byte), None)
    joint = "#" if node.type == "method" else ""
    found.define(node, tree.text(name), after, owner=owner, joint=joint, public=public)


def _model(tree: Tree, body: Node) -> Iterator[Field]:
    for node in tree.children(body):
        if node.type == "call" and tree.text(node.child_by_field_name("method")) in _MODEL_CALLS:
            arguments = node.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            yield field(f"{tree.text(node.child_by_field_name('method'))} {tree.text(first)}", tree.text(node))


def _tables(tree: Tree) -> Iterator[Schema]:
    """`create_table "users" do |t| … end` of a migration or of db/schema.rb."""
    for node in nodes_of(tree, _PACKAGE, "language", _TABLES, "call"):
        arguments, block = node.child_by_field_name("arguments"), node.child_by_field_name("block")
        body = block.child_by_field_name("body") if block is not None else None
        if arguments is None or body is None:
            continue
        name = tree.text(arguments.named_children[0]).strip(":\"'")
        columns = [each for each in tree.children(body) if each.type == "call"]
        fields = (field(_column(tree, each), tree.text(each).removeprefix("t.")) for each in columns)
        verb = "table" if tree.text(node.child_by_field_name("method")) == "create_table" else "table change"
        yield Schema(name, verb, tuple(fields), *lines_of(node))


def _column(tree: Tree, node: Node) -> str:
    arguments = node.child_by_field_name("arguments")
    first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    return tree.text(first).strip(":\"'") or tree.text(node)

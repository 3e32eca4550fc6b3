"""What a Rust file defines: functions, structs, enums, traits, and what is implemented for them.

Must not know items or git. Invariant: public is what says `pub`, and what a trait declares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Outline, Schema, field
from contox_hooks.pipeline.source.tree import MAX_DEPTH, Collected, child, lines_of, parse

if TYPE_CHECKING:
    from tree_sitter import Node

_DEFINED = (
    "function_item", "function_signature_item", "struct_item", "enum_item", "union_item", "trait_item", "type_item",
    "const_item", "macro_definition",
)  # fmt: skip


def outline(content: bytes, path: str = "") -> Outline:
    """Raises Unparsable."""
    tree = parse(content, "tree_sitter_rust")
    found = Collected(tree)
    _block(found, tree.root, "", public=False, depth=0)
    return found.outline()


def _block(found: Collected, block: Node, owner: str, *, public: bool, depth: int) -> None:
    tree = found.tree
    if depth > MAX_DEPTH:
        return
    for node in tree.children(block):
        name, body = tree.text(node.child_by_field_name("name")), node.child_by_field_name("body")
        if node.type in _DEFINED:
            if node.type == "const_item":
                body = node.child_by_field_name("value")
            elif node.type == "macro_definition":
                body = child(node, "macro_rule")
            said = public or child(node, "visibility_modifier") is not None
            is_tuple = body is not None and body.type == "ordered_field_declaration_list"
            qualified = found.define(node, name, None if is_tuple else body, owner=owner, joint="::", public=said)
            if node.type == "trait_item" and body is not None:
                _block(found, body, qualified, public=said, depth=depth + 1)
            elif body is not None and not is_tuple and node.type in ("struct_item", "enum_item", "union_item"):
                _schema(found, node, qualified, body)
        elif node.type == "impl_item" and body is not None:
            kind = node.child_by_field_name("type")
            if kind is not None and kind.type == "generic_type":
                kind = kind.child_by_field_name("type")
            is_trait = node.child_by_field_name("trait") is not None
            inner = tree.text(kind).rpartition("::")[2]
            _block(found, body, f"{owner}.{inner}" if owner else inner, public=is_trait, depth=depth + 1)
        elif node.type == "mod_item" and body is not None and name != "tests":
            _block(found, body, f"{owner}.{name}" if owner else name, public=False, depth=depth + 1)
        elif node.type == "foreign_mod_item" and body is not None:
            _block(found, body, owner, public=public, depth=depth + 1)


def _schema(found: Collected, node: Node, name: str, body: Node) -> None:
    tree = found.tree
    fields = [
        field(tree.text(each.child_by_field_name("name")), tree.text(each))
        for each in tree.children(body)
        if each.type in ("field_declaration", "enum_variant")
    ]
    found.schemas.append(Schema(name, node.type.partition("_")[0], tuple(fields), *lines_of(node)))

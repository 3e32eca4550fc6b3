"""What a C or C++ file defines: functions, types, function-like macros; in headers also what is declared.

Must not know items or git. Invariant: `static` and what a class keeps private are not public; whatever an unknown macro
breaks is left out, the rest of the file is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contox_hooks.pipeline.source.outline import Outline, Schema, field
from contox_hooks.pipeline.source.tree import MAX_DEPTH, Collected, Tree, child, lines_of, parse

if TYPE_CHECKING:
    from tree_sitter import Node

_BLOCKS = (
    "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "preproc_elifdef", "declaration_list", "ERROR",
)  # fmt: skip
_TYPES = ("struct_specifier", "union_specifier", "enum_specifier", "class_specifier")
_DECLARATIONS = ("declaration", "field_declaration", "type_definition", "alias_declaration", "concept_definition")
_NAMES = (
    "identifier", "field_identifier", "type_identifier", "destructor_name", "operator_name", "qualified_identifier",
    "operator_cast", "template_function",
)  # fmt: skip
_HEAD_ENDS = (b")", b"const", b"noexcept", b"override")
_OPENED = (b"\n{\n", b"\n{\r\n")
_MAX_SPACE = 80
_HEADERS = ("h", "hh", "hpp", "hxx", "inl")


def outline(content: bytes, path: str) -> Outline:
    """Raises Unparsable."""
    suffix = path.rpartition(".")[2].lower()
    is_c = suffix == "c" or (suffix == "h" and not _looks_like_cpp(content))
    tree = parse(_without_bodies(content), "tree_sitter_c" if is_c else "tree_sitter_cpp")
    reading = _Reading(tree, suffix in _HEADERS)
    reading.block(tree.root, "", 0)
    return reading.found.outline()


def _without_bodies(content: bytes) -> bytes:
    """With nothing but their line ends, the bodies of functions whose braces stand in the first column: nothing of them
    is told, they are most of what there is to parse, and their macros most of what does not parse."""
    parts, done = [], 0
    opened = content.find(b"\n{")
    while opened >= 0:
        closed = content.find(b"\n}\n", opened + 2)
        if closed < 0:
            break
        inner = content.find(b"\n{", opened + 2, closed)
        if inner < 0 and _is_body(content, opened, closed):
            parts += [content[done : opened + 2], b"\n" * content.count(b"\n", opened + 2, closed)]
            done = closed
        opened = inner if inner >= 0 else content.find(b"\n{", closed)
    return b"".join((*parts, content[done:]))


def _is_body(content: bytes, opened: int, closed: int) -> bool:
    """Not of a type or an initialiser, and with every `#if` whole: else its braces may be those of another branch."""
    head = content[max(0, opened - _MAX_SPACE) : opened].rstrip()
    branches = content.count(b"\n#if", opened, closed) - content.count(b"\n#endif", opened, closed)
    return head.endswith(_HEAD_ENDS) and content.startswith(_OPENED, opened) and not branches


def _looks_like_cpp(content: bytes) -> bool:
    return any(word in content for word in (b"\nnamespace ", b"\nclass ", b"\ntemplate", b"public:", b"std::"))


class _Reading:
    def __init__(self, tree: Tree, is_header: bool) -> None:
        self.tree = tree
        self.found = Collected(tree)
        self.is_header = is_header

    def block(self, block: Node, owner: str, depth: int, *, public: bool = True, joint: str = "") -> None:
        if depth > MAX_DEPTH:
            return
        for node in self.tree.children(block):
            if node.type == "access_specifier":
                public = self.tree.text(node).startswith("public")
            else:
                self.statement(node, owner, node, depth, public=public, joint=joint)

    def statement(self, node: Node, owner: str, start: Node, depth: int, *, public: bool, joint: str) -> None:
        if node.type in _BLOCKS:
            self.block(node, owner, depth + 1, public=public, joint=joint)
        elif node.type == "template_declaration":
            for each in self.tree.children(node):
                if each.type in ("function_definition", *_TYPES, *_DECLARATIONS):
                    self.statement(each, owner, start, depth, public=public, joint=joint)
        elif node.type in ("namespace_definition", "linkage_specification"):
            name = self.tree.text(node.child_by_field_name("name")).replace("::", ".")
            body = node.child_by_field_name("body")
            inner = ".".join(part for part in (owner, name) if part)
            if body is not None and body.type == "declaration_list":
                self.block(body, inner, depth + 1, joint="::")
            elif body is not None:
                self.statement(body, inner, start, depth + 1, public=public, joint=joint)
        elif node.type == "function_definition":
            self.function(node, owner, start, node.child_by_field_name("body"), public=public, joint=joint)
        elif node.type == "preproc_function_def":
            name = self.tree.text(node.child_by_field_name("name"))
            self.found.define(node, name, node.child_by_field_name("value"))
        elif node.type in _TYPES:
            self.type(node, owner, start, depth, public=public, joint=joint)
        elif node.type in _DECLARATIONS:
            self.declaration(node, owner, start, depth, public=public, joint=joint)

    def function(
        self, node: Node, owner: str, start: Node, body: Node | None, *, public: bool, joint: str
    ) -> None:  # fmt: skip
        name = self.declared_name(node.child_by_field_name("declarator"))
        initializers = child(node, "field_initializer_list")
        static = any(
            self.tree.text(each) == "static" for each in node.children if each.type == "storage_class_specifier"
        )
        public = public and not (static and joint != "::")
        name = name.replace("::", ".")
        self.found.define(node, name, initializers or body, owner=owner, joint=joint, public=public, start=start)

    def declared_name(self, node: Node | None) -> str:
        for _ in range(MAX_DEPTH):
            if node is None:
                return ""
            if node.type in _NAMES:
                return self.tree.text(node)[:120]
            node = node.child_by_field_name("declarator") or child(
                node, "function_declarator", "pointer_declarator", "reference_declarator", *_NAMES
            )
        return ""

    def declaration(self, node: Node, owner: str, start: Node, depth: int, *, public: bool, joint: str) -> None:
        kind, declarator = node.child_by_field_name("type"), node.child_by_field_name("declarator")
        if kind is not None and kind.type in _TYPES and kind.child_by_field_name("body") is not None:
            alias = self.tree.text(declarator) if node.type == "type_definition" else ""
            self.type(kind, owner, start, depth, public=public, joint=joint, name=alias)
        elif node.type in ("type_definition", "alias_declaration", "concept_definition"):
            name = self.declared_name(declarator) or self.tree.text(node.child_by_field_name("name"))
            self.found.define(node, name, None, owner=owner, public=public, start=start)
        elif (self.is_header or joint) and self.is_function(declarator):
            self.function(node, owner, start, None, public=public, joint=joint)

    def is_function(self, node: Node | None) -> bool:
        while node is not None and node.type in ("pointer_declarator", "reference_declarator"):
            node = node.child_by_field_name("declarator") or child(node, "function_declarator")
        return node is not None and node.type == "function_declarator"

    def type(
        self, node: Node, owner: str, start: Node, depth: int, *, public: bool, joint: str, name: str = ""
    ) -> None:
        body = node.child_by_field_name("body")
        name = self.tree.text(node.child_by_field_name("name")) or name
        if body is None or not name:
            return
        kind = node.type.partition("_")[0]
        signature = f"typedef {kind} {{…}} {name}" if node.child_by_field_name("name") is None else ""
        name = self.found.define(node, name, body, owner=owner, public=public, start=start, signature=signature)
        fields = [
            field(self.declared_name(each.child_by_field_name("declarator")), self.tree.text(each).rstrip(";"))
            for each in self.tree.children(body)
            if each.type == "field_declaration" and not self.is_function(each.child_by_field_name("declarator"))
        ]
        if kind == "enum":
            constants = [each for each in self.tree.children(body) if each.type == "enumerator"]
            fields = [
                field(self.tree.text(each.child_by_field_name("name")), self.tree.text(each)) for each in constants
            ]
        if kind != "class" and fields:
            self.found.schemas.append(Schema(name, kind, tuple(fields), *lines_of(node)))
        if kind in ("class", "struct") and self.tree.root.type == "translation_unit":
            self.block(body, name, depth + 1, public=public and kind == "struct", joint="::")

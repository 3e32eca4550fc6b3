from __future__ import annotations

from contox_hooks.pipeline.patch import FilePatch, Line
from contox_hooks.pipeline.symbol import symbol_changes


def test_a_ruby_class_method_is_named_without_self() -> None:
    found = symbol_changes(FilePatch("a.rb", [Line("@", ""), Line("+", "  def self.up(a)"), Line("-", "  def down")]))
    assert [(symbol.name, symbol.signature) for symbol in found.added] == [("up", "def self.up(a)")]
    assert [symbol.name for symbol in found.removed] == ["down"]

"""A server's entry in a JSON file of settings: `{"mcpServers": {"contox-hooks": {…}}}`. Pure.

Invariant: comments, order, indentation, line ends and other people's entries stay as they are, character by character;
a result that would read otherwise than expected is never given (Unparsable).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contox_hooks.agent.insertion import Insertion, Unparsable, line_at, newline_of, put_in
from contox_hooks.agent.jsonc import Member, Node, parsed

_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*(?:(?!\*/)[^\r\n])*\*/)*(?://[^\r\n]*)?(?=\r?\n|\Z)")
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class JsonEntry:
    key: str
    """The object that holds the servers: `mcpServers`, `servers`."""
    name: str

    def found(self, text: str) -> Any:
        """The entry's value; None where there is none. Raises Unparsable."""
        servers = self._servers(text, _root(text))
        member = None if servers is None else servers.member(self.name)
        return None if member is None else member.value.value

    def pieces(self, text: str, entry: Any) -> list[Insertion]:
        """What puts the entry in, for a text that has none. Raises Unparsable."""
        root = _root(text)
        newline = newline_of(text)
        if root is None:
            start = "" if text.strip("\ufeff \t") == "" or text.endswith("\n") else newline
            whole = json.dumps({self.key: {self.name: entry}}, indent=_INDENT, ensure_ascii=False)
            pieces = [Insertion(len(text), start + whole.replace("\n", newline) + newline)]
        else:
            servers = self._servers(text, root)
            if servers is None:
                pieces = _member_in(text, root, root, self.key, {self.name: entry})
            else:
                pieces = _member_in(text, root, servers, self.name, entry)
        return self._checked(text, pieces, entry)

    def without(self, text: str, *, prune: bool) -> str:
        """The text without the entry; with `prune` without the object around it too, if that is empty then."""
        root = _root(text)
        servers = self._servers(text, root)
        if root is None or servers is None or servers.member(self.name) is None:
            return text
        expected = json.loads(json.dumps(root.value))
        del expected[self.key][self.name]
        text = _cut_member(text, servers, self.name)
        if prune and not expected[self.key]:
            rest = _root(text)
            assert rest is not None
            member = rest.member(self.key)
            if member is not None and not text[member.value.start + 1 : member.value.end - 1].strip():
                text = _cut_member(text, rest, self.key)
                del expected[self.key]
        again = _root(text)
        if again is None or again.value != expected:
            raise Unparsable(line_at(text, servers.start), f"{self.name} cannot be taken out safely")
        return text

    def changed(self, text: str, values: Mapping[str, Any]) -> str:
        """The text with these of the entry's values in the place of those that stand there. Raises Unparsable."""
        root = _root(text)
        servers = self._servers(text, root)
        entry = None if servers is None else servers.member(self.name)
        assert root is not None
        assert entry is not None
        result = text
        there = [one for key in values if (one := entry.value.member(key)) is not None]
        for one in sorted(there, key=lambda one: one.start, reverse=True):
            is_long = "\n" in text[one.value.start : one.value.end]
            written = json.dumps(values[one.key], indent=_unit(text, root) if is_long else None, ensure_ascii=False)
            written = written.replace("\n", newline_of(text) + _lead(text, one.start))
            result = result[: one.value.start] + written + result[one.value.end :]
        if len(there) != len(values) or self.found(result) != {**entry.value.value, **values}:
            raise Unparsable(line_at(text, entry.start), f"{self.name} cannot be brought up to date safely")
        return result

    def is_bare(self, text: str) -> bool:
        """Whether nothing is left that somebody may have wanted: no values, no comments."""
        return re.sub(r"[\s\ufeff]", "", text) in ("", "{}", f'{{"{self.key}":{{}}}}')

    def _servers(self, text: str, root: Node | None) -> Node | None:
        if root is None:
            return None
        member = root.member(self.key)
        if member is None:
            return None
        if member.value.members is None:
            raise Unparsable(line_at(text, member.start), f"{self.key} is no object")
        return member.value

    def _checked(self, text: str, pieces: list[Insertion], entry: Any) -> list[Insertion]:
        root = _root(text)
        before = {} if root is None else root.value
        expected = {**before, self.key: {**before.get(self.key, {}), self.name: entry}}
        after = _root(put_in(text, pieces)[0])
        if after is None or after.value != expected:
            raise Unparsable(1, f"{self.name} cannot be added safely")
        return pieces


def _root(text: str) -> Node | None:
    root = parsed(text)
    if root is not None and root.members is None:
        raise Unparsable(line_at(text, root.start), "an object in braces is expected here")
    return root


def _member_in(text: str, root: Node, holder: Node, key: str, value: Any) -> list[Insertion]:
    """What puts a member in as the last one, in the style of its neighbours."""
    newline = newline_of(text)
    last = holder.members[-1] if holder.members else None
    outer, unit = _lead(text, holder.start), _unit(text, root)
    if "\n" not in text.strip() or (last is not None and not _has_own_line(text, holder, last)):
        member = f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"
        if last is None:
            return [Insertion(holder.end - 1, member)]
        if last.comma is not None:
            return [Insertion(last.comma + 1, f" {member},")]
        return [Insertion(last.value.end, f", {member}")]
    indent = outer + unit if last is None else _lead(text, last.start)
    body = json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", newline + indent)
    member = f"{newline}{indent}{json.dumps(key, ensure_ascii=False)}: {body}"
    if last is None:
        inner = text[holder.start + 1 : holder.end - 1]
        at = holder.start + 1 + len(inner.rstrip())
        closing = "" if "\n" in text[at : holder.end - 1] else newline + outer
        return [Insertion(at, member + closing)]
    if last.comma is not None:
        return [Insertion(_line_end(text, last.comma + 1), f"{member},")]
    return [Insertion(last.value.end, ","), Insertion(_line_end(text, last.value.end), member)]


def _lead(text: str, offset: int) -> str:
    """The blanks that the line of `offset` begins with."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset].lstrip("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]


def _has_own_line(text: str, holder: Node, member: Member) -> bool:
    start = text.rfind("\n", 0, member.start) + 1
    return start > holder.start and not text[start : member.start].strip(" \t")


def _unit(text: str, root: Node) -> str:
    first = root.members[0] if root.members else None
    lead = _lead(text, first.start) if first is not None and _has_own_line(text, root, first) else ""
    return lead.removeprefix(_lead(text, root.start)) or _INDENT


def _line_end(text: str, offset: int) -> int:
    """Behind the comments that follow on the same line; the offset itself where more than that follows."""
    found = _REST_OF_LINE.match(text, offset)
    return offset if found is None else offset + len(found[0].rstrip(" \t"))


def _cut_member(text: str, holder: Node, key: str) -> str:
    """Without the member, its comma and, where they were its alone, its lines."""
    members = holder.members or []
    member = holder.member(key)
    assert member is not None
    number = members.index(member)
    start, end = member.start, member.value.end
    commas: list[int] = []
    if member.comma is not None:
        if text[end : member.comma].strip():
            commas.append(member.comma)  # a comment stands between
        else:
            end = member.comma + 1
    elif number:
        before = members[number - 1].comma
        assert before is not None
        commas.append(before)
    line = text.rfind("\n", 0, start)
    blank = re.compile(r"[ \t]*(?=\r?\n|\Z)").match(text, end)
    if line > holder.start and not text[line + 1 : start].strip(" \t") and blank is not None:
        start, end = line - (text[line - 1] == "\r"), blank.end()
    for at, stop in sorted([(start, end), *((comma, comma + 1) for comma in commas)], reverse=True):
        text = text[:at] + text[stop:]
    return text

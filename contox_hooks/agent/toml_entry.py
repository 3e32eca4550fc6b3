"""A server's table in a TOML file of settings: `[mcp_servers.contox-hooks]`, at the file's end. Pure.

Invariant: what is added is whole lines behind what was there, what is taken out whole lines of that table; a result
that would read otherwise than expected is never given (Unparsable).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contox_hooks.agent.insertion import Insertion, Unparsable, newline_of, put_in

_LINE = re.compile(r"at line (\d+)")
_STRING = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_STRINGS = rf"""\[(?:[^\[\]"'#]|{_STRING}|#[^\n]*+)*+\]"""


@dataclass(frozen=True, slots=True)
class TomlEntry:
    key: str
    name: str

    def found(self, text: str) -> Any:
        """The entry's value; None where there is none. Raises Unparsable."""
        servers = _loaded(text).get(self.key, {})
        if not isinstance(servers, dict):
            raise Unparsable(1, f"{self.key} is no table")
        return servers.get(self.name)

    def pieces(self, text: str, entry: Any) -> list[Insertion]:
        """What puts the entry in, for a text that has none. Raises Unparsable."""
        expected = _loaded(text)
        self.found(text)
        newline = newline_of(text)
        before = "" if not text.strip("\ufeff \t\r\n") else newline if text.endswith("\n") else newline * 2
        lines = [f"[{self.key}.{self.name}]", *(f"{key} = {_written(value)}" for key, value in entry.items())]
        pieces = [Insertion(len(text), before + newline.join([*lines, ""]))]
        expected[self.key] = {**expected.get(self.key, {}), self.name: entry}
        try:
            after = _loaded(put_in(text, pieces)[0])
        except Unparsable:
            after = {}
        if after != expected:
            raise Unparsable(1, f"{self.key} is written in a way that a table cannot be added to")
        return pieces

    def without(self, text: str, *, prune: bool) -> str:
        """The text without the entry's lines."""
        del prune  # the table around it has no line of its own
        if self.found(text) is None:
            return text
        expected = _loaded(text)
        del expected[self.key][self.name]
        if not expected[self.key]:
            del expected[self.key]
        result = self._table.sub("", text)
        try:
            left = _loaded(result)
        except Unparsable:
            left = {}
        if not left.get(self.key, True):
            del left[self.key]
        if left != expected:
            raise Unparsable(1, f"{self.key}.{self.name} is written in a way that cannot be taken out safely")
        return result

    def changed(self, text: str, values: Mapping[str, Any]) -> str:
        """The text with these of the entry's values in the place of those that stand there. Raises Unparsable."""
        expected = _loaded(text)
        expected[self.key][self.name] = {**expected[self.key][self.name], **values}
        table = self._table.search(text)
        start, end = (0, 0) if table is None else table.span()
        lines = text[start:end]
        for key, value in values.items():
            pair = re.compile(rf"""^([ \t]*"?{re.escape(key)}"?[ \t]*=[ \t]*)(?:{_STRING}|{_STRINGS})""", re.MULTILINE)
            found = pair.search(lines)
            if found is not None:
                lines = lines[: found.end(1)] + _written(value) + lines[found.end() :]
        result = text[:start] + lines + text[end:]
        try:
            after = _loaded(result)
        except Unparsable:
            after = {}
        if after != expected:
            raise Unparsable(1, f"{self.key}.{self.name} is written in a way that cannot be brought up to date safely")
        return result

    def is_bare(self, text: str) -> bool:
        return not text.strip("\ufeff \t\r\n")

    @property
    def _table(self) -> re.Pattern[str]:
        """Its lines and those of its sub-tables, up to the last that says something; the blank lines before it."""
        names = [f"""(?:{re.escape(part)}|"{re.escape(part)}"|'{re.escape(part)}')""" for part in (self.key, self.name)]
        header = rf"[ \t]*\[[ \t]*{names[0]}[ \t]*\.[ \t]*{names[1]}[ \t]*(?:\.[^\]\n]*)?\][^\n]*(?:\n|\Z)"
        pair = r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?![ \t]*[\[#])[ \t]*[^\s\[#][^\n]*(?:\n|\Z)"
        return re.compile(rf"(?:^[ \t]*\r?\n)?(?:^|(?<=\ufeff)){header}(?:{pair})*", re.MULTILINE)


def _loaded(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        place = _LINE.search(str(error))
        raise Unparsable(int(place[1]) if place else 1 + text.count("\n"), str(error)) from None


def _written(value: Any) -> str:
    """Strings, booleans and lists of them: JSON's form is TOML's."""
    return json.dumps(value, ensure_ascii=False)

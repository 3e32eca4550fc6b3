"""Changes of a database's schema that migrations write down: SQL, Alembic, Django, Rails.

Knows how such steps look on their lines; must not know any database. Invariant: only the way forward is told, not what
a downgrade would undo.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from contox_hooks.pipeline.fact import Fact
from contox_hooks.pipeline.patch import FilePatch
from contox_hooks.pipeline.quote import added_quote

_MAX_STEPS = 6
_ARGUMENTS_LINES = 4
"""A call's arguments are looked for on its line and the next ones."""

_NAME = r"""[`"'\[]?([\w.]+)[`"'\]]?"""
_SQL = re.compile(
    rf"\b(?P<verb>CREATE|DROP|ALTER)\s+(?:UNIQUE\s+|VIRTUAL\s+)?(?P<what>TABLE|INDEX|VIEW)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
    rf"{_NAME}(?:\s+(?P<part>ADD|DROP|RENAME)\s+(?:COLUMN\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?{_NAME})?",
    re.IGNORECASE,
)
_ALEMBIC = re.compile(r"\bop\.(?P<verb>create|drop|add|alter|rename)_(?P<what>table|column|index|constraint)\(")
_DJANGO = re.compile(
    r"\bmigrations\.(?P<verb>Create|Delete|Add|Remove|Alter|Rename)(?P<what>Model|Field|Index|Constraint)\("
)
_RAILS = re.compile(r"^\s*(?P<verb>create|drop|add|remove|change|rename)_(?P<what>table|column|index|reference)\s+:")
_STRING = re.compile(r"""["'](\w[\w.]*)["']|:(\w+)""")
_BACK = re.compile(r"\s*def (?:downgrade|down)\b|\s*--\s*\+?(?:migrate:down|goose Down)|-- down\b", re.IGNORECASE)
_VERBS = {
    "create": "adds", "add": "adds", "drop": "drops", "delete": "drops", "remove": "drops", "alter": "changes",
    "change": "changes", "rename": "renames",
}  # fmt: skip
_WHAT = {"model": "table", "field": "column"}


def schema_facts(patch: FilePatch) -> Iterator[Fact]:
    told = 0
    lines = patch.added
    for place, line in enumerate(lines):
        if _BACK.match(line):
            return
        text = _step(line, lines[place : place + _ARGUMENTS_LINES])
        if text and told < _MAX_STEPS:
            told += 1
            yield Fact(patch.path, text, 6, added_quote(line), "schema")


def _step(line: str, following: Sequence[str]) -> str:
    if match := _SQL.search(line):
        verb, what, name, part, column = match["verb"], match["what"].lower(), match[3], match["part"], match[5]
        if part and column and what == "table":
            return f"{_VERBS[part.lower()]} column `{column}` of table `{name}`"
        return f"{_VERBS[verb.lower()]} {what} `{name}`"
    match = _ALEMBIC.search(line) or _DJANGO.search(line) or _RAILS.search(line)
    if match is None:
        return ""
    names = [one or other for one, other in _STRING.findall(" ".join([line[match.end() - 1 :], *following[1:]]))]
    what = match["what"].lower()
    what, verb = _WHAT.get(what, what), _VERBS[match["verb"].lower()]
    if not names:
        return ""
    if what == "table":
        return f"{verb} table `{names[0]}`"
    if what == "column" and len(names) > 1:
        return f"{verb} column `{names[1]}` of table `{names[0]}`"
    return f"{verb} {what} `{names[0]}`"

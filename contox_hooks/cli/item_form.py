"""A memory item as a small text form for an editor, and back.

Pure. Invariant: what is not understood is told with its line and nothing is lost: the text comes back as it was typed,
with what is wrong above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from contox_hooks.domain.item import ITEM_TYPES, Item
from contox_hooks.domain.item_field import TEXTS, field_value, short

_HEAD = f"""\
# {{what}}
# Save and close to keep; save without a change, or empty it, to leave the item as it is.
# type is one of {", ".join(ITEM_TYPES)}; importance 1 to 5; tags separated by commas.
"""
_WRONG = "#! "
_FIELDS = {"type": "type", "title": "title", "key": "schema_key", "importance": "importance", "tags": "tags"}
_SECTIONS = tuple(TEXTS)
_SECTION = re.compile(r"--- (\w+)\s*")


@dataclass(frozen=True, slots=True)
class Read:
    """What a form says; `problems` are empty when it can be taken."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    empty: bool = False


def form_of(item: Item) -> str:
    lines = [
        _HEAD.format(what=f"Memory item {item.id}").rstrip("\n"),
        f"type: {item.type}",
        f"title: {_flat(item.title)}",
        f"key: {item.schema_key}",
        f"importance: {item.importance}",
        f"tags: {', '.join(item.tags)}",
    ]
    for name in _SECTIONS:
        lines += [f"--- {name}", *map(_guarded, (getattr(item, name) or "").split("\n"))]
    return "\n".join(lines) + "\n"


def read_form(text: str) -> Read:
    """Never raises."""
    fields, sections, problems = _taken_apart(text)
    if not fields and not any(body.strip() for body in sections.values()):
        return Read(empty=True)
    values: dict[str, Any] = {}
    for name, wanted in _FIELDS.items():
        if name not in fields:
            problems.append(f"the line `{name}:` is missing")
            continue
        try:
            values[wanted] = field_value(name, fields[name])
        except ValueError as error:
            problems.append(str(error))
    for name in _SECTIONS:
        if name not in sections:
            problems.append(f"the line `--- {name}` is missing")
            continue
        try:
            values[name] = field_value(name, sections[name])
        except ValueError as error:
            problems.append(str(error))
    return Read(values, tuple(problems))


def option_value(name: str, text: str) -> Any:
    """What the form takes for its field or section of that name. Raises ValueError with what is wrong."""
    if name in _SECTIONS:
        return field_value(name, text)
    return field_value(name, _flat(text) if name == "title" else text.strip())


def with_problems(text: str, problems: tuple[str, ...]) -> str:
    """The form as it was typed, below what is wrong with it."""
    kept = "\n".join(line for line in text.split("\n") if not line.startswith(_WRONG))
    return "".join(f"{_WRONG}{problem}\n" for problem in problems) + kept


def changes(item: Item, values: dict[str, Any]) -> dict[str, Any]:
    """What the form has otherwise than the item."""
    shown = read_form(form_of(item)).values
    return {name: value for name, value in values.items() if value != shown.get(name, getattr(item, name))}


def _taken_apart(text: str) -> tuple[dict[str, str], dict[str, str], list[str]]:
    fields: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    problems: list[str] = []
    section: str | None = None
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        heading = _SECTION.fullmatch(line)
        if heading:
            section = heading[1]
            if section not in _SECTIONS:
                problems.append(f"line {number}: there is no section {section!r}: {', '.join(_SECTIONS)}")
            if section in sections:
                problems.append(f"line {number}: `--- {section}` stands twice")
            sections.setdefault(section, [])
        elif section is not None:
            sections[section].append(line.removeprefix("\\") if line.startswith(("\\---", "\\\\")) else line)
        elif line.strip() and not line.startswith("#"):
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon or name not in _FIELDS:
                problems.append(f"line {number}: {short(line)!r} is no field: {', '.join(_FIELDS)}")
            elif name in fields:
                problems.append(f"line {number}: `{name}:` stands twice")
            else:
                fields[name] = value.strip()
    return fields, {name: "\n".join(body) for name, body in sections.items()}, problems


def _guarded(line: str) -> str:
    """A text's own line that looks like a heading of the form."""
    return f"\\{line}" if line.startswith(("---", "\\\\", "\\---")) else line


def _flat(text: str) -> str:
    return " ".join(text.split())

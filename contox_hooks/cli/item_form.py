"""A memory item as a small text form for an editor, and back.

Pure. Invariant: what is not understood is told with its line and nothing is lost: the text comes back as it was typed,
with what is wrong above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from contox_hooks.domain.item import (
    ITEM_TYPES,
    MAX_FACTS,
    MAX_IMPACT,
    MAX_RATIONALE,
    MAX_TAGS,
    MAX_TITLE,
    Item,
)

_HEAD = f"""\
# {{what}}
# Save and close to keep; save without a change, or empty it, to leave the item as it is.
# type is one of {", ".join(ITEM_TYPES)}; importance 1 to 5; tags separated by commas.
"""
_WRONG = "#! "
_FIELDS = {"type": "type", "title": "title", "key": "schema_key", "importance": "importance", "tags": "tags"}
_SECTIONS = {"facts": MAX_FACTS, "rationale": MAX_RATIONALE, "impact": MAX_IMPACT}
_SECTION = re.compile(r"--- (\w+)\s*")
_KEY = re.compile(r"[^\s/A-Z.][^\s/A-Z]*(?:/[^\s/A-Z.][^\s/A-Z]*)*")
"""An open set (CONTRACT.md section 6)."""
_MAX_KEY = 200
_TAG = re.compile(r"[^\s,A-Z]+")


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
            values[wanted] = _value(name, fields[name])
        except ValueError as error:
            problems.append(str(error))
    for name in _SECTIONS:
        if name not in sections:
            problems.append(f"the line `--- {name}` is missing")
            continue
        try:
            values[name] = _section(name, sections[name])
        except ValueError as error:
            problems.append(str(error))
    return Read(values, tuple(problems))


def option_value(name: str, text: str) -> Any:
    """What the form takes for its field or section of that name. Raises ValueError with what is wrong."""
    return _section(name, text) if name in _SECTIONS else _value(name, _flat(text) if name == "title" else text.strip())


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
                problems.append(f"line {number}: {_short(line)!r} is no field: {', '.join(_FIELDS)}")
            elif name in fields:
                problems.append(f"line {number}: `{name}:` stands twice")
            else:
                fields[name] = value.strip()
    return fields, {name: "\n".join(body) for name, body in sections.items()}, problems


def _section(name: str, text: str) -> str | None:
    """Raises ValueError with what is wrong."""
    body, limit = text.strip("\n"), _SECTIONS[name]
    if len(body) > limit:
        raise ValueError(f"{name} has {len(body):,} characters, {limit:,} are allowed")
    return body if name == "facts" else body.strip() or None


def _value(name: str, text: str) -> Any:
    """Raises ValueError with what is wrong."""
    if name == "type" and text not in ITEM_TYPES:
        raise ValueError(f"type {_short(text)!r} is none of {', '.join(ITEM_TYPES)}")
    if name == "title" and not text:
        raise ValueError("the title is empty")
    if name == "title" and len(text) > MAX_TITLE:
        raise ValueError(f"the title has {len(text):,} characters, {MAX_TITLE} are allowed")
    if name == "key" and not _KEY.fullmatch(text):
        raise ValueError(f"key {_short(text)!r}: lower-case words like root/backend/api")
    if name == "key" and len(text) > _MAX_KEY:
        raise ValueError(f"the key has {len(text):,} characters, {_MAX_KEY} are allowed")
    if name == "importance":
        if text not in ("1", "2", "3", "4", "5"):
            raise ValueError(f"importance {_short(text)!r} is not 1 to 5")
        return int(text)
    if name == "tags":
        tags = tuple(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))
        wrong = [tag for tag in tags if not _TAG.fullmatch(tag)]
        if wrong:
            raise ValueError(f"tag {_short(wrong[0])!r}: lower-case, with hyphens")
        if len(tags) > MAX_TAGS:
            raise ValueError(f"{len(tags)} tags, {MAX_TAGS} are allowed")
        return tags
    return text


def _guarded(line: str) -> str:
    """A text's own line that looks like a heading of the form."""
    return f"\\{line}" if line.startswith(("---", "\\\\", "\\---")) else line


def _flat(text: str) -> str:
    return " ".join(text.split())


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"

"""A project's items as one Markdown document for people, whole: by schema key, each with its evidence and commits.

Must not know files. Invariants: no text of an item can leave its place; nothing is cut; a page of items is in memory at
a time. It is not read back: what an item is besides its words stands in no such document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from contox_hooks.domain.item import Evidence, ItemStatus
from contox_hooks.domain.line import GONE, told
from contox_hooks.exchange.kind import KINDS
from contox_hooks.exchange.reading import with_parts
from contox_hooks.memory.among import rows_among
from contox_hooks.memory.brain_text import DATA
from contox_hooks.memory.project import Projects
from contox_hooks.memory.report.telling import day
from contox_hooks.memory.sql import exchange as sql
from contox_hooks.memory.store import Store

_AT_ONCE = 200
_WHOLE = 10**9
_TICKS = re.compile(r"`+")


def document(store: Store, project_id: str, *, status: ItemStatus | None = None) -> Iterator[str]:
    """Pieces of it, in order; `status` None: every item. Raises NotFound."""
    project = Projects(store).get(project_id)
    yield f"# Memory of {_line(project.name)}\n\n{DATA}\n"
    chapter = None
    named = iter(store.rows(sql.CHAPTERS, project_id=project_id, status=status))
    while ids := list(islice(named, _AT_ONCE)):
        rows = list(rows_among(store, sql.ITEMS_NAMED, (row["id"] for row in ids)))
        items = {item["id"]: item for item in with_parts(store, KINDS["item"], rows)}
        for row in ids:
            if row["id"] not in items:
                continue  # gone meanwhile
            if row["schema_key"] != chapter:
                chapter = row["schema_key"]
                yield f"\n## {_line(chapter)}\n"
            yield _item(items[row["id"]])


def _item(item: dict[str, Any]) -> str:
    said = [
        item["type"], f"importance {item['importance']}", f"confidence {item['confidence']:.2f}", item["status"],
        day(item["at_utc"]), *(["approved"] if item["approved_at"] is not None else []),
    ]  # fmt: skip
    parts = [f"\n### {_line(item['title']) or '-'}\n\n`{item['id']}` {', '.join(said)}\n"]
    if item["status_reason"]:
        parts.append(f"\nStatus: {_line(item['status_reason'])}\n")
    parts.append(_quoted(item["facts"]))
    parts += [f"\n{name}:\n{_quoted(item[name.lower()])}" for name in ("Rationale", "Impact") if item[name.lower()]]
    if item["files"]:
        parts.append("\nFiles: " + ", ".join(_code(path) for path in item["files"]) + "\n")
    if item["tags"]:
        parts.append("\nTags: " + ", ".join(_code(tag) for tag in item["tags"]) + "\n")
    if item["evidence"]:
        parts.append("\nEvidence:\n")
    for found in item["evidence"]:
        cited = Evidence(found["commit_sha"], found["quote"])
        where = (_code(cited.commit_sha) if cited.is_of_commit else cited.told_by) + (
            f", {_code(found['path'])}" if found["path"] else ""
        )
        parts.append(f"\n* {where}\n\n{_fenced(found['quote'])}")
    return "".join(parts)


def _line(text: str) -> str:
    return told(text, _WHOLE)


def _quoted(text: str) -> str:
    lines = [_line(line) for line in text.split("\n")]
    return "\n" + "".join(f"> {line}  \n" if line else ">\n" for line in lines) if text.strip() else ""


def _fenced(text: str) -> str:
    """Verbatim, within the list's entry."""
    fence = "`" * max(3, 1 + max((len(found[0]) for found in _TICKS.finditer(text)), default=0))
    lines = [fence, *(_plain(line) for line in text.split("\n")), fence]
    return "".join(f"  {line}".rstrip() + "\n" for line in lines)


def _code(text: str) -> str:
    """On one line."""
    ticks = "`" * (1 + max((len(found[0]) for found in _TICKS.finditer(text)), default=0))
    gap = " " if "`" in text else ""
    return f"{ticks}{gap}{_plain(text)}{gap}{ticks}"


def _plain(line: str) -> str:
    return GONE.sub("", line.replace("\t", "    "))

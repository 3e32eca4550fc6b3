"""Items and sessions as lines for an agent: what is said, and beside it how far it can be trusted.

Pure; takes the JSON objects that memory.py answers with, ours or a server's, so any field may be missing. Invariant:
no item is told without its status, its confidence and, where it is known, its commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from contox_hooks.domain.item import Evidence

if TYPE_CHECKING:
    from contox_hooks.mcp.memory import Object

MAX_FACTS: Final = 1500
"""Characters of an item in a list; `contox://item/{id}` has all."""
_FILES: Final = 8
_QUOTES: Final = 10
_QUOTE: Final = 300


def items_told(items: Iterable[Object], *, offset: int = 0) -> list[str]:
    return [f"[{number}] {item_told(item)}" for number, item in enumerate(items, offset + 1)]


def heads_told(items: Iterable[Object]) -> str:
    """Title and trust alone."""
    return "\n\n".join(f"[{number}] {_head(item)}" for number, item in enumerate(items, 1))


def item_told(item: Object, *, whole: bool = False) -> str:
    """`whole`: with everything that is said, and the quotes that bear it out."""
    facts, lines = _text(item, "facts", "content"), [_head(item)]
    if facts:
        lines.append(facts if whole else _cut(facts))
    for name, label in (("rationale", "why"), ("impact", "impact")):
        if told := _text(item, name):
            lines.append(f"{label}: {told if whole else _cut(told)}")
    if files := _texts(item, "files"):
        lines.append(f"files: {_some(files, len(files) if whole else _FILES)}")
    if whole:
        lines += _evidence(item)
    return "\n".join(lines)


def _head(item: Object) -> str:
    return f"{_line(_text(item, 'type'))}: {_line(_text(item, 'title'))}\n{_trust(item)}"


def _trust(item: Object) -> str:
    """`id … · root/api · active · confidence 0.82 · importance 4 of 5 · commit 0123456789ab · similarity 0.71`;
    instead of a commit `a note`, `a scan`."""
    reason, similarity = _text(item, "statusReason"), item.get("similarity")
    importance = item.get("importance")
    parts = [
        f"id {_line(_text(item, 'itemId', 'id'))}",
        _line(_text(item, "schemaKey")),
        (_line(_text(item, "status")) or "active") + (f" ({_line(reason)})" if reason else ""),
        f"confidence {_number(item.get('confidence'))}",
        f"importance {_grade(importance)} of 5" if importance is not None else "",
        _source(item),
        f"similarity {_number(similarity)}" if similarity is not None else "",
    ]
    return " · ".join(part for part in parts if part)


def _grade(importance: Any) -> str:
    """On the wire it is 0.2 to 1 (wire/item.py); the documentation says 1 to 5."""
    if not isinstance(importance, int | float):
        return "?"
    return f"{importance * 5 if importance <= 1 else importance:.0f}"


def _source(item: Object) -> str:
    """What bears it out, a commit before all else. Some servers name a note's key where a commit's id belongs."""
    named = [
        *(_text(each, "commitSha", "eventKey") for each in _quotes(item)), *_texts(item, "commits"),
        _text(item, "eventKey"), _text(item, "sourceRef").removeprefix("git:"),
    ]  # fmt: skip
    found = [Evidence(_line(each), "") for each in named if each]
    first = next((each for each in found if each.is_of_commit), found[0] if found else None)
    return "" if first is None else f"{'commit ' if first.is_of_commit else ''}{first.told_by}"


def _quotes(item: Object) -> list[Object]:
    found = item.get("evidenceRefs")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _evidence(item: Object) -> list[str]:
    found = _quotes(item)
    lines = [
        f"evidence, {Evidence(_line(_text(each, 'commitSha', 'eventKey')), '').told_by} {_line(_text(each, 'path'))}: "
        f"{_cut(_text(each, 'quote'), _QUOTE)}"
        for each in found[:_QUOTES]
    ]
    return [*lines, f"({len(found) - _QUOTES} more quotes)"] if len(found) > _QUOTES else lines


def place_told(offset: int, shown: int, total: Any) -> str:
    """Which of how many a page shows, and how to have the next one. Some servers do not say how many there are."""
    count = total if isinstance(total, int) else offset + shown
    if not shown:
        return f"none of {count}"
    end = offset + shown
    return f"{offset + 1} to {end} of {count}" + (f"; more: offset={end}" if end < count else "")


def session_told(session: Object) -> str:
    """In one or two lines."""
    ended = _text(session, "endedAt", "completedAt")
    lifecycle = _text(session, "lifecycle", "status")
    parts = [
        f"session {_line(_text(session, 'id', 'sessionId'))}",
        _line(_text(session, "source")),
        _line(lifecycle),
        f"{_text(session, 'startedAt', 'createdAt')} to {ended or 'now'}",
        f"{_text(session, 'eventCount', 'messageCount') or 0} events",
        f"{_text(session, 'itemsExtracted') or 0} items",
    ]
    head, summary = " · ".join(part for part in parts if part), _text(session, "summary")
    return f"{head}\n{_cut(summary)}" if summary else head


def _cut(text: str, limit: int = MAX_FACTS) -> str:
    return text if len(text) <= limit else f"{text[:limit]} [… {len(text) - limit:,} more characters]"


def _some(texts: Sequence[str], most: int) -> str:
    more = f" (+{len(texts) - most})" if len(texts) > most else ""
    return ", ".join(_line(text) for text in texts[:most]) + more


def _text(value: Object, *names: str) -> str:
    """Of the first name that is there."""
    found = next((value[name] for name in names if value.get(name) is not None), "")
    return found if isinstance(found, str) else str(found)


def _texts(value: Object, name: str) -> list[str]:
    found = value.get(name)
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def _line(text: str) -> str:
    return " ".join(text.split())


def _number(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "unknown"

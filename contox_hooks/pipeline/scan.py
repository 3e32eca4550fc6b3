"""A scan becomes drafts: one for each finding, worded from its facts and citing their lines.

Pure rules; nothing is asked of a model. Must not know storage. Invariants: every draft quotes text that stands in its
event; a finding has one name (`dedup_hint`) from scan to scan, and says nothing that changes with every commit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contox_hooks.domain.event import Event
from contox_hooks.domain.item import MAX_FACTS, MAX_FILES, MAX_TITLE, Draft, Evidence, ItemType
from contox_hooks.domain.narrow import EVERYTHING, Narrow
from contox_hooks.pipeline.fact import cut
from contox_hooks.pipeline.quote import added_quote, fold_message
from contox_hooks.pipeline.schema_key import schema_key
from contox_hooks.wire.loose import objects_of, rows_of, text_of, whole_of

HINT: Final = "scan:"
"""How the dedup hint of every item begins that a scan made."""
READ, INFERRED = 0.9, 0.8
"""Confidence. READ: a parser took it off the line that is quoted; CONTRACT.md section 6 calls 0.90 safe to approve.
INFERRED: the line is quoted, but that it is what matters (of a folder what it is for, of a file that it is where a
program starts) follows from names and counts; section 6 asks to skim from 0.70 to 0.89."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST_CITED: Final = 40
_MAX_QUOTE: Final = 300


@dataclass(frozen=True, slots=True)
class _Form:
    title: str
    importance: int
    """1 to 5. 4: what everybody needs on the first day; 3: what a change of that kind needs; 2: what one looks up,
    below the decisions and reasons that commits tell (3 and more, classification.py)."""
    confidence: float
    key: str = ""
    """Its schema key; empty: from its paths."""
    type: ItemType = "architecture"


_FORMS: Final[Mapping[str, _Form]] = {
    "project": _Form("{about}", 4, READ, "root/stack"),
    "layout": _Form("Sources are in {about}", 4, INFERRED, "root/architecture"),
    "module": _Form("{where}: {about}", 2, INFERRED),
    "entry": _Form("Entry points: {about}", 4, INFERRED, "root/architecture"),
    "routes": _Form("Routes in {where}: {about}", 3, READ, "root/backend/api"),
    "schema": _Form("Schemas in {where}: {about}", 3, READ, "root/data"),
    "dependency": _Form("Dependencies in {path}: {about}", 2, READ, "root/stack"),
    "test": _Form("Tests: {about}", 3, INFERRED, "root/testing"),
    "ci": _Form("CI workflows: {about}", 2, READ, "root/infra"),
    "check": _Form("Checked with {about}", 3, READ, "root/conventions", "convention"),
}


def scan_drafts(event: Event, narrow: Narrow = EVERYTHING) -> Iterator[Draft]:
    """None of a finding without a fact that is quoted, nor of a kind that nobody knows. `narrow`: what may be told now,
    whatever was when the scan was made."""
    at_utc = whole_of(event.payload.get("headAtUtc")) or event.at_utc
    head = text_of(event.payload.get("headCommitSha"))
    for finding in objects_of(event.payload.get("findings")):
        form = _FORMS.get(text_of(finding.get("kind")))
        read = [fact for row in objects_of(finding.get("facts")) if (fact := _fact(row)) is not None]
        facts = [fact for fact in read if not narrow.is_out(fact.path) and (narrow.diffs or not fact.is_line)]
        if form is None or not facts:
            continue
        path = fold_message(text_of(finding.get("path")))
        files = tuple(dict.fromkeys(fact.path for fact in facts if fact.path))[:MAX_FILES]
        where = "the top folder" if path == "." else path
        title = form.title.format(about=_about(finding if facts == read else {}, facts), path=path, where=where)
        yield Draft(
            type=form.type,
            title=cut(title[:1].upper() + title[1:] if path == "." else title, MAX_TITLE),
            facts=cut(_told(facts, whole_of(finding.get("more"))), MAX_FACTS),
            schema_key=form.key or schema_key(form.type, files, ""),
            confidence=form.confidence,
            importance=form.importance,
            evidence=tuple(_evidence(event, facts)),
            files=files,
            tags=("scan",),
            dedup_hint=identity(finding),
            commit_range=f"{head}..{head}" if _COMMIT.fullmatch(head) else None,
            at_utc=at_utc,
        )


def identity(finding: Mapping[str, object]) -> str:
    """As contox_hooks/scan/fact.py names it."""
    parts = (text_of(finding.get(name)) for name in ("kind", "path"))
    return HINT + ":".join(part for part in parts if part)


def standing(event: Event) -> dict[str, str] | None:
    """Names of all findings at that commit, told in this event or before, and digests of what they say; None where the
    event does not say."""
    rows = event.payload.get("standing")
    if not isinstance(rows, list):
        return None
    return {text_of(pair[0]): text_of(pair[1]) if pair[1:] else "" for row in rows if (pair := rows_of(row))}


def still_told(older: Event, newest: Event) -> frozenset[str]:
    """Names of findings that say in the newest scan what they said in an older one, where alone they may be told."""
    then, now = standing(older) or {}, standing(newest) or {}
    return frozenset(name for name, digest in then.items() if digest and now.get(name) == digest)


def scan_summary(event: Event) -> str:
    return fold_message(text_of(event.payload.get("summary")))


@dataclass(frozen=True, slots=True)
class _Fact:
    says: str
    quote: str
    path: str
    is_line: bool
    group: str


def _fact(row: Mapping[str, object]) -> _Fact | None:
    says, quote = fold_message(text_of(row.get("says"))), fold_message(text_of(row.get("quote")))[:_MAX_QUOTE].strip()
    if not says or not quote:
        return None
    path, group = fold_message(text_of(row.get("path"))), fold_message(text_of(row.get("group")))
    return _Fact(says, quote, path, whole_of(row.get("line")) > 0, group)


def _about(finding: Mapping[str, object], facts: Sequence[_Fact]) -> str:
    return fold_message(text_of(finding.get("about"))) or ", ".join(fact.says for fact in facts[:3])


def _told(facts: Sequence[_Fact], more: int) -> str:
    """Statements by themselves, what is one of a group in one line."""
    groups: dict[str, list[str]] = {}
    lines = []
    for fact in facts:
        if fact.group:
            groups.setdefault(fact.group, []).append(fact.says)
        else:
            lines.append(f"- {fact.says}")
    lines += [f"- {group}: {', '.join(names)}" for group, names in groups.items()]
    lines += [f"- and {more:,} more"] if more > 0 else []
    return "\n".join(lines)


def _evidence(event: Event, facts: Sequence[_Fact]) -> Iterator[Evidence]:
    seen: set[tuple[str, str]] = set()
    for fact in facts:
        if (fact.path, fact.quote) not in seen and len(seen) < _MOST_CITED:
            seen.add((fact.path, fact.quote))
            yield Evidence(event.key, added_quote(fact.quote), fact.path if fact.is_line else None)

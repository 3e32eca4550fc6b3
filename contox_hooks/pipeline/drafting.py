"""A topic's commits become a draft: type, words, key, evidence.

Pure; must not know the chunk. Invariants: the limits of domain/item.py hold whatever the commits contain; every commit
of the topic that is not trivial is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from contox_hooks.domain.item import (
    MAX_FILES,
    MAX_RATIONALE,
    MAX_TAGS,
    MAX_TITLE,
    Draft,
    Evidence,
    ItemType,
)
from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.classification import confidence, importance, item_type
from contox_hooks.pipeline.fact import Fact, cut
from contox_hooks.pipeline.message import Message
from contox_hooks.pipeline.quote import added_quote
from contox_hooks.pipeline.schema_key import schema_key
from contox_hooks.pipeline.topic import Reading, series_of
from contox_hooks.pipeline.wording import facts_text, ranked_paths, title_of

MAX_LINES_QUOTED = 8
"""Lines of the diff that one draft quotes, besides the subjects and reasons."""
MAX_IMPACT = 1000
"""CONTRACT.md section 6."""
_MAX_QUOTE = 300
_MIN_QUOTE = 8
"""A shorter line stands anywhere; it is quoted only where there is no other."""


def topic_draft(topic: Sequence[Reading], telling: Sequence[Reading]) -> Draft:
    """`telling`: the commits of the topic that are not trivial, at least one, in the order of time."""
    lead = _lead(topic, telling)
    message = lead.message
    facts = list(chain.from_iterable(reading.details.facts for reading in telling))
    paths = ranked_paths(telling)
    kind = item_type(message, paths, facts)
    title, vague = title_of(message, facts, paths)
    series = series_of(message)
    alike = sum(series_of(reading.message) == series for reading in telling) if series else 1
    if alike > 1:
        title = f"{cut(title, MAX_TITLE - 30)} (and {alike - 1} more like it)"
    breaking = [reading.message for reading in telling if reading.message.breaking]
    lines = sum(reading.digest.changed_lines for reading in telling)
    diff_seen = any(reading.digest.diff for reading in telling)
    return Draft(
        type=kind,
        title=title,
        facts=facts_text(topic, lead, telling, facts, paths),
        schema_key=schema_key(kind, paths, title, {fact.topic for fact in facts}),
        confidence=confidence(message, facts, diff_seen=diff_seen, vague=vague),
        importance=importance(kind, message, breaking=bool(breaking), facts=facts, paths=paths, lines=lines),
        evidence=_evidence(topic, lead, telling),
        rationale=_rationale(lead, telling),
        impact=next((cut(f"Breaking: {each.breaking_note or each.title}", MAX_IMPACT) for each in breaking), None),
        files=tuple(paths[:MAX_FILES]),
        tags=_tags(message, paths, facts, breaking=bool(breaking)),
        dedup_hint=_hint(kind, message, title, paths),
        commit_range=f"{telling[0].digest.sha}..{telling[-1].digest.sha}",
        at_utc=max(reading.digest.committer.at_utc for reading in telling),
    )


def _lead(topic: Sequence[Reading], telling: Sequence[Reading]) -> Reading:
    """Whose words name the topic: the merge of a request of several commits, else the commit that changed most."""
    own = [reading for reading in telling if not reading.message.fixup_of] or list(telling)
    if len(own) > 1:
        for reading in topic:
            named = reading.message.is_merge is False or bool(reading.digest.body.strip())
            if len(reading.digest.parents) > 1 and named and len(reading.message.title.split()) > 1:
                return reading
    return max(own, key=lambda reading: (reading.digest.changed_lines, reading.digest.sha))


def _rationale(lead: Reading, telling: Sequence[Reading]) -> str | None:
    """Reasons in the messages' own words, then those that comments in the diff give."""
    said = dict.fromkeys(chain(lead.message.why, *(reading.message.why for reading in telling)))
    comments = [f"{fact.text} ({fact.path})" for reading in telling for fact in reading.details.reasons[:2]]
    text = "\n".join(part for part in (" ".join(said), *comments[:3]) if part)
    return cut(text, MAX_RATIONALE) or None


def _evidence(topic: Sequence[Reading], lead: Reading, telling: Sequence[Reading]) -> tuple[Evidence, ...]:
    """Subjects of all commits and of the merge that brought them, some reasons, and the lines that show most, spread
    over files and commits."""
    ordered = [lead, *(reading for reading in telling if reading is not lead)]
    merges = [reading for reading in topic if reading.message.request and reading.message.is_merge]
    subjects = [Evidence(reading.digest.sha, _cut_quote(reading.message.subject)) for reading in (*ordered, *merges)]
    reasons = [
        Evidence(reading.digest.sha, _cut_quote(sentence))
        for reading in ordered
        for sentence in (*reading.message.why[:2], reading.message.breaking_note)
    ]
    lines: dict[tuple[str | None, str], Evidence] = {}
    for reading in telling:
        for entry in _telling_lines(reading):
            lines.setdefault((entry.path, entry.quote), entry)
    chosen = [entry for entry in (*subjects, *reasons[:4]) if entry.quote]
    return tuple(dict.fromkeys((*chosen, *list(lines.values())[:MAX_LINES_QUOTED])))


def _telling_lines(reading: Reading) -> Iterator[Evidence]:
    """Up to two lines a file: those of its weightiest facts, else its longest added one.

    Lines of tests are cited only where nothing else is: what a test looks like is not what the item says.
    """
    shown: dict[str, list[str]] = {}
    facts = [
        fact
        for fact in (*reading.details.facts, *reading.details.reasons)
        if fact.quote and fact.topic not in ("doc", "shown")
    ]
    for fact in sorted(facts, key=lambda fact: -fact.weight):
        shown.setdefault(fact.path, []).append(fact.quote)
    for patch in reading.details.patches:
        if patch.path not in shown and path_kind(patch.path) in ("source", "migration", "config", "ci"):
            lines = [line for line in patch.added if 12 <= len(line.strip()) <= 160 and not _IMPORT.match(line)]
            if lines:
                shown[patch.path] = [added_quote(max(lines, key=lambda line: len(line.strip())))]
    if any(path_kind(path) != "test" for path in shown):
        shown = {path: quotes for path, quotes in shown.items() if path_kind(path) != "test"}
    for path, quotes in shown.items():
        long = [quote for quote in quotes if len(quote) >= _MIN_QUOTE]
        for quote in (long or quotes)[:2]:
            yield Evidence(reading.digest.sha, _cut_quote(quote), path)


_IMPORT = re.compile(r"\s*(?:import|from|use|require|#include)\b")


def _tags(message: Message, paths: Sequence[str], facts: Sequence[Fact], *, breaking: bool) -> tuple[str, ...]:
    told = {fact.topic for fact in facts}
    kinds = {path_kind(path) for path in paths}
    sources = [path for path in paths if path_kind(path) == "source"]
    tags = ["breaking-change" if breaking else "", slug(message.scope)]
    if sources:
        parts = sources[0].split("/")
        stem = parts[-1].partition(".")[0].strip("_")
        tags.append(slug(parts[-2] if stem == "init" and len(parts) > 1 else stem))
    tags += [
        tag
        for topic, tag in (
            ("dependency", "dependencies"), ("api", "routes"), ("cli", "command-line"), ("env", "environment"),
            ("deprecation", "deprecation"), ("runtime", "runtime"),
        )
        if topic in told
    ]  # fmt: skip
    tags += [
        tag
        for kind, tag in (("migration", "migration"), ("ci", "ci"), ("test", "tests"), ("doc", "docs"))
        if kind in kinds
    ]
    return tuple(tag[:40].strip("-") for tag in dict.fromkeys(tags) if tag)[:MAX_TAGS]


def _hint(kind: ItemType, message: Message, title: str, paths: Sequence[str]) -> str:
    """`category:topic:key`: type, scope or folder, the title's words; equal when the same change is told again."""
    place = slug(message.scope) or (slug(paths[0].rpartition("/")[0]) if paths else "")
    return f"{kind}:{place[:40] or 'root'}:{slug(title)[:100] or 'untitled'}"


def todo_draft(reading: Reading, todo: Fact) -> Draft:
    """An open end, with the commit that left it."""
    digest = reading.digest
    return Draft(
        type="todo",
        title=cut(f"TODO: {todo.text}", MAX_TITLE),
        facts=f"- {todo.path}: “{todo.text}”, left open by “{cut(reading.message.title, 120)}”",
        schema_key="root/todo",
        confidence=0.8,
        importance=2,
        evidence=(Evidence(digest.sha, _cut_quote(todo.quote), todo.path),),
        files=(todo.path,),
        tags=tuple(tag for tag in (slug(todo.path.rpartition("/")[2].partition(".")[0])[:40],) if tag),
        dedup_hint=f"todo:{slug(todo.path)[:60] or 'root'}:{slug(todo.text)[:100] or 'open'}",
        commit_range=f"{digest.sha}..{digest.sha}",
        at_utc=digest.committer.at_utc,
    )


def _cut_quote(quote: str) -> str:
    """A quote is cut without a mark, since it must stay verbatim; not at white space, which folds."""
    return quote[:_MAX_QUOTE].strip()


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()[:200]).strip("-")

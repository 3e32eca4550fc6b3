"""The words of a draft: its title, and its facts as lines of text.

Pure; must not decide types or keys. Invariant: puts together what messages and facts say and adds nothing but counts;
what is left out is counted in the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from contox_hooks.domain.item import MAX_FACTS, MAX_TITLE
from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.fact import Fact, cut
from contox_hooks.pipeline.message import Message, is_unspaced, plain_title
from contox_hooks.pipeline.topic import Reading, only_follows, says_nothing
from contox_hooks.pipeline.triviality import is_cosmetic

_MAX_PROSE = 900
_MAX_POINTS = 8
_MAX_FILES_DETAILED = 14
_MAX_FACTS_A_FILE = 5
_MAX_VAGUE_TITLE = 140

_WEAK = re.compile(
    r"(?:fix(?:e[sd]|ing)?|add(?:s|ed)?|update[sd]?|improve[sd]?|change[sd]?|tweak\w*|adjust\w*|clean\w*|up|remove[sd]?|"
    r"refactor\w*|minor|some|more|small|the|a|an|for|of|in|on|to|and|with|tests?|docs?|documentation|readme(?:\.\w+)?|"
    r"code|bugs?|issues?|stuff|things?|files?|config|version|ci|build|wip|initial|commit|first|again|better|new|work|"
    r"address(?:ed)?|review|feedback|suggestions?|errors?|changelog|changes(?:\.\w+)?|implementation|support|this|it|is|was|not|now|back|comments?|names?|imports?|"
    r"[\w-]+\.(?:py|md|rst|txt|yml|yaml|toml|cfg|js|ts)|#?\d+|\W+)",
    re.IGNORECASE,
)


_NAME = re.compile(r"[`_]|\w\.\w|[a-z][A-Z]|[A-Z]{3}")
"""A word that names something of the code, or stands for something known: worth two plain ones."""


def title_of(message: Message, facts: Sequence[Fact], paths: Sequence[str]) -> tuple[str, bool]:
    """The title, and whether the message's own was too vague to stand alone: then its weightiest fact follows it."""
    if message.reverts:
        return cut(f"Revert “{message.reverts}”", MAX_TITLE), False
    title = message.title
    if says_nothing(title):
        return _told_instead(message, facts, paths), True
    if message.scope and message.scope not in title.casefold():
        plain_word = title[:1].isupper() and title[1:2].islower()
        title = f"{message.scope}: {title[:1].lower() + title[1:] if plain_word else title}"
    strength = sum(1 + bool(_NAME.search(word)) for word in title.split() if not _WEAK.fullmatch(word))
    vague = not message.scope and strength < 2 and not is_unspaced(title)
    if vague:
        best = max((fact for fact in facts if fact.topic not in _NOT_IN_TITLES), key=_weight, default=None)
        where = _where(paths)
        if told := _of(best, title) if best else _next_best(message, facts, title):
            title = cut(f"{title}: {told}" if title else told, _MAX_VAGUE_TITLE)
        elif where and where.casefold() not in title.casefold():
            kind = f"{message.kind}: " if message.kind and message.kind not in title.casefold() else ""
            title = f"{kind}{title[:1].lower() + title[1:] if kind else title} ({where})" if title else where
    return cut(title or "Untitled change", MAX_TITLE), vague


def _told_instead(message: Message, facts: Sequence[Fact], paths: Sequence[str]) -> str:
    """A title for a subject that says nothing: the body's first words, else the weightiest fact, else the place."""
    best = max((fact for fact in facts if fact.topic not in _NOT_IN_TITLES), key=_weight, default=None)
    best = best or max(facts, key=_weight, default=None)
    told = next(iter(_said(message)), "") or (_of(best, "") if best else "")
    return cut(told or _where(paths) or message.title or "Untitled change", _MAX_VAGUE_TITLE)


def _next_best(message: Message, facts: Sequence[Fact], title: str) -> str:
    """Where no fact is worth a title: the body's first words, else a line of a document as it stands."""
    shown = next((fact for fact in facts if fact.topic == "shown" and path_kind(fact.path) == "doc"), None)
    return next(iter(_said(message)), "") or (_of(shown, title) if shown else "")


def _said(message: Message) -> Iterator[str]:
    return (said.rstrip(".") for said in (*message.prose, *message.why, *message.bullets))


def _of(fact: Fact, title: str) -> str:
    """A fact with the file that it is of, unless the title names it or it is the changelog."""
    name = fact.path.rpartition("/")[2]
    by_itself = fact.topic == "changelog" or name.casefold() in title.casefold()
    return fact.text if by_itself else f"{name} {fact.text}"


_NOT_IN_TITLES = frozenset(("line", "shown", "touched", "new", "deleted", "renamed", "mode", "raise"))


def _weight(fact: Fact) -> int:
    return fact.weight


def _where(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def facts_text(
    topic: Sequence[Reading],
    lead: Reading,
    telling: Sequence[Reading],
    facts: Sequence[Fact],
    paths: Sequence[str],
) -> str:
    """What the messages say, then the changelog, then what changed where, then the extent."""
    prose = " ".join(dict.fromkeys(chain(lead.message.prose, *(reading.message.prose for reading in telling))))
    lines = [cut(prose, _MAX_PROSE)] if prose else []
    lines += [f"- {point}" for point in _points(lead, telling)]
    told = dict.fromkeys(fact.text for fact in facts if fact.topic == "changelog")
    lines += [f"- {text} (changelog)" for text in list(told)[:4]]
    details = _detail_lines([fact for fact in facts if fact.topic != "changelog"], paths)
    lines += details
    named = [path for path in paths if any(line.startswith(f"- {path}: ") for line in details)]
    lines.append(_extent(telling, paths, named) + _references(topic))
    return _fitted(lines)


def _points(lead: Reading, telling: Sequence[Reading]) -> list[str]:
    """Titles of the topic's other commits and list entries of their bodies, without what only polishes."""
    others = [reading.message.title for reading in telling if not reading.message.fixup_of]
    candidates = chain(others, *(reading.message.bullets for reading in telling))
    seen = {plain_title(lead.message.title)}
    points: list[str] = []
    for text in candidates:
        key = plain_title(text)
        if key not in seen and not is_cosmetic(text) and not only_follows(key):
            seen.add(key)
            points.append(text)
    rest = len(points) - _MAX_POINTS
    return points if rest <= 0 else [*points[:_MAX_POINTS], f"and {rest} more points"]


def _detail_lines(facts: Sequence[Fact], paths: Sequence[str]) -> list[str]:
    """One line a file, the weightiest first; what only says where it is stands where nothing else does."""
    by_path: dict[str, list[Fact]] = {}
    for fact in facts:
        by_path.setdefault(fact.path, []).append(fact)
    order = {path: place for place, path in enumerate(paths)}
    strongest = {path: max(fact.weight for fact in found) for path, found in by_path.items()}
    ranked = sorted(by_path, key=lambda path: (-strongest[path], order.get(path, len(order)), path))
    lines = []
    for path in ranked[:_MAX_FILES_DETAILED]:
        telling = [fact for fact in by_path[path] if fact.weight > 2 or strongest[path] <= 3]
        texts = list(dict.fromkeys(fact.text for fact in sorted(telling, key=lambda fact: -fact.weight)))
        rest = len(texts) - _MAX_FACTS_A_FILE
        more = f"; and {rest} more" if rest > 0 else ""
        lines.append(f"- {path}: {'; '.join(texts[:_MAX_FACTS_A_FILE])}{more}")
    if len(ranked) > _MAX_FILES_DETAILED:
        lines.append(f"- and details of {len(ranked) - _MAX_FILES_DETAILED} more files")
    return lines


def _extent(telling: Sequence[Reading], paths: Sequence[str], named: Collection[str]) -> str:
    """`2 commits, 3 files, +20 −4: also a.py, b.py`: counts also files that the digests only count, names those that
    no line before named."""
    total = max(len(paths), *(reading.digest.files_total for reading in telling))
    added = sum(reading.digest.insertions for reading in telling)
    removed = sum(reading.digest.deletions for reading in telling)
    commits = f"{len(telling)} commits, " if len(telling) > 1 else ""
    unnamed = [path for path in paths if path not in named]
    shown = ", ".join(unnamed[:4]) + (f" and {len(unnamed) - 4} more" if len(unnamed) > 4 else "")
    also = "also " if named and shown else ""
    return f"{commits}{total} file{'s' if total != 1 else ''}, +{added} −{removed}" + (
        f": {also}{shown}" if shown else ""
    )


def _references(readings: Sequence[Reading]) -> str:
    """`; closes #12; mentions #7; pull request #13`."""
    closes = dict.fromkeys(number for reading in readings for number in reading.message.closes)
    mentions = dict.fromkeys(
        number for reading in readings for number in reading.message.issues if number not in closes
    )
    requests = dict.fromkeys(reading.message.request for reading in readings if reading.message.request)
    return "".join(
        f"; {word} {', '.join(f'#{number}' for number in list(numbers)[:5])}"
        for word, numbers in (("closes", closes), ("mentions", mentions), ("pull request", requests))
        if numbers
    )


def _fitted(lines: Sequence[str]) -> str:
    """As many whole lines as MAX_FACTS takes; the rest is counted."""
    kept: list[str] = []
    room = MAX_FACTS - 40
    for place, line in enumerate(lines):
        short = cut(" ".join(line.splitlines()), 1200)  # a path may hold an end of line
        if len(short) + 1 > room:
            kept.append(f"- and {len(lines) - place} more lines")
            break
        kept.append(short)
        room -= len(short) + 1
    return "\n".join(kept)


def ranked_paths(telling: Sequence[Reading]) -> list[str]:
    """Sources first, the most changed first; generated and lock files last."""
    rank = {"source": 0, "migration": 0, "config": 1, "ci": 1, "test": 2, "doc": 3, "other": 4}
    lines: dict[str, int] = {}
    for reading in telling:
        for change in reading.digest.files:
            lines[change.path] = lines.get(change.path, 0) + (change.insertions or 0) + (change.deletions or 0)
    return sorted(lines, key=lambda path: (rank.get(path_kind(path), 5), -lines[path], path))

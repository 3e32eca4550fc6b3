"""Commits of one chunk that belong together: a topic gives one draft.

Pure: union-find over what the messages and paths say. Invariants: every commit is in exactly one topic or was
cancelled by a revert in the same chunk; the order inside a topic is the order of time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.detail import Details
from contox_hooks.pipeline.message import Message

_FOLLOW_UP = re.compile(
    r"(?:fix(?:e[sd]|ing)?|add(?:ed)?|update[sd]?|more|missing|address(?:ed)?|apply|appease|improve|clean(?:ed)? ?up|"
    r"tweak\w*|adjust\w*|remove[sd]?|another|final|oops|again|review|comments?|feedback|suggestions?|tests?|failing|"
    r"docs?|documentation|readme(?:\.\w+)?|changelog|appease|lint\w*|mypy|typing|types?|coverage|ci|build|the|for|from|code|pr|and)"
    r"(?:\W+|$)",
    re.IGNORECASE,
)
_EMPTY_TITLE = re.compile(
    r"merge (?:commit|branch|remote|pull request|request|changes?)\b.*|merge|squash(?:ed)?(?: commit.*)?", re.IGNORECASE
)
"""Says how the commit came, not what it does."""
_FILE_TOUCHED = re.compile(r"(?:update|change|create|modify|edit|fix)d? \S+\.\w{1,5}", re.IGNORECASE)
"""What a forge calls an edit on its page."""
_NAMED = re.compile(r"[`'_()./\\]|[a-z][A-Z]|\d|^--?\w")
"""A word that names something of the code."""
_WORD = re.compile(r"\w{4,}")
_MAX_SAME_FILES = 3
_FOLLOW_UP_S = 3 * 60 * 60
"""A follow-up comes within one sitting."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One commit as it was read."""

    digest: CommitDigest
    message: Message
    details: Details
    trivial: str | None
    """Why it is not worth an item by itself."""

    @property
    def paths(self) -> list[str]:
        return [change.path for change in self.digest.files]


def topics(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Topics in the order of their first commit; `readings` in the order of time."""
    kept = _without_reverted(readings)
    parent = list(range(len(kept)))

    def root(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    def join(one: int, other: int) -> None:
        first, second = sorted((root(one), root(other)))
        parent[second] = first

    by_sha = {reading.digest.sha: place for place, reading in enumerate(kept)}
    by_key: dict[tuple[str, str], int] = {}
    for place, reading in enumerate(kept):
        for member in _merged_commits(reading, by_sha, kept):
            join(place, member)
        if reading.trivial and not reading.message.fixup_of:
            continue
        for key in _keys(reading):
            join(place, by_key.setdefault(key, place))
        earlier = _followed(reading, kept[:place])
        if earlier is not None:
            join(place, earlier)
    groups: dict[int, list[Reading]] = {}
    for place, reading in enumerate(kept):
        groups.setdefault(root(place), []).append(reading)
    return list(groups.values())


def _without_reverted(readings: Sequence[Reading]) -> list[Reading]:
    """Without pairs of a commit and its revert; a revert of a revert leaves the first commit standing."""
    gone: set[int] = set()
    for place in range(len(readings) - 1, 0, -1):
        message = readings[place].message
        if place in gone or (message.reverts is None and message.reverts_sha is None):
            continue
        for earlier in range(place - 1, -1, -1):
            target = readings[earlier]
            by_sha = message.reverts_sha and target.digest.sha.startswith(message.reverts_sha)
            by_subject = not message.reverts_sha and message.reverts == target.message.subject
            if earlier not in gone and (by_sha or by_subject):
                gone |= {place, earlier}
                break
    return [reading for place, reading in enumerate(readings) if place not in gone]


def _merged_commits(reading: Reading, by_sha: dict[str, int], kept: Sequence[Reading]) -> list[int]:
    """What the merge of a request brought in, as far as the chunk holds it: its second parent's own line.

    A plain `Merge branch …` says nothing of what it joins.
    """
    if len(reading.digest.parents) != 2 or (reading.message.is_merge and reading.message.request is None):
        return []
    base, tip = reading.digest.parents
    found: list[int] = []
    while tip in by_sha and tip != base and by_sha[tip] not in found:
        place = by_sha[tip]
        if len(kept[place].digest.parents) > 1:
            break
        found.append(place)
        parents = kept[place].digest.parents
        if not parents:
            break
        tip = parents[0]
    return found


def _keys(reading: Reading) -> list[tuple[str, str]]:
    message = reading.message
    vague = _is_follow_up(message) or says_nothing(message.title)
    keys = [] if vague else [("title", message.title.casefold())]
    keys += [("issue", number) for number in message.closes]
    series, main = series_of(message), _main_path(reading)
    if series and main:
        keys.append((f"series {reading.digest.author.email} {series}", main.rpartition("/")[0]))
    if message.scope and not reading.trivial:
        main = _main_path(reading)
        if main:
            keys.append((f"scope {message.kind} {message.scope}", main))
    return keys


def series_of(message: Message) -> str | None:
    """What the titles of one thing done to many names have in common: `odb: make … pluggable`. None where a title has
    no name, or too few words beside it to tell such a row from chance."""
    area, colon, rest = message.title[:200].rpartition(": ")
    words = rest.casefold().split()
    plain = [word for word in words if not _NAMED.search(word)]
    if len(plain) == len(words) or len(plain) < (2 if colon else 3):
        return None
    return f"{message.scope}:{area}: " + " ".join("…" if _NAMED.search(word) else word for word in words)


def says_nothing(title: str) -> bool:
    """Whether a title says only how the commit came: `Merge commit from fork`."""
    return _EMPTY_TITLE.fullmatch(title[:200]) is not None


def only_follows(title: str) -> bool:
    """Whether a title says only that something is finished or mended, not what."""
    return not _FOLLOW_UP.sub("", title[:200]).strip() or _FILE_TOUCHED.fullmatch(title[:200]) is not None


def _is_follow_up(message: Message) -> bool:
    return not _FOLLOW_UP.sub("", message.title[:200]).strip()


def _main_path(reading: Reading) -> str | None:
    """The source file that changed most."""
    sources = [change for change in reading.digest.files if path_kind(change.path) == "source"]
    if not sources:
        return None
    return max(sources, key=lambda change: ((change.insertions or 0) + (change.deletions or 0), change.path)).path


def _followed(reading: Reading, earlier: Sequence[Reading]) -> int | None:
    """The commit that this one finishes or goes on with: same author, soon after, and either its title says no more
    than that (`fix tests`, `address review`), or it changes the very same files and speaks of the same thing."""
    finishes = _is_follow_up(reading.message)
    paths = set(reading.paths)
    goes_on = len(paths) <= _MAX_SAME_FILES and any(path_kind(path) == "source" for path in paths)
    if not finishes and not goes_on:
        return None
    for place in range(len(earlier) - 1, max(-1, len(earlier) - 4), -1):
        other = earlier[place]
        gap = reading.digest.committer.at_utc - other.digest.committer.at_utc
        same_author = other.digest.author.email == reading.digest.author.email
        if not same_author or not 0 <= gap <= _FOLLOW_UP_S or other.trivial:
            continue
        if finishes and paths & set(other.paths):
            return place
        if goes_on and paths == set(other.paths) and _speak_of_the_same(reading.message, other.message):
            return place
    return None


def _speak_of_the_same(one: Message, other: Message) -> bool:
    """Half of the longer words of the shorter title stand in the other, and at least two."""
    mine, theirs = (set(_WORD.findall(message.title[:200].casefold())) for message in (one, other))
    return len(mine & theirs) >= max(2, (min(len(mine), len(theirs)) + 1) // 2)

"""Which commits are not worth an item: they stay evidence and reinforce, but say nothing new.

Pure. Invariant: the answer names its reason; a commit whose diff nobody could see is judged by its message and paths
alone, and in doubt it is not trivial.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.message import Message
from contox_hooks.pipeline.patch import FilePatch

_SMALL = 12
"""Changed lines up to which a commit that calls itself cosmetic is taken at its word."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_VERSION = r"v?\d+(?:\.\d+)+(?:[.-]?(?:a|b|rc|dev|alpha|beta|post|pre)\.?\d*)*(?:\.dev|-SNAPSHOT)?"
_RELEASE = _any_of(
    r"(?:(?:re-?)?release|version|bump(?:ed|s|ing)?(?: the)? (?:version|to)|start|prepare|prep|set version|tag|"
    rf"new version)\b.{{0,40}}?{_VERSION}\W*",
    rf"{_VERSION}(?: release)?",
    r"bump(?:ed)? version(?: number)?",
    r"(?:prepare|prep|pre|post)[ -]?(?:for )?release.{0,30}",
    r"back to development.{0,20}",
    r"(?:next|new) (?:dev|development|patch|minor|major)? ?version.{0,20}",
    r"update version(?: number)?.{0,20}|version bump.{0,20}|bump",
)
_ROUTINE = _any_of(
    r"bump(?:s|ed)? (?:the )?\S+.{0,40} (?:from \S+ to \S+|group|across|to v?\d).{0,120}",
    r"\[pre-commit\.ci\].*",
    r"(?:ran |run )?pre-?commit auto-?update.{0,40}",
    r"all-repos.*",
    r"(?:chore|fix|build)\(deps.{0,20}\): .+",
    r"(?:update|upgrade|bump|pin|refresh)[sd]? (?:all |the |dev(?:elopment)? |test |pinned |docs? )*"
    r"(?:dependenc(?:y|ies)|deps|pins|env|pre-commit(?: hooks?| config)?|requirements(?: files?)?|lock ?files?|"
    r"python-packages|github actions?(?: versions?)?)(?: \(.{0,40}\))?",
)
_UPGRADE = _any_of(r"(?:update|upgrade|bump)[sd]? [\w./@ -]{1,60}? (?:to )?v?\d[\w.]*")
_PIN = re.compile(
    r"[\w.\[\]-]+==[\w.+!]+.{0,80}|-?\s*(?:uses|rev|image|version):\s*\S+.{0,80}|(?:#|//|-+\s|via\b).{0,200}|\W*"
)
_POLISH = (
    r"typos?|spelling|misspell\w*|gramm\w+|white ?space|punctuation|nits?|wording|cosmetics?|formatting|flake8|"
    r"pep ?-?8|pylint|isort|black|prettier|ruff|mypy|pyflakes|lint(?:ing|er|s)?|linewrap|indentation|style"
)
_COSMETIC = _any_of(
    rf"\b(?:{_POLISH}|(?:re)?format(?:ted)?|trailing (?:comma|space|newline)s?|line lengths?|line ?breaks?|newlines?|"
    r"(?:sort(?:ed)?|unused) imports?|copyright|year|badges?|contributors?|authors|"
    r"(?:broken|bad|wrong|dead|missing|fix(?:ed)?|update[sd]?) (?:\w+ ){0,2}links?|"
    r"sponsors?\w*|capitali[sz]\w*|comma|back-?ticks?|redundant)\b"
)
_FILLER = (
    r"fix(?:e[sd]|ing)?|correct(?:ed|s|ing)?|run|apply|applied|address|appease|more|minor|small|some|tiny|another|again|"
    r"changes?|issues?|errors?|findings?|corrections?|fixes|in|of|for|from|and|the|with|docs?|docstrings?|comments?|"
    r"code|tests?|readme|changelog|a"
)
_ONLY_COSMETIC = _any_of(
    rf"(?:(?:{_FILLER})\W+)*(?:{_POLISH})(?:\W+(?:{_FILLER}|{_POLISH}|[\w/-]+\.(?:py|rst|md|txt)))*\W*"
)
_EMPTY_WORDS = _any_of(
    r"(?:wip|\.+|oops|tmp|temp|test commit|save|checkpoint|empty(?: commit)?|trigger (?:ci|build)|rerun ci|again|stuff|"
    r"misc|minor|updates?|changes?|cleanup|fix)\W*"
)


def trivial_reason(digest: CommitDigest, message: Message, patches: Sequence[FilePatch]) -> str | None:
    """Why the commit gives no item; None when it may."""
    title = message.title[:200]
    silent = not message.prose and not message.why
    if len(digest.parents) > 1 and (not digest.diff.strip() or (message.is_merge and message.request is None)):
        return "merge without changes of its own"
    if not digest.files_total and not digest.diff:
        return "changes no file"
    kinds = {path_kind(change.path) for change in digest.files}
    if kinds and not digest.files_cut and kinds <= {"lock", "generated"}:
        return "only lock files or generated files"
    if message.kind == "release" or _RELEASE.fullmatch(title):
        return "release or version number"
    if _ROUTINE.fullmatch(message.subject[:200]) or _ROUTINE.fullmatch(title):
        return "routine update of dependencies"
    if not kinds & {"source", "migration"} and (_UPGRADE.fullmatch(title) or _only_pins(digest, patches)):
        return "routine update of dependencies"
    small = digest.changed_lines <= _SMALL
    if (
        message.kind == "style"
        or _ONLY_COSMETIC.fullmatch(title)
        or (small and not kinds & {"config", "ci"} and is_cosmetic(title))
    ):
        return "typos, spelling or formatting"
    if _only_white_space(digest, patches):
        return "white space only"
    if small and silent and _EMPTY_WORDS.fullmatch(title):
        return "says nothing and changes little"
    if silent and max(digest.insertions, digest.deletions) <= 1 and kinds <= {"doc", "other", "asset"}:
        return "a word in a document"
    return None


def is_cosmetic(text: str) -> bool:
    """Whether a line of text is about typos, formatting and the like."""
    return _COSMETIC.search(text[:200]) is not None


def _only_pins(digest: CommitDigest, patches: Sequence[FilePatch]) -> bool:
    """Nothing but exact versions that moved: as many after as before."""
    if digest.diff_cut or not patches or len(patches) != len(digest.files):
        return False
    added = [line.strip() for patch in patches for line in patch.added]
    removed = [line.strip() for patch in patches for line in patch.removed]
    return len(added) == len(removed) and all(map(_PIN.fullmatch, (*added, *removed)))


def _only_white_space(digest: CommitDigest, patches: Sequence[FilePatch]) -> bool:
    seen_whole = not digest.diff_cut and bool(patches) and len(patches) == len(digest.files)
    return (
        seen_whole
        and all(change.status == "M" for change in digest.files)
        and all(_squeezed(patch.added) == _squeezed(patch.removed) for patch in patches)
    )


def _squeezed(lines: Sequence[str]) -> str:
    return "".join("".join(line.split()) for line in lines)

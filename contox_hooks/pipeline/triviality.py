"""Which commits are not worth an item: they stay evidence and reinforce, but say nothing new.

Pure. Invariant: the answer names its reason; a commit whose diff nobody could see is judged by its message and paths
alone, and in doubt it is not trivial.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from contox_hooks.domain.digest import CommitDigest, FileChange
from contox_hooks.domain.path import path_kind
from contox_hooks.domain.pipeline import MEANINGFUL_LINES
from contox_hooks.pipeline.comment import is_comment
from contox_hooks.pipeline.dependency import dependency_changes, is_manifest
from contox_hooks.pipeline.document import is_changelog
from contox_hooks.pipeline.message import Message
from contox_hooks.pipeline.patch import FilePatch, Line
from contox_hooks.pipeline.setting_line import moves_runtime

CHANGELOG_ONLY = "changelog only"
"""It tells again what other commits did; with them its words are worth having."""
UNEXPLAINED = "a line or two without an explanation"
"""Until the request it came with explains it: changelogs speak of such commits."""
_SMALL = 20
"""Changed lines up to which a commit that calls itself cosmetic is taken at its word."""
_SAYING_WORDS = 5
"""Words of a title, a request's too, from which it says by itself what a line or two are for."""
_RELEASED = 100
"""Changed lines of code up to which a commit that calls itself a release is one: copies of the version, built files."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_VERSION = r"v?\d+(?:\.\d+)+(?:[.-]?(?:a|b|rc|dev|alpha|beta|post|pre)\.?\d*)*(?:\.dev|-SNAPSHOT)?"
_RELEASE = _any_of(
    r"(?:(?:re-?)?release|version|bump(?:ed|s|ing)?(?: the)? (?:version|to)|start|prepare|prep|set version|tag|"
    rf"new version)\b.{{0,40}}?{_VERSION}\W*",
    rf"{_VERSION}(?: release)?",
    r"bump(?:ed)? version(?: number)?",
    r"(?:prepare|prep|pre|post|bump(?:ed|s|ing)?)[ -]?(?:for )?(?:the |a |new |next )*release.{0,30}",
    rf"bump(?:ed|s|ing)? {_VERSION}\W*",
    rf"[\w@/.]+(?:-[\w@/.]+)*[- ]{_VERSION}",
    r"back to development.{0,20}",
    r"(?:next|new) (?:dev|development|patch|minor|major)? ?version.{0,20}",
    rf"change-?log:? {_VERSION}",
    r"update version(?: number)?.{0,20}|version bump.{0,20}|bump",
)
_ROUTINE = _any_of(
    r"(?:\[[\w -]{1,20}\] )?bump(?:s|ed)? (?:the )?\S+.{0,40} (?:from \S+ to \S+|group|across|to v?\d).{0,120}",
    r"\[pre-commit\.ci\].*|Merge pull request #\d+ from \S*(?:dependabot|renovate|pre-commit-ci)\S*",
    r"(?:ran |run )?pre-?commit auto-?update.{0,40}",
    r"all-repos.*",
    r"(?:chore|fix|build|ci)\(deps.{0,20}\): (?:bump|update|upgrade|pin|refresh|lock ?file).{0,200}",
    r"(?:update|upgrade|bump|pin|refresh)[sd]? (?:all |the |dev(?:elopment)? |test |pinned |docs? )*"
    r"(?:dependenc(?:y|ies)|deps|pins|env|pre-commit(?: hooks?| config)?|requirements(?: files?)?|lock ?files?|"
    r"python-packages|github actions?(?: versions?)?)(?: \(.{0,40}\))?",
    r"(?:update|upgrade|bump)[sd]? (?:[\w./-]+ ){0,2}?versions?(?: (?:of|in|for|from) .{1,60})?",
)
_UPGRADE = _any_of(r"(?:update|upgrade|bump)[sd]? [\w./@ -]{1,60}? (?:v?\d+\.\d[\w.]*|to v?\d[\w.]*)")
_BARE_BUMP = _any_of(r"bump(?:ed|s|ing)? @?[\w./@-]+(?: (?:from|in|group|across)\b.*)?")
"""Routine where nothing but manifests changed."""
_PIN = re.compile(
    r"(?:-\s*)?[\w.\[\]-]+==[\w.+!]+.{0,80}|-?\s*(?:uses|rev|image|version):\s*\S+.{0,80}|(?:#|//|-[rc]\s|--hash|via\b).{0,200}|\W*"
)
_FLOOR = re.compile(
    r"\b(?:msrv|minim\w+|at least|require[sd]?|requiring|support\w*|drop\w*|deprecat\w*)\b", re.IGNORECASE
)
"""What a title says that speaks of what the project needs or supports: no routine."""
_VERSION_KEY = re.compile(r"""\s*["']?(?:__)?version(?:__)?["']?\s*[:=]|.{0,80}\bpath\s*=""", re.IGNORECASE)
"""A line that holds the project's own version, or that of another part of it."""
_BOUND = re.compile(r"\b(?:drop|requir|support|minimum|at least|deprecat|fix|pin|compat)", re.IGNORECASE)
"""What the title of a moved version says when more than the version was meant."""
_VERSION_OR_HASH = re.compile(
    r"(?<![\w.<>~^])(?<![<>~!]=)v?\d+(?:\.\d+)+(?:[-.]?(?:a|b|rc|dev|post)[-.]?\d*)?\b|\b[0-9a-f]{7,64}\b"
)
"""An exact one: a bound (`>=3.8`, `^1.2`) says what is supported."""
_POLISH = (
    r"typos?|spelling|misspell\w*|gramm\w+|white ?space|punctuation|nits?|wording|cosmetics?|formatting|flake8|"
    r"pep ?-?8|pylint|isort|black|prettier|ruff|mypy|pyflakes|"
    r"rubocop|clippy|shellcheck|shfmt|gofmt|rustfmt|eslint|lint(?:ing|er|s)?|linewrap|indentation|style"
)
_COSMETIC = _any_of(
    r"(?<![\w.-])(?:typos?|spelling|misspell\w*|gramm\w+|punctuation|wording|linewrap|reformat(?:ted)?|"
    r"trailing (?:comma|white ?space|newline)s?|line lengths?|line ?breaks?|"
    r"(?:double|sentence|line|extra|inconsistent) spac(?:es?|ing)|(?:sort(?:ed)?|unused) imports?|copyright|"
    r"badges?|contributors?|authors|(?:broken|bad|wrong|dead|missing|fix(?:ed)?|update[sd]?) (?:\w+ ){0,2}links?|"
    r"sponsors?\w*|capitali[sz]\w*|back-?ticks?)\b"
)
_LEXICAL = _any_of(
    r"(?<![\w.-])(?:typos?|spelling|misspell\w*|gramm\w+|punctuation|wording|linewrap|reformat(?:ted)?|copyright|"
    r"(?:sort(?:ed)?|unused) imports?)\b"
)
"""What is cosmetic in code too, whatever its lines say; the rest only where no code changes but in white space."""
_FILLER = (
    r"fix(?:e[sd]|ing)?|correct(?:ed|s|ing)?|run|apply|applied|address|appease|more|minor|small|some|tiny|various|few|another|again|"
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
    if digest.files and not digest.files_cut and all(map(_tells_again, digest.files)):
        return CHANGELOG_ONLY
    code_lines = sum(
        (change.insertions or 0) + (change.deletions or 0)
        for change in digest.files
        if path_kind(change.path) in ("source", "migration") and not _tells_again(change)
    )
    floor = _FLOOR.search(title) is not None
    if (_RELEASE.fullmatch(title) and code_lines <= _RELEASED and not floor) or (
        not floor and _only_own_version(digest, patches)
    ):
        return "release or version number"
    routine = _ROUTINE.fullmatch(message.subject[:200]) or _ROUTINE.fullmatch(title)
    bare = _BARE_BUMP.fullmatch(title) and not kinds & {"source", "migration", "test"}
    if (routine or bare) and code_lines <= _SMALL and not floor:
        return "routine update of dependencies"
    small = digest.changed_lines <= _SMALL
    upgrade = _UPGRADE.fullmatch(title) is not None and not floor and (small or not kinds & {"source", "migration"})
    if upgrade or (silent and not _BOUND.search(title) and _only_versions_moved(digest, patches)):
        return "routine update of dependencies"
    if not kinds & {"source", "migration", "doc"} and _only_pins(digest, patches):
        return "routine update of dependencies"
    if (
        message.kind == "style"
        or _ONLY_COSMETIC.fullmatch(title)
        or (
            small and not kinds & {"config", "ci"} and is_cosmetic(title) and (not code_lines or _LEXICAL.search(title))
        )
    ):
        return "typos, spelling or formatting"
    if small and kinds <= {"doc"} and any(map(_LEXICAL.search, message.prose)):
        return "typos, spelling or formatting"
    if _only_remarks(digest, patches):
        return "white space or comments only"
    if small and silent and _EMPTY_WORDS.fullmatch(title):
        return "says nothing and changes little"
    said_words = sum(len(piece.split()) for piece in (*message.prose, *message.why))
    unexplained = said_words < _SAYING_WORDS and not message.issues and not (message.request and message.is_merge)
    aside = not kinds & {"source", "migration"} and not any(
        dependency_changes(patch) or moves_runtime(patch) for patch in patches
    )
    if unexplained and aside and _telling_lines(digest, patches) < MEANINGFUL_LINES:
        return UNEXPLAINED
    if silent and max(digest.insertions, digest.deletions) <= 1 and kinds <= {"doc", "other", "asset"}:
        return "a word in a document"
    return None


def explains(message: Message) -> bool:
    """Whether the merge of a request says what its commits are for, and not only that there was one."""
    if not (message.request and message.is_merge):
        return False
    return bool(message.prose or message.why or message.bullets or message.issues) or (
        len(message.title.split()) >= _SAYING_WORDS
    )


def says_little(digest: CommitDigest, message: Message, patches: Sequence[FilePatch]) -> bool:
    """Whether a commit that stands alone is too little for an item, though others may go on with it: a line or two
    under a title of few words that nothing explains."""
    explained = message.prose or message.why or message.bullets or message.issues or message.reverts
    return (
        not explained
        and len(message.title.split()) < _SAYING_WORDS
        and not any(change.status in ("A", "D") for change in digest.files)
        and _telling_lines(digest, patches) < MEANINGFUL_LINES
    )


def _tells_again(change: FileChange) -> bool:
    holds_version = "version" in change.path.rpartition("/")[2].lower() and (change.insertions or 0) <= 2
    return holds_version or is_changelog(change.path)


def is_cosmetic(text: str) -> bool:
    """Whether a line of text is about typos, formatting and the like."""
    return _COSMETIC.search(text[:200]) is not None


def _only_pins(digest: CommitDigest, patches: Sequence[FilePatch]) -> bool:
    """Nothing but exact versions that moved: as many after as before."""
    if not _seen_whole(digest, patches):
        return False
    added = [line.strip() for patch in patches for line in patch.added]
    removed = [line.strip() for patch in patches for line in patch.removed]
    if len(added) != len(removed) or not all(map(_PIN.fullmatch, (*added, *removed))):
        return False
    return sorted(added) != sorted(removed)


def _only_versions_moved(digest: CommitDigest, patches: Sequence[FilePatch]) -> bool:
    """Whether the lines are the same before and after but for exact versions and hashes. Files without lines (archives)
    are passed over beside such lines; what a manifest asks for is more than routine, unless all of it is pinned."""
    readable = [change for change in digest.files if not change.binary]
    if (
        digest.diff_cut
        or not patches
        or len(patches) != len(readable)
        or any(is_manifest(file.path) for file in readable)
    ):
        return False
    return any(patch.added != patch.removed for patch in patches) and all(
        patch.removed
        and [_VERSION_OR_HASH.sub("…", line) for line in patch.added]
        == [_VERSION_OR_HASH.sub("…", line) for line in patch.removed]
        for patch in patches
    )


def _only_own_version(digest: CommitDigest, patches: Sequence[FilePatch]) -> bool:
    """Whether the version of the project, or of its parts, moved, and nothing else but locks and the changelog."""
    if not _seen_whole(digest, patches):
        return False
    telling = [
        patch
        for patch in patches
        if path_kind(patch.path) not in ("lock", "generated") and not is_changelog(patch.path)
    ]
    return bool(telling) and all(
        patch.added != patch.removed
        and all(map(_VERSION_KEY.match, (*patch.added, *patch.removed)))
        and [_VERSION_OR_HASH.sub("…", line) for line in patch.added]
        == [_VERSION_OR_HASH.sub("…", line) for line in patch.removed]
        for patch in telling
    )


def _only_remarks(digest: CommitDigest, patches: Sequence[FilePatch]) -> bool:
    """Whether every hunk says the same before and after, but for white space and comments."""
    return (
        _seen_whole(digest, patches)
        and all(change.status == "M" for change in digest.files)
        and any(path_kind(patch.path) != "doc" for patch in patches)
        and all(_says_the_same(patch) for patch in patches if path_kind(patch.path) != "doc")
        and all(
            _squeezed(patch.added) == _squeezed(patch.removed) for patch in patches if path_kind(patch.path) == "doc"
        )
    )


def _says_the_same(patch: FilePatch) -> bool:
    before = after = ""
    for line in [*patch.lines, Line("@", "")]:
        if line.mark == "@":
            if before != after:
                return False
            before = after = ""
        elif not is_comment(patch.path, line.text):
            # The lines around are read too: one that moved past another says something else in its new place.
            text = "".join(line.text.split())
            before += text if line.mark != "+" else ""
            after += text if line.mark != "-" else ""
    return True


def _telling_lines(digest: CommitDigest, patches: Sequence[FilePatch]) -> int:
    """Changed lines that say something: without blank ones and comments. All, where not every file is seen."""
    if not _seen_whole(digest, patches):
        return max(digest.changed_lines, MEANINGFUL_LINES)
    return sum(
        1
        for patch in patches
        for line in patch.lines
        if line.mark in "+-" and line.text.strip() and not is_comment(patch.path, line.text)
    )


def _seen_whole(digest: CommitDigest, patches: Sequence[FilePatch]) -> bool:
    return not digest.diff_cut and bool(patches) and len(patches) == len(digest.files)


def _squeezed(lines: Sequence[str]) -> str:
    return "".join("".join(line.split()) for line in lines)

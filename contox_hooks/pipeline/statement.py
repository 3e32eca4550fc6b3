"""What a title and facts state, as far as it can be compared: same words, a value of a subject, a choice, a revert.

Pure text. Invariant: says nothing rather than something doubtful, since what is compared here may take an older item
out of sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from contox_hooks.domain.item import EXTENT, IN_THE_CODE

_WORD = re.compile(r"\w(?:[\w.+#/-]*[\w+#])?")
"""Names and versions whole: `url_prefix`, `3.10`, `c++`."""
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ing|ed|es|s)$")
_VOWEL = re.compile(r"[aeiouy]")
_FILLERS = frozenset({"a", "an", "the", "its", "this", "that", "some", "also", "now"})
_AGAIN = re.compile(
    r"[\s,(-]*\b(?:(?:yet |once )?again|once more|(?:take|attempt|try|part) (?:#?\d|two|three))\)?$", re.I
)
_AGAIN_WITHIN = re.compile(r"\bagain(?= \()", re.I)
"""`Edit comment again (a.py)`."""
_MAYBE_AGAIN = re.compile(r"again|once more|take|attempt|try|part")
_CACHED = 4096
"""Titles and words of which the outcome is kept: several rules ask for the same."""
_NUMBER = re.compile(r"\s*\((?:#|gh-)\d+\)$", re.I)
"""The request that a host appends to a squashed title."""
_RENEWS = frozenset({"update", "updat", "upgrade", "upgrad", "bump"})
_RENEWED = frozenset({"version", "new", "newest", "latest", "newer", "available", "of", "to"})
"""Words that every renewal may have: `Update x versions`, `Upgrade to the latest x`."""


def folded(title: str) -> str:
    """The title without case, spacing and the number of its request: the same title is the same statement."""
    text = title.rstrip(" .")
    if text.endswith(")"):
        text = _NUMBER.sub("", text)
    return " ".join(text.casefold().split()).rstrip(".")


@lru_cache(maxsize=_CACHED)
def title_words(title: str) -> tuple[str, ...]:
    """The title's words without articles and endings. In order, since `from a to b` is not `from b to a`."""
    text = folded(title)
    if _MAYBE_AGAIN.search(text):
        text = _AGAIN.sub("", _AGAIN_WITHIN.sub("", text))
    words = [_stem(word) for word in _WORD.findall(text) if word not in _FILLERS]
    if words and words[0] in _RENEWS:
        words = ["update", *(word for word in words[1:] if word not in _RENEWED)]
    return tuple(words)


@lru_cache(maxsize=_CACHED)
def _stem(word: str) -> str:
    stem = _ENDING.sub("", word)
    return stem if word.isalpha() and _VOWEL.search(stem) else word  # `https` is not a plural


# -- a value of a subject ------------------------------------------------------------------------------------------

_VERSION = re.compile(r"(?<![\w#./-])v?(\d+(?:\.\d+)*(?:\.?(?:a|b|rc|dev|post)\d+)?)(?![\w/-]|\.\w)")
_MOVES = frozenset(
    {"update", "use", "move", "switch", "pin", "require", "set", "target", "raise", "lower", "increase", "limit"}
)
_DROPS = frozenset({"drop"})
_SUPPORT = frozenset({"support", "for", "eol", "end", "of", "life", "end-of-life"})
"""`Drop support for EOL Python 3.7` drops Python 3.7."""
_ELSEWHERE = re.compile(r"\b(?:for|on|in|with|against|when|under|since|before|after|fix\w*)\b")
"""Before a version: it says where something else happened, not what was chosen."""


@dataclass(frozen=True, slots=True)
class Value:
    subject: str
    """The title without the version."""
    version: tuple[int, ...]
    only_up: bool
    """Dropping 3.7 after 3.6 goes on from it; dropping 3.6 after 3.7 does not."""


def value_of(title: str) -> Value | None:
    """What version a title chooses of what: `Require ruff 0.5`, `Drop support for Python 3.7`."""
    text = folded(title)
    words = title_words(title)
    found = list(_VERSION.finditer(text))
    if not words or len(found) != 1 or words[0] not in _MOVES | _DROPS:
        return None
    before = text[: found[0].start()]
    if words[0] in _MOVES and _ELSEWHERE.search(before):
        return None
    named = title_words(f"{before} {text[found[0].end() :]}")
    subject = " ".join(word for word in named if words[0] not in _DROPS or word not in _SUPPORT)
    if len(subject.split()) < 2:  # `Bump to 2`: of what?
        return None
    parts = tuple(int(part) for part in re.findall(r"\d+", found[0][1])[:6])
    return Value(subject, parts, words[0] in _DROPS)


# -- single values in the facts --------------------------------------------------------------------------------------

_DEPENDENCY = re.compile(r"moves dependency `(?P<name>[^`]+)` from `(?P<before>[^`]+)` to `(?P<after>[^`]+)`")
_GOES = re.compile(r"`(?P<name>[^`]+)` goes from `(?P<before>[^`]+)` to `(?P<after>[^`]+)`")
_BECOMES = re.compile(r"`(?P<before>[^`]+)` becomes `(?P<after>[^`]+)`")
_DEEPER = f"\n{IN_THE_CODE}"
_DEEP_CHANGE = re.compile(r"^- `(?P<before>[^`]+)` becomes `(?P<after>[^`]+)` \((?P<path>\S+)\)$", re.MULTILINE)
_COME_OR_GONE = re.compile(r"^- (?:adds|removes|moves|schema|route) ", re.MULTILINE)
LINE = "a line of"
_LINE = re.compile(r"- (?P<path>[^\s:]+): (?P<told>.+)")
_LINES_A_CHANGE = 4
"""Changed lines of an item for each change that it tells, at most: with more it stands for more than it tells."""


@dataclass(frozen=True, slots=True)
class Change:
    subject: str
    before: str
    after: str


def changes_told(facts: str) -> tuple[Change, ...]:
    """What values went from what to what, when the facts say that and nothing else; else nothing."""
    found: list[Change] = []
    lines = 0
    own, _, deeper = facts.partition(_DEEPER)
    for line in own.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            extent = EXTENT.match(line)
            if extent is None and line.strip():
                return ()
            lines += sum(map(int, extent.groups())) if extent else 0
            continue
        rest = match["told"]
        for change, text in _changes(match["path"], rest):
            found.append(change)
            rest = rest.replace(text, "", 1)
        if rest.strip(" ;"):
            return ()
    found += _deep_changes(deeper)
    if lines > _LINES_A_CHANGE * len(found) or _COME_OR_GONE.search(deeper):
        return ()
    return tuple(dict.fromkeys(found))


def every_change(facts: str) -> tuple[Change, ...]:
    """What values went from what to what, whatever else the facts say."""
    own, _, deeper = facts.partition(_DEEPER)
    lines = (_LINE.fullmatch(line) for line in own.splitlines())
    told = [change for line in lines if line for change, _ in _changes(line["path"], line["told"])]
    return tuple(dict.fromkeys((*told, *_deep_changes(deeper))))


def _deep_changes(deeper: str) -> list[Change]:
    found = _DEEP_CHANGE.finditer(deeper) if "becomes" in deeper else ()
    return [Change(f"{LINE} {match['path']}", match["before"], match["after"]) for match in found]


def _changes(path: str, told: str) -> Iterator[tuple[Change, str]]:
    if "` to `" not in told and "becomes `" not in told:
        return
    for match in _DEPENDENCY.finditer(told):
        yield Change(f"dependency {match['name']}", match["before"], match["after"]), match[0]
    for match in _GOES.finditer(told):
        yield Change(f"{match['name']} in {path}", match["before"], match["after"]), match[0]
    for match in _BECOMES.finditer(told):
        yield Change(f"{LINE} {path}", match["before"], match["after"]), match[0]


# -- choices and their opposites ---------------------------------------------------------------------------------------

_NAME = r"(?:the )?[`'\"]?(?P<{}>[\w.+#/@-]{{2,40}})[`'\"]?"
_OLD, _NEW = _NAME.format("old"), _NAME.format("new")
_REST = "(?P<rest> .*)?"
_REPLACED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:replace|swap)(?:s|d|ing)?(?: out)? {_OLD} (?:with|by|for) {_NEW}{_REST}",
        rf"(?:switch|migrate|move|port|convert)(?:s|d|ed|ing)? from {_OLD} to {_NEW}{_REST}",
        rf"(?:use|prefer)(?:s|d|ing)? {_NEW} (?:instead of|over|rather than) {_OLD}{_REST}",
    )
)
_CHOSEN = re.compile(
    rf"(?:use|adopt|switch to|move to|migrate to)(?:s|d|ing)? {_NEW}(?P<rest> (?:for|in|as|to) .*)?", re.IGNORECASE
)
_PLAIN = frozenset({"new", "the", "it", "them", "more", "less", "same", "only", "all", "two", "one", "python", "code"})


@dataclass(frozen=True, slots=True)
class Choice:
    new: str
    old: str | None
    purpose: str
    """What follows the names: `for the tests`."""


def choice_of(title: str) -> Choice | None:
    """`Use A for B`, `Replace A by B`."""
    text = folded(title)
    for pattern in (*_REPLACED, _CHOSEN):
        match = pattern.fullmatch(text)
        if match is not None:
            fields = match.groupdict()
            names = [fields["new"], fields.get("old")]
            if any(name in _PLAIN for name in names) or names[0] == names[1]:
                return None
            return Choice(fields["new"], fields.get("old"), " ".join(title_words(fields["rest"] or "")))
    return None


_GIVES = frozenset({"add", "introduce", "enable", "introduc", "enabl", "allow"})
TAKES = frozenset({"remove", "drop", "delete", "disable", "remov", "delet", "disabl", "disallow"})


def side_of(title: str) -> tuple[str, bool] | None:
    """What a title gives (True) or takes away (False): `Add x to y`, `Remove x from y` are of one subject."""
    words = title_words(title)
    if len(words) < 3 or words[0] not in _GIVES | TAKES:
        return None
    kind = "able" if words[0].startswith(("enabl", "disabl")) else "allow" if "allow" in words[0] else "be"
    rest = ["at" if word in ("to", "from", "in") else word for word in words[1:]]
    return f"{kind} {' '.join(rest)}", words[0] in _GIVES


_ACT = re.compile(r"(?P<act>revert|reapply)(?:s|ed)? [“\"](?P<what>.+)[”\"]", re.I)


def act_of(title: str) -> tuple[str, bool]:
    """What a title is about, folded, and whether that stands after it: `Revert “x”` takes x back, `Revert “Revert “x””`
    and git's `Reapply “x”` do it again, `x` does it."""
    what, stands = folded(title), True
    while match := _ACT.fullmatch(what):
        what = folded(match["what"])
        stands = stands == (match["act"] != "revert")
    return what, stands


# -- titles that many changes have -------------------------------------------------------------------------------------

_SAYS_LITTLE = re.compile(
    r"fix|add|updat(?:e)?|improv(?:e)?|chang(?:e)?|tweak|adjust|clean(?:up)?|up|remov(?:e)?|refactor|minor|small|more|some|"
    r"for|of|in|on|to|and|with|from|test|doc|documentation|readme(?:\.\w+)?|code|bug|issue|stuff|thing|file|config|"
    r"setting|version|ci|build|wip|initial|commit|first|better|new|next|work|address?|review|feedback|suggestion|error|"
    r"changelog|merg(?:e)?|branch|fork|master|main|releas(?:e)?|prepar(?:e)?|bump|lint(?:er)?|typo|formatt?|style|chore|"
    r"deps|dependency|dependencie|\d+"
)
"""As `title_words` gives them."""
_TELLING = 3
"""Words beside those, from which on a title names one change."""


def is_vague(title: str) -> bool:
    """Whether many changes have such a title: `Merge commit from fork`, `Update README (README.md)`."""
    telling = {word for word in title_words(title) if not _SAYS_LITTLE.fullmatch(word)}
    return len(telling) < _TELLING

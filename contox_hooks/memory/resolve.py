"""Which bug and todo items later commits have settled: a pure decision.

The rule, in full, wrong matches being worse than missed ones:

* A marked comment (TODO, FIXME) is resolved for certain when a commit takes away the very line it cites and adds it
  nowhere else. While its line stands it is open, whatever a message claims. A commit that only rewords it, or that
  nobody can see whole, resolves nothing for certain.
* What cites no line is judged by words: a message that closes an issue the item names, or that claims to have done
  what most of the item's own words say, in one of its files (`both`) or nearly all of them without (`keyword`).
* A bug that tells of its fix, in words or by citing the code, is not open.
* What a commit settled is open again once a later one adds the line again, or reverts the commit where no line says
  more (`is_taken_back`). What became of the commit itself is reopening.py's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contox_hooks.domain.diff import spent_files
from contox_hooks.domain.item import Item, ItemStatus
from contox_hooks.memory.word import words

MatchType = Literal["file", "keyword", "both"]

HIGH = 0.85
"""From here on an item is archived; below, a person is asked. A choice, not a measurement."""
_SURE_LINES, _DRIFTED, _CLOSED_ISSUE, _BOTH, _BOTH_LOOSELY, _WORDS_ALONE = 0.95, 0.9, 0.9, 0.85, 0.7, 0.6

_MAX_MESSAGE = 4000
_MIN_WORDS = 3
_FIX = re.compile(
    r"(?:[\w()/!.-]+: *)?(?:hot)?(?:fix(?:e[sd]|ing|up)?|bug ?fix|correct(?:s|ed)?|repair(?:s|ed)?|prevent(?:s|ed)?|"
    r"avoid(?:s|ed)?|handle[sd]?|solve[sd]?|resolve[sd]?|do(?:es)? not|don't|"
    r"work ?around|ensure[sd]?|make sure|guard|restore[sd]?)\b",
    re.IGNORECASE,
)
_FIX_ANYWHERE = re.compile(r"\b(?:fix(?:e[sd]|ing)?|bug ?fix|regression|close[sd]? #|resolve[sd]? #)", re.IGNORECASE)
_CLAIM = re.compile(
    r"\b(?:fix|close|resolve|implement|add|handle|support|address|finish|complete|remove|drop|do)(?:e?[sd]|ing)?\b",
    re.IGNORECASE,
)
_ISSUE = re.compile(r"(?<![\w/&])(?:#|gh-)(\d{1,7})\b", re.IGNORECASE)
_CLOSES = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+[\w./-]{0,80}(?:#|gh-)(\d{1,7})\b", re.IGNORECASE
)
_REVERTS = re.compile(r"This reverts commit ([0-9a-f]{7,64})")
_MARKER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
_EMPTY = frozenset(
    {"the", "and", "for", "with", "that", "thi", "from", "into", "when", "should", "not", "but", "are", "was", "todo",
     "fixm", "xxx", "need", "make", "use", "can", "will", "all", "any", "also", "once", "bug"}
)  # fmt: skip
"""As word.py stems them."""


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    message: str
    files: tuple[str, ...]
    """New and old names."""
    at_utc: int | None = None
    """None: later than everything."""
    diff: str = ""
    """As a digest keeps it; empty when it is not known."""
    diff_cut: bool = False

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0].strip()


@dataclass(frozen=True, slots=True)
class Resolution:
    item: Item
    """As it was before."""
    commit_sha: str
    match_type: MatchType
    matched_files: tuple[str, ...]
    confidence: float
    reason: str
    """One line for people."""

    @property
    def new_status(self) -> ItemStatus:
        return "archived" if self.confidence >= HIGH else "review"


@dataclass(frozen=True, slots=True)
class Passed:
    """Something matched, but not enough."""

    item: Item
    reason: str


def is_open(item: Item) -> bool:
    """Whether this is a todo, or a bug that nobody has fixed yet as far as it says itself."""
    if item.status not in ("active", "review"):
        return False
    if item.type == "todo":
        return True
    if item.type != "bug":
        return False
    if any(not _MARKER.search(line) for lines in _cited(item).values() for line in lines):
        return False  # code that was written for it
    told = (item.title, *(found.quote for found in item.evidence if found.path is None))
    return not any(_FIX.match(text) or _FIX_ANYWHERE.search(text) for text in told)


def decide_resolved(
    item: Item, commits: Iterable[Commit], *, names: Mapping[str, Iterable[str]] | None = None
) -> Resolution | Passed | None:
    """What the first commit that settles the item for good says, else the first near miss; None when nothing matches.

    `commits` in time order. `names`: a cited path to all names that the file had since."""
    if not is_open(item):
        return None
    missed: Passed | None = None
    settled: Resolution | None = None
    own = {found.commit_sha for found in item.evidence}
    lines = _cited(item)
    for commit in commits:
        if commit.sha in own or (commit.at_utc is not None and commit.at_utc < item.at_utc):
            continue
        if settled is not None:
            if is_taken_back(item, settled.commit_sha, commit, names=names):
                settled = None
            continue
        found = _by_lines(item, lines, commit, names or {}) if lines else _by_words(item, commit)
        if isinstance(found, Resolution):
            settled = found
        missed = missed or (found if isinstance(found, Passed) else None)
    return settled or missed


def is_taken_back(
    item: Item, settled_by: str, later: Commit, *, names: Mapping[str, Iterable[str]] | None = None
) -> bool:
    """Whether a later commit opens what `settled_by` (the first characters of its id) settled."""
    lines = _cited(item)
    if lines and later.diff:
        patches = list(spent_files(later.diff))
        if any(_adds(line, {path, *(names or {}).get(path, ())}, patches) for path in lines for line in lines[path]):
            return True
        if not later.diff_cut:
            return False
    return any(sha.startswith(settled_by) or settled_by.startswith(sha) for sha in _REVERTS.findall(later.message))


def _adds(line: str, paths: Collection[str], patches: Sequence[tuple[str, str]]) -> bool:
    """Whether the line stands in one of the files where it did not."""
    own = [patch for name, patch in patches if name in paths]
    added, removed = (sum(line in _fold(text) for patch in own for text in _marked(patch, mark)) for mark in "+-")
    return added > removed


def decide_drifted(item: Item, commit: Commit) -> Resolution | None:
    """For a todo in review since `commit` took away its cited line, as drift has seen in the files themselves."""
    lines = _cited(item)
    if item.type != "todo" or item.status != "review" or not lines or commit.diff_cut or not commit.diff:
        return None
    texts = [line for cited in lines.values() for line in cited]
    patches = list(spent_files(commit.diff))
    if any(_comes_back(text, patches) for text in texts):
        return None
    touched = tuple(path for path in item.files if path in commit.files)
    return Resolution(item, commit.sha, "both" if touched else "keyword", touched, _DRIFTED, _done(commit))


def _by_lines(
    item: Item, lines: Mapping[str, Sequence[str]], commit: Commit, names: Mapping[str, Iterable[str]]
) -> Resolution | Passed | None:
    patches = list(spent_files(commit.diff)) if commit.diff else []
    touched = []
    for path, cited in lines.items():
        known = {path, *names.get(path, ())}
        removed = [_fold(text) for name, patch in patches if name in known for text in _marked(patch, "-")]
        if not all(any(line in text for text in removed) for line in cited):
            return None
        touched.append(path)
    texts = [line for cited in lines.values() for line in cited]
    again = next((text for text in texts if _comes_back(text, patches)), None)
    if again is not None:
        return Passed(item, f"{commit.sha[:12]} moved or reworded “{_short(again)}”")
    if commit.diff_cut:
        return Resolution(
            item, commit.sha, "both", tuple(touched), _BOTH_LOOSELY,
            f"perhaps done: {commit.sha[:12]} “{_short(commit.subject)}” took the line away; its diff was cut",
        )  # fmt: skip
    return Resolution(item, commit.sha, "both", tuple(touched), _SURE_LINES, _done(commit))


def _by_words(item: Item, commit: Commit) -> Resolution | Passed | None:
    message = commit.message[:_MAX_MESSAGE]
    files = tuple(path for path in item.files if path in commit.files)
    named = set(_ISSUE.findall(f"{item.title} {item.facts} {item.rationale or ''}"))
    closed = named & set(_CLOSES.findall(message))
    if closed:
        reason = f"{commit.sha[:12]} closes #{min(closed, key=int)}: “{_short(commit.subject)}”"
        return Resolution(item, commit.sha, "both" if files else "keyword", files, _CLOSED_ISSUE, reason)
    own = _words(item.title)
    if len(own) < _MIN_WORDS or not _CLAIM.search(commit.subject):
        return None
    share = len(own & _words(message)) / len(own)
    if files and share >= 0.8:
        return Resolution(item, commit.sha, "both", files, _BOTH, _done(commit))
    if files and share >= 0.6:
        return Resolution(item, commit.sha, "both", files, _BOTH_LOOSELY, f"perhaps done: {_told(commit)}")
    if share >= 0.9 and len(own) > _MIN_WORDS:
        return Resolution(item, commit.sha, "keyword", (), _WORDS_ALONE, f"perhaps done: {_told(commit)}")
    if files and share >= 0.4:
        return Passed(item, f"{_told(commit)} has too few of its words")
    return None


def _comes_back(line: str, patches: Sequence[tuple[str, str]]) -> bool:
    """Whether the commit adds the line, or a comment of the same kind with most of its words."""
    own = _words(line)
    for _, patch in patches:
        for text in _marked(patch, "+"):
            if line in _fold(text):
                return True
            if own and _MARKER.search(text) and len(own & _words(text)) >= 0.5 * len(own):
                return True
    return False


def _cited(item: Item) -> dict[str, list[str]]:
    """Path to the lines that the item says stand there, white space folded."""
    cited: dict[str, list[str]] = {}
    for found in item.evidence:
        if found.path is None:
            continue
        for line in found.quote.split("\n"):
            text = line.strip()
            if text and not text.startswith("-"):
                cited.setdefault(found.path, []).append(_fold(text.removeprefix("+")))
    return cited


def _marked(patch: str, mark: str) -> Iterator[str]:
    return (line[1:] for line in patch.split("\n")[2:] if line.startswith(mark))


def _words(text: str) -> set[str]:
    return {word for word in words(text) if len(word) > 2 and word not in _EMPTY and not word.isdigit()}


def _fold(text: str) -> str:
    return " ".join(text.split())


def _told(commit: Commit) -> str:
    return f"{commit.sha[:12]} “{_short(commit.subject)}”"


def _done(commit: Commit) -> str:
    return f"done in {_told(commit)}"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"

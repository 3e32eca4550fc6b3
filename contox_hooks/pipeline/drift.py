"""Whether later commits took away what an item cites.

Pure: the caller brings the later commits and readers of files as they are now and as they were at the item's own newest
commit. The rule, in full:

* Cited lines are the added lines that the item's evidence quotes with a path and that stood, white space folded, at the
  item's newest commit: what newer evidence replaced is history, and a redacted line never stood. Every one must still
  stand in its file, found again after renames; one that is gone flags the item, and so does their path that is gone.
  An item whose cited lines all stand is never flagged, and one in review is released when they stand again.
* An item that cites no line of a file is flagged only when the last of its files is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.pipeline.quote import cited_lines, fold

FileText = Callable[[str], str | None]
"""The content of a path at one commit, None when it is not there."""


@dataclass(frozen=True, slots=True)
class Drift:
    reason: str
    """One line for people: the path, what happened to it, the commit."""
    commit_sha: str
    path: str
    """As it is or was last named."""


def decide_drift(item: Item, changes: Sequence[CommitDigest], now: FileText, then: FileText) -> Drift | None:
    """Why `item` needs a review, or None.

    `changes`: later commits in time order that changed, renamed or deleted any of the item's files. `now`: files after
    the newest of them; `then`: files at the item's newest commit, by the names that the item has for them.
    """
    if item.status != "active" or not changes:
        return None
    cited = _cited(item)
    if not cited:
        return _all_gone(item.files, changes, now, then)
    for path, lines in cited.items():
        trail = _follow(path, changes)
        if trail.last is None:
            continue
        text = now(trail.path)
        gone = next(_gone_lines(path, lines, text, then), None)
        if gone is not None and text is None:
            sha = trail.last.sha
            return Drift(f"{trail.path} was deleted in {sha[:12]}", sha, trail.path)
        if gone is not None:
            sha = _remover(gone, trail.path, changes) or trail.last.sha
            return Drift(f"{trail.path} changed in {sha[:12]}: no longer has “{_short(gone)}”", sha, trail.path)
    return None


def decide_release(item: Item, changes: Sequence[CommitDigest], now: FileText, then: FileText) -> bool:
    """Whether every cited line of an item in review stands again. The caller knows why it is in review."""
    cited = _cited(item)
    if not cited or item.status != "review":
        return False
    return not any(
        True for path, lines in cited.items() for _ in _gone_lines(path, lines, now(_follow(path, changes).path), then)
    )


def takes_away(commit: CommitDigest, item: Item) -> bool:
    """Whether the commit's diff, as far as it was kept, removes a line that the item cites."""
    return any(_remover(line, path, [commit]) for path, lines in _cited(item).items() for line in lines)


def _cited(item: Item) -> dict[str, list[str]]:
    cited: dict[str, list[str]] = {}
    for evidence in item.evidence:
        if evidence.path is not None and (lines := cited_lines(evidence.quote)):
            cited.setdefault(evidence.path, []).extend(lines)
    return cited


@dataclass(slots=True)
class _Trail:
    path: str
    """Where the file is now, as far as the changes tell."""
    last: CommitDigest | None
    """The newest change that touched it; the one that deleted it when it was not created again."""


def _follow(path: str, changes: Iterable[CommitDigest]) -> _Trail:
    trail = _Trail(path, None)
    for commit in changes:
        for change in commit.files:
            if change.status == "R" and change.old_path == trail.path:
                trail.path, trail.last = change.path, commit
                break
            if change.path == trail.path:
                trail.last = commit
    return trail


def _all_gone(files: Sequence[str], changes: Sequence[CommitDigest], now: FileText, then: FileText) -> Drift | None:
    trails = [_follow(path, changes) for path in files]
    touched = [trail for trail in trails if trail.last is not None]
    if not touched or any(now(trail.path) is not None for trail in trails):
        return None
    if all(then(path) is None for path in files):  # the item's own commit deleted them, or git names them otherwise
        return None
    order = {commit.sha: place for place, commit in enumerate(changes)}
    last = max(touched, key=lambda trail: order[trail.last.sha] if trail.last else -1)
    assert last.last is not None
    sha, count = last.last.sha, len(set(files))
    what = f"{last.path} was" if count == 1 else f"all {count} files were"
    return Drift(f"{what} deleted, last in {sha[:12]}", sha, last.path)


def _gone_lines(path: str, lines: Sequence[str], text: str | None, then: FileText) -> Iterator[str]:
    """Cited lines that stood then and do not stand in the text. The older text is only read when one is missing."""
    for line in lines:
        if text is None or not _stands(line, text):
            before = then(path)
            if before is not None and _stands(line, before):
                yield line


def _stands(line: str, text: str) -> bool:
    """Whether a line of the text contains the cited one with word boundaries around it."""
    standing = _standing_lines(text)
    return line in standing or any(_contains(candidate, line) for candidate in standing)


@lru_cache(maxsize=64)
def _standing_lines(text: str) -> dict[str, None]:
    """Folded, in order, each once: many items cite the same file."""
    return dict.fromkeys(fold(line) for line in text.split("\n"))


def _contains(line: str, quote: str) -> bool:
    """Whether the quote stands in the line without cutting a word: `x = 1` does not stand in `max = 10`."""
    start = line.find(quote)
    while start >= 0:
        end = start + len(quote)
        cuts_left = start > 0 and _word(line[start - 1]) and _word(quote[0])
        cuts_right = end < len(line) and _word(line[end]) and _word(quote[-1])
        if not cuts_left and not cuts_right:
            return True
        start = line.find(quote, start + 1)
    return False


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _remover(line: str, path: str, changes: Sequence[CommitDigest]) -> str | None:
    """The newest commit that touched the file and whose diff, as far as it was kept, takes the line away."""
    for commit in reversed(changes):
        if not any(path in (change.path, change.old_path) for change in commit.files):
            continue
        removed = (fold(text[1:]) for text in commit.diff.split("\n") if text.startswith("-"))
        if any(_contains(text, line) for text in removed):
            return commit.sha
    return None


def _short(line: str) -> str:
    return line if len(line) <= 60 else line[:59] + "…"

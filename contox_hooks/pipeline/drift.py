"""Whether later commits took away what an item cites.

Pure: the caller brings the later commits and readers of files as they are now and as they were at the item's own newest
commit. The rule, in full:

* Cited lines are the added lines that the item's evidence quotes with a path and that stood, white space folded, at the
  item's newest commit: what newer evidence replaced is history, and a redacted line never stood. Every one must still
  stand in its file, found again after renames; one that is gone flags the item, and so does their path that is gone.
  An item whose cited lines all stand is never flagged, and one in review is released when they stand again.
* An item that cites no line of a file is flagged only when the last of its files is gone, until one is there again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.pipeline.quote import cited_lines

FileText = Callable[[str], str | None]
"""The content of a path at one commit, None when it is not there."""


@dataclass(frozen=True, slots=True)
class Drift:
    reason: str
    """One line for people: the path, what happened to it, the commit."""
    commit_sha: str
    path: str
    """As it is or was last named."""
    line: str | None = None
    """The first cited line that is gone, white space folded; None when whole files are."""


def decide_drift(item: Item, changes: Sequence[CommitDigest], now: FileText, then: FileText) -> Drift | None:
    """Why `item` needs a review, or None.

    `changes`: later commits in time order that changed, renamed or deleted any of the item's files. `now`: files after
    the newest of them; `then`: files at the item's newest commit, by the names that the item has for them.
    """
    if item.status != "active" or not changes:
        return None
    cited = cited_by(item)
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
            return Drift(f"{trail.path} changed in {sha[:12]}: no longer has {_quoted(gone)}", sha, trail.path, gone)
    return None


def decide_release(item: Item, changes: Sequence[CommitDigest], now: FileText, then: FileText) -> bool:
    """Whether every cited line of an item in review stands again, or a file of one that cites no line. The caller
    knows why it is in review."""
    if item.status != "review":
        return False
    cited = cited_by(item)
    if not cited:
        return any(now(_follow(path, changes).path) is not None and then(path) is not None for path in item.files)
    texts = {path: now(_follow(path, changes).path) for path in cited}
    told = item.status_reason or ""
    for path, lines in cited.items():  # what the reason quotes stood then: if it is still gone, that need not be read
        if any(_quoted(line) in told and not stands(line, texts[path] or "") for line in lines):
            return False
    return not any(True for path, lines in cited.items() for _ in _gone_lines(path, lines, texts[path], then))


def takes_away(commit: CommitDigest, item: Item) -> bool:
    """Whether the commit's diff, as far as it was kept, removes a line that the item cites."""
    return any(_remover(line, path, [commit]) for path, lines in cited_by(item).items() for line in lines)


def cited_by(item: Item) -> dict[str, list[str]]:
    """Path to the lines that the item's evidence quotes from there, white space folded."""
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
    if not any(change.status == "D" for commit in changes for change in commit.files):
        return None
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
        if text is None or not stands(line, text):
            before = then(path)
            if before is not None and stands(line, before):
                yield line


def stands(line: str, text: str) -> bool:
    """Whether a line of the text contains the cited one, white space folded, without cutting a word of it."""
    return _pattern(line).search(text) is not None


@lru_cache(maxsize=4096)
def _pattern(line: str) -> re.Pattern[str]:
    """`x = 1` does not stand in `max = 10`. Folding the file instead takes a hundred times as long."""
    words = r"[^\S\n]+".join(re.escape(word) for word in line.split())
    left, right = (r"(?<!\w)" if _word(line[0]) else ""), (r"(?!\w)" if _word(line[-1]) else "")
    return re.compile(f"{left}{words}{right}")


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _remover(line: str, path: str, changes: Sequence[CommitDigest]) -> str | None:
    """The newest commit that touched the file and whose diff, as far as it was kept, takes the line away."""
    for commit in reversed(changes):
        if not any(path in (change.path, change.old_path) for change in commit.files):
            continue
        removed = (text[1:] for text in commit.diff.split("\n") if text.startswith("-"))
        if any(stands(line, text) for text in removed):
            return commit.sha
    return None


def _quoted(line: str) -> str:
    return f"“{line}”" if len(line) <= 60 else f"“{line[:59]}…”"

"""Whether later commits took away what an item cites.

Pure: the caller brings the later commits and a reader of files as they are now. The rule, in full:

* Cited lines are the added lines that the item's evidence quotes with a path. Every one must still stand, white space
  folded, in its file, found again after renames; one that is gone flags the item, and so does a cited path that is
  gone. An item whose cited lines all stand is never flagged, however much changed around them.
* An item that cites no line of a file is flagged only when the last of its files is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.pipeline.quote import cited_lines, fold


@dataclass(frozen=True, slots=True)
class Drift:
    reason: str
    """One line for people: the path, what happened to it, the commit."""
    commit_sha: str
    path: str
    """As it is or was last named."""


def decide_drift(item: Item, changes: Sequence[CommitDigest], file_text: Callable[[str], str | None]) -> Drift | None:
    """Why `item` needs a review, or None.

    `changes`: later commits in time order that changed, renamed or deleted any of the item's files. `file_text`: the
    content of a path after the newest of them, None when it is not there.
    """
    if item.status != "active" or not changes:
        return None
    cited: dict[str, list[str]] = {}
    for evidence in item.evidence:
        if evidence.path is not None:
            cited.setdefault(evidence.path, []).extend(cited_lines(evidence.quote))
    cited = {path: lines for path, lines in cited.items() if lines}
    if not cited:
        return _all_gone(item.files, changes, file_text)
    for path, lines in cited.items():
        trail = _follow(path, changes)
        if trail.last is None:
            continue
        text = file_text(trail.path)
        if text is None:
            sha = trail.last.sha
            return Drift(f"{trail.path} was deleted in {sha[:12]}", sha, trail.path)
        gone = _missing_line(lines, text)
        if gone is not None:
            sha = _remover(gone, trail.path, changes) or trail.last.sha
            return Drift(f"{trail.path} changed in {sha[:12]}: no longer has “{_short(gone)}”", sha, trail.path)
    return None


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


def _all_gone(
    files: Sequence[str], changes: Sequence[CommitDigest], file_text: Callable[[str], str | None]
) -> Drift | None:
    trails = [_follow(path, changes) for path in files]
    touched = [trail for trail in trails if trail.last is not None]
    if not touched or any(file_text(trail.path) is not None for trail in trails):
        return None
    order = {commit.sha: place for place, commit in enumerate(changes)}
    last = max(touched, key=lambda trail: order[trail.last.sha] if trail.last else -1)
    assert last.last is not None
    sha, count = last.last.sha, len(set(files))
    what = f"{last.path} was" if count == 1 else f"all {count} files were"
    return Drift(f"{what} deleted, last in {sha[:12]}", sha, last.path)


def _missing_line(lines: Sequence[str], text: str) -> str | None:
    """The first cited line that no line of the text contains with word boundaries around it."""
    standing = _standing_lines(text)
    for line in lines:
        if line not in standing and not any(_contains(candidate, line) for candidate in standing):
            return line
    return None


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

"""What became of a commit, and what that means for an item that cites it. Pure decisions; carrying.py reads and writes.

Three ways lead from a commit to a later one: a rewrite (the old one is gone), a copy (both stand), a squash (the new
one holds what several did). Invariant: an item keeps its id while one of its quotes stands in what its commits became.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft, Evidence, Item
from contox_hooks.git.patch import Line, Patch

SQUASHED_SHARE = 0.9
"""So much of a branch's lines stand in the commit that squashed it; the rest is what its merge had to change."""
LOST = "no branch reaches "
"""How the reason begins that the reach of branches gives and takes back."""
REVERTED = " was reverted in "
"""Between the two commits, in the reason that a revert gives and its own revert takes back."""

_PICKED = re.compile(r"^\(cherry picked from commit ([0-9a-f]{7,64})\)$", re.MULTILINE)
_REVERTED = re.compile(r"This reverts commit ([0-9a-f]{7,64})")
_SQUASHED = re.compile(r"^commit ([0-9a-f]{40,64})$", re.MULTILINE)


def picked_from(digest: CommitDigest) -> str | None:
    """The commit that `cherry-pick -x` names, the last of several."""
    found = _PICKED.findall(digest.body)
    return found[-1] if found else None


def reverted_by(digest: CommitDigest) -> str | None:
    found = _REVERTED.search(digest.body)
    return found[1] if found else None


def squashed_by(digest: CommitDigest) -> list[str]:
    """The commits that git's own words for a squash name."""
    return _SQUASHED.findall(digest.body) if digest.subject.startswith("Squashed commit of") else []


def final_of(sha: str, rewrites: Callable[[str], str | None]) -> str | None:
    """What a commit became over any number of rewrites: itself if none, None when it was dropped. A ring of rewrites
    (amended, undone, amended back) ends where it began."""
    seen = {sha}
    while (new := rewrites(sha)) is not None:
        if not new:
            return None
        if new in seen:
            return sha
        seen.add(new)
        sha = new
    return sha


def is_same_work(one: CommitDigest, other: CommitDigest, patches: tuple[Patch | None, Patch | None]) -> bool:
    """Whether two commits change the same. Where the objects of one are gone, what their digests count decides."""
    left, right = patches
    if left is not None and right is not None:
        return left.id == right.id
    return bool(one.files) and _counts(one) == _counts(other)


def _counts(digest: CommitDigest) -> tuple[object, ...]:
    files = sorted((file.path, file.status, file.insertions or 0, file.deletions or 0) for file in digest.files)
    return (digest.subject, digest.author.at_utc, digest.files_total, digest.insertions, digest.deletions, files)


def decide_told(new: CommitDigest, old: Sequence[CommitDigest], *, same_work: bool, paid: bool) -> bool:
    """Whether the items of `old` say all that there is to say of `new`, so that nobody is asked about it. A new message
    over the same change is read again where that costs nothing."""
    if not same_work or not old:
        return False
    said = " ".join(commit.message for commit in old)
    return paid or all(_folded(part) in _folded(said) for part in (new.subject, new.body))


def _folded(text: str) -> str:
    lines = (line for line in text.splitlines() if not _PICKED.match(line))
    return " ".join(" ".join(lines).split())


def is_covered(new: Patch, old: Sequence[Patch]) -> bool:
    """Whether a commit changes nothing but what these did: a squash without an edit."""
    return bool(new.added or new.removed) and (
        new.added <= frozenset[Line]().union(*(patch.added for patch in old))
        and new.removed <= frozenset[Line]().union(*(patch.removed for patch in old))
    )


def decide_squashed(new: Patch, branch: Mapping[str, Patch]) -> list[str]:
    """Which commits of a branch (by id, oldest first) the new one holds. A line that a later one of them took away
    again is not missed."""
    held: list[str] = []
    taken_later: set[Line] = set()
    for sha, patch in reversed(list(branch.items())):
        added, removed = patch.added - taken_later, patch.removed - _added_by(branch, sha)
        there = len(added & new.added) + len(removed & new.removed)
        if (patch.added or patch.removed) and there >= SQUASHED_SHARE * (len(added) + len(removed)):
            held.append(sha)
            taken_later |= patch.removed
    return held[::-1]


def _added_by(branch: Mapping[str, Patch], before: str) -> frozenset[Line]:
    """What the branch itself had added before: to take it away again leaves no trace in the squash."""
    added: set[Line] = set()
    for sha, patch in branch.items():
        if sha == before:
            break
        added |= patch.added
    return frozenset(added)


def moved_evidence(
    evidence: Sequence[Evidence],
    finals: Mapping[str, str | None],
    standing: Callable[[Evidence, str], Evidence | None],
) -> tuple[Evidence, ...]:
    """Each quote in what its commit became, where it stands there. `finals` holds the commits that were rewritten."""
    moved: dict[tuple[str, str, str | None], Evidence] = {}
    for entry in evidence:
        kept: Evidence | None = entry
        if entry.commit_sha in finals:
            final = finals[entry.commit_sha]
            kept = None if final is None else standing(entry, final)
        if kept is not None:
            moved.setdefault((kept.commit_sha, kept.quote, kept.path), kept)
    return tuple(moved.values())


def decide_heir(draft: Draft, carried: Sequence[Item]) -> Item | None:
    """Which of the items that were carried to a commit the draft tells again. What was put away is only told again in
    its own words: others are news."""
    shown = [item for item in carried if is_shown(item)]
    put_away = [item for item in carried if not is_shown(item)]
    for items, same in (
        ((*shown, *put_away), lambda item: bool(draft.dedup_hint) and item.dedup_hint == draft.dedup_hint),
        ((*shown, *put_away), lambda item: item.title.casefold() == draft.title.casefold()),
        (shown, lambda item: item.type == draft.type and _quotes(item.evidence) & _quotes(draft.evidence)),
        (shown, lambda item: item.type == draft.type),
    ):
        for item in items:
            if same(item):
                return item
    return shown[0] if len(shown) == 1 and draft.type != "todo" and shown[0].type != "todo" else None


def is_shown(item: Item) -> bool:
    """Whether it still says something; what was archived, deprecated or superseded was put away."""
    return item.status in ("active", "review")


def _quotes(evidence: Sequence[Evidence]) -> set[tuple[str, str | None]]:
    return {(entry.quote, entry.path) for entry in evidence}


def may_retell(item: Item, commits: set[str]) -> bool:
    """Whether a draft from `commits` may put its words in place of the item's: not over what a person decided, and not
    where the item tells of others too."""
    decided = item.approved_at is not None or not is_shown(item)
    return not decided and {entry.commit_sha for entry in item.evidence} <= commits


def moved_range(commit_range: str | None, finals: Mapping[str, str | None]) -> str | None:
    if commit_range is None:
        return None
    return "..".join(finals.get(sha) or sha for sha in commit_range.split(".."))

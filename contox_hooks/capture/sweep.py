"""One look at a repository: refs, HEADs and reflogs against what the last look saw. Reads git, writes nothing.

Invariant 2: hooks only hint. Whatever they say or miss, the comparison of all refs finds every commit exactly once. A
worktree in the middle of a rebase is left as it was last seen: only what the rebase leaves behind is worth a digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from contox_hooks.capture.spool import Hints
from contox_hooks.domain.event import Event, checkout_event, landed_event
from contox_hooks.domain.reflog import read_message
from contox_hooks.domain.sweep import (
    Found,
    Logged,
    Moved,
    NewCommit,
    Observed,
    Pair,
    Switched,
    fold_observed,
    match_rewritten,
)
from contox_hooks.git.commit import commits_between, commits_named, count_by, divergence, own_email
from contox_hooks.git.ref import Refs, read_refs
from contox_hooks.git.reflog import Position, end_of, entries_since
from contox_hooks.git.repository import Repository

MAX_MOVES = 50
"""Landings and switches of one look that get an event each; a script that resets in a loop is not a story."""


class Look(NamedTuple):
    """What to store, in one transaction."""

    snapshot: Mapping[str, str]
    positions: Mapping[str, Position]
    found: Found = Found()
    events: Sequence[Event] = ()
    """Switches and landings, oldest first. Commits are digested from `found.made`."""
    pairs: Sequence[Pair] = ()
    command: str = "amend"
    """What rewrote the pairs: amend or rebase."""
    first: bool = False


def look(
    repo: Repository,
    before: Mapping[str, str] | None,
    positions: Mapping[str, Position],
    hints: Hints,
    *,
    last_look_at: int = 0,
    recover: bool = False,
) -> Look:
    """Compare with `before`; None takes the present as the starting point (only what a hook says was made just now is
    new then), or with `recover` what the reflogs still tell of. Raises GitFailed."""
    refs = read_refs(repo)
    now = _flat(refs, before or {})
    if before is None:
        return _first_look(repo, refs, now, hints, recover=recover)
    changed = {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
    logged, behind = _new_entries(repo, refs, changed, positions)
    if not changed and not logged and not hints.pairs:
        return Look(now, behind)
    commits = _new_commits(repo, now, before, changed, logged)
    observed = Observed(
        commits,
        logged,
        _local_tips(refs, now),
        {name: now[name] for name in changed if name in now and name.startswith("refs/remotes/")},
        hints.heads,
        _own_emails(repo, logged, commits),
        last_look_at,
    )
    found = fold_observed(observed)
    pairs, command = _pairs(repo, found, hints, commits, logged)
    events = [
        *_worktree_events(refs, before, logged),
        *_switches(repo, refs, found, observed),
        *_landings(repo, refs, found),
    ]
    events.sort(key=lambda event: event.at_utc)
    return Look(now, behind, found, events, pairs, command)


def waiting(repo: Repository, before: Mapping[str, str]) -> int:
    """How many commits no look has seen yet: what `status` warns of when the drain cannot run."""
    refs = read_refs(repo)
    now = _flat(refs, before)
    tips = [sha for name, sha in now.items() if _is_local(name) and before.get(name) != sha]
    return len(commits_between(repo, tips, before.values())) if tips else 0


def _first_look(repo: Repository, refs: Refs, now: dict[str, str], hints: Hints, *, recover: bool) -> Look:
    logs = _log_names(refs, set(now))
    ends = {log: end_of(_log(repo, log)) for log in logs}
    logged: list[Logged] = []
    wanted = {sha for sha in hints.heads if sha in now.values()}
    for log in logs:
        if log.startswith("refs/"):
            continue
        entries, _ = entries_since(_log(repo, log), Position())
        if not recover:
            if len(entries) == 1 and read_message(entries[0].message).how == "clone":
                logged.append(Logged(log, entries[0]))
            entries = [entry for entry in entries if entry.new in wanted]
        logged += [Logged(log, entry) for entry in entries]
    if recover:
        wanted |= {item.entry.new for item in logged if read_message(item.entry.message).meaning == "created"}
    commits = commits_named(repo, wanted) if wanted else {}
    observed = Observed(commits, logged, _local_tips(refs, now), {}, hints.heads, _own_emails(repo, logged, commits))
    found = fold_observed(observed)
    clones = [
        checkout_event(
            worktree=_worktree(item.log), old=None, new=item.entry.new, old_branch=None,
            new_branch=_branch_of(refs, item.log), left_behind=0, at_utc=item.entry.at_utc, how="clone",
        )
        for item in logged
        if read_message(item.entry.message).how == "clone"
    ]  # fmt: skip
    return Look(now, ends, Found(made=found.made, amended=found.amended), clones, found.amended, first=True)


def _flat(refs: Refs, before: Mapping[str, str]) -> dict[str, str]:
    """Name to target, branches before HEADs; what a rebase under way holds keeps its last seen value."""
    flat = dict(refs.targets)
    for head in refs.heads:
        if head.rebasing:
            for name in filter(None, (head.name, head.rebased_branch)):
                flat.pop(name, None)
                if name in before:
                    flat[name] = before[name]
        elif head.sha:
            flat[head.name] = head.sha
    return flat


def _is_local(name: str) -> bool:
    return name.startswith(("refs/heads/", "refs/tags/")) or not name.startswith("refs/")


def _local_tips(refs: Refs, now: Mapping[str, str]) -> dict[str, str]:
    """Branches that are checked out come first: they name a commit's branch."""
    checked_out = [head.branch for head in refs.heads if head.branch in now]
    names = dict.fromkeys([*(name for name in checked_out if name), *(name for name in now if _is_local(name))])
    return {name: now[name] for name in names}


def _log_names(refs: Refs, changed: set[str]) -> list[str]:
    heads = [head.name for head in refs.heads if not head.rebasing]
    held = {head.rebased_branch for head in refs.heads if head.rebasing}
    moved = sorted(name for name in changed if name.startswith(("refs/heads/", "refs/remotes/")) and name not in held)
    return [*heads, *moved]


def _log(repo: Repository, name: str) -> Path:
    if name.startswith("worktrees/"):
        return repo.common_dir / name.removesuffix("HEAD") / "logs" / "HEAD"
    return repo.common_dir / "logs" / name


def _new_entries(
    repo: Repository, refs: Refs, changed: set[str], positions: Mapping[str, Position]
) -> tuple[list[Logged], dict[str, Position]]:
    logged: list[Logged] = []
    behind: dict[str, Position] = {}
    for name in _log_names(refs, changed):
        before = positions.get(name, Position())
        entries, position = entries_since(_log(repo, name), before)
        if position != before:
            behind[name] = position
        logged += [Logged(name, entry) for entry in entries]
    return logged, behind


def _new_commits(
    repo: Repository, now: Mapping[str, str], before: Mapping[str, str], changed: set[str], logged: Sequence[Logged]
) -> dict[str, NewCommit]:
    tips = [now[name] for name in changed if name in now and _is_local(name)]
    for item in logged:
        reading = read_message(item.entry.message)
        if _is_local(item.log) and reading.meaning == "created" and not reading.transient:
            tips.append(item.entry.new)  # it may have come and gone between two looks
    tips = [sha for sha in dict.fromkeys(tips) if sha not in set(before.values())]
    return commits_between(repo, tips, before.values()) if tips else {}


def _own_emails(repo: Repository, logged: Sequence[Logged], commits: Mapping[str, NewCommit]) -> set[str]:
    """Whose commits are the user's: reflogs tell who they were then, git who they are now (asked if it matters)."""
    emails = {item.entry.email for item in logged if _is_local(item.log)} - {""}
    if any(commit.committer_email not in emails for commit in commits.values()) or not commits:
        emails |= {own_email(repo)} - {""}
    return emails


def _pairs(
    repo: Repository, found: Found, hints: Hints, commits: Mapping[str, NewCommit], logged: Sequence[Logged]
) -> tuple[list[Pair], str]:
    pairs: dict[str, str | None] = dict(hints.pairs)
    command = "rebase" if found.rebased else "amend"
    for old, new in found.amended:
        pairs.setdefault(old, new)
    melded = any(f"({step})" in item.entry.message for item in logged for step in ("squash", "fixup"))
    for old_tip, new_tip in found.rebased:
        gone = list(commits_between(repo, [old_tip], [new_tip]).values())[::-1]
        if any(commit.sha not in pairs for commit in gone):
            fresh = list(commits_between(repo, [new_tip], [old_tip]).values())[::-1]
            for old, match in match_rewritten(gone, [c for c in fresh if c.sha in commits] or fresh, melded=melded):
                pairs.setdefault(old, match)
    return [(old, new) for old, new in pairs.items() if old != new], command


def _worktree_events(refs: Refs, before: Mapping[str, str], logged: Sequence[Logged]) -> list[Event]:
    began = {item.log: item.entry.at_utc for item in reversed(logged)}
    return [
        checkout_event(
            worktree=head.worktree, old=None, new=head.sha, old_branch=None, new_branch=_short(head.branch),
            left_behind=0, at_utc=began.get(head.name, 0), how="worktree",
        )
        for head in refs.heads
        if head.worktree and head.name not in before and head.sha and not head.rebasing
    ]  # fmt: skip


def _switches(repo: Repository, refs: Refs, found: Found, observed: Observed) -> list[Event]:
    bisecting = {head.name for head in refs.heads if head.bisecting}
    wanted = [switch for switch in found.switches if switch.log not in bisecting][-MAX_MOVES:]
    return [_switch_event(repo, refs, observed, switch) for switch in wanted]


def _switch_event(repo: Repository, refs: Refs, observed: Observed, switch: Switched) -> Event:
    old_branch = switch.old_name if f"refs/heads/{switch.old_name}" in refs.targets else None
    new_branch = switch.new_name if f"refs/heads/{switch.new_name}" in refs.targets else None
    left = count_by(repo, observed.own_emails, switch.old, switch.new) if switch.old else 0
    return checkout_event(
        worktree=_worktree(switch.log), old=switch.old, new=switch.new, old_branch=old_branch, new_branch=new_branch,
        left_behind=left, at_utc=switch.at_utc,
    )  # fmt: skip


def _landings(repo: Repository, refs: Refs, found: Found) -> list[Event]:
    events = []
    for move in found.moves[-MAX_MOVES:]:
        event = _landing(repo, refs, move)
        if event is not None:
            events.append(event)
    return events


def _landing(repo: Repository, refs: Refs, move: Moved) -> Event | None:
    if move.old is None:
        return None
    dropped, gained = divergence(repo, move.old, move.new)
    if not dropped and not gained:
        return None
    ref = _branch_of(refs, move.log) or "HEAD"
    return landed_event(
        how=move.how, ref=ref, old=move.old, new=move.new, count=gained, dropped=dropped, at_utc=move.at_utc
    )


def _branch_of(refs: Refs, log: str) -> str | None:
    return next((_short(head.branch) for head in refs.heads if head.name == log), None)


def _worktree(log: str) -> str:
    return log.split("/")[1] if log.startswith("worktrees/") else ""


def _short(ref: str | None) -> str | None:
    return None if ref is None else ref.removeprefix("refs/heads/")

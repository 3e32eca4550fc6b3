"""One look at a repository: refs, HEADs and reflogs against what the last look saw. Reads git, writes nothing.

Invariant 2: hooks only hint. Whatever they say or miss, the comparison of all refs finds every commit exactly once. A
worktree in the middle of a rebase is left as it was last seen: only what the rebase leaves behind is worth a digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from contox_hooks.capture.name import StoredNames, printable
from contox_hooks.capture.spool import Hints
from contox_hooks.domain.event import Event, checkout_event, landed_event
from contox_hooks.domain.reflog import read_message
from contox_hooks.domain.sweep import (
    Found,
    Logged,
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

_STEADY_TRIES = 4
"""Refs and logs are read again while refs move under the reading; in a burst of commits they always do, harmlessly."""


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
    regained: Sequence[str] = ()
    """Commits that a reset brought back to a branch: one that was superseded stands again."""
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
    stored = StoredNames(before or {})
    now = _flat(refs, before, stored)
    snapshot = _stored(now, stored)
    if before is None:
        seen = _first_look(repo, refs, now, hints, recover=recover)
    elif snapshot == before and not hints.pairs and not hints.heads and not _logs_grew(repo, refs, positions, stored):
        return Look(snapshot, {})
    else:
        seen = _next_look(repo, refs, now, before, positions, hints, stored, last_look_at)
    return seen._replace(
        snapshot=seen.snapshot or snapshot, positions={stored(log): at for log, at in seen.positions.items()}
    )


def _stored(now: Mapping[str, str], stored: StoredNames) -> dict[str, str]:
    return {stored(name): sha for name, sha in now.items()}


def waiting(repo: Repository, before: Mapping[str, str]) -> int:
    """How many commits no look has seen yet: what `status` warns of when the drain cannot run."""
    stored = StoredNames(before)
    now = _flat(read_refs(repo), before, stored)
    tips = [sha for name, sha in now.items() if _is_local(name) and before.get(stored(name)) != sha]
    return len(commits_between(repo, tips, before.values())) if tips else 0


def _next_look(
    repo: Repository,
    refs: Refs,
    now: Mapping[str, str],
    before: Mapping[str, str],
    positions: Mapping[str, Position],
    hints: Hints,
    stored: StoredNames,
    last_look_at: int,
) -> Look:
    for _ in range(_STEADY_TRIES):
        changed = {name for name in now if now[name] != before.get(stored(name))}
        logged, behind = _new_entries(repo, _log_names(refs, changed), positions, stored, last_look_at)
        # A rebase that ended between the reading of refs and of logs would have its picks read and thrown away.
        again = read_refs(repo)
        if again == refs:
            break
        refs, now = again, _flat(again, before, stored)
    commits = _new_commits(repo, refs, now, before, changed, logged, hints)
    observed = Observed(
        commits,
        logged,
        _local_tips(refs, now),
        {name: now[name] for name in changed if name.startswith("refs/remotes/")},
        {*(sha for name, sha in before.items() if name.startswith("refs/remotes/")), *refs.fetched},
        hints.heads,
        _own_emails(repo, logged, commits),
        last_look_at,
    )
    found = fold_observed(observed)
    landings, regained = _landings(repo, refs, found)
    events = [*_worktree_events(refs, before, logged, stored), *_switches(repo, refs, found, observed), *landings]
    events.sort(key=lambda event: event.at_utc)
    pairs = _pairs(repo, found, hints, commits, logged, now)
    command = "rebase" if found.rebased else "amend"
    return Look(_stored(now, stored), behind, found, events, pairs, command, regained)


def _first_look(repo: Repository, refs: Refs, now: dict[str, str], hints: Hints, *, recover: bool) -> Look:
    heads = [head.name for head in refs.heads]
    ends = {log: end_of(_log(repo, log)) for log in dict.fromkeys([*heads, *_log_names(refs, set(now))])}
    past = [Logged(log, entry) for log in heads for entry in entries_since(_log(repo, log), Position())[0]]
    clones = [
        checkout_event(
            worktree=_worktree(item.log), old=None, new=item.entry.new, old_branch=None,
            new_branch=_branch_of(refs, item.log), left_behind=0, at_utc=item.entry.at_utc, how="clone",
        )
        for item in past
        if len(past) == 1 and read_message(item.entry.message).how == "clone"
    ]  # fmt: skip
    if recover:
        # Everything that the reflogs still call made here, wherever it stands; nobody's identity decides anything.
        branches = [name for name in now if name.startswith("refs/heads/")]
        past += [Logged(log, entry) for log in branches for entry in entries_since(_log(repo, log), Position())[0]]
        made = [item.entry.new for item in past if read_message(item.entry.message).meaning == "created"]
        local = _local_tips(refs, now)
        commits = commits_between(repo, [*local.values(), *made], [])
        found = fold_observed(Observed(commits, past, local, {}, (), hints.heads))
        return Look(
            {}, ends, Found(made=found.made), clones, _pairs(repo, found, hints, commits, past, now), first=True
        )
    wanted = {sha for sha in hints.heads if sha in now.values()}
    logged = [item for item in past if item.entry.new in wanted]
    commits = commits_named(repo, wanted) if wanted else {}
    found = fold_observed(Observed(commits, logged, _local_tips(refs, now), {}, (), hints.heads))
    return Look({}, ends, Found(made=found.made), clones, found.amended, first=True)


def _flat(refs: Refs, before: Mapping[str, str] | None, stored: StoredNames) -> dict[str, str]:
    """Name to target, branches before HEADs; what a rebase under way holds keeps its last seen value."""
    flat = dict(refs.targets)
    for head in refs.heads:
        if head.rebasing and before is not None:
            for name in filter(None, (head.name, head.rebased_branch)):
                flat.pop(name, None)
                if stored(name) in before:
                    flat[name] = before[stored(name)]
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


def _logs_grew(repo: Repository, refs: Refs, positions: Mapping[str, Position], stored: StoredNames) -> bool:
    """Whether something came and went: HEAD's reflog grew although every ref is where it was."""
    return any(
        entries_since(_log(repo, log), positions.get(stored(log), Position()))[0] for log in _log_names(refs, set())
    )


def _new_entries(
    repo: Repository,
    logs: Sequence[str],
    positions: Mapping[str, Position],
    stored: StoredNames,
    last_look_at: int,
) -> tuple[list[Logged], dict[str, Position]]:
    logged: list[Logged] = []
    behind: dict[str, Position] = {}
    for name in logs:
        before = positions.get(stored(name))
        entries, position = entries_since(_log(repo, name), before or Position())
        if position != before:
            behind[name] = position
        if before is None and name.startswith("refs/"):
            # A branch that was renamed brings its old log along: what it tells from before is the past.
            entries = [entry for entry in entries if entry.at_utc >= last_look_at]
        logged += [Logged(name, entry) for entry in entries]
    return logged, behind


def _new_commits(
    repo: Repository,
    refs: Refs,
    now: Mapping[str, str],
    before: Mapping[str, str],
    changed: set[str],
    logged: Sequence[Logged],
    hints: Hints,
) -> dict[str, NewCommit]:
    """What branches, tags and HEADs reach that none of them reached before. Where other refs stood decides nothing
    here: a commit may have been pushed, or kept by another tool, before it came to a branch."""
    readings = [(item, read_message(item.entry.message)) for item in logged if _is_local(item.log)]
    transient = {item.entry.new for item, reading in readings if reading.transient}
    tips = [now[name] for name in changed if _is_local(name)]
    # These may have come and gone between two looks.
    tips += [item.entry.new for item, reading in readings if reading.meaning == "created" and not reading.transient]
    if not any(head.rebasing for head in refs.heads):
        tips += [sha for sha in hints.heads if sha not in transient]
    known = {sha for name, sha in before.items() if _is_local(name)}
    tips = [sha for sha in dict.fromkeys(tips) if sha not in known]
    return commits_between(repo, tips, known) if tips else {}


def _own_emails(repo: Repository, logged: Sequence[Logged], commits: Mapping[str, NewCommit]) -> set[str]:
    """Whose commits are the user's: reflogs tell who they were then, git who they are now (asked if it matters)."""
    emails = {item.entry.email for item in logged if _is_local(item.log)} - {""}
    if any(commit.committer_email not in emails for commit in commits.values()) or not commits:
        emails |= {own_email(repo)} - {""}
    return emails


def _pairs(
    repo: Repository,
    found: Found,
    hints: Hints,
    commits: Mapping[str, NewCommit],
    logged: Sequence[Logged],
    now: Mapping[str, str],
) -> list[Pair]:
    """Old commits and what became of them; an old one that a branch still holds was not replaced."""
    pairs: dict[str, str | None] = dict(hints.pairs)
    for old, new in found.amended:
        pairs.setdefault(old, new)
    melded = any(f"({step})" in item.entry.message for item in logged for step in ("squash", "fixup"))
    for old_tip, new_tip in found.rebased:
        gone = list(commits_between(repo, [old_tip], [new_tip]).values())[::-1]
        if any(commit.sha not in pairs for commit in gone):
            fresh = list(commits_between(repo, [new_tip], [old_tip]).values())[::-1]
            for old, match in match_rewritten(gone, [c for c in fresh if c.sha in commits] or fresh, melded=melded):
                pairs.setdefault(old, match)
    if not pairs:
        return []
    branches = [sha for name, sha in now.items() if _is_local(name) and not name.startswith("refs/tags/")]
    standing = commits_named(repo, pairs).keys() - commits_between(repo, pairs, branches).keys()
    return [(old, new) for old, new in pairs.items() if old != new and old not in standing]


def _worktree_events(
    refs: Refs, before: Mapping[str, str], logged: Sequence[Logged], stored: StoredNames
) -> list[Event]:
    began = {item.log: item.entry.at_utc for item in reversed(logged)}
    return [
        checkout_event(
            worktree=head.worktree, old=None, new=head.sha, old_branch=None, new_branch=_short(head.branch),
            left_behind=0, at_utc=began.get(head.name, 0), how="worktree",
        )
        for head in refs.heads
        if head.worktree and stored(head.name) not in before and head.sha and not head.rebasing
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


def _landings(repo: Repository, refs: Refs, found: Found) -> tuple[list[Event], tuple[str, ...]]:
    """An event for each move, and the commits that a reset brought back."""
    events = []
    regained: list[str] = []
    for move in found.moves[-MAX_MOVES:]:
        if move.old is None:
            continue
        dropped, gained = divergence(repo, move.old, move.new)
        if dropped or gained:
            ref = _branch_of(refs, move.log) or "HEAD"
            events.append(
                landed_event(
                    how=move.how, ref=ref, old=move.old, new=move.new, count=gained, dropped=dropped, at_utc=move.at_utc
                )
            )
        if move.how == "reset" and dropped and gained:
            regained += commits_between(repo, [move.new], [move.old])
    return events, tuple(regained)


def _branch_of(refs: Refs, log: str) -> str | None:
    return next((_short(head.branch) for head in refs.heads if head.name == log), None)


def _worktree(log: str) -> str:
    return printable(log.split("/")[1]) if log.startswith("worktrees/") else ""


def _short(ref: str | None) -> str | None:
    return None if ref is None else printable(ref.removeprefix("refs/heads/"))

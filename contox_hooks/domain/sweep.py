"""What happened between two looks at a repository: a pure function from observations to findings.

Refs say what is new, reflogs and hooks say who made it (ARCHITECTURE.md, invariants 2 and 3). Evidence that a command
here made a commit wins; without any, what reached us by fetch or pull has landed, and the committer's identity decides
the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from contox_hooks.domain.digest import CommitKind
from contox_hooks.domain.reflog import ReflogEntry, read_message, switched_branches

Pair = tuple[str, str | None]


class NewCommit(NamedTuple):
    """A commit that no ref of the last look reached."""

    sha: str
    parents: tuple[str, ...]
    committer_email: str
    committed_at: int
    author_email: str
    authored_at: int
    subject: str

    @property
    def authorship(self) -> tuple[str, int]:
        """Survives a rebase, a reword and a cherry-pick."""
        return (self.author_email, self.authored_at)


class Logged(NamedTuple):
    """A reflog entry and the log it stands in: `HEAD`, `worktrees/<name>/HEAD` or a full ref name."""

    log: str
    entry: ReflogEntry


class Observed(NamedTuple):
    commits: Mapping[str, NewCommit]
    """Parents may lie outside: they were known before."""
    logged: Sequence[Logged]
    local_tips: Mapping[str, str]
    """Branches and HEADs now, in order of preference for naming a commit's branch."""
    moved_remotes: Mapping[str, str]
    """Remote-tracking refs that changed, with their new targets."""
    known_remotes: Collection[str] = ()
    """Where remote-tracking refs stood at the last look."""
    hinted: Collection[str] = ()
    """Commits that a post-commit or post-applypatch hook saw as HEAD."""
    own_emails: Collection[str] = ()
    last_look_at: int = 0


class Made(NamedTuple):
    sha: str
    kind: CommitKind | None
    """None: nothing says more than its parents and message do."""
    branch: str | None
    at_utc: int


class Moved(NamedTuple):
    """HEAD went to commits that were not made by this move."""

    how: str
    log: str
    old: str | None
    new: str
    at_utc: int


class Switched(NamedTuple):
    log: str
    old: str | None
    new: str
    old_name: str
    new_name: str
    at_utc: int


class Found(NamedTuple):
    made: tuple[Made, ...] = ()
    """Oldest first, parents before children."""
    landed: frozenset[str] = frozenset()
    moves: tuple[Moved, ...] = ()
    switches: tuple[Switched, ...] = ()
    amended: tuple[Pair, ...] = ()
    rebased: tuple[tuple[str, str], ...] = ()
    """(old tip, new tip) of branches that a rebase put in place."""


@dataclass(slots=True)
class _Evidence:
    kinds: dict[str, CommitKind | None] = field(default_factory=dict)
    transient: set[str] = field(default_factory=set)
    branches: dict[str, str] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    landing_tips: set[str] = field(default_factory=set)
    pushed: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)


def fold_observed(seen: Observed) -> Found:
    evidence = _gather(seen)
    reachable = _reach(seen.local_tips.values(), seen.commits)
    on_branches = _reach(
        (tip for name, tip in seen.local_tips.items() if not name.startswith("refs/tags/")), seen.commits
    )
    landed_by_transport = _reach(_landing_tips(seen, evidence), seen.commits)
    branches = _branches(seen, evidence)
    made: list[Made] = []
    landed: set[str] = set()
    for sha in _parents_first(seen.commits):
        commit = seen.commits[sha]
        if sha in evidence.kinds:
            if sha in evidence.transient and sha not in reachable:
                continue
            mine = True
        else:
            # A tag alone proves nothing: it may have been fetched without any log of it.
            mine = sha in on_branches and sha not in landed_by_transport and commit.committer_email in seen.own_emails
        if mine:
            at_utc = evidence.times.get(sha, commit.committed_at)
            made.append(Made(sha, evidence.kinds.get(sha), branches.get(sha), at_utc))
        elif sha in reachable:
            landed.add(sha)
    moves, switches = _moves(seen.logged)
    return Found(
        tuple(made),
        frozenset(landed),
        moves,
        switches,
        amended=tuple(_amended(seen.logged)),
        rebased=tuple(_rebased(seen.logged)),
    )


def match_rewritten(old: Sequence[NewCommit], new: Sequence[NewCommit], *, melded: bool) -> list[Pair]:
    """Old commits of a rebased branch and what became of them, without post-rewrite's own pairs (the framework does
    not pass them on, FACTS.md). Oldest first. Authorship and subject survive a pick, authorship a reword; what a
    squash or fixup swallowed (`melded`) went into the commit before it, else it was dropped."""
    exact = {(commit.authorship, commit.subject): commit.sha for commit in new}
    claimed = {exact.get((commit.authorship, commit.subject)) for commit in old}
    loose = {commit.authorship: commit.sha for commit in new if commit.sha not in claimed}
    pairs: list[Pair] = []
    before: str | None = None
    for commit in old:
        match = exact.get((commit.authorship, commit.subject)) or loose.get(commit.authorship)
        if match is None and melded:
            match = before
        if match != commit.sha:
            pairs.append((commit.sha, match))
        before = match or before
    return pairs


def _gather(seen: Observed) -> _Evidence:
    evidence = _Evidence(kinds=dict.fromkeys((sha for sha in seen.hinted if sha in seen.commits), None))
    for logged in seen.logged:
        entry, reading = logged.entry, read_message(logged.entry.message)
        if logged.log.startswith("refs/remotes/"):
            (evidence.pushed if reading.meaning == "pushed" else evidence.fetched).add(entry.new)
            continue
        if reading.meaning == "landed":
            evidence.landing_tips.add(entry.new)
        if reading.meaning != "created" or entry.new not in seen.commits:
            continue
        if evidence.kinds.get(entry.new) is None:
            evidence.kinds[entry.new] = reading.kind
        if reading.transient:
            evidence.transient.add(entry.new)
        evidence.times.setdefault(entry.new, entry.at_utc)
        if logged.log.startswith("refs/heads/"):
            evidence.branches.setdefault(entry.new, logged.log)
        if reading.brings_others:
            evidence.landing_tips.update(seen.commits[entry.new].parents[1:])
    return evidence


def _landing_tips(seen: Observed, evidence: _Evidence) -> set[str]:
    tips = set(evidence.landing_tips) | evidence.fetched | set(seen.known_remotes)
    for target in seen.moved_remotes.values():
        if target in evidence.pushed or target in evidence.fetched:
            continue
        commit = seen.commits.get(target)
        ours = commit is not None and commit.committer_email in seen.own_emails
        # No log says how it got there: what we committed since the last look is taken for a push of our own.
        if not (ours and commit is not None and commit.committed_at >= seen.last_look_at):
            tips.add(target)
    return tips


def _branches(seen: Observed, evidence: _Evidence) -> dict[str, str]:
    named = {sha: ref.removeprefix("refs/heads/") for sha, ref in evidence.branches.items()}
    for ref, tip in seen.local_tips.items():
        if ref.startswith("refs/heads/"):
            for sha in _reach([tip], seen.commits):
                named.setdefault(sha, ref.removeprefix("refs/heads/"))
    return named


def _reach(tips: Iterable[str], commits: Mapping[str, NewCommit]) -> set[str]:
    stack = [tip for tip in tips if tip in commits]
    reached: set[str] = set()
    while stack:
        sha = stack.pop()
        if sha not in reached:
            reached.add(sha)
            stack += [parent for parent in commits[sha].parents if parent in commits]
    return reached


def _parents_first(commits: Mapping[str, NewCommit]) -> list[str]:
    """Topological, ties by commit date then id, so that the same observations always give the same order."""
    order: list[str] = []
    done: set[str] = set()
    for start in sorted(commits, key=lambda sha: (commits[sha].committed_at, sha)):
        stack = [start]
        while stack:
            sha = stack[-1]
            waiting = [p for p in commits[sha].parents if p in commits and p not in done] if sha not in done else []
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if sha not in done:
                done.add(sha)
                order.append(sha)
    return order


def _moves(logged: Sequence[Logged]) -> tuple[tuple[Moved, ...], tuple[Switched, ...]]:
    moves: list[Moved] = []
    switches: list[Switched] = []
    for item in logged:
        if not item.log.endswith("HEAD") or item.log.startswith("refs/"):
            continue
        entry = item.entry
        names = switched_branches(entry.message)
        if names and names[0] != names[1]:
            switches.append(Switched(item.log, entry.old, entry.new, *names, entry.at_utc))
            continue
        reading = read_message(entry.message)
        if reading.meaning in ("landed", "moved") and entry.old != entry.new:
            moves.append(Moved(reading.how, item.log, entry.old, entry.new, entry.at_utc))
    return tuple(moves), tuple(switches)


def _amended(logged: Sequence[Logged]) -> Iterable[Pair]:
    for item in logged:
        if item.log.endswith("HEAD") and item.entry.message.startswith("commit (amend)") and item.entry.old:
            yield item.entry.old, item.entry.new


def _rebased(logged: Sequence[Logged]) -> Iterable[tuple[str, str]]:
    for item in logged:
        # A word that is not git's own on a branch may be a tool that rewrites (filter-branch, reword): it is treated
        # like a rebase, and where old and new share their authorship, they are the same work.
        if item.log.startswith("refs/heads/") and read_message(item.entry.message).meaning in ("finished", "unknown"):
            entry = item.entry
            if entry.old and entry.old != entry.new:
                yield entry.old, entry.new

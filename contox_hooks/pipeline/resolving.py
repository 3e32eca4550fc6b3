"""What follows from drift: todos and bugs that the session's commits settled are archived, with the commit; those whose
commit did not stay are open again.

The rules are memory/resolve.py's and memory/reopening.py's. Runs in drift's transaction, after its verdicts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.memory.reopening import named_commits
from contox_hooks.memory.resolving import resolve_by
from contox_hooks.memory.stored_commit import commit_of
from contox_hooks.pipeline.work import Work, plural


def settling_commits(work: Work) -> set[str]:
    """The first characters of the commits whose staying matters to what was resolved."""
    return named_commits(work.service.store, work.run.project_id)


def resolve_after(work: Work, changes: Iterable[tuple[int, CommitDigest]], lost: Collection[str] = ()) -> str:
    """Nothing, or how it ends the stage's line. `changes`: each with when it happened; `lost`: the first twelve
    characters of commits that no branch reaches."""
    commits = [commit_of(digest, at_utc) for at_utc, digest in changes]
    done = resolve_by(work.service.store, work.run.project_id, commits, dry_run=False, lost=lost)
    archived = sum(each.new_status == "archived" for each in done.resolved)
    told = f"; {plural(archived, 'open item')} resolved" if archived else ""
    return told + (f"; {plural(len(done.reopened), 'item')} open again" if done.reopened else "")

"""What follows from drift: todos and bugs that the session's commits settled are archived, with the commit.

The rule is memory/resolve.py's. Runs in drift's own transaction, after its verdicts are written.
"""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.memory.resolving import commit_of, resolve_by
from contox_hooks.pipeline.work import Work, plural


def resolve_after(work: Work, changes: Iterable[tuple[int, CommitDigest]]) -> str:
    """Nothing, or how it ends the stage's line. `changes`: each with when it happened."""
    commits = [commit_of(digest, at_utc) for at_utc, digest in changes]
    done = resolve_by(work.service.store, work.run.project_id, commits, dry_run=False).resolved
    archived = sum(each.new_status == "archived" for each in done)
    return f"; {plural(archived, 'open item')} resolved" if archived else ""

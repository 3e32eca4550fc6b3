"""Reading the past, as far back as asked: history is nobody's session of today, so it has a source of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contox_hooks.capture.drain import Drain, Drained
from contox_hooks.capture.limit import limits_of
from contox_hooks.capture.state import State
from contox_hooks.capture.store import CaptureStore
from contox_hooks.domain.error import RepositoryError
from contox_hooks.domain.setting import Settings
from contox_hooks.git.history import read_digests
from contox_hooks.git.ref import read_refs
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed


@dataclass(frozen=True, slots=True)
class Plan:
    """Commits still to digest, oldest first, and how many of the range were digested before."""

    shas: tuple[str, ...]
    known: int


def plan_backfill(repo: Repository, state: State, *, revision: str, limit: int | None, since: str | None) -> Plan:
    """What `backfill` would read. Raises RepositoryError for an unknown revision or a repository without commits."""
    held = next((head for head in read_refs(repo).heads if head.rebasing and not head.worktree), None)
    if held is not None and revision == "HEAD" and held.rebased_branch:
        revision = held.rebased_branch  # the steps of a rebase under way are no history yet
    options = [f"--max-count={limit}"] if limit is not None else []
    options += [f"--since={since}"] if since else []
    if not repo.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", ok=(0, 1)).strip():
        if revision == "HEAD":
            raise RepositoryError("there are no commits yet", hint="commit something, then try again")
        raise RepositoryError(f"unknown revision {revision!r}", hint="git log --oneline shows what there is")
    try:
        out = repo.git("rev-list", "--date-order", *options, revision, "--")
    except GitFailed as error:
        raise RepositoryError(f"cannot read the history of {revision!r}: {error.stderr.strip()[:200]}") from error
    shas = out.decode().split()[::-1]
    with CaptureStore.open(state.database) as store:
        known = store.digested(shas)
    return Plan(tuple(sha for sha in shas if sha not in known), len(known))


def backfill(
    repo: Repository, drain: Drain, plan: Plan, settings: Settings, *, on_stored: Callable[[int], None]
) -> Drained:
    """Digest, store and deliver what the plan lists; stopped anywhere, a new plan holds the rest."""
    digests = read_digests(repo, plan.shas, limits=limits_of(settings), origin="history")
    return drain.backfill(digests, on_stored=on_stored)

"""A repository at a glance, for `status` and `watch`: what is captured, what the pipeline does, what needs attention.

Collects, never prints. Invariant: whatever cannot be read becomes a problem beside what can; each problem names the
command that mends it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contox_hooks import work
from contox_hooks.capture.gap import Gaps, gaps_of, set_aside_files
from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.context import WAIT_S, Here
from contox_hooks.cli.render import ago, duration, moment, plural
from contox_hooks.diagnosis.capture import busy_since
from contox_hooks.domain.error import Error
from contox_hooks.git.ref import rebasing
from contox_hooks.git.repository import Repository
from contox_hooks.place import data_dir, memory_path
from contox_hooks.segment import refresh_segment

if TYPE_CHECKING:
    from contox_hooks.cli.glance_remote import RemoteGlance
    from contox_hooks.cli.spend import Spend
    from contox_hooks.memory.service import Status

LATE_MS = 60_000
"""A run that was due so long ago, with no worker at it, was left behind."""

YOUNG_S = 10.0
"""A drain at work for less is most likely just that."""

MAX_ERROR = 80
"""CONTRACT.md section 8: the failure line shows so much of an error."""


@dataclass(frozen=True, slots=True)
class Problem:
    text: str
    command: str


@dataclass(slots=True)
class Glance:
    repository: str
    paused: bool | None = None
    """None when the settings cannot be read."""
    status: Status | None = None
    """None when the memory store cannot be read."""
    gaps: Gaps | None = None
    remote: RemoteGlance | None = None
    """None where the repository is not connected to a server."""
    spend: Spend | None = None
    """None without a language model."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, text: str, command: str) -> None:
        """Once: a cause that another line names already is not repeated."""
        problem = Problem(clean(text), clean(command))
        if not any(problem.text in other.text for other in self.problems):
            self.problems.append(problem)


def look(here: Here) -> Glance:
    """Drain, then read everything. Raises nothing that a line in `problems` can say."""
    repo = here.parts.repo
    seen = Glance(str(repo.work_tree or repo.common_dir))
    trouble = _drained(here)
    _read_gaps(here, seen, trouble)
    _read_settings(here, seen)
    _read_memory(here, seen)
    _read_wiring(repo, seen)
    _read_set_aside(here, seen)
    _read_pipeline(seen)
    _read_remote(here, seen)
    _read_spend(here, seen)
    if seen.remote is None and seen.status is not None:
        refresh_segment(here.parts)  # what was killed may have left an old one
    return seen


def _drained(here: Here) -> Error | None:
    try:
        here.drain(wait_s=WAIT_S)
    except Error as error:
        return error
    except Exception as error:  # git itself, SQLite: status must answer whatever the drain met
        return Error(clean(f"{type(error).__name__}: {error}")[:300])
    return None


def _read_memory(here: Here, seen: Glance) -> None:
    try:
        service, project_id = here.parts.service, here.parts.project.id
        seen.status = service.status(project_id)
        due = service.jobs.pending(project_id=project_id)
        if due:
            if time.time() * 1000 - due[0].due_ms > LATE_MS and not work.is_running():
                why = f"the pipeline's worker was gone, its work due {ago(due[0].due_ms / 1000)}: started again"
                seen.add(f"{why} (log: {data_dir() / 'log'})", "contox-hooks watch")
            here.parts.start_worker()  # one that was killed left its run behind
        return
    except Error as error:
        first = error
    try:  # a folder or disk that takes no writing still tells what it holds
        from contox_hooks.memory.service import Service

        with Service.open(memory_path(), readonly=True) as service:
            project = service.projects.of_clone(here.parts.repo.common_dir)
            if project is not None:
                seen.status = service.status(project.id)
    except Error:
        pass
    seen.add(first.message, first.hint or "contox-hooks doctor")


def _read_gaps(here: Here, seen: Glance, trouble: Error | None) -> None:
    paused = _is_paused(here)
    try:
        gaps = seen.gaps = gaps_of(here.parts.repo, here.parts.state, unseen=here.drained is None or paused)
    except Exception as error:  # a store, or git itself
        gaps = None
        unreadable = error if isinstance(error, Error) else Error(f"git cannot be asked what was made: {error}")
    if trouble is not None:
        seen.add(f"{_missing(gaps)}: {trouble.message}", trouble.hint or "contox-hooks doctor")
    if gaps is None:
        seen.add(unreadable.message, unreadable.hint or "contox-hooks doctor")
        return
    if here.drained is None and trouble is None:
        _read_other_drain(here, seen, gaps)
    elif gaps.unseen and trouble is None:
        seen.add(f"paused: {plural(gaps.unseen, 'commit')} not captured yet", "contox-hooks settings set paused false")
    if gaps.undelivered and here.drained is not None and here.drained.undelivered:
        cause = _memory_trouble(here) or Error(here.drained.undelivered, hint="contox-hooks drain")
        waiting = f"{plural(gaps.undelivered, 'event')} not in the memory store yet, kept until it can be written"
        seen.add(f"{waiting}: {cause.message}", cause.hint or "contox-hooks doctor")
    if gaps.lost_total:
        sha, reason = gaps.lost[0]
        told = f"{plural(gaps.lost_total, 'commit')} could not be read ({sha[:12]}: {reason})"
        seen.add(told, f"git cat-file -t {sha}")
    for worktree in rebasing(here.parts.repo):
        where = f" in the worktree {worktree}" if worktree else ""
        seen.notes.append(f"a rebase is under way{where}: its commits are looked at when it is over")


def _read_other_drain(here: Here, seen: Glance, gaps: Gaps) -> None:
    """A drain that has just begun is on its way; one that lasts may hang."""
    left = [plural(gaps.unseen, "commit") + " not captured yet"] if gaps.unseen else []
    left += [plural(gaps.undelivered, "event") + " not in the memory store yet"] if gaps.undelivered else []
    if not left:
        return
    since = busy_since(here.parts.state)
    passed_s = 0.0 if since is None else time.time() - since
    if passed_s < YOUNG_S:
        seen.notes.append(f"{', '.join(left)}: another drain is at work")
    else:
        lasting = f"another drain has been at work for {duration(passed_s * 1000)}"
        seen.add(f"{', '.join(left)}: {lasting}", "contox-hooks doctor")


def _memory_trouble(here: Here) -> Error | None:
    """The error itself, with its hint: the drain keeps its text alone."""
    try:
        here.parts.service.projects.of_clone(here.parts.repo.common_dir)
    except Error as error:
        return error
    return None


def _missing(gaps: Gaps | None) -> str:
    if gaps is None or not gaps.unseen:
        return "the look for new commits failed"
    since = f" since {moment(gaps.looked_at)}" if gaps.looked_at else ""
    return f"{plural(gaps.unseen, 'commit')}{since} not captured"


def _is_paused(here: Here) -> bool:
    try:
        return here.parts.settings.paused
    except Error:
        return False  # `_read_settings` says why


def _read_settings(here: Here, seen: Glance) -> None:
    try:
        seen.paused = here.parts.settings.paused
    except Error as error:
        seen.add(error.message, error.hint or "contox-hooks settings")
    if seen.paused:
        where = here.parts.effective.origins.get("paused", "")
        seen.notes.append(f"paused by {where}" if where else "paused")


def _read_wiring(repo: Repository, seen: Glance) -> None:
    from contox_hooks.capture.install import wiring

    try:
        found = wiring(repo)
    except Exception as error:
        seen.add(f"the hooks cannot be checked: {error}", "contox-hooks doctor")
        return
    for problem in found.problems:
        seen.add(f"hooks: {problem.text}", problem.command)  # its notes are doctor's to tell


def _read_set_aside(here: Here, seen: Glance) -> None:
    try:
        folders = [data_dir(), here.parts.state.root]
    except Error:
        return
    for folder in folders:
        for path in set_aside_files(folder):
            seen.add(f"a damaged store was set aside and filled again: {path.name}", f"rm '{path}'*")


def _read_pipeline(seen: Glance) -> None:
    status = seen.status
    if status is None:
        return
    for job in status.failed:
        why = cut(clean(job.last_error or "no reason given"), MAX_ERROR)
        seen.add(f"{job.stage.label} failed: {why}", f"contox-hooks retry {job.session_id}")
    if status.unprocessed and not status.pending_runs and not status.failed:
        seen.notes.append(f"{plural(status.unprocessed, 'commit')} not in memory yet: contox-hooks enrich")


def _read_remote(here: Here, seen: Glance) -> None:
    from contox_hooks.connection import connection_path

    if not connection_path(here.parts.state.root).exists():
        return
    from contox_hooks.cli.glance_remote import remote_glance

    try:
        seen.remote = remote_glance(here.parts.state)
    except Error as error:
        seen.add(error.message, error.hint or "contox-hooks connect")
        return
    for text, command in [] if seen.remote is None else seen.remote.problems():
        seen.add(text, command)


def _read_spend(here: Here, seen: Glance) -> None:
    try:
        if here.parts.settings.model == "offline":
            return
    except Error:
        return  # `_read_settings` says why
    from contox_hooks.asker import key_for
    from contox_hooks.cli.spend import spend_of
    from contox_hooks.cli.wanting import wanting_line

    try:
        seen.spend = spend_of(here.parts.effective, here.parts.service.store, here.parts.project.id)
        if line := wanting_line(here.parts):
            seen.notes.append(line)
        for one in seen.spend.models:
            key_for(one, here.parts.effective)
    except Error as error:
        seen.add(error.message, error.hint or "contox-hooks settings")

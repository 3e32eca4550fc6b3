"""What is captured against what git has: waiting commits, undelivered events, failed stages, and why.

Runs the drain once: whatever mends itself is mended before it is spoken of.
"""

from __future__ import annotations

import re
import time
from calendar import timegm
from collections.abc import Iterator
from pathlib import Path

from contox_hooks import work
from contox_hooks.assembly import Assembly
from contox_hooks.capture.gap import gaps_of, set_aside_files
from contox_hooks.capture.inbox import refused
from contox_hooks.capture.mark import Mark
from contox_hooks.capture.state import State
from contox_hooks.diagnosis.finding import Finding, note
from contox_hooks.domain.error import Error
from contox_hooks.git.config import config_keys, config_value
from contox_hooks.git.ref import rebasing
from contox_hooks.git.repository import Repository

_LOG_STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (.*)$")
_LOG_RECENT_S = 24 * 3600
_DRAIN = "contox-hooks drain"
LONG_S = 60.0
"""A drain that is at work for longer hangs, or reads a large import."""


def drain_findings(parts: Assembly) -> Iterator[Finding]:
    try:
        done = parts.drain().run(reconcile=True)
    except Error as error:
        yield Finding("drain", error.message, error.hint)
        return
    if done is None:
        yield _busy(parts.state)
        return
    if done.undelivered is not None:
        yield Finding("drain", f"events cannot be handed over: {done.undelivered}", _DRAIN)
        return
    try:
        work.start_behind(parts, done)
    except Error as error:
        yield Finding("jobs", error.message, error.hint)


def _busy(state: State) -> Finding:
    """The kernel frees the lock of a drain that is killed; the next one goes on where it stopped."""
    since = busy_since(state)
    if since is None or time.time() - since < LONG_S:
        return note("drain", "another drain is at work")
    pid = state.mark.read_text().partition(" ")[0]
    return Finding("drain", f"another drain (process {pid}) has been at work for {_lasting(since)}", f"kill {pid}")


def busy_since(state: State) -> float | None:
    """When the drain that is at work elsewhere began, seconds since the epoch; None when there is none to be seen."""
    try:
        return state.mark.stat().st_mtime if Mark(state.mark).is_up_elsewhere() else None
    except OSError:
        return None


def _lasting(since: float) -> str:
    minutes = int((time.time() - since) / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def gap_findings(parts: Assembly, *, paused: bool, drain: str = _DRAIN) -> Iterator[Finding]:
    """`drain`: what has the rest captured and handed over; empty when another finding says what stands in the way."""
    try:
        gaps = gaps_of(parts.repo, parts.state, unseen=True)
    except Error as error:
        yield Finding("gaps", error.message, error.hint)
        return
    if gaps.unseen and paused:
        yield note("gaps", f"{_counted(gaps.unseen, 'commit')} wait until capturing goes on")
    elif gaps.unseen:
        yield Finding("gaps", f"{_counted(gaps.unseen, 'commit')} not captured yet", drain)
    if gaps.undelivered:
        yield Finding("gaps", f"{_counted(gaps.undelivered, 'event')} not handed over yet", drain)
    if gaps.lost:
        sha, reason = gaps.lost[0]
        yield note("gaps", f"{_counted(gaps.lost_total, 'commit')} could not be read, the latest {sha[:12]}: {reason}")
    for worktree in rebasing(parts.repo):
        where = f" in the worktree {worktree}" if worktree else ""
        yield note("gaps", f"a rebase is under way{where}: its commits are looked at when it is over")


def set_aside_findings(state: State, memory: Path) -> Iterator[Finding]:
    """Nothing reads such a file any more; it is kept until somebody who knows deletes it."""
    for folder in (state.root, memory.parent):
        for path in set_aside_files(folder):
            yield note("capture", f"a damaged store was set aside and filled again: {path}", f"rm '{path}'*")


def letter_findings(state: State) -> Iterator[Finding]:
    for path in refused(state):
        yield note("capture", f"a saved note could not be read: {path}", f"rm '{path}', once you have looked at it")


def job_findings(parts: Assembly) -> Iterator[Finding]:
    try:
        failed = parts.service.jobs.failed(parts.project.id)
    except Error as error:
        yield Finding("jobs", error.message, error.hint)
        return
    for job in failed:
        text = f"{job.stage.label} of session {job.session_id} failed: {job.last_error or 'no reason was given'}"
        yield Finding("jobs", text, f"contox-hooks retry {job.session_id}")


def log_findings(state: State, *, now: float | None = None) -> Iterator[Finding]:
    """The last thing that went wrong where nobody could see it."""
    try:
        lines = state.log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    entries = [found.groups() for line in lines if (found := _LOG_STAMP.match(line))]
    if not entries:
        return
    stamp, text = entries[-1]
    at_utc = timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))
    if (time.time() if now is None else now) - at_utc < _LOG_RECENT_S:
        yield note("log", f"at {stamp}: {text}", f"tail {state.log}")


def clone_findings(repo: Repository) -> Iterator[Finding]:
    """What git does not tell here, so that nobody takes less for all."""
    directory = repo.common_dir
    if (directory / "shallow").exists():
        yield note("clone", "a shallow clone: history before its boundary is not here", "git fetch --unshallow")
    if config_value(directory, "extensions.partialClone") or config_keys(directory, r"^remote\..*\.promisor$"):
        yield note("clone", "a partial clone: commits whose files are not here are captured without their diff")
    logs = (config_value(directory, "core.logAllRefUpdates") or "").lower()
    if logs in ("false", "no", "off", "0") or (not logs and repo.work_tree is None):
        yield note(
            "clone",
            "reflogs are off: every commit is found, but what was undone between two looks is not, "
            "and own work is told from others' by the committer alone",
            "git config core.logAllRefUpdates true",
        )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

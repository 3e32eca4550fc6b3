"""Keeps `.git/contox/segment`, the one small file that a shell prompt reads, up to date.

Invariant: written whole or not at all, only when something changed; never raises, because whoever captures, delivers or
learns has more important things to do. What it means is domain/segment.py's.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.domain.error import Error
from contox_hooks.domain.event import SOURCE_HOOKS
from contox_hooks.domain.pipeline import fold_pipeline
from contox_hooks.domain.segment import DISCONNECTED, FAILED, QUIET, Segment, segment_line
from contox_hooks.whole import write_whole

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.memory.service import Service


def segment_path(state_root: Path) -> Path:
    return state_root / "segment"


def keep_segment(state_root: Path, segment: Segment) -> None:
    path, line = segment_path(state_root), f"{segment_line(segment)}\n".encode()
    try:
        if path.exists() and path.read_bytes() == line:
            return
        write_whole(path, line, durable=False)
    except OSError:
        pass


def refresh_segment(parts: Assembly) -> None:
    """As the stores here see it: a few indexed reads. Leaves what was there where they cannot be read."""
    try:
        segment = local_segment(parts.service, parts.project.id)
        _show(parts.state.root, segment)
    except Error:
        return


def show_in_prompts(service: Service, project_id: str) -> None:
    """The same for every clone of a project that is there. Raises StoreError."""
    segment = local_segment(service, project_id)
    for clone in service.projects.clones(project_id):
        if (clone / "contox").is_dir():
            _show(clone / "contox", segment)


def _show(state_root: Path, segment: Segment) -> None:
    if is_disconnected(state_root):
        segment = Segment(DISCONNECTED)
    keep_segment(state_root, segment)


def local_segment(service: Service, project_id: str) -> Segment:
    """The user's own session, the newest run under way, or a failure that waits for `retry`. Raises StoreError."""
    segment = Segment(saved_at=service.sessions.last_event_at(project_id, source=SOURCE_HOOKS) or 0)
    active = service.sessions.active(project_id, SOURCE_HOOKS)
    if active is not None:
        segment.started_at, segment.until = active.started_at, active.window_ends_at
        segment.events = active.event_count
    if service.jobs.failed(project_id):
        segment.state = FAILED
    elif pending := service.jobs.pending(project_id=project_id):
        run = fold_pipeline(service.jobs.of_run(pending[0].id))
        segment.run(run.completed_steps, run.total_steps, int(time.time()))
    else:
        segment.state = QUIET
    return segment


def is_disconnected(state_root: Path) -> bool:
    """Whether the user paused the connection. Raises StoreError."""
    from contox_hooks.connection import connection_path, read_connection

    if not connection_path(state_root).exists():
        return False
    connection = read_connection(state_root)
    return connection is not None and connection.paused

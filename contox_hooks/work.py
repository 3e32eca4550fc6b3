"""What a drain or a server starts when there is memory to make: `python -E -P -m contox_hooks.work`, detached, at low
priority.

Runs whatever is due in the user's memory store, or will be within minutes, of every project, and ends; with a file
named, what is due in that store. `run` is the same in the foreground, without waiting. Knows each project's settings
and clones; what a stage does is pipeline/'s. Problems go to the log beside the store: nobody reads its output.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.domain.error import SettingError, StoreDamaged, StoreError

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.capture.drain import Drained
    from contox_hooks.domain.setting import Effective
    from contox_hooks.memory.project import Project
    from contox_hooks.memory.service import Service
    from contox_hooks.memory.store import Place
    from contox_hooks.pipeline.provider import Extractor
    from contox_hooks.pipeline.runner import Progress, RunReport, ToolsFor
    from contox_hooks.pipeline.work import Tools


PATIENCE_S = 600.0
"""A worker waits so long for a run that is not due yet (`min_interval_s`); one that is due later is for a drain of
that day."""


def start_behind(parts: Assembly, done: Drained | None) -> None:
    """Have the worker started after a drain: for the runs it asked for, due or not, and for due ones that a worker
    never came to. Not while the memory store is out of reach. Raises StoreError."""
    if done is None or done.undelivered is not None:
        return
    if done.runs or parts.service.jobs.pending():
        parts.start_worker()


def run_patiently() -> None:
    """Whatever is due now or within PATIENCE_S. Sleeps without the worker's lock: others may work meanwhile."""
    while not run().busy:
        due_at = _next_due_at()
        if due_at is None:
            return
        time.sleep(max(0.0, due_at - time.time()))


def _next_due_at() -> float | None:
    from contox_hooks.memory.service import Service
    from contox_hooks.memory.store import Store
    from contox_hooks.place import memory_path

    with Store.open(memory_path(), readonly=True, clock=lambda: time.time() + PATIENCE_S) as store:
        return min((run.due_ms / 1000 for run in Service(store).jobs.pending()), default=None)


def run(
    where: Path | None = None,
    *,
    session_id: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    history: bool = False,
) -> RunReport:
    """Take what is due through its stages, in this process; of one session if named. `where`: another store than the
    user's. `history`: a model, where one is set, also reads commits that `init` and `backfill` found. Raises
    StoreError."""
    from contox_hooks.pipeline.runner import run_pending
    from contox_hooks.place import memory_path

    where = where or memory_path()
    with ExitStack() as readers:
        tools_for = tools_from(readers, where, history=history)
        followers = _Followers(where, on_progress)
        try:
            return run_pending(where, tools_for, session_id=session_id, on_progress=followers.told)
        finally:
            followers.show()
            followers.refresh_briefs()


class _Followers:
    """Keeps what shell prompts read up to date while runs go on, at most twice a second, and what AI tools read when
    they are over."""

    def __init__(self, where: Path, on_progress: Callable[[Progress], None] | None) -> None:
        self._where = where
        self._on_progress = on_progress
        self._projects: set[str] = set()
        self._shown_at = 0.0

    def told(self, progress: Progress) -> None:
        self._projects.add(progress.run.project_id)
        if time.monotonic() - self._shown_at > 0.5:
            self.show()
        if self._on_progress is not None:
            self._on_progress(progress)

    def show(self) -> None:
        from contox_hooks.segment import show_in_prompts

        self._shown_at = time.monotonic()
        self._each(show_in_prompts)

    def refresh_briefs(self) -> None:
        from contox_hooks.brief import refresh_briefs

        self._each(refresh_briefs)

    def _each(self, follow: Callable[[Service, str], object]) -> None:
        """Of every project that got on. Whoever is late because the store is out of reach harms nobody."""
        if not self._projects:
            return
        from contox_hooks.memory.service import Service

        try:
            with Service.open(self._where, readonly=True) as service:
                for project_id in self._projects:
                    follow(service, project_id)
        except StoreError:
            pass


def is_running(where: Path | None = None) -> bool:
    """Whether a worker is at the user's store, or at that one, here or in another process. One that was asked before
    the answer sees what was queued by then: it looks again after giving up its lock."""
    from contox_hooks.lock import FileLock
    from contox_hooks.place import memory_path

    path = where or memory_path()
    try:
        with FileLock(path.with_name(f"{path.name}.worker")) as lock:  # the runner's
            return not lock.take()
    except OSError:
        return False


def tools_from(readers: ExitStack, where: Place, *, history: bool = False) -> ToolsFor:
    """What the stages use for a project of the store at `where`; what it holds open is closed with `readers`."""

    def tools_for(project: Project, clones: Sequence[Path]) -> Tools:
        present = [clone for clone in clones if (clone / "objects").is_dir()]
        return _tools(project, present, readers, where, history=history)

    return tools_for


def _tools(project: Project, clones: Sequence[Path], readers: ExitStack, where: Place, *, history: bool) -> Tools:
    from contox_hooks.configuration import effective_settings
    from contox_hooks.domain.path import Exclusions
    from contox_hooks.git.lookup import Blobs
    from contox_hooks.git.repository import from_git_dir
    from contox_hooks.pipeline.embedding import default_embedder
    from contox_hooks.pipeline.work import Tools

    repo = from_git_dir(clones[0]) if clones else None
    effective = effective_settings(repo, project.settings, plan=_plan(where))
    settings = effective.settings
    blobs = readers.enter_context(Blobs(*clones)) if clones else None
    return Tools(
        _extractor(effective, project, readers, where, history=history), default_embedder, blobs,
        deep_enrich=settings.deep_enrich, diffs=settings.diffs, exclusions=Exclusions(settings.exclude),
    )  # fmt: skip


def _plan(where: Place) -> dict[str, str]:
    """What the server that the store belongs to allows every project at most (CONTRACT.md section 5)."""
    from contox_hooks.memory.access import Access
    from contox_hooks.memory.store import Store

    with Store.open(where, readonly=True) as store:
        return Access(store).plan()


def _extractor(effective: Effective, project: Project, readers: ExitStack, where: Place, *, history: bool) -> Extractor:
    """Where the settings want a model that cannot be asked, a key is missing, memory does not wait for that: the rules
    read, and the job says why."""
    from contox_hooks.pipeline.offline import OfflineExtractor

    if effective.settings.model == "offline":
        return OfflineExtractor()
    from contox_hooks.asker import meter_for
    from contox_hooks.memory.store import Store
    from contox_hooks.pipeline.model_extractor import ModelExtractor, RulesInstead

    # Of its own: the runner's store may lose its last seconds with the power, and a claim must not be lost.
    store = readers.enter_context(Store.open(where))
    try:
        meter = meter_for(effective, store, project.id)
        assert meter is not None  # not offline
        _ = meter.used  # a record of spending that cannot be read must not end the worker
    except (SettingError, StoreDamaged) as error:
        return RulesInstead(error.message)
    return ModelExtractor(meter, OfflineExtractor(), history=history)


def main() -> None:
    _stand_back()
    where = Path(sys.argv[1]) if sys.argv[1:] else None
    try:
        run_patiently() if where is None else run(where)
    except Exception as error:
        from contox_hooks.capture.state import State
        from contox_hooks.domain.error import Error
        from contox_hooks.place import data_dir

        if isinstance(error, Error):
            text = f"worker: {error.message}"
        else:
            import traceback

            text = f"worker failed\n{traceback.format_exc()}"
        try:
            State(data_dir() if where is None else where.parent).write_log(text)
        except Error:
            pass  # without a folder there is nowhere to tell it; `status` finds the same trouble


def _stand_back() -> None:
    for step in (lambda: os.setsid(), lambda: os.nice(10)):
        try:
            step()
        except (AttributeError, OSError):  # a session leader already; not on Windows
            pass


if __name__ == "__main__":
    main()

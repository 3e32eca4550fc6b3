"""What a drain starts when there is memory to make: `python -I -m contox_hooks.work`, detached, at low priority.

Runs whatever is due in the user's memory store, of every project, and ends. `run` is the same in the foreground, for
`enrich` and `retry`. Knows each project's settings and clones; what a stage does is pipeline/'s. Problems go to the log
beside the store: nobody reads this process' output.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contox_hooks.memory.project import Project
    from contox_hooks.pipeline.runner import Progress, RunReport
    from contox_hooks.pipeline.work import Tools


def run(*, session_id: str | None = None, on_progress: Callable[[Progress], None] | None = None) -> RunReport:
    """Take what is due through its stages, in this process; of one session if named. Raises StoreError."""
    from contox_hooks.pipeline.runner import run_pending
    from contox_hooks.place import memory_path

    with ExitStack() as readers:

        def tools_for(project: Project, clones: Sequence[Path]) -> Tools:
            here = next((clone for clone in clones if (clone / "objects").is_dir()), None)
            return _tools(project, here, readers)

        return run_pending(memory_path(), tools_for, session_id=session_id, on_progress=on_progress)


def is_running() -> bool:
    """Whether a worker is at it, here or in another process. One that was asked before the answer sees what was
    queued by then: it looks again after giving up its lock."""
    from contox_hooks.lock import FileLock
    from contox_hooks.place import memory_path

    path = memory_path()
    try:
        with FileLock(path.with_name(f"{path.name}.worker")) as lock:  # the runner's
            return not lock.take()
    except OSError:
        return False


def _tools(project: Project, clone: Path | None, readers: ExitStack) -> Tools:
    from contox_hooks.configuration import effective_settings
    from contox_hooks.git.lookup import Blobs
    from contox_hooks.git.repository import from_git_dir
    from contox_hooks.pipeline.embedding import default_embedder
    from contox_hooks.pipeline.offline import OfflineExtractor
    from contox_hooks.pipeline.work import Tools

    repo = None if clone is None else from_git_dir(clone)
    settings = effective_settings(repo, project.settings).settings
    blobs = None if clone is None else readers.enter_context(Blobs(clone))
    return Tools(OfflineExtractor(), default_embedder, blobs, deep_enrich=settings.deep_enrich)


def main() -> None:
    _stand_back()
    try:
        run()
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
            State(data_dir()).write_log(text)
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

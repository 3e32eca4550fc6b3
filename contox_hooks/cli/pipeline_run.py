"""The pipeline in the foreground, with a bar: shared by the verbs that wait for memory."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from contox_hooks.cli.render import Bar, progress

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.pipeline.runner import Progress, RunReport

_POLL_S = 0.3


class _Silent:
    def advance(self, done: int = 1) -> None:
        pass

    def tell(self, text: str) -> None:
        pass


def bar_for(total: int, unit: str, *, shown: bool) -> AbstractContextManager[Bar]:
    """A progress bar, or nothing at all: beside `--json` stderr is for the error alone."""
    return progress(total, unit) if shown else nullcontext(_Silent())


def run_in_foreground(
    parts: Assembly, *, session_id: str | None = None, shown: bool = True, history: bool = False
) -> RunReport:
    """Take the queued runs through all stages; `history`: a model may read history too. While another worker is at it,
    wait: it may do them for us.
    Interrupted anywhere, the next run goes on from there. Raises StoreError."""
    from contox_hooks.domain.pipeline import STAGES
    from contox_hooks.work import run

    queued = parts.service.jobs.pending(session_id=session_id)
    with bar_for(len(queued), "sessions", shown=shown) as bar:

        def told(now: Progress) -> None:
            bar.tell(now.job.stage.label)
            is_last = now.job.status == "failed" or now.job.stage is STAGES[-1]
            if is_last and now.job.status in ("done", "skipped", "failed"):
                bar.advance()

        while (report := run(session_id=session_id, on_progress=told, history=history)).busy:
            bar.tell("another worker is at it")
            time.sleep(_POLL_S)
    return report

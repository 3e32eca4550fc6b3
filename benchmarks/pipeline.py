"""`python benchmarks/pipeline.py REPOSITORY [COMMITS]`: real history through all five stages, as a ratio to git itself.

Reads the last COMMITS (2,000) commits, digests them, ingests them into a fresh store and runs the pipeline; beside it,
in the same run, `git log -p --numstat` of the same commits written to /dev/null.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from history import ingest_history

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.event import SOURCE_HISTORY
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.lookup import Blobs
from contox_hooks.git.repository import locate
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.embedding import default_embedder
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.pipeline.runner import Progress, run_pending
from contox_hooks.pipeline.work import Tools


def main(folder: str, commits: int = 2000) -> None:
    repo = locate(Path(folder))
    shas = repo.text("rev-list", f"--max-count={commits}", "HEAD").split()[::-1]
    started = time.perf_counter()
    with Path("/dev/null").open("wb") as nowhere:
        line = ["git", f"--git-dir={repo.common_dir}", "log", "-p", "--numstat", "--no-walk=unsorted", "--stdin"]
        subprocess.run(line, input="\n".join(shas).encode(), stdout=nowhere, check=True)
    git_s = time.perf_counter() - started

    clock = {"digest": time.perf_counter()}
    digests: list[CommitDigest] = list(read_digests(repo, shas, limits=DigestLimits(), origin="history"))
    clock["ingest"] = time.perf_counter()
    stages: Counter[str] = Counter()

    def count(progress: Progress) -> None:
        stages[progress.job.stage] += progress.job.duration_ms or 0

    with tempfile.TemporaryDirectory() as scratch, Blobs(repo.common_dir) as blobs:
        store = Path(scratch) / "memory.db"
        with Service.open(store) as service:
            project = ingest_history(service, repo, digests)
            sessions = {run.session_id for run in service.jobs.pending(project_id=project.id)}
        clock["stages"] = time.perf_counter()

        def tools_for(project: Project, clones: Sequence[Path]) -> Tools:
            return Tools(OfflineExtractor(), default_embedder, blobs)

        report = run_pending(store, tools_for, on_progress=count)
        done = time.perf_counter()
        with Service.open(store, readonly=True) as service:
            items = service.items.counts_by_status(project.id)
            failures = [f"{job.stage}: {job.last_error}" for job in report.failed]
        size_bytes = store.stat().st_size
    times = [*clock.values(), done]
    spent = {name: round(after - before, 2) for name, before, after in zip(clock, times, times[1:], strict=False)}
    total_s = done - clock["digest"]
    print(json.dumps({
        "commits": len(shas), "events_source": SOURCE_HISTORY, "sessions": len(sessions), "items": items,
        "seconds": round(total_s, 1), "parts_s": spent, "stage_s": {k: v / 1000 for k, v in stages.items()},
        "git_log_s": round(git_s, 1), "ratio_to_git_log": round(total_s / git_s, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "store_mb": size_bytes // 2**20,
        "failed": failures[:5],
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:3]))

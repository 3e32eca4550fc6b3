"""A captured repository for tests of the reading verbs: looked at once, so that what comes now is own work."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence

from contox_hooks import work
from contox_hooks.assembly import Assembly
from contox_hooks.domain.pipeline import Job, Stage
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.stage import STAGE_FUNCTIONS
from contox_hooks.pipeline.work import Work, Writing
from tests.gitrepo import Repo

TEXT = "def f(x: int) -> int:\n    return x\n\n\n"


def begin(repo: Repo) -> Repo:
    repo.commit("start", {"a.txt": "1\n"})
    drain(repo)
    return repo


def drain(repo: Repo) -> None:
    parts = Assembly(repo.repository)
    assert parts.drain().run() is not None
    parts.service.close()


def commit(repo: Repo, subject: str = "feat: add f", lines: int = 3, name: str = "m.py") -> str:
    return repo.commit(subject, {name: TEXT * lines}, now=True)


def parts_of(repo: Repo) -> tuple[Service, str]:
    parts = Assembly(repo.repository)
    return parts.service, parts.project.id


def learn(repo: Repo) -> None:
    """Everything into memory, in this process."""
    drain(repo)
    service, project_id = parts_of(repo)
    with service:
        service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
    work.run()


def fail(repo: Repo, stage: Stage, error: str) -> Job:
    """The pipeline runs and `stage` fails with `error`."""

    def broken(_: Work) -> Writing:
        raise RuntimeError(error)

    drain(repo)
    service, project_id = parts_of(repo)
    with service:
        service.jobs.request(service.jobs.unprocessed_sessions(project_id), trigger="manual")
    sound = STAGE_FUNCTIONS[stage]
    STAGE_FUNCTIONS[stage] = broken
    try:
        return work.run().failed[0]
    finally:
        STAGE_FUNCTIONS[stage] = sound


def start(
    repo: Repo, *arguments: str, env: Mapping[str, str] | None = None, full: bool = False
) -> subprocess.Popen[str]:
    """The real program, in a process of its own; `full`: no file can grow any more."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120
    environment = {**os.environ, "PYTHONPATH": root, **(env or {})}
    line: Sequence[str] = [sys.executable, "-m", "contox_hooks", *arguments]
    limit = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))) if full else None
    return subprocess.Popen(
        line,
        preexec_fn=limit,
        cwd=repo.path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

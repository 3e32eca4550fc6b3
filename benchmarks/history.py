"""A repository's history in a fresh store, asked for but not yet run: what several benchmarks begin with."""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.event import commit_event
from contox_hooks.git.repository import Repository
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service

_BATCH = 500


def ingest_history(service: Service, repo: Repository, digests: Iterable[CommitDigest]) -> Project:
    """`digests`, oldest first, become events; every session of theirs gets a run."""
    project = service.projects.find_or_create(
        common_dir=repo.common_dir, root_commit=None, remote=None, name=repo.common_dir.name
    )
    events = [commit_event(digest, at_utc=digest.committer.at_utc) for digest in digests]
    for start in range(0, len(events), _BATCH):
        service.ingest(project.id, events[start : start + _BATCH])
    service.jobs.request(service.jobs.unprocessed_sessions(project.id), trigger="manual")
    return project

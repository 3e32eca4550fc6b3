"""A repository, its drain and its pipeline, run in this process: git commands in, items out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft, Evidence, Item
from contox_hooks.git.lookup import Blobs
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.patch import file_patches
from contox_hooks.pipeline.provider import Extraction
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.work import Tools
from contox_hooks.place import memory_path
from tests.gitrepo import Repo
from tests.pipeline.bench import Topics


@dataclass
class Quoting:
    """One item a commit: its subject, quoting that and the lines it added."""

    paid: bool = True
    name: str = "quoting"
    asked: list[str] = field(default_factory=list)
    """Subjects of the commits it was asked about."""

    def extract(self, digests: Sequence[CommitDigest], **_: Any) -> Extraction:
        self.asked += [digest.subject for digest in digests]
        return Extraction(tuple(_draft(digest) for digest in digests), None)


def _draft(digest: CommitDigest) -> Draft:
    lines = [(each.path, line) for each in file_patches(digest.diff) for line in each.added if line.strip()]
    quotes = tuple(Evidence(digest.sha, line, path) for path, line in lines)
    return Draft(
        "implementation", digest.subject, f"{digest.subject}: {digest.body}", "root/other", 0.9, 3,
        (Evidence(digest.sha, digest.subject), *quotes), files=tuple(file.path for file in digest.files),
        commit_range=f"{digest.sha}..{digest.sha}", at_utc=digest.committer.at_utc,
    )  # fmt: skip


class World:
    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.extractor = Quoting()

    def look(self) -> None:
        """The drain: what happened is captured and delivered."""
        assembly = Assembly(self.repo.repository)
        done = assembly.drain().run()
        assert done is not None
        assert done.undelivered is None

    def enrich(self) -> None:
        """The pipeline over everything that is no memory yet."""
        with Service.open(memory_path()) as service:
            project = self._project(service)
            service.jobs.request(service.jobs.unprocessed_sessions(project), trigger="manual")
        with Blobs(self.repo.path / ".git") as blobs:
            tools = Tools(self.extractor, Topics, blobs)  # type: ignore[arg-type]
            report = run_pending(memory_path(), lambda project, clones: tools)
            assert report.failed == ()

    def learn(self) -> None:
        self.look()
        self.enrich()

    def commit(self, subject: str, **files: str) -> str:
        """`name="text"` writes `name.py`."""
        return self.repo.commit(subject, {f"{name}.py": text for name, text in files.items()})

    def items(self, status: str | None = None) -> dict[str, Item]:
        """By title; without those that were superseded, unless that is asked for."""
        with Service.open(memory_path()) as service:
            page = service.items.page(self._project(service), status=status, limit=5000)  # type: ignore[arg-type]
            shown = [service.items.get(item.id) for item in page if status or item.status != "superseded"]
        assert len({item.title for item in shown}) == len(shown), sorted(item.title for item in shown)
        return {item.title: item for item in shown}

    def approve(self, item_id: str) -> None:
        with Service.open(memory_path()) as service, service.store.transaction():
            service.store.run("UPDATE item SET approved_at = 1 WHERE id = :id", id=item_id)

    def unprocessed(self) -> int:
        with Service.open(memory_path()) as service:
            return service.jobs.unprocessed(self._project(service))

    @staticmethod
    def _project(service: Service) -> str:
        (row,) = service.store.rows("SELECT id FROM project")
        return str(row["id"])


def cited(item: Item) -> set[str]:
    """The commits that it stands on."""
    return {entry.commit_sha for entry in item.evidence}


@pytest.fixture
def world(repo: Repo) -> World:
    """With one commit that is the past."""
    repo.commit("start", {"start.py": "start = 1\n"})
    made = World(repo)
    made.look()
    return made

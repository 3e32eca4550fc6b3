"""Small stand-ins for what the stages use: quick, and counting what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.error import StageFailed
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.project import Project
from contox_hooks.pipeline.provider import Context, Extraction
from contox_hooks.pipeline.work import BlobReader, Tools


@dataclass
class Extractor:
    """One decision a commit: its subject."""

    refuses: set[str] = field(default_factory=set)
    paid: bool = False
    calls: list[int] = field(default_factory=list)
    """Commits in each call."""
    name: str = "test"

    def extract(self, digests: Sequence[CommitDigest], *, context: Context | None = None) -> Extraction:
        self.calls.append(len(digests))
        if self.refuses & {digest.sha for digest in digests}:
            raise StageFailed("refused")
        drafts = tuple(
            Draft(
                type="decision",
                title=digest.subject,
                facts=f"{digest.subject}, said at {digest.sha[-4:]}",
                schema_key="root/other",
                confidence=0.8,
                importance=3,
                evidence=(Evidence(digest.sha, digest.subject),),
                files=tuple(file.path for file in digest.files),
                at_utc=digest.committer.at_utc,
            )
            for digest in digests
        )
        return Extraction(drafts, f"{len(digests)} decisions")


class Topics:
    """Every text far from every other, but for equal ones."""

    name = "topics"
    dimensions = 64

    def embed(self, texts: Sequence[str]) -> Any:
        rows = np.stack([np.random.default_rng(crc32(text.encode())).normal(size=64) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def tools(extractor: Extractor | None = None, blobs: BlobReader | None = None) -> Callable[..., Tools]:
    made = extractor or Extractor()
    read = blobs or (lambda sha, path: b"def answer() -> int:\n    return 42\n")

    def tools_for(project: Project, clones: Sequence[Path]) -> Tools:
        return Tools(made, Topics, read)

    return tools_for

"""A model's drafts as far as the commits bear them out: the quote check, with a model's ways of being nearly right.

Pure. A quote that stands in its commit counts wherever it stands there; what a draft lost to the check makes it less
sure. Invariant: what is kept passes `quote.verified` unchanged, and names no file that its commits did not touch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import MAX_FILES, Draft, Evidence
from contox_hooks.pipeline.patch import file_patches
from contox_hooks.pipeline.quote import verified

DOUBTED = 0.69
"""Confidence at most of a draft some of whose quotes were not found: to be read with care (CONTRACT.md section 6)."""


def proven(drafts: Iterable[Draft], digests: Sequence[CommitDigest]) -> tuple[list[Draft], int]:
    """The drafts with what stands, and how many had nothing that does."""
    by_sha = {digest.sha: digest for digest in digests}
    paths = {sha: [patch.path for patch in file_patches(digest.diff)] for sha, digest in by_sha.items()}
    kept: list[Draft] = []
    dropped = 0
    for draft in drafts:
        told = dict.fromkeys((found.commit_sha, found.quote) for found in draft.evidence)
        tried = replace(draft, evidence=tuple(_places(draft.evidence, paths)))
        for standing in verified([tried], digests)[0]:
            places: dict[tuple[str, str], Evidence] = {}
            for found in standing.evidence:
                places.setdefault((found.commit_sha, found.quote), found)
            kept.append(_settled(standing, tuple(places.values()), by_sha, lost=len(places) < len(told)))
            break
        else:
            dropped += 1
    return kept, dropped


def _places(evidence: Iterable[Evidence], paths: dict[str, list[str]]) -> Iterator[Evidence]:
    """Each quote where the draft says, then in the message, then in the other files of its commit."""
    for found in evidence:
        for path in dict.fromkeys((found.path, None, *paths.get(found.commit_sha, ()))):
            yield replace(found, path=path)


def _settled(
    draft: Draft, evidence: tuple[Evidence, ...], by_sha: dict[str, CommitDigest], *, lost: bool
) -> Draft:  # fmt: skip
    cited = [digest for sha, digest in by_sha.items() if any(found.commit_sha == sha for found in evidence)]
    touched = {change.path for digest in cited for change in digest.files}
    quoted = (found.path for found in evidence if found.path is not None)
    return replace(
        draft,
        evidence=evidence,
        files=tuple(dict.fromkeys(path for path in (*draft.files, *quoted) if path in touched))[:MAX_FILES],
        confidence=min(draft.confidence, DOUBTED) if lost else draft.confidence,
        commit_range=f"{cited[0].sha}..{cited[-1].sha}",
        at_utc=max(digest.committer.at_utc for digest in cited),
    )

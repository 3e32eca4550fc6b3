"""What the offline extractor makes of real histories: speed and junk.

    python benchmarks/extract.py PATH/TO/REPOSITORY... [--commits 2000]

Times are of one run; the ratio is extraction over digesting the same commits with git. Trivial is what
`pipeline/triviality.py` calls so: a check of the bookkeeping, not of its judgement. Shares are counted over
the last commits of each repository, in chunks as the pipeline makes them, merged as its dedup stage does.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from contox_hooks.domain.item import Draft
from contox_hooks.domain.pipeline import EVENTS_PER_CHUNK
from contox_hooks.git.history import read_digests
from contox_hooks.git.repository import locate
from contox_hooks.pipeline.dedup import DedupItem, decide_merges
from contox_hooks.pipeline.embedding import chunks, default_embedder
from contox_hooks.pipeline.offline import OfflineExtractor, read_commit
from contox_hooks.pipeline.quote import verified


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=2000)
    options = parser.parse_args()
    for path in options.repositories:
        report(path, options.commits)


def report(path: Path, commits: int) -> None:
    started = time.perf_counter()
    digests = list(read_digests(locate(path), revisions=[f"--max-count={commits}", "HEAD"], origin="history"))
    digests.reverse()
    digested_s = time.perf_counter() - started

    started = time.perf_counter()
    drafts: list[Draft] = []
    dropped = 0
    for start in range(0, len(digests), EVENTS_PER_CHUNK):
        chunk = digests[start : start + EVENTS_PER_CHUNK]
        kept, lost = verified(OfflineExtractor().extract(chunk).drafts, chunk)
        drafts += kept
        dropped += lost
    extracted_s = time.perf_counter() - started

    left = without_merged(drafts)
    readings = [read_commit(digest) for digest in digests]
    telling = {reading.digest.sha for reading in readings if not reading.trivial}
    quoted = {entry.commit_sha for draft in drafts for entry in draft.evidence}
    titles = Counter(draft.title.casefold() for draft in left)
    print(f"{path.name}: {len(digests)} commits, {len(telling)} of them not trivial")
    print(f"  {extracted_s / len(digests) * 1000:.2f} ms a commit, {extracted_s / digested_s:.2f} of digesting them")
    print(f"  {len(drafts)} drafts, {dropped} unsupported; {len(left)} items after dedup")
    print(f"  not trivial commits represented: {len(telling & quoted) / max(1, len(telling)):.1%}")
    print(f"  quoting a trivial commit alone: {sum(not evidence_of(draft) & telling for draft in left)}")
    print(f"  exact duplicates of a title: {sum(count - 1 for count in titles.values())}")
    print(f"  types: {', '.join(f'{kind} {count}' for kind, count in Counter(d.type for d in left).most_common())}")


def evidence_of(draft: Draft) -> set[str]:
    return {entry.commit_sha for entry in draft.evidence}


def without_merged(drafts: list[Draft]) -> list[Draft]:
    items = []
    for number, draft in enumerate(drafts):
        vectors = default_embedder().embed(chunks(f"{draft.title}\n{draft.facts}"))
        items.append(
            DedupItem(f"{number:06}", draft.type, draft.dedup_hint, draft.title, draft.facts, draft.at_utc, 0, vectors)
        )
    gone = {merge.absorbed_id for merge in decide_merges(items, [])}
    return [draft for item, draft in zip(items, drafts, strict=True) if item.id not in gone]


if __name__ == "__main__":
    main()

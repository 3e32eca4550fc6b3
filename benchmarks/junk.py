"""How much of what the offline extractor keeps is junk, beside naive extractors, in one run.

    python benchmarks/junk.py PATH/TO/REPOSITORY... [--commits 2000] [--read 20]

The last commits go through ingestion and the real stages (enrich, deep enrich, embed, dedup; the drift check is left
out), in sessions and chunks as the pipeline makes them. Then:
* unsupported: items of which a quote stands neither in its commit's message nor in what git shows of its diff;
* exact: items whose whole text (as it is embedded; white space folded, without case) an earlier one has;
* near: items whose mean vector has a cosine over 0.95 with an earlier one's;
* trivial: items of which every cited commit is trivial in the opinion of `judge.py`, which uses nothing of the package;
* represented: commits that the judge finds not trivial and that an item cites.
Items counted are those that memory shows (active, in review); how many more it keeps (superseded, archived …), and how
many stand on commits to tests and documents alone, is said below. When a stage failed for any session there is no
result: its jobs are printed and the run ends with 1.
Baselines: an item a commit (subject and body), and an item a commit that our own rules do not find trivial; both quote
their subject, so they are never unsupported. Last, where judge and rules disagree.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from history import ingest_history
from judge import is_aside, read, verdicts

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.domain.pipeline import Stage
from contox_hooks.git.history import read_digests
from contox_hooks.git.lookup import Blobs
from contox_hooks.git.repository import Repository, locate
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.embed import embedded_text
from contox_hooks.pipeline.embedding import chunks, default_embedder
from contox_hooks.pipeline.offline import OfflineExtractor, read_commit
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.stage import STAGE_FUNCTIONS
from contox_hooks.pipeline.work import Tools, skip

NEAR = 0.95


@dataclass(frozen=True)
class Told:
    """An item as it is judged."""

    title: str
    text: str
    commits: frozenset[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=2000)
    parser.add_argument("--read", type=int, default=0, help="print so many random items, and commits that gave none")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for path in options.repositories:
        report(path, options.commits, options.read, random.Random(options.seed))


def report(path: Path, commits: int, sample: int, dice: random.Random) -> None:
    repo = locate(path)
    digests = list(read_digests(repo, revisions=[f"--max-count={commits}", "HEAD"], origin="history"))
    judged = verdicts(repo.common_dir, [digest.sha for digest in digests])
    ours_trivial = {digest.sha: read_commit(digest).trivial or "" for digest in digests}
    began = time.perf_counter()
    items, hidden = extracted(repo, digests)
    spent_s = time.perf_counter() - began
    telling = {sha for sha, why in judged.items() if not why}
    name = path.parent.name if path.name == "repo" else path.name
    print(f"\n{name}: {len(digests)} commits, {len(telling)} of them not trivial")
    print(f"  the judge's trivial: {counted(why for why in judged.values() if why)}")
    ours = [Told(item.title, embedded_text(item), frozenset(e.commit_sha for e in item.evidence)) for item in items]
    plain = [Told(digest.subject, digest.message, frozenset((digest.sha,))) for digest in digests]
    kept = [told for told in plain if not any(ours_trivial[sha] for sha in told.commits)]
    print(f"  {'':38}{'items':>7}{'unsupported':>13}{'exact':>7}{'near':>8}{'trivial':>9}{'represented':>13}")
    tell("an item a commit", plain, 0, telling)
    tell("an item a commit, without our trivial", kept, 0, telling)
    tell("ours", ours, unsupported(repo, items), telling)
    aside = {change.sha for change in read(repo.common_dir, [digest.sha for digest in digests]) if is_aside(change)}
    beside = sum(told.commits <= aside for told in ours)
    print(f"  on commits to tests or documents alone: {beside}; kept, not shown: {hidden}")
    print(f"  {spent_s:.1f} s for ingestion and stages; {counted(item.type for item in items)}")
    missed = [digest for digest in digests if digest.sha in telling - set().union(*(told.commits for told in ours))]
    print(f"  trivial to our rules alone: {counted(ours_trivial[sha] for sha in telling if ours_trivial[sha])}")
    print(
        f"  trivial to the judge alone: {counted(why for sha, why in judged.items() if why and not ours_trivial[sha])}"
    )
    for item in dice.sample(items, min(sample, len(items))):
        show(item)
    for digest in dice.sample(missed, min(sample, len(missed))):
        why = ours_trivial[digest.sha]
        print(f"  gave none: {digest.sha[:10]} {digest.subject[:100]} [{why}] +{digest.insertions} -{digest.deletions}")
    if sample:
        for one, other in near(ours):
            print(f"  near: {one.title[:100]} | {other.title[:100]}")
        titles = Counter(folded(told.title).casefold() for told in ours)
        for title, count in titles.items():
            if count > 1:
                print(f"  one title: {count} times {title[:120]}")
        for told in ours:
            if not told.commits & telling:
                print(f"  from trivial: {told.title[:110]} [{counted(judged[sha] for sha in told.commits)}]")


def extracted(repo: Repository, digests: Sequence[CommitDigest]) -> tuple[list[Item], int]:
    """The items that the stages leave to be shown, with their evidence, and how many more are kept. Ends the program
    when a stage failed: what is left then is no result."""
    stages = {**STAGE_FUNCTIONS, Stage.DRIFT_CHECK: lambda work: skip("not measured here")}
    with tempfile.TemporaryDirectory() as scratch, Blobs(repo.common_dir) as blobs:
        store = Path(scratch) / "memory.db"
        with Service.open(store) as service:
            project = ingest_history(service, repo, reversed(digests))
        run_pending(store, lambda *_: Tools(OfflineExtractor(), default_embedder, blobs), stages=stages)
        with Service.open(store, readonly=True) as service:
            failed = service.jobs.failed(project.id)
            unfinished = service.jobs.pending_count(project.id)
            if failed or unfinished:
                for job in failed:
                    print(f"failed: {job.stage} of session {job.session_id}: {job.last_error}", file=sys.stderr)
                sys.exit(f"no result: {len(failed)} jobs failed, {unfinished} runs did not finish")
            kept = service.items.page(project.id, status=None, limit=100_000)
            found = [service.items.get(item.id) for item in kept if item.status in ("active", "review")]
            return found, len(kept) - len(found)


def unsupported(repo: Repository, items: Sequence[Item]) -> int:
    """Items with a quote that git does not show: looked up in the whole diff, by lines, white space folded. Lines
    that were redacted cannot be."""
    wanted = sorted({entry.commit_sha for item in items for entry in item.evidence})
    texts: dict[str, str] = {}
    for change in read(repo.common_dir, wanted, context=True):
        lines = (line[1:] for path in change.lines.values() for line in path)
        texts[change.sha] = folded(f"{change.subject}\n{change.body}\n") + "\n" + folded("\n".join(lines))
    return sum(
        any(
            folded(line.strip().removeprefix("+").removeprefix("-")) not in texts[entry.commit_sha]
            for entry in item.evidence
            for line in entry.quote.split("\n")
            if "[redacted" not in line
        )
        for item in items
    )


def folded(text: str) -> str:
    return " ".join(text.split())


def tell(name: str, items: Sequence[Told], unproven: int, telling: set[str]) -> None:
    """`exact`: items that say, in all, what another says; equal titles alone may be different changes."""
    texts = Counter(folded(item.text).casefold() for item in items)
    exact = sum(count - 1 for count in texts.values())
    trivial = sum(not item.commits & telling for item in items)
    represented = len(telling & set().union(*(item.commits for item in items)))
    shares = (
        f"{len(near(items)) / len(items):8.2%}{trivial / len(items):9.2%}{represented / max(1, len(telling)):13.1%}"
    )
    print(f"  {name:38}{len(items):7}{unproven:13}{exact:7}{shares}")


def near(items: Sequence[Told]) -> list[tuple[Told, Told]]:
    """Items with the earlier one that is nearest, where that is nearer than NEAR."""
    embedder = default_embedder()
    pieces = [(place, piece) for place, item in enumerate(items) for piece in chunks(item.text)]
    rows = embedder.embed([piece for _, piece in pieces]).astype(np.float32)
    means = np.zeros((len(items), rows.shape[1]), dtype=np.float32)
    np.add.at(means, [place for place, _ in pieces], rows)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    found = []
    for place in range(1, len(means)):
        cosines = means[:place] @ means[place]
        if cosines.max() > NEAR:
            found.append((items[place], items[int(cosines.argmax())]))
    return found


def counted(words: object) -> str:
    return ", ".join(f"{word} {count}" for word, count in Counter(words).most_common()) or "none"  # type: ignore[call-overload]


def show(item: Item) -> None:
    print(f"\n  == {item.type} · {item.title}")
    print(f"     {item.schema_key}, importance {item.importance}, confidence {item.confidence}, {' '.join(item.tags)}")
    print("     " + item.facts.replace("\n", "\n     "))
    if item.rationale:
        print(f"     why: {item.rationale}")
    for entry in item.evidence:
        print(f"     > {entry.commit_sha[:8]} {entry.path or ''}: {entry.quote[:120]!r}")


if __name__ == "__main__":
    main()

"""Does search find the commit that a changelog line speaks of? Ours beside its baselines, in one run.

    python benchmarks/find.py PATH/TO/REPOSITORY... [--commits 2000] [--misses 10]

Documents: the items that the offline extractor and the stages make of the last commits; an item answers with all
commits it cites. Queries: entries of the project's own changelog at HEAD that name an issue or pull request which one
of those commits closes, names in its subject, or was merged with; the numbers are taken out. A commit counts as the
answer when it, or the merge that brought it, does so. recall@5: queries with an answer among the first five; MRR: mean
of 1/rank of the first answer, 0 past the first hundred. A query whose commits became no item counts as missed.

Baselines, over the same commits: BM25 (FTS5, porter stemming) over messages, and over messages with diffs as digested;
static embeddings of chunks, the best chunk counting; both fused two to one; what `git log -i -F --all-match --grep`
with the same words gives, newest first, and where no message has them all, the same without `--all-match`; that ranked
as git cannot, those with most of the words first. The drift check is left out: it changes what items say of themselves,
not whether they are found.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from history import ingest_history

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.pipeline import Stage
from contox_hooks.git.history import read_digests
from contox_hooks.git.lookup import Blobs
from contox_hooks.git.repository import Repository, locate
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.embedding import chunks, default_embedder
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.pipeline.runner import run_pending
from contox_hooks.pipeline.stage import STAGE_FUNCTIONS
from contox_hooks.pipeline.work import Tools, skip

_DEPTH = 100

Ranking = Callable[[str], Sequence[set[str]]]
"""A query to what was found, best first: the commits each answer stands for."""


@dataclass(frozen=True)
class Query:
    text: str
    answers: frozenset[str]


@dataclass(frozen=True)
class Score:
    recall_at_5: float
    mrr: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=2000)
    parser.add_argument("--misses", type=int, default=0, help="show so many queries that ours ranks worst against BM25")
    options = parser.parse_args()
    totals: dict[str, list[Score]] = {}
    ratios = []
    for path in options.repositories:
        scores = report(path, options.commits, options.misses)
        for name, score in scores.items():
            totals.setdefault(name, []).append(score)
        if scores:
            ratios.append(scores["ours"].mrr / best_bm25(scores))
    if len(ratios) > 1:
        mean = {
            name: Score(float(np.mean([s.recall_at_5 for s in found])), float(np.mean([s.mrr for s in found])))
            for name, found in totals.items()
        }
        print(f"\naverage of {len(ratios)} projects; ours over the best BM25 at worst {min(ratios):.2f}")
        tell(mean)


def report(path: Path, commits: int, misses: int) -> dict[str, Score]:
    repo = locate(path)
    digests = list(read_digests(repo, revisions=[f"--max-count={commits}", "HEAD"], origin="history"))
    queries = mined(repo, digests)
    print(f"\n{path.parent.name if path.name == 'repo' else path.name}: {len(digests)} commits, {len(queries)} queries")
    if not queries:
        print("  no changelog whose entries name numbers of these commits")
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        rankings = {**baselines(digests), "ours": ours(repo, digests, Path(scratch) / "memory.db")}
        ranks = {name: [first_answer(ranking, query) for query in queries] for name, ranking in rankings.items()}
    scores = {name: score(found) for name, found in ranks.items()}
    tell(scores)
    if misses:
        lost = [
            (1 / (mine or 999) - 1 / (other or 999), query.text, mine, other)
            for query, mine, other in zip(queries, ranks["ours"], ranks["BM25, messages"], strict=True)
        ]
        for _, text, mine, other in sorted(lost)[:misses]:
            print(f"    ours {mine}, BM25 {other}: {text[:150]}")
    return scores


def tell(scores: dict[str, Score]) -> None:
    best, grep = best_bm25(scores), scores["git log --grep"].mrr
    print(f"  {'':34}{'recall@5':>9}{'MRR':>7}{'of the best BM25':>18}{'of git log --grep':>19}")
    for name, found in scores.items():
        print(f"  {name:34}{found.recall_at_5:9.3f}{found.mrr:7.3f}{found.mrr / best:18.2f}{found.mrr / grep:19.2f}")


def best_bm25(scores: dict[str, Score]) -> float:
    return max(found.mrr for name, found in scores.items() if name.startswith("BM25"))


def score(ranks: Sequence[int]) -> Score:
    return Score(
        sum(0 < rank <= 5 for rank in ranks) / len(ranks), sum(1 / rank for rank in ranks if rank) / len(ranks)
    )


def first_answer(ranking: Ranking, query: Query) -> int:
    """The rank, from 1, of the first thing found that stands for an answer; 0 when none does."""
    found = ranking(query.text)[:_DEPTH]
    return next((rank for rank, commits in enumerate(found, start=1) if commits & query.answers), 0)


# Queries: what the project itself wrote about its commits.

_CHANGELOG = re.compile(r"(?:docs/)?(?:change(?:s|log)|history|news)(?:\.(?:md|rst|txt))?", re.IGNORECASE)
_BULLET = re.compile(r"(?P<indent> {0,8})[-*+] +(?P<text>\S.*)")
_NUMBER = re.compile(r":(?:issue|pr|pull):`(\d+)`|(?<![\w/])#(\d+)\b")
_REFERENCES = re.compile(
    r"[(\[]?(?:(?:Pull|Issue|PR|See|Fix(?:es)?|Closes?|gh-)?,? ?(?::(?:issue|pr|pull|ghsa|user):`[^`]*`|"
    r"`{0,2}\[?(?<![\w/])#\d+\]?(?:\([^)\s]*\))?`{0,2}_{0,2}),?(?: and| &)? ?)+(?:(?:PR|MR|issue) by @[\w-]+)?"
    r"[)\]]?\.?",
    re.IGNORECASE,
)
_MARKUP = re.compile(r":[a-z:]+:`~?\.?([^`<]+?)(?: <[^>`]*>)?`|\[([^\]]+)\]\([^)\s]*\)|`{1,2}([^`]*)`{1,2}_{0,2}")
_IN_SUBJECT = re.compile(r"(?<![\w/])(?:#|gh-)(\d+)\b", re.IGNORECASE)
_CLOSES = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+(?:https?://\S+/(?:issues|pull)/|#|gh-)(\d+)\b", re.IGNORECASE
)


def mined(repo: Repository, digests: Sequence[CommitDigest]) -> list[Query]:
    numbered = numbered_commits(digests)
    queries: dict[str, Query] = {}
    for name in repo.text("ls-tree", "-r", "--name-only", "HEAD").splitlines():
        if _CHANGELOG.fullmatch(name):
            for text, numbers in entries(repo.text("show", f"HEAD:{name}")):
                answers = frozenset().union(*(numbered.get(number, set()) for number in numbers))
                if answers and len(text.split()) >= 3:
                    queries.setdefault(text, Query(text, answers))
    return list(queries.values())


def entries(changelog: str) -> Iterator[tuple[str, set[str]]]:
    """The first paragraph of every outermost list entry, without references, and the numbers of the whole entry."""
    head: list[str] = []
    numbers: set[str] = set()
    in_head = False
    for line in [*changelog.splitlines(), "* end"]:
        bullet = _BULLET.fullmatch(line)
        if bullet and len(bullet["indent"]) < 2:
            if numbers:
                yield plain(" ".join(head)), numbers
            head, numbers, in_head = [bullet["text"]], set(), True
        elif line.strip() and not line.startswith(" "):
            if numbers:
                yield plain(" ".join(head)), numbers
            head, numbers, in_head = [], set(), False
        elif bullet or not line.strip():
            in_head = False
        elif in_head:
            head.append(line.strip())
        if head:
            numbers |= {one or other for one, other in _NUMBER.findall(line)}


def plain(text: str) -> str:
    text = _MARKUP.sub(lambda match: match[1] or match[2] or match[3] or "", _REFERENCES.sub(" ", text))
    return " ".join(text.split())


def numbered_commits(digests: Sequence[CommitDigest]) -> dict[str, set[str]]:
    """Issue or request number to the commits that close it, name it in their subject, or were merged by its merge."""
    here = {digest.sha: digest for digest in digests}
    found: dict[str, set[str]] = {}
    for digest in digests:
        numbers = set(_IN_SUBJECT.findall(digest.subject))
        with_it = brought(digest, here) if numbers and len(digest.parents) == 2 else set()
        for number in numbers:
            found.setdefault(number, set()).update({digest.sha}, with_it)
        for number in _CLOSES.findall(digest.message):
            found.setdefault(number, set()).add(digest.sha)
    return found


def brought(merge: CommitDigest, here: dict[str, CommitDigest]) -> set[str]:
    """What the merge's second parent has and the first parent's own line has not."""
    line: set[str] = set()
    at: str | None = merge.parents[0]
    while at in here:
        line.add(at)
        at = next(iter(here[at].parents), None)
    found: set[str] = set()
    waiting = [merge.parents[1]]
    while waiting:
        sha = waiting.pop()
        if sha in here and sha not in line and sha not in found and len(found) < 50:
            found.add(sha)
            waiting += here[sha].parents[:1]
    return found


# Rankings.


def ours(repo: Repository, digests: Sequence[CommitDigest], store: Path) -> Ranking:
    began = time.perf_counter()
    with Blobs(repo.common_dir) as blobs:
        with Service.open(store) as service:
            project = ingest_history(service, repo, reversed(digests))
        stages = {**STAGE_FUNCTIONS, Stage.DRIFT_CHECK: lambda work: skip("not measured here")}
        run_pending(store, lambda *_: Tools(OfflineExtractor(), default_embedder, blobs), stages=stages)
    service = Service.open(store, readonly=True)
    shown = service.items.count(project.id, status=None)
    print(f"  {shown} items in {time.perf_counter() - began:.1f} s")

    def ranking(query: str) -> list[set[str]]:
        hits = service.search(project.id, query, limit=_DEPTH, embedder=default_embedder())
        return [{found.commit_sha for found in hit.item.evidence} for hit in hits]

    return ranking


def baselines(digests: Sequence[CommitDigest]) -> dict[str, Ranking]:
    messages = [digest.message for digest in digests]
    whole = [f"{digest.message}\n{digest.diff}" for digest in digests]
    shas = [digest.sha for digest in digests]

    def as_ranking(order: Callable[[str], list[int]]) -> Ranking:
        return lambda query: [{shas[place]} for place in order(query)]

    by_message, by_whole, by_meaning = bm25(messages), bm25(whole), meaning(whole)
    return {
        "git log --grep": as_ranking(grep(messages, ranked=False)),
        "git log --grep, ranked": as_ranking(grep(messages, ranked=True)),
        "BM25, messages": as_ranking(by_message),
        "BM25, messages with diffs": as_ranking(by_whole),
        "static embeddings": as_ranking(by_meaning),
        "fused 2:1, messages": as_ranking(fused(by_message, by_meaning)),
        "fused 2:1, messages with diffs": as_ranking(fused(by_whole, by_meaning)),
    }


def words(query: str) -> list[str]:
    return list(dict.fromkeys(word.lower() for word in re.findall(r"\w+", query)))


def bm25(documents: Sequence[str]) -> Callable[[str], list[int]]:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE d USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2')")
    rows = ((place, text.encode("utf-8", "replace").decode()) for place, text in enumerate(documents))
    database.executemany("INSERT INTO d (rowid, text) VALUES (?, ?)", rows)

    def order(query: str) -> list[int]:
        match = " OR ".join(f'"{word}"' for word in words(query))
        found = database.execute(f"SELECT rowid FROM d WHERE d MATCH ? ORDER BY rank LIMIT {_DEPTH}", (match,))
        return [row[0] for row in found]

    return order


def meaning(documents: Sequence[str]) -> Callable[[str], list[int]]:
    embedder = default_embedder()
    pieces = [(place, piece) for place, text in enumerate(documents) for piece in chunks(text)]
    owners = np.array([place for place, _ in pieces])
    rows = embedder.embed([piece for _, piece in pieces]).astype(np.float32)

    def order(query: str) -> list[int]:
        best = np.full(len(documents), -2.0, dtype=np.float32)
        np.maximum.at(best, owners, rows @ embedder.embed([query])[0].astype(np.float32))
        found: list[int] = np.argsort(-best, kind="stable")[:_DEPTH].tolist()
        return found

    return order


def fused(words_first: Callable[[str], list[int]], then: Callable[[str], list[int]]) -> Callable[[str], list[int]]:
    def order(query: str) -> list[int]:
        scores: dict[int, float] = {}
        for weight, ranking in ((2, words_first(query)), (1, then(query))):
            for rank, place in enumerate(ranking):
                scores[place] = scores.get(place, 0.0) + weight / (60 + rank)
        return sorted(scores, key=lambda place: -scores[place])

    return order


def grep(messages: Sequence[str], *, ranked: bool) -> Callable[[str], list[int]]:
    lowered = [message.lower() for message in messages]

    def order(query: str) -> list[int]:
        asked = [word for word in words(query) if len(word) > 2]
        counts = [sum(word in message for word in asked) for message in lowered]
        some = [place for place, count in enumerate(counts) if count]
        if ranked:
            return sorted(some, key=lambda place: -counts[place])
        return [place for place in some if counts[place] == len(asked)] or some

    return order


if __name__ == "__main__":
    main()

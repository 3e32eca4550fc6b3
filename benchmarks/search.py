"""How long one search takes inside a process, beside a bare FTS5 query of the same words in the same store.

    python benchmarks/search.py [--items 10000 100000] [--queries 100]

The stores are made up: words by Zipf's law over 30,000, items as long as the offline extractor makes them (a title of 7
words, facts of 80), one or two vectors each, in one project of two. Queries have 2 to 10 words of an item that is
there. Searches follow one another in one process, as in a server; `first` is the one that reads the vectors from the
store. Medians, with the time that 95 of 100 keep to; memory is the process' peak.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.search import Filters, search
from contox_hooks.memory.service import Service
from contox_hooks.memory.vector import save
from contox_hooks.memory.word import asked_words
from contox_hooks.pipeline.embedding import default_embedder

_VOCABULARY = 30_000
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
_BARE = "SELECT rowid FROM item_fts WHERE item_fts MATCH :query ORDER BY rank LIMIT 10"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", nargs="+", type=int, default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=100)
    options = parser.parse_args()
    for items in options.items:
        with tempfile.TemporaryDirectory() as scratch:
            report(Path(scratch) / "memory.db", items, options.queries)


def report(path: Path, items: int, queries: int) -> None:
    chance = random.Random(1)
    drawn = Words(chance)
    with Service.open(path) as service:
        project_id, other_id = (
            service.projects.find_or_create(common_dir=path / name, root_commit=None, remote=None, name=name).id
            for name in ("here", "other")
        )
        titles = filled(service, project_id, items, drawn)
        filled(service, other_id, items // 10, drawn)
    service = Service.open(path, readonly=True)
    asked = [
        " ".join(chance.sample(words, min(len(words), chance.randint(2, 10))))
        for words in (f"{chance.choice(titles)} {drawn.text(4)}".split() for _ in range(queries))
    ]
    embedder = default_embedder()
    print(f"\n{items:,} items, {path.stat().st_size >> 20} MB")

    def searched(query: str, **more: object) -> None:
        search(service.store, project_id, query, embedder=embedder, **more)  # type: ignore[arg-type]

    began = time.perf_counter()
    searched(asked[0])
    print(f"  {'first, vectors read':34}{(time.perf_counter() - began) * 1000:8.1f} ms")
    narrow = Filters(type="bug", since=500, file="src/pa*")
    measured({
        "bare FTS5, the same words": lambda query: service.store.rows(_BARE, query=matching(query)),
        "search": searched,
        "words alone": lambda query: search(service.store, project_id, query),
        "one word that is everywhere": lambda query: searched(drawn.words[0]),
        "type, since and file filters": lambda query: searched(query, filters=narrow),
        "active files": lambda query: searched(query, active_files=["src/ba.py", "src/ko.py"]),
    }, asked)  # fmt: skip
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
    service.close()


def measured(runs: dict[str, Callable[[str], object]], asked: Sequence[str]) -> None:
    """Query by query, one run after the other, so that a busy moment meets all of them; the first is what the others
    are compared with."""
    taken_ms: dict[str, list[float]] = {name: [] for name in runs}
    for query in asked:
        for name, run in runs.items():
            began = time.perf_counter()
            run(query)
            taken_ms[name].append((time.perf_counter() - began) * 1000)
    bare_ms = statistics.median(next(iter(taken_ms.values())))
    for name, taken in taken_ms.items():
        median_ms, slow_ms = statistics.median(taken), sorted(taken)[len(taken) * 95 // 100]
        print(f"  {name:34}{median_ms:8.1f} ms   95%: {slow_ms:6.1f} ms   {median_ms / bare_ms:5.2f} of bare FTS5")


def matching(query: str) -> str:
    return " OR ".join(f'"{word}"' for word in asked_words(query))


class Words:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        made: dict[str, None] = {}
        while len(made) < _VOCABULARY:
            made.setdefault("".join(chance.choices(_SYLLABLES, k=2 + len(made) // 4000)))
        self.words = list(made)
        self._weights = list(accumulate(1 / (rank + 5) for rank in range(_VOCABULARY)))

    def text(self, count: int) -> str:
        return " ".join(self._chance.choices(self.words, cum_weights=self._weights, k=count))

    def path(self) -> str:
        return f"src/{self._chance.choice(_SYLLABLES)}.py"


def filled(service: Service, project_id: str, items: int, drawn: Words) -> list[str]:
    """The items' titles."""
    noise = np.random.default_rng(1)
    titles = []
    with service.store.transaction():
        for number in range(items):
            title = drawn.text(7)
            draft = Draft(
                "bug" if number % 4 else "decision", title, drawn.text(80), "root/api", 0.8, 3,
                (Evidence(f"{number:040x}", title),), rationale=drawn.text(15) if number % 8 == 0 else None,
                files=(drawn.path(), drawn.path()), tags=("api",), at_utc=number,
            )  # fmt: skip
            item_id = service.items.add(project_id, None, draft)
            rows = noise.standard_normal((1 + number % 2, 256)).astype(np.float32)
            save(service.store, item_id, default_embedder().name, rows / np.linalg.norm(rows, axis=1, keepdims=True))
            titles.append(title)
    return titles


if __name__ == "__main__":
    main()

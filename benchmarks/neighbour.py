"""How long the nearest of many vectors take on PostgreSQL with pgvector's index, beside reading and comparing all.

    python benchmarks/neighbour.py --database postgresql://… [--vectors 100000] [--queries 50]

The database is an empty one, to be filled. Vectors are the default model's, of chunks of the Python sources that are
installed here; of ten, nine are one project's and one another's. Queries are some words of such chunks. Each way is
asked after a change of the project, as in a team at work. recall: how many of the exact ten nearest the index finds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sysconfig
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from contox_hooks.memory import neighbour
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Store
from contox_hooks.memory.vector import save
from contox_hooks.pipeline.embedding import default_embedder

_CHARS = 800
"""As embedding.py cuts."""
_AT_ONCE = 1000
_ITEM = """
INSERT INTO item (id, project_id, type, title, facts, schema_key, confidence, importance, status, at_utc, created_at,
    updated_at)
VALUES (:id, :project_id, 'bug', '', '', 'root', 1, 3, 'active', 1, 1, 1)
"""
_TOUCH = "UPDATE item SET updated_at = updated_at + 1 WHERE id = :id"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", required=True)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=50)
    options = parser.parse_args()
    chance = random.Random(1)
    texts = list(islice(chunks(chance), options.vectors))
    with Service.open(options.database) as service:
        projects = [
            service.projects.find_or_create(common_dir=name, root_commit=None, remote=None, name=name).id
            for name in ("/here", "/other")
        ]
        fill(service.store, projects, texts)
    with Store.open(options.database) as store:
        began = time.perf_counter()
        neighbour.make_index(store)
        print(f"{len(texts):,} vectors; the index took {time.perf_counter() - began:.0f} s")
    queries = [
        " ".join(chance.sample(words, min(6, len(words))))
        for words in map(str.split, chance.sample(texts, options.queries))
    ]
    with Store.open(options.database) as store:
        for project_id, share in zip(projects, ("nine of ten", "one of ten"), strict=True):
            print(share)
            compare(store, project_id, queries)


def compare(store: Store, project_id: str, queries: list[str]) -> None:
    embedder = default_embedder()
    touched = store.rows("SELECT id FROM item WHERE project_id = :project_id LIMIT 1", project_id=project_id)[0]["id"]
    taken_ms: dict[str, list[float]] = {"all compared": [], "the index": []}
    recall = []
    for query in embedder.embed(queries).astype(np.float32):
        found = {}
        for name, few in (("all compared", 1 << 62), ("the index", 0)):
            neighbour.FEW = few  # type: ignore[misc]
            with store.transaction():
                store.run(_TOUCH, id=touched)
            began = time.perf_counter()
            found[name] = neighbour.nearest(store, project_id, embedder.name, query, 120)
            taken_ms[name].append((time.perf_counter() - began) * 1000)
        first, second = (set(islice(hits, 10)) for hits in found.values())
        recall.append(len(first & second) / len(first))
    all_ms, index_ms = (statistics.median(taken) for taken in taken_ms.values())
    for name, taken in taken_ms.items():
        print(f"  {name:14}{statistics.median(taken):8.1f} ms   95%: {sorted(taken)[len(taken) * 95 // 100]:8.1f} ms")
    print(f"  {all_ms / index_ms:.0f} times as quick; recall@10 {statistics.mean(recall):.3f}")


def chunks(chance: random.Random) -> Iterator[str]:
    files = sorted(file for name in ("stdlib", "purelib") for file in Path(sysconfig.get_path(name)).rglob("*.py"))
    chance.shuffle(files)
    for file in files:
        text = file.read_text("utf-8", "ignore")
        yield from (text[at : at + _CHARS] for at in range(0, len(text), _CHARS) if text[at : at + _CHARS].strip())


def fill(store: Store, projects: list[str], texts: list[str]) -> None:
    embedder = default_embedder()
    for start in range(0, len(texts), _AT_ONCE):
        rows = embedder.embed(texts[start : start + _AT_ONCE])
        with store.transaction():
            ids = [f"{start + number:026}" for number in range(len(rows))]
            store.run_many(_ITEM, [{"id": id_, "project_id": projects[int(id_) % 10 == 0]} for id_ in ids])
            for id_, row in zip(ids, rows, strict=True):
                save(store, id_, embedder.name, [row])


if __name__ == "__main__":
    main()

"""How long the brain of many items takes inside a process, beside reading those items and nothing else.

    python benchmarks/brain.py [--items 1000 10000] [--rounds 15] [--store PATH/TO/memory.db]

The store is made up as in `search.py`: titles of 7 words, facts of 80, one item in four a decision, one in five
hundred shares another's dedup hint, over 100 days.
Baseline: every active item's row fetched and thrown away. Medians of interleaved rounds, each after the other, so that
a busy moment meets all of them; `--store` takes a memory of your own instead, read only.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from search import Words  # the benchmark beside this one

from contox_hooks.domain.item import ITEM_TYPES, Draft, Evidence
from contox_hooks.memory.service import Service

_BUDGETS = (1000, 4000, 6000)
_FETCH = "SELECT * FROM item WHERE project_id = :project_id AND status = 'active'"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", nargs="+", type=int, default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--store", type=Path)
    options = parser.parse_args()
    if options.store is not None:
        with Service.open(options.store, readonly=True) as service:
            for project in service.projects.all():
                report(service, project.id, options.rounds)
        return
    for items in options.items:
        with tempfile.TemporaryDirectory() as scratch, Service.open(Path(scratch) / "memory.db") as service:
            report(service, filled(service, items), options.rounds)


def report(service: Service, project_id: str, rounds: int) -> None:
    runs: dict[str, Callable[[], object]] = {
        "rows fetched": lambda: service.store.rows(_FETCH, project_id=project_id),
        **{
            f"brain of {budget:,} tokens": lambda budget=budget: service.brain(project_id, budget_tokens=budget)
            for budget in _BUDGETS
        },
        "for active files": lambda: service.brain(project_id, active_files=["src/ba.py", "src/ko.py"]),
    }
    taken_ms: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            taken_ms[name].append((time.perf_counter() - began) * 1000)
    brain = service.brain(project_id, budget_tokens=4000)
    print(f"\n{service.items.count(project_id):,} items; of 4,000 tokens: {brain.items_loaded} told in {brain.token_estimate}")  # fmt: skip  # noqa: E501
    bare_ms = statistics.median(taken_ms["rows fetched"])
    for name, taken in taken_ms.items():
        median_ms = statistics.median(taken)
        print(f"  {name:24}{median_ms:8.1f} ms   slowest {max(taken):6.1f} ms   {median_ms / bare_ms:5.2f} of fetching")


def filled(service: Service, items: int) -> str:
    chance = random.Random(1)
    drawn = Words(chance)
    project_id = service.projects.find_or_create(
        common_dir="/made/up", root_commit=None, remote=None, name="made-up"
    ).id
    with service.store.transaction():
        for number in range(items):
            kind, title = ITEM_TYPES[number % len(ITEM_TYPES)] if number % 4 else "decision", drawn.text(7)
            service.items.add(project_id, None, Draft(
                kind, title, drawn.text(80), f"root/{chance.choice(('api', 'data', 'stack', 'docs'))}", 0.8,
                chance.choice((1, 2, 2, 3, 3, 4, 5)), (Evidence(f"{number:040x}", title),),
                rationale=drawn.text(15) if number % 8 == 0 else None, files=(drawn.path(), drawn.path()),
                at_utc=1_700_000_000 + number * 8_640_000 // items,
                dedup_hint=f"made:{number if number % 1000 > 1 else number - number % 2}",
            ))  # fmt: skip
    return project_id


if __name__ == "__main__":
    main()

"""What runs on the hook's path and in `status` costs the same however much is stored: no statement reads a table.

And every statement is one that both databases understand.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.memory import sql
from contox_hooks.memory.database import Each
from contox_hooks.memory.service import Service
from contox_hooks.memory.spend import SpendStore, spend_path
from contox_hooks.memory.sql import session
from contox_hooks.memory.store import Store
from tests.memory.events import open_service
from tests.postgres import made_database

WHOLE = {
    "hygiene.RELATED_PAIRS", "project.ALL", "project.BY_REMOTE", "spend.OF_PROJECT", "access.KEYS", "access.PEOPLE",
    "access.PRUNE_TICKETS", "context.COUNTS",
}  # fmt: skip
"""They read a whole small table, and not on anybody's usual way."""

MOVES = "moving."
"""Everything is read, by purpose."""

FEW = re.compile(r"INDEX (job_open|job_failed)\b|VIRTUAL TABLE|SCAN (found|page)|CONSTANT ROW")
"""A scan is fine over what is open or failed, over FTS5's own index, and over what a subquery found."""


def statements() -> dict[str, Each]:
    """Every statement of the catalogue, by module and name."""
    found = {}
    for module in pkgutil.iter_modules(sql.__path__):
        if module.name.endswith("_postgres") or module.name == "neighbour":
            continue  # in the others' Each; pgvector's, which test_neighbour.py asks
        for name, text in vars(importlib.import_module(f"{sql.__name__}.{module.name}")).items():
            both = text if isinstance(text, Each) else Each(text, text) if isinstance(text, str) else Each("", "")
            if re.match(r"\s*(SELECT|WITH|UPDATE|DELETE|INSERT)\b", both.sqlite) and name.isupper() and name[0] != "_":
                found[f"{module.name}.{name}"] = Each(*(said.replace("{wanted}", "'x'") for said in both))
    return found | listings()


def listings() -> dict[str, Each]:
    """Those that are written for what is asked."""
    asked = [(status, None) for status in (None, *session._STATUS)] + [(None, each) for each in session._LIFECYCLE]
    return {
        f"session.listing({status or lifecycle or ''}{' of_source' * wide}).{name}": Each(statement, statement)
        for status, lifecycle in asked
        for wide in (False, True)
        for name, statement in session.listing(
            of_source=wide, status=status, lifecycle=lifecycle, after_another=wide
        )._asdict().items()
    }  # fmt: skip


STATEMENTS = statements()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_service(tmp_path) as service:
        yield service


def is_whole(name: str) -> bool:
    return name in WHOLE or name.startswith(MOVES)


@pytest.mark.parametrize("name", sorted(name for name in STATEMENTS if not is_whole(name)))
def test_by_an_index(service: Service, name: str) -> None:
    statement = STATEMENTS[name].sqlite
    values = dict.fromkeys(re.findall(r":([a-z_]+)", statement), "x")
    with SpendStore.open(spend_path(service.store.path)) as spend:
        store = spend if name.startswith("spend.") else service.store
        plan = [row["detail"] for row in store.rows(f"EXPLAIN QUERY PLAN {statement}", **values)]
    scans = [step for step in plan if step.startswith("SCAN") and not FEW.search(step)]
    assert scans == [], plan


NUMBERS = {"at": 1, "since": 1, "window_s": 1, "slide_s": 1, "now": 1, "now_ms": 1, "words": ["a"], "rarities": [1.0]}
"""Where PostgreSQL cannot tell what the text '1' should be."""


@pytest.fixture(scope="module")
def postgres(postgres_server: str) -> Iterator[tuple[Store, Store]]:
    """Memory and spending, whose planner takes a whole table only where there is no other way."""
    with made_database(postgres_server) as url, Store.open(url) as memory, SpendStore.open(url) as spend:
        for store in (memory, spend):
            store.rows("SELECT set_config('enable_seqscan', 'off', false)")
        yield memory, spend


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_postgres_understands_it_and_has_an_index(postgres: tuple[Store, Store], name: str) -> None:
    statement = STATEMENTS[name].postgres
    values = {**dict.fromkeys(re.findall(r":([a-z_0-9]+)", statement), "1"), **NUMBERS}
    plan = [row[0] for row in postgres[name.startswith("spend.")].rows(f"EXPLAIN {statement}", **values)]
    if not is_whole(name):
        assert not any("Seq Scan on" in step for step in plan), plan


def test_the_newest_page_is_not_sorted(service: Service) -> None:
    page = session.listing(of_source=False, status=None, lifecycle=None, after_another=False).page
    values = dict.fromkeys(re.findall(r":([a-z_]+)", page), "x")
    plan = [row["detail"] for row in service.store.rows(f"EXPLAIN QUERY PLAN {page}", **values)]
    assert not any("TEMP B-TREE" in step for step in plan), plan

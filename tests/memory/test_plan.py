"""What runs on the hook's path and in `status` costs the same however much is stored: no statement reads a table."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.memory import sql
from contox_hooks.memory.service import Service
from contox_hooks.memory.spend import SpendStore, spend_path
from contox_hooks.memory.sql import session
from tests.memory.events import open_service

WHOLE = {"hygiene.RELATED_PAIRS", "project.ALL", "project.BY_REMOTE", "spend.OF_PROJECT"}
"""They read a whole small table, and not on anybody's usual way."""

FEW = re.compile(r"INDEX (job_open|job_failed)\b|VIRTUAL TABLE|SCAN found")
"""A scan is fine over what is open or failed, over FTS5's own index, and over what a subquery found."""


def statements() -> dict[str, str]:
    """Every statement of the catalogue, by module and name."""
    found = {}
    for module in pkgutil.iter_modules(sql.__path__):
        for name, text in vars(importlib.import_module(f"{sql.__name__}.{module.name}")).items():
            if isinstance(text, str) and re.match(r"\s*(SELECT|WITH|UPDATE|DELETE|INSERT)\b", text) and name.isupper():
                found[f"{module.name}.{name}"] = text.replace("{wanted}", "'x'")
    return found


STATEMENTS = statements()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_service(tmp_path) as service:
        yield service


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - WHOLE))
def test_by_an_index(service: Service, name: str) -> None:
    statement = STATEMENTS[name]
    values = dict.fromkeys(re.findall(r":([a-z_]+)", statement), "x")
    with SpendStore.open(spend_path(service.store.path)) as spend:
        store = spend if name.startswith("spend.") else service.store
        plan = [row["detail"] for row in store.rows(f"EXPLAIN QUERY PLAN {statement}", **values)]
    scans = [step for step in plan if step.startswith("SCAN") and not FEW.search(step)]
    assert scans == [], plan


def test_the_newest_page_is_not_sorted(service: Service) -> None:
    values = dict.fromkeys(re.findall(r":([a-z_]+)", session.PAGE), "x")
    plan = [row["detail"] for row in service.store.rows(f"EXPLAIN QUERY PLAN {session.PAGE}", **values)]
    assert not any("TEMP B-TREE" in step for step in plan), plan

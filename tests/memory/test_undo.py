"""Undo of a merge: everything that it moved is where it was."""

from __future__ import annotations

from typing import Any

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from contox_hooks.memory.undo import copy_of, fingerprints, put_back
from tests.memory.events import DAY, a_project, open_service, sha

TABLES = ("item", "item_file", "evidence", "relation")


def add(service: Service, number: int) -> str:
    draft = Draft(
        "decision", f"item {number}", "facts", "root/other", 0.8, 3, (Evidence(sha(number), "said"),),
        files=(f"f{number}.py",), at_utc=DAY + number,
    )  # fmt: skip
    return service.items.add(a_project(service).id, None, draft)


def rows(service: Service) -> dict[str, list[Any]]:
    return {table: sorted(map(tuple, service.store.rows(f"SELECT * FROM {table}")), key=repr) for table in TABLES}


def test_what_led_to_the_absorbed_item_leads_there_again(where: Place) -> None:
    with open_service(where) as service:
        with service.store.transaction():
            third, absorbed, survivor = (add(service, number) for number in (1, 2, 3))
            service.items.relate(absorbed, third, "supersedes", "newer")
        service.items.set_status(third, "superseded", reason="replaced: newer", superseded_by=absorbed)
        before, copy = rows(service), copy_of(service.store, (absorbed, survivor))
        service.reviews.merge(absorbed, survivor)
        assert service.items.get(third).superseded_by == survivor
        put_back(service.store, copy, expected=fingerprints(service.items, (absorbed, survivor)))
        assert rows(service) == before


def test_what_somebody_led_elsewhere_since_stays_there(where: Place) -> None:
    with open_service(where) as service:
        with service.store.transaction():
            third, absorbed, survivor, other = (add(service, number) for number in (1, 2, 3, 4))
        service.items.set_status(third, "superseded", reason="replaced: newer", superseded_by=absorbed)
        copy = copy_of(service.store, (absorbed, survivor))
        service.reviews.merge(absorbed, survivor)
        service.items.set_status(third, "superseded", reason="by hand", superseded_by=other)
        put_back(service.store, copy, expected=fingerprints(service.items, (absorbed, survivor)))
        assert service.items.get(third).superseded_by == other

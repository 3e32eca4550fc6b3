"""`scan`: what is found and what of it is new, calm where nothing is."""

from __future__ import annotations

import pytest

from contox_hooks.assembly import Assembly
from tests.cli.conftest import Call
from tests.gitrepo import Repo
from tests.scan.project import SHOP


def test_a_scan_as_people_and_programs_read_it(repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Assembly, "start_worker", lambda self: None)
    repo.commit("start", SHOP)
    dry = call("scan", "--dry-run").out
    assert "- **src/shop/web**: GET /orders, POST /orders/<int:id>\n" in dry
    assert "(nothing was told to memory)" in dry
    assert "1 excluded by the settings" in dry
    Assembly(repo.repository).drain().run()
    first = call("scan", "src", "--json").json
    assert first["head"] == repo.head()
    assert (first["events"], first["dry_run"]) == (1, False)
    assert set(first["new"]) == {
        f"scan:{each['kind']}" + (f":{each['path']}" if each["path"] else "") for each in first["findings"]
    }
    assert first["found"]["routes"] == 1
    [routes] = [each for each in first["findings"] if each["kind"] == "routes"]
    assert routes["facts"][0] | {"blob": ""} == {
        "says": "GET /orders → orders", "quote": "@bp.get('/orders')", "path": "src/shop/web/order.py", "line": 7,
        "blob": "", "group": "",
    }  # fmt: skip
    again = call("scan").out
    assert again.startswith("12 findings in 13 files (0 read now): nothing changed since the last scan\n")
    assert "see it" not in again

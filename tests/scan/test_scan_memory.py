"""A scan through the whole pipeline: items that cite what stands in the code, changed in place, ended when it goes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contox_hooks import work
from contox_hooks.connection import Connection, keep_connection
from contox_hooks.domain.error import NotInitialised, RepositoryError
from contox_hooks.memory.sql import scan as sql
from contox_hooks.scan.scanning import CACHE, TOLD, scan_repository
from tests.gitrepo import Repo
from tests.scan.project import SHOP, Scans


@pytest.fixture
def shop(repo: Repo) -> Scans:
    repo.commit("start", SHOP)
    return Scans(repo)


def test_a_scan_becomes_items_that_quote_the_code_at_head(shop: Scans) -> None:
    found = shop.scan()
    items = shop.items()
    assert set(items) == {
        "project", "layout", "module:src/shop", "module:src/shop/web", "module:src/shop/db", "entry",
        "routes:src/shop/web", "schema:src/shop/db", "dependency:pyproject.toml", "test", "ci", "check",
    }  # fmt: skip
    assert len(found.new) == len(items) == sum(found.found.values())
    assert items["project"].title == "shop: A small web shop"
    assert "Python >=3.11" in items["project"].facts
    assert items["module:src/shop/web"].title == "src/shop/web: What the browser sees of the shop"
    assert "uses: src/shop/db" in items["module:src/shop/web"].facts
    assert "GET /orders → orders" in items["routes:src/shop/web"].facts
    assert "POST /orders/<int:id> → order" in items["routes:src/shop/web"].facts
    assert "Order (SQLAlchemy model): id, total" in items["schema:src/shop/db"].facts
    assert "needs: flask, sqlalchemy" in items["dependency:pyproject.toml"].facts
    assert "`shop` → shop.cli:main" in items["entry"].facts
    assert "CI on push, pull request: `pytest -q`; `ruff check`" in items["ci"].facts
    assert items["test"].title == "Tests: pytest in tests"
    assert items["check"].schema_key == "root/conventions"
    for item in items.values():
        assert item.status == "active"
        assert item.at_utc == int(shop.repo.git("log", "-1", "--format=%ct"))
        assert item.evidence
        for cited in item.evidence:
            assert not cited.is_of_commit
            if cited.path is not None:
                assert cited.quote.removeprefix("+") in str(SHOP[cited.path])
    told = json.dumps([item.facts for item in items.values()])
    assert "demo" not in told
    assert "Vendored" not in told
    session = shop.parts.service.sessions.active(shop.parts.project.id, "cli-scan")
    assert session is not None
    assert session.items_extracted == len(items)
    assert found.skipped["excluded by the settings"] == 1


def test_the_same_tree_again_tells_nothing_and_reads_nothing(shop: Scans) -> None:
    first = shop.scan()
    before = shop.items()
    again = shop.scan()
    assert (again.read, again.known, again.events) == (0, first.read, 0)
    assert (again.new, again.changed, again.gone) == ((), (), ())
    assert shop.items() == before
    shop.repo.commit("elsewhere", {"notes.txt": "a line\n"})
    assert shop.scan().events == 0


def test_only_what_changed_is_read_and_its_item_says_it_now(shop: Scans) -> None:
    shop.scan()
    before = shop.items()
    text = str(SHOP["src/shop/web/order.py"])
    shop.repo.commit("more", {"src/shop/web/order.py": text + "\n\n@bp.delete('/orders')\ndef drop():\n    pass\n"})
    again = shop.scan()
    assert again.read == 1
    assert "scan:routes:src/shop/web" in again.changed
    after = shop.items()
    assert {hint: item.id for hint, item in after.items()} == {hint: item.id for hint, item in before.items()}
    assert "DELETE /orders → drop" in after["routes:src/shop/web"].facts
    assert any("delete" in cited.quote for cited in after["routes:src/shop/web"].evidence)
    assert after["dependency:pyproject.toml"] == before["dependency:pyproject.toml"]


def test_what_is_gone_is_archived_with_the_reason_and_comes_back(shop: Scans) -> None:
    shop.scan()
    start = shop.repo.head()
    shop.repo.git("rm", "-rq", "src/shop/web")
    shop.repo.commit("no web")
    assert "scan:routes:src/shop/web" in shop.scan().gone
    routes = shop.items()["routes:src/shop/web"]
    assert routes.status == "archived"
    assert routes.status_reason == f"scan: not found any more in {shop.repo.head()[:12]}"
    shop.repo.git("reset", "-q", "--hard", start)
    shop.scan()
    assert shop.items()["routes:src/shop/web"].status == "active"
    assert shop.items()["routes:src/shop/web"].id == routes.id


def test_what_a_person_decided_stays(shop: Scans) -> None:
    shop.scan()
    items = shop.items()
    parts = shop.parts
    parts.service.items.edit(items["routes:src/shop/web"].id, title="Our own words")
    parts.service.items.set_status(items["schema:src/shop/db"].id, "archived", reason="archived by hand")
    changed = {
        name: str(SHOP[name]).replace("orders", "goods").replace("total", "sum") for name in SHOP if "shop/" in name
    }
    shop.repo.commit("rename", changed)
    assert {"scan:routes:src/shop/web", "scan:schema:src/shop/db"} <= set(shop.scan().changed)
    after = shop.items()
    assert after["routes:src/shop/web"].title == "Our own words"
    assert after["schema:src/shop/db"].status == "archived"
    assert after["schema:src/shop/db"].facts == items["schema:src/shop/db"].facts
    shop.repo.git("rm", "-rq", "src/shop/web")
    shop.repo.commit("no web")
    shop.scan()
    assert shop.items()["routes:src/shop/web"].status == "review"


def test_a_commit_that_takes_away_what_is_cited_puts_the_item_to_review_until_the_next_scan(shop: Scans) -> None:
    shop.scan()
    manifest = str(SHOP["pyproject.toml"])
    without = {"pyproject.toml": manifest.replace(', "sqlalchemy"', ""), "src/shop/db/file.py": "a = 1\nb = 2\nc = 3\n"}
    shop.repo.commit("use the standard library", without, now=True)
    parts = shop.parts
    parts.drain().run()
    shop.scan(dry_run=True)
    item = shop.items()["dependency:pyproject.toml"]
    assert item.status == "review"
    assert "pyproject.toml changed in" in (item.status_reason or "")
    shop.scan()
    after = shop.items()["dependency:pyproject.toml"]
    assert after.status == "active"
    assert "sqlalchemy" not in after.facts


def test_the_cache_and_the_record_may_be_deleted_or_hold_garbage(shop: Scans) -> None:
    first = shop.scan()
    before = shop.items()
    root = shop.parts.state.root
    (root / CACHE).write_bytes(b"no database at all" * 100)
    (root / TOLD).write_text("{")
    again = shop.scan()
    assert again.read == first.read
    assert again.events == 0  # memory itself knows what was told
    (root / CACHE).unlink()
    (root / TOLD).unlink()
    assert shop.scan().events == 0
    assert shop.items() == before


def test_another_clone_goes_on_from_what_memory_heard_last_and_a_server_hears_all(shop: Scans, tmp_path: Path) -> None:
    first = shop.scan()
    shutil.copytree(shop.repo.path, tmp_path / "other", ignore=shutil.ignore_patterns("contox"))
    other = Scans(Repo(tmp_path / "other", init=False))
    assert other.parts.project.id == shop.parts.project.id
    assert other.scan().events == 0
    for url in ("http://127.0.0.1:9", "http://127.0.0.1:10"):  # what was found before, no server has heard of
        keep_connection(shop.parts.state.root, Connection(url, "p", "team"))
        scanned = scan_repository(shop.parts)
        assert (scanned.events, scanned.new, scanned.changed) == (1, (), ())
        assert scanned.line.endswith("nothing changed since the last scan, told again for the server")
        assert scan_repository(shop.parts).events == 0
        told = shop.parts.service.store.row(sql.NEWEST, project_id=shop.parts.project.id)
        assert told is not None
        assert len(json.loads(told["payload"])["findings"]) == len(first.findings)


def test_a_dry_run_tells_nothing_and_needs_no_init(repo: Repo) -> None:
    repo.commit("start", SHOP)
    parts = Scans.__new__(Scans)
    parts.repo = repo
    found = scan_repository(parts.parts, dry_run=True)
    assert found.found["routes"] == 1
    assert "GET /orders → orders" in found.to_markdown()
    assert not parts.parts.state.root.exists()
    with pytest.raises(NotInitialised):
        scan_repository(parts.parts)


def test_where_nothing_is_found_nothing_is_said_of_an_earlier_scan(repo: Repo) -> None:
    repo.commit("start", {"a.bin": "a\n"})
    parts = Scans.__new__(Scans)
    parts.repo = repo
    assert scan_repository(parts.parts, dry_run=True).line.endswith("(0 read now): nothing to tell")


def test_a_repository_without_a_commit_says_so(repo: Repo) -> None:
    with pytest.raises(RepositoryError, match="no commits"):
        scan_repository(Scans(repo).parts)


def test_where_no_content_is_kept_names_alone_are_told(repo: Repo) -> None:
    repo.commit("start", {**SHOP, ".contox.yaml": "diffs: false\n"})
    scans = Scans(repo)
    found = scans.scan()
    assert found.read == 0
    items = scans.items()
    assert {"layout", "test"} <= set(items)
    assert all(cited.path is None for item in items.values() for cited in item.evidence)


def test_what_is_excluded_before_a_scan_is_memory_does_not_become_it(shop: Scans) -> None:
    scan_repository(shop.parts)
    shop.parts.service.projects.set_setting(shop.parts.project.id, "exclude", ["src/shop/web/"])
    work.run()
    items = shop.items()
    assert "routes:src/shop/web" not in items
    assert "entry" in items
    assert "shop/web/" not in json.dumps([item.facts + item.title for item in items.values()])


def test_secrets_reach_neither_cache_nor_memory(repo: Repo) -> None:
    token = "ghp_" + "a1B2c3D4" * 5
    repo.commit("start", {**SHOP, "src/shop/web/page.py": f'@bp.get("/{token}")\ndef page():\n    pass\n'})
    scans = Scans(repo)
    scans.scan()
    assert "routes:src/shop/web" in scans.items()
    for file in [*scans.parts.state.root.iterdir(), *Path(scans.parts.service.store.path).parent.glob("memory.db*")]:
        assert not file.is_file() or token.encode() not in file.read_bytes(), file

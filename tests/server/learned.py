"""A server whose project was learned from a small real repository by the real pipeline: made once, copied for each test."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from contox_hooks.domain.item import Item
from contox_hooks.place import memory_path
from tests.cli.world import learn, parts_of
from tests.gitrepo import Repo
from tests.server.conftest import Running

_ORDERS = '''"""Orders."""


def place(order):
    # TODO: reject orders without lines
    return order


def page(orders, size=50):
    """Keyset paging: the last id is the cursor."""
    return orders[:size]
'''


@dataclass(frozen=True)
class Made:
    store: Path
    repo: Path
    """Where the repository was while it was captured: nothing stands there now."""
    kept: Path
    """Where it is."""
    project_id: str


@dataclass(frozen=True)
class Learned:
    running: Running
    made: Made
    project_id: str

    def items(self, **where: object) -> list[Item]:
        with self.running.service() as service:
            found = service.items.page(self.project_id, status=None, limit=200, **where)  # type: ignore[arg-type]
            return [service.items.get(item.id) for item in found]

    def bring_clone(self) -> None:
        """The repository is at its place for the rest of the test."""
        self.made.repo.symlink_to(self.made.kept)

    def take_clone(self) -> None:
        self.made.repo.unlink(missing_ok=True)


_MADE: list[Made] = []


def _make(folder: Path) -> Made:
    repo = Repo(folder / "shop")
    repo.commit(
        "start", {"README.md": "# Shop\n\nShop takes orders over HTTP and keeps them until they are delivered.\n"}
    )
    learn(repo)
    commits: list[tuple[str, dict[str, str]]] = [
        (
            "feat(orders): page the list of orders by keyset\n\nOffsets got slow beyond 10,000 orders, so the last id "
            "is the cursor.",
            {"src/orders.py": _ORDERS},
        ),
        (
            "decision: keep orders in SQLite instead of PostgreSQL\n\nWe decided to use SQLite because one file is "
            "enough for one shop and needs no server.",
            {"src/store.py": 'import sqlite3\n\n\ndef connect():\n    return sqlite3.connect("orders.db")\n'},
        ),
        (
            "docs: convention: all times are UTC\n\nFrom now on every time is stored in UTC, never in local time.",
            {"CONTRIBUTING.md": "# Rules\n\n- Always store times in UTC.\n- Never log a customer's address.\n"},
        ),
        (
            "fix(mail): send each receipt once\n\nThe retry sent a second receipt because the first was not marked.",
            {"src/mail.py": "def send(receipt, sent):\n    if receipt in sent:\n        return False\n    return True\n"},
        ),
        (
            "refactor(store)!: keep orders in PostgreSQL\n\nBREAKING CHANGE: SQLite is gone; set DATABASE_URL.",
            {"src/store.py": 'import psycopg\n\n\ndef connect(url):\n    return psycopg.connect(url)\n'},
        ),
    ]  # fmt: skip
    for message, files in commits:
        for path, content in files.items():
            repo.write(path, content)
        repo.commit(message, now=True)
        learn(repo)
    service, project_id = parts_of(repo)
    service.close()
    store = folder / "memory.db"
    shutil.copy(memory_path(), store)
    kept = folder / "kept"
    repo.path.rename(kept)
    return Made(store, repo.path, kept, project_id)


@pytest.fixture
def learned(running: Running, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    if not _MADE:
        _MADE.append(_make(tmp_path_factory.mktemp("learned")))
    made = _MADE[0]
    shutil.copy(made.store, running.where)
    found = Learned(running, made, made.project_id)
    yield found
    found.take_clone()

"""A small project of several kinds of files, and a repository that is scanned as a user would."""

from __future__ import annotations

from contox_hooks import work
from contox_hooks.assembly import Assembly
from contox_hooks.domain.item import Item
from contox_hooks.memory.sql import scan as sql
from contox_hooks.scan.scanned import Scanned
from contox_hooks.scan.scanning import scan_repository
from tests.gitrepo import Repo

SHOP = {
    "README.md": "# Shop\n\nShop is a small web shop for tests.\n",
    "pyproject.toml": (
        '[project]\nname = "shop"\ndescription = "A small web shop"\nrequires-python = ">=3.11"\n'
        'dependencies = ["flask>=3", "sqlalchemy"]\n\n[project.scripts]\nshop = "shop.cli:main"\n\n'
        '[dependency-groups]\ndev = ["pytest", "ruff"]\n'
    ),
    "src/shop/__init__.py": '"""The shop: goods, carts and orders."""\n\nfrom shop.cart import Cart\n',
    "src/shop/cart.py": '"""Carts."""\n\nfrom shop.db.model import Order\n\n\nclass Cart:\n    def add(self) -> None: ...\n',
    "src/shop/cli.py": "from shop.cart import Cart\n\n\ndef main() -> None:\n    Cart()\n",
    "src/shop/web/__init__.py": '"""What the browser sees of the shop."""\n',
    "src/shop/web/order.py": (
        "from flask import Blueprint\nfrom shop.db.model import Order\n\nbp = Blueprint('order', __name__)\n\n\n"
        "@bp.get('/orders')\ndef orders():\n    return []\n\n\n@bp.post('/orders/<int:id>')\ndef order(id):\n    return id\n"
    ),
    "src/shop/web/page.py": "def page_of(name: str) -> str:\n    return name\n",
    "src/shop/db/__init__.py": "",
    "src/shop/db/engine.py": "def engine_for(url: str) -> str:\n    return url\n",
    "src/shop/db/model.py": (
        "from sqlalchemy.orm import DeclarativeBase, Mapped\n\n\nclass Base(DeclarativeBase):\n    pass\n\n\n"
        "class Order(Base):\n    __tablename__ = 'order'\n    id: Mapped[int]\n    total: Mapped[int]\n"
    ),
    "tests/test_cart.py": "def test_cart():\n    pass\n",
    "examples/demo.py": "@app.get('/demo')\ndef demo():\n    pass\n",
    "vendor/lib.py": "class Vendored:\n    pass\n",
    ".github/workflows/ci.yml": (
        "name: CI\non:\n  push:\n  pull_request:\njobs:\n  test:\n    steps:\n      - run: pip install .\n"
        "      - run: pytest -q\n      - name: lint\n        run: |\n          ruff check\n          echo done\n"
    ),
    "Makefile": "test:\n\tpytest\n",
    "secret.env": "TOKEN=1\n",
    "logo.png": b"\x89PNG\0\0",
}


class Scans:
    """A captured repository; `scan` does what the verb does, and the worker's part in this process."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.parts.drain().run(reconcile=True)

    @property
    def parts(self) -> Assembly:
        parts = Assembly(self.repo.repository)
        parts.start_worker = lambda: None  # type: ignore[method-assign]
        parts.start_drain = lambda: None  # type: ignore[method-assign]
        return parts

    def scan(self, *, source: str = "cli-scan", dry_run: bool = False) -> Scanned:
        found = scan_repository(self.parts, source=source, dry_run=dry_run)
        work.run()
        return found

    def items(self) -> dict[str, Item]:
        """By their hints, without `scan:`."""
        parts = self.parts
        rows = parts.service.store.rows(sql.ITEMS, project_id=parts.project.id)
        return {row["dedup_hint"].removeprefix("scan:"): parts.service.items.get(row["id"]) for row in rows}

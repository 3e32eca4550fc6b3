"""The arrows of ARCHITECTURE.md: who may import whom. Walks every import statement, also those inside functions."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "contox_hooks"

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "domain": tuple(f"contox_hooks.{room}" for room in ("wire", "git", "capture", "backend", "memory", "pipeline", "cli")),
    "wire": (*(f"contox_hooks.{room}" for room in ("git", "capture", "backend", "memory", "pipeline", "cli")), "httpx", "sqlite3"),
    "git": tuple(f"contox_hooks.{room}" for room in ("capture", "backend", "memory", "pipeline", "cli")),
    "capture": (
        "contox_hooks.memory", "contox_hooks.pipeline", "contox_hooks.cli", "contox_hooks.backend.local",
        "contox_hooks.backend.remote",
        "typer", "rich", "httpx",
    ),
    "backend": ("contox_hooks.cli", "contox_hooks.capture", "typer", "rich"),
    "net": tuple(f"contox_hooks.{room}" for room in ("git", "capture", "backend", "memory", "pipeline", "model", "cli")),
    "model": (*(f"contox_hooks.{room}" for room in ("git", "capture", "backend", "pipeline", "cli")), "typer", "rich", "httpx"),
    "memory": ("contox_hooks.net", "contox_hooks.cli", "contox_hooks.git", "contox_hooks.capture", "contox_hooks.pipeline", "typer", "rich", "httpx"),
    "pipeline": ("contox_hooks.net", "contox_hooks.cli", "contox_hooks.capture", "typer", "rich"),
    "transcript": (*(f"contox_hooks.{room}" for room in ("git", "capture", "backend", "memory", "pipeline", "cli")), "typer", "rich", "httpx"),
    "scan": (*(f"contox_hooks.{room}" for room in ("cli", "backend", "server", "mcp", "tracker", "net", "model")), "typer", "rich", "httpx", "subprocess"),
    "diagnosis": ("contox_hooks.cli", "typer", "rich", "httpx"),
    "shape": (
        *(f"contox_hooks.{room}" for room in ("server", "net", "git", "capture", "pipeline", "cli")),
        "fastapi", "pydantic", "httpx",
    ),
    "mcp": (
        *(f"contox_hooks.{room}" for room in ("cli", "server", "tracker")),
        "typer", "rich", "fastapi", "sqlite3", "httpx", "subprocess", "contox_hooks.git.run",
    ),
    "server": ("contox_hooks.cli", "contox_hooks.capture", "typer", "rich", "sqlite3", "psycopg"),
    "agent": (
        *(f"contox_hooks.{room}" for room in ("capture", "memory", "pipeline", "backend", "net", "model", "server", "mcp", "tracker", "cli")),
        "typer", "rich", "httpx", "sqlite3", "subprocess",
    ),
    "tracker": (
        *(f"contox_hooks.{room}" for room in ("mcp", "memory", "pipeline", "backend", "net", "model", "server", "cli")),
        "typer", "rich", "httpx", "sqlite3",
    ),
    "exchange": (*(f"contox_hooks.{room}" for room in ("cli", "capture", "backend", "server", "net")), "typer", "rich", "httpx"),
    "cli": ("fastapi", "starlette", "uvicorn", "sqlite3", "httpx", "subprocess", "contox_hooks.git.run"),
}  # fmt: skip

IMPURE = (
    "os",
    "subprocess",
    "sqlite3",
    "socket",
    "time",
    "random",
    "secrets",
    "pathlib",
    "datetime",
    "threading",
    "shutil",
)
"""What the domain must not touch: I/O, clock, randomness."""

ROOT_MODULES_BELOW = {"domain", "wire", "git", "net", "model", "memory", "pipeline", "transcript"}
"""Rooms that must not know how the parts are put together."""


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def hits(names: set[str], forbidden: tuple[str, ...]) -> set[str]:
    return {name for name in names for wall in forbidden if name == wall or name.startswith(f"{wall}.")}


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_no_forbidden_arrow(room: str) -> None:
    files = list((PACKAGE / room).rglob("*.py"))
    assert files
    for path in files:
        assert not hits(imports_of(path), FORBIDDEN[room]), path


def test_the_domain_is_pure_and_stands_alone() -> None:
    for path in (PACKAGE / "domain").rglob("*.py"):
        names = imports_of(path)
        assert not hits(names, IMPURE), path
        roots = {name.split(".")[0] for name in names}
        assert roots <= {"contox_hooks", "__future__", *sys.stdlib_module_names}, path


def test_only_the_server_and_who_starts_it_know_the_server() -> None:
    walls = ("contox_hooks.server", "fastapi", "starlette", "uvicorn", "jinja2")
    users = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if hits(imports_of(path), walls)}
    assert {path for path in users if not path.startswith("server/")} == {"cli/serve.py", "mcp/serving.py"}


def test_httpx_is_imported_in_one_place_only() -> None:
    users = [path for path in PACKAGE.rglob("*.py") if hits(imports_of(path), ("httpx",))]
    assert [path.relative_to(PACKAGE).as_posix() for path in users] == ["net/http.py"]


@pytest.mark.parametrize("room", sorted(ROOT_MODULES_BELOW))
def test_lower_rooms_do_not_know_the_assembly(room: str) -> None:
    walls = ("contox_hooks.assembly", "contox_hooks.wake", "contox_hooks.configuration")
    for path in (PACKAGE / room).rglob("*.py"):
        assert not hits(imports_of(path), walls), path


def test_the_walk_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text("def f():\n    from contox_hooks.cli import app\n")
    assert hits(imports_of(path), ("contox_hooks.cli",))

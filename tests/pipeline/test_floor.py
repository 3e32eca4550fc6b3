"""The oldest version of a language that a project runs on."""

from __future__ import annotations

import pytest

from contox_hooks.pipeline.floor import Floor, floor_of

RUST = '- Cargo.toml: `rust-version` goes from `"1.65"` to `"1.70"`\n2 files, +2 −2'


@pytest.mark.parametrize(
    ("title", "facts", "floor"),
    [
        ("msrv: bump to Rust 1.65.0", "", Floor("rust", "", (1, 65), True)),
        ("Update rust-version in Cargo.toml", RUST, Floor("rust", "", (1, 70), True)),
        ("Polish the core", RUST, Floor("rust", "", (1, 70), False)),
        ("cargo: set rust-version", "- Cargo.toml: sets `rust-version = \"1.65\"`", Floor("rust", "", (1, 65), True)),
        ("Set the MSRV", RUST.replace("Cargo.toml", "crates/a/Cargo.toml"), Floor("rust", "crates/a", (1, 70), True)),
        ("Set the MSRV", RUST + "\n- a/Cargo.toml: sets `rust-version = \"1\"`", Floor("rust", "", (1, 70), True)),
        (
            "Drop support for EOL Python 3.9", "- pyproject.toml: `requires-python` goes from `\">=3.9\"` to `\">=3.10\"`",
            Floor("python", "", (3, 10), True),
        ),
        (
            "Require Python 3.7", "- setup.py: `python_requires=\">=3.6\",` becomes `python_requires=\">=3.7\",`",
            Floor("python", "", (3, 7), True),
        ),
        (
            "py310+: setup.cfg `python_requires` goes from `>=3.9` to `>=3.10`", "- setup.cfg: `python_requires` goes from `>=3.9` to `>=3.10`",
            Floor("python", "", (3, 10), True),
        ),
        (
            "Drop python 3.6.0 (broken NamedTuple)", "- setup.cfg: `python_requires` goes from `>=3.6` to `<4, !=3.6.0, >=3.6.1`",
            Floor("python", "", (3, 6, 1), True),
        ),
        ("Drop Node 18", "- package.json: `node` goes from `\">=18\"` to `\">=20\"`", Floor("node", "", (20,), True)),
        (
            "Update fastwalk and min Go version to 1.21", "- go.mod: moves dependency `go` from `1.20` to `1.21`",
            Floor("go", "", (1, 21), False),
        ),
        ("Minimum supported Python version is 3.9", "", None),  # `is`: a word that could be anything
        ("Bump minimum Python version to 3.9", "", Floor("python", "", (3, 9), True)),
        ("Run CI for Python 3.15", "- .github/workflows/ci.yml: `python` goes from `3.14` to `3.15`", None),
        ("Drop support for Python 3.9", "", None),  # says which one does not, not which one does
        ("Upgrade Rust", "- docs/a.toml: `rust-version` goes from `\"1.65\"` to `\"1.70\"`", None),
        ("readme: update MSRV in README", "1 file, +1 −1: README.md", None),
    ],
)  # fmt: skip
def test_what_an_item_states(title: str, facts: str, floor: Floor | None) -> None:
    assert floor_of(title, facts) == floor

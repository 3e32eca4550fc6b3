"""The judge of `benchmarks/junk.py`, and that a failed stage is no result."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from contox_hooks.git.history import read_digests
from contox_hooks.pipeline.stage import STAGE_FUNCTIONS, Stage
from tests.gitrepo import Repo

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


CODE = ["-    sum(prices)", "+    sum(prices, start)"]


@pytest.mark.parametrize(
    ("subject", "lines", "why"),
    [
        ("Bumped v5.11.3", {"a.js": CODE}, "routine"),
        ("Bump for release", {"a.js": CODE}, "routine"),
        ("shop-1.2.3", {"Cargo.toml": CODE}, "routine"),
        ("Bump actions/x from 5 to 6 (#12)", {".github/workflows/ci.yml": CODE}, "routine"),
        ("Bump esbuild", {"package.json": CODE}, "routine"),
        ("Bump the limit of rows a page", {"a.py": CODE}, ""),
        ("Bump MSRV to 1.74", {"Cargo.toml": [*CODE, "+x"]}, ""),
        ("release: switch to link-time optimisation", {"Cargo.toml": [*CODE, "+x"]}, ""),
        ("Upgrade the store to 2.0", {"a.py": [f"+    row_{number}()" for number in range(30)]}, ""),
        ("Fix white space", {"a.py": CODE}, "cosmetic"),
        ("Fix white space handling of names", {"a.py": CODE}, ""),
        ("Add a shop (#12)", {"docs/a.md": CODE}, "small"),
        ("Sum (#12)", {"a.py": CODE}, "small"),
        ("Start sums where the shop starts (#12)", {"a.py": CODE}, ""),
        ("Add a shop, see #11 (#12)", {"docs/a.md": CODE}, ""),
        ("Support old uname on the macs", {"install": CODE}, ""),
        ("Vendor shop", {"src/_vendor/shop.py": CODE}, "generated"),
    ],
)
def test_the_judge(load: Callable[[str], ModuleType], subject: str, lines: dict[str, list[str]], why: str) -> None:
    judge = load("judge")
    changed = {path: ["@", *marked] for path, marked in lines.items()}
    assert judge.verdict(judge.Change("a" * 40, ("b" * 40,), subject, "", changed)) == why


def test_tests_and_documents_are_aside(load: Callable[[str], ModuleType]) -> None:
    judge = load("judge")
    change = judge.Change("a" * 40, (), "Test sums", "", {"tests/a.py": CODE, "docs/a.md": CODE})
    assert judge.is_aside(change)
    change.lines["a.py"] = CODE
    assert not judge.is_aside(change)


def test_a_failed_stage_is_no_result(
    load: Callable[[str], ModuleType],
    make_repo: Callable[..., Repo],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    junk = load("junk")
    repo = make_repo()
    repo.commit("Sum up baskets of the shop", files={"shop.py": "def total(prices):\n    return sum(prices)\n"})
    digests = list(read_digests(repo.repository, revisions=["HEAD"], origin="history"))
    found, hidden = junk.extracted(repo.repository, digests)
    assert ([item.title for item in found], hidden) == (["Sum up baskets of the shop"], 0)

    def broken(work: object) -> None:
        raise ValueError("no such item")

    monkeypatch.setitem(STAGE_FUNCTIONS, Stage.DEDUP, broken)
    with pytest.raises(SystemExit) as stopped:
        junk.extracted(repo.repository, digests)
    assert str(stopped.value).startswith("no result: 1 jobs failed")
    assert "failed: dedup of session" in capsys.readouterr().err

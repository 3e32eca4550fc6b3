"""The command line called in this process: quick, and with the same code, output and exit code as the real program."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.cli.app import run
from tests.gitrepo import Repo


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """What `--json` says on stderr; one line, and nothing on stdout."""
        assert not self.out
        assert self.err.count("\n") == 1
        found: dict[str, str] = json.loads(self.err)["error"]
        assert set(found) == {"code", "message", "hint"}
        return found


Call = Callable[..., Told]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`call("status", at=folder)`: runs in `folder`, by default in the repository `work`."""

    def called(*arguments: str, at: Path | None = None) -> Told:
        monkeypatch.chdir(at or tmp_path / "work")
        capsys.readouterr()
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return Told(code, out, err)

    return called


HISTORY = [
    ("feat(store): keep events in SQLite", "store/events.py", "One file and no server: SQLite survives kill -9, a JSON file did not."),
    ("fix(api): answer 404 for unknown orders", "api/orders.py", "The handler raised KeyError, so clients saw 500."),
    ("docs: say how to back up", "README.md", ""),
    ("refactor(api)!: orders are paged", "api/orders.py", "BREAKING CHANGE: clients must follow `next`."),
]  # fmt: skip


@pytest.fixture
def told_repo(repo: Repo) -> Repo:
    """A repository whose history has something to say; nothing is captured yet."""
    for number, (subject, path, body) in enumerate(HISTORY):
        text = "".join(f"def step_{number}_{line}(order: int) -> int:\n    return {line}\n\n\n" for line in range(3))
        repo.commit(f"{subject}\n\n{body}".strip(), {path: text})
    return repo


@pytest.fixture
def learnt(told_repo: Repo, call: Call) -> Repo:
    """The same, after `init`."""
    told = call("init", "--no-hooks")
    assert told.code == 0, told.err
    return told_repo

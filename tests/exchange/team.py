"""A bare remote and clones of it, each with a memory of its own, driven by the verbs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.cli.app import run
from tests.gitrepo import Repo


class Member:
    """One person's clone, and where their memory is."""

    def __init__(self, repo: Repo, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.repo = repo
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def does(self, *words: str) -> int:
        """Exit code of a verb in this clone."""
        self._monkeypatch.setenv("CONTOX_DATA_DIR", str(self._folder))
        self._monkeypatch.chdir(self.repo.path)
        return run(list(words))

    def asks(self, *words: str) -> Any:
        """What a verb answers with --json; it must go well."""
        self._capsys.readouterr()
        code = self.does(*words, "--json")
        said = self._capsys.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    def error(self, *words: str) -> tuple[int, str]:
        self._capsys.readouterr()
        return self.does(*words), self._capsys.readouterr().err


class Team:
    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.path = tmp_path
        self.bare = Repo(tmp_path / "team é.git", bare=True)
        self._make: Callable[[Repo, Path], Member] = lambda repo, folder: Member(repo, folder, monkeypatch, capsys)

    def member(self, name: str) -> Member:
        path = self.path / f"clone of {name}"
        self.bare.git("clone", "-q", str(self.bare.path), str(path))
        member = self._make(Repo(path, init=False), self.path / f"data {name}")
        member.repo.git("config", "contox.autolearn", "false")
        return member

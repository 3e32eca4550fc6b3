"""A bare remote and clones of it, each with a memory of its own, driven by the verbs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.cli.app import run
from tests.gitrepo import Repo


class Member:
    """One person's clone, and where their memory is."""

    def __init__(self, repo: Repo, folder: Path, team: Team) -> None:
        self.repo = repo
        self._folder = folder
        self._team = team

    def does(self, *words: str) -> int:
        """Exit code of a verb in this clone."""
        self._team.monkeypatch.setenv("CONTOX_DATA_DIR", str(self._folder))
        self._team.monkeypatch.chdir(self.repo.path)
        return run(list(words))

    def asks(self, *words: str) -> Any:
        """What a verb answers with --json; it must go well."""
        self._team.capsys.readouterr()
        code = self.does(*words, "--json")
        said = self._team.capsys.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    def error(self, *words: str) -> tuple[int, str]:
        self._team.capsys.readouterr()
        return self.does(*words), self._team.capsys.readouterr().err


class Team:
    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.path = path
        self.bare = Repo(path / "team é.git", bare=True)
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def member(self, name: str) -> Member:
        path = self.path / f"clone of {name}"
        self.bare.git("clone", "-q", str(self.bare.path), str(path))
        return self.cloned(name, path)

    def cloned(self, name: str, path: Path) -> Member:
        member = Member(Repo(path, init=False), self.path / f"data {name}", self)
        member.repo.git("config", "contox.autolearn", "false")
        return member

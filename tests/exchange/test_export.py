"""The verbs `export` and `import`: out of one clone, into another machine's memory (cli/export.py, cli/import.py)."""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from contox_hooks.cli.app import run
from tests.exchange.team import Member, Team
from tests.gitrepo import Repo


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Team, Member]]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        team = Team(tmp_path_factory.mktemp("team"), monkeypatch, None)
        member = team.member("ada")
        for name in ("SQLite", "Redis"):
            text = f"Use {name} for the store\n\nBecause it needs no server."
            member.repo.commit(text, {f"{name}.py": "x = 1\ny = 2\n"})
        member.repo.git("push", "-q", "origin", "main")
        assert member.does("init", "--no-hooks") == 0
        yield team, member


@pytest.fixture
def team(made: tuple[Team, Member], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Team:
    team = made[0]
    team.monkeypatch, team.capsys = monkeypatch, capsys
    return team


@pytest.fixture
def ada(made: tuple[Team, Member], team: Team) -> Member:
    """With two commits in memory; nobody changes it."""
    return made[1]


def test_onto_another_machine(team: Team, ada: Member) -> None:
    file = team.path / "memory ü.jsonl"
    told = ada.asks("export", "-o", str(file))
    assert (told["bytes"], told["lines"]) == (file.stat().st_size, file.read_bytes().count(b"\n"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    items = ada.asks("memory", "--status", "all", "-n", "99")["items"]
    assert items
    eve = team.member("eve")
    assert eve.does("init", "--no-history", "--no-hooks") == 0
    looked = eve.asks("import", str(file), "--dry-run")
    assert looked["kinds"]["item"]["new"] == len(items)
    assert eve.asks("memory")["total"] == 0
    assert eve.asks("import", str(file))["kinds"] == looked["kinds"]
    assert eve.asks("memory", "--status", "all")["total"] == len(items)
    assert {row["id"] for row in eve.asks("memory", "--status", "all", "-n", "99")["items"]} == {
        row["id"] for row in items
    }
    assert eve.asks("search", "store server")["hits"]
    assert eve.asks("import", str(file))["kinds"]["item"]["new"] == 0


def test_to_a_pipe_and_from_one_and_other_formats(team: Team, ada: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    assert ada.does("export") == 0
    monkeypatch.undo()
    text = out.buffer.getvalue()  # type: ignore[attr-defined]
    assert text.startswith(b'{"kind":"contox-export"')
    store = f"sqlite:{team.path / 'other.db'}"
    monkeypatch.setenv("CONTOX_DATA_DIR", str(team.path / "none"))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text), isatty=lambda: False))
    assert run(["import", "-", "--database", store]) == 0
    file = team.path / "again.jsonl"
    assert (
        run(
            [
                "export",
                "--database",
                store,
                "--project",
                json.loads(text.split(b"\n")[0])["project"]["id"],
                "-o",
                str(file),
            ]
        )
        == 0
    )
    assert file.read_bytes() == text

    path = team.path / "memory.md"
    assert ada.asks("export", "--format", "markdown", "-o", str(path))["format"] == "markdown"
    assert "# Memory of " in path.read_text()
    assert ada.asks("export", "--format", "agent-trace", "-o", str(path))["lines"] == 2
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert {record["vcs"]["revision"] for record in records} == set(ada.repo.git("rev-list", "HEAD").split())


def test_what_stands_in_the_way_is_said(team: Team, ada: Member) -> None:
    file = team.path / "memory.jsonl"
    ada.asks("export", "-o", str(file))
    other = Repo(team.path / "other")
    other.commit("another one")
    stranger = Member(other, team.path / "data other", team)
    assert stranger.does("init", "--no-history", "--no-hooks") == 0
    code, told = stranger.error("import", str(file))
    assert (code, "another repository" in told) == (9, True)
    file.write_text("{}\n")
    code, told = ada.error("import", str(file))
    assert (code, "line 1" in told) == (2, True)
    assert ada.error("import", str(team.path / "nothing"))[0] == 2
    assert ada.error("import", str(team.path))[0] == 2
    assert ada.error("export", "-o", str(team.path / "no" / "folder"))[0] == 2
    assert ada.error("export", "--status", "active")[0] == 2
    assert ada.error("export", "--json")[0] == 2
    assert ada.error("export", "--format", "markdown", "--status", "gone")[0] == 2
    assert [path.name for path in Path(team.path).iterdir() if path.name.startswith(".memory")] == []

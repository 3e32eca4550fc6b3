"""What only a terminal gets: rich's tables, the live line, the bar."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from contox_hooks.cli.clean import clean
from tests.cli.world import begin, commit, learn, parts_of
from tests.gitrepo import Repo


def on_a_terminal(repo: Repo, *arguments: str, columns: int = 80) -> str:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": str(columns), "TERM": "xterm"}
    line = [sys.executable, "-m", "contox_hooks", *arguments]
    process = subprocess.Popen(line, cwd=repo.path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux: the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0, shown
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def worked(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("CONTOX_AUTO_LEARN", "false")
    begin(repo)
    commit(repo, "feat: " + "many words " * 6)
    return repo


@pytest.mark.parametrize("columns", [80, 200])
def test_a_table_loses_nothing_whatever_the_width(worked: Repo, columns: int) -> None:
    learn(worked)
    shown = on_a_terminal(worked, "sessions", columns=columns)
    assert "1 commit on main: " in shown
    assert "many words " * 3 in shown
    assert max(len(line) for line in clean(shown, lines=True).splitlines()) <= columns


def test_no_colour_when_asked(worked: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in on_a_terminal(worked, "status")  # the sealed world sets NO_COLOR
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b[33m! hooks: " in on_a_terminal(worked, "status")


def test_watch_keeps_one_calm_line_and_clears_it(worked: Repo) -> None:
    shown = on_a_terminal(worked, "watch", "--for", "0.2")
    assert shown.endswith("\nlast save just now\r\x1b[2K")


def test_enrich_shows_a_bar(worked: Repo) -> None:
    shown = on_a_terminal(worked, "enrich")
    assert "1/1" in shown
    assert "✓ Enrichment" in shown.splitlines()[-1]


@pytest.mark.parametrize("columns", [24, 40])
def test_where_a_row_does_not_fit_its_cells_go_below_each_other(worked: Repo, columns: int) -> None:
    learn(worked)
    service, project_id = parts_of(worked)
    with service:
        (session,) = service.sessions.page(project_id)
    shown = clean(on_a_terminal(worked, "sessions", columns=columns), lines=True)
    assert session.id[:10] in shown
    assert shown.lower().count("many") == shown.lower().count("words") == 6
    assert max(len(line) for line in shown.splitlines()) <= columns


def test_the_live_line_is_cut_to_the_width(worked: Repo) -> None:
    assert on_a_terminal(worked, "watch", "--for", "0.2", columns=14).endswith("\nlast save ju…\r\x1b[2K")

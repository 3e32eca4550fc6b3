"""Commits of a real repository on a server, as if they had come in; and their pipeline, by the real rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from contox_hooks import work
from contox_hooks.domain.event import Event, commit_event
from contox_hooks.git.history import read_digests
from contox_hooks.memory.service import Service
from tests.gitrepo import EPOCH, Repo
from tests.server.conftest import Running

START = EPOCH + 60
"""When a repository's first commit happened (tests/gitrepo.py)."""


def commits_of(repo: Repo, *, source: str = "cli") -> list[Event]:
    digests = list(read_digests(repo.repository, revisions=["--reverse", "HEAD"]))
    return [replace(commit_event(each, at_utc=each.committer.at_utc), source=source) for each in digests]


def some_work(repo: Repo) -> None:
    """Two commits of one session that the rules make memory of."""
    repo.commit("feat: add greeting", {"hello.py": "def greet(name):\n    return f'hello {name}'\n"})
    repo.commit("fix: greet nobody", {"hello.py": "def greet(name):\n    return f'hello {name or 'you'}'\n"})


def captured(running: Running, project_id: str, repo: Repo, *, source: str = "cli") -> str:
    """The session of its commits, which lie years back: closed by now."""
    with running.service() as service:
        return service.ingest(project_id, commits_of(repo, source=source))[-1].session_id


def open_session(service: Service, project_id: str, *, source: str = "vscode") -> str:
    return service.sessions.ensure(project_id, source)[0]


def run_pipeline(running: Running) -> None:
    assert isinstance(running.where, Path)
    work.run(running.where)

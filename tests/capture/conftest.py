"""A repository with its drain, run in this process; hooks are other tests' business."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.capture.drain import Drained
from contox_hooks.capture.store import CaptureStore
from contox_hooks.domain.event import Event
from tests.gitrepo import Repo


class Captured:
    """Runs the drain of a repository and reads what it stored."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo

    def drain(self, **options: float) -> Drained:
        done = Assembly(self.repo.repository).drain().run(**options)
        assert done is not None
        return done

    @property
    def assembly(self) -> Assembly:
        return Assembly(self.repo.repository)

    def events(self, kind: str | None = None) -> list[Event]:
        database = self.assembly.state.database
        with CaptureStore.open(database) as store:
            store.redeliver_all()  # everything, in order
            found = [event for _, event in store.pending(100_000)]
        return [event for event in found if kind is None or event.type == kind]

    def subjects(self) -> Counter[str]:
        return Counter(event.payload["subject"] for event in self.events("commit"))

    def kinds(self) -> dict[str, str]:
        return {event.payload["subject"]: event.payload["kind"] for event in self.events("commit")}

    def shas(self) -> Counter[str]:
        return Counter(event.payload["sha"] for event in self.events("commit"))

    def superseded(self) -> set[str]:
        """Subjects of captured commits that a rewrite replaced."""
        with sqlite3.connect(self.assembly.state.database) as db:
            old = {row[0] for row in db.execute("SELECT sha FROM digest WHERE superseded_by IS NOT NULL")}
        db.close()
        return {e.payload["subject"] for e in self.events("commit") if e.payload["sha"] in old}


@pytest.fixture
def capture() -> Callable[[Repo], Captured]:
    return Captured


@pytest.fixture
def captured(repo: Repo) -> Captured:
    """A repository with one commit, looked at once: what comes now is new."""
    repo.commit("start", {"file.txt": "a\n"})
    found = Captured(repo)
    found.drain()
    return found

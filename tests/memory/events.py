"""Events and stores for the memory tests: a fixed clock, commits by number."""

from __future__ import annotations

from pathlib import Path

from contox_hooks.domain.digest import CommitDigest, FileChange, Origin, Person
from contox_hooks.domain.event import Event, commit_event
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place, Store, is_url

DAY = 1_760_000_000
"""Seconds since the epoch at which the tests' day begins."""
HOUR = 3600


def place_of(text: str) -> Place:
    """A command line's `text`: a URL, or a file."""
    return text if is_url(text) else Path(text)


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self, now: float = DAY + 24 * HOUR) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def open_service(where: Place, clock: Clock | None = None) -> Service:
    """A folder's store, or the one that is named."""
    if isinstance(where, Path) and where.is_dir():
        where = where / "memory.db"
    return Service(Store.open(where, clock=clock or Clock()))


def a_project(service: Service, common_dir: str = "/work/.git") -> Project:
    return service.projects.find_or_create(common_dir=common_dir, root_commit="r" * 40, remote=None, name="work")


def sha(number: int) -> str:
    return f"{number:040x}"


def commit(
    number: int,
    at: int,
    *,
    subject: str = "",
    body: str = "",
    files: tuple[str, ...] = ("app.py",),
    diff: str = "",
    origin: Origin = "created",
) -> Event:
    person = Person("Ada Example", "ada@example.org", at)
    changes = tuple(FileChange(path, "M", 3, 1) for path in files)
    digest = CommitDigest(
        sha(number), (), person, person, subject or f"work {number}", body, changes, len(changes),
        3 * len(changes), len(changes), diff, origin=origin,
    )  # fmt: skip
    return commit_event(digest, at_utc=at)

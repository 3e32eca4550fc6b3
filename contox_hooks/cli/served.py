"""What `projects`, `keys` and `team` have in common: the store that a server works on, and who or what in it is meant.

Must not know the server. They work whether or not one is running.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from contox_hooks.domain.error import NotFound, UsageError
from contox_hooks.memory.access import Key, Person
from contox_hooks.memory.project import Project

if TYPE_CHECKING:
    from contox_hooks.memory.service import Service

Named = TypeVar("Named", Project, Person, Key)


@contextmanager
def service_of(database: str | None) -> Iterator[Service]:
    """Raises StoreError, SettingError; Refused for a store that is half moved."""
    from contox_hooks.memory.moving import check_whole
    from contox_hooks.memory.service import Service
    from contox_hooks.memory.store import Store
    from contox_hooks.place import database as named

    with Service(Store.open(named(database))) as service:
        check_whole(service.store)
        yield service


def project_named(service: Service, text: str) -> Project:
    """By name, or by the first characters of its id. Raises NotFound, UsageError where several fit."""
    return _one(service.projects.all(), text, "project", "contox-hooks projects")


def person_named(service: Service, text: str) -> Person:
    """As `project_named`."""
    return _one(service.access.people(), text, "person", "contox-hooks team")


def key_named(service: Service, text: str) -> Key:
    """As `project_named`; also by what is shown of a key."""
    keys = service.access.keys()
    shown = [key for key in keys if key.prefix == text]
    return shown[0] if len(shown) == 1 else _one(keys, text, "key", "contox-hooks keys")


def _one(known: Iterable[Named], text: str, noun: str, hint: str) -> Named:
    known = list(known)
    found = [one for one in known if text in (one.id, one.name)]
    found = found or [one for one in known if text and one.id.startswith(text)]
    if not found:
        raise NotFound(f"there is no {noun} {text!r}", hint=hint)
    if len(found) > 1:
        raise UsageError(f"{len(found)} {noun}s are called {text!r}: name one by its id", hint=hint)
    return found[0]

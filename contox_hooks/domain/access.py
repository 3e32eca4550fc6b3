"""Who may do what on a server: a key's scopes say which kinds of doing, its owner's role in a project how far.

Pure. Both must allow it. CONTRACT.md sections 1.0 and 7 name the roles and the scopes; what each allows is our choice.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class Scope(StrEnum):
    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


class Role(StrEnum):
    """Of a person in a project, the weakest first."""

    VIEWER = "viewer"
    WRITER = "writer"
    EDITOR = "editor"
    ADMIN = "admin"


class Right(StrEnum):
    READ = "read"
    """Sessions, memory, answers."""
    CONTRIBUTE = "contribute"
    """Events, sessions opened and closed, the pipeline asked for, contexts and entries; the secret to sign with."""
    CURATE = "curate"
    """What is remembered: edited, approved, archived, cleaned up."""
    ADMINISTER = "administer"
    """The project itself: its settings, members, keys, secret."""


_NEEDS: dict[Right, tuple[frozenset[Scope], frozenset[Role]]] = {
    Right.READ: (frozenset({Scope.READ, Scope.ADMIN}), frozenset(Role)),
    Right.CONTRIBUTE: (frozenset({Scope.INGEST, Scope.ADMIN}), frozenset(Role) - {Role.VIEWER}),
    Right.CURATE: (frozenset({Scope.ADMIN}), frozenset({Role.EDITOR, Role.ADMIN})),
    Right.ADMINISTER: (frozenset({Scope.ADMIN}), frozenset({Role.ADMIN})),
}


def is_allowed(right: Right, *, role: Role, scopes: Collection[Scope]) -> bool:
    wanted, roles = _NEEDS[right]
    return role in roles and not wanted.isdisjoint(scopes)

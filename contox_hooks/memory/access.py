"""Who may come in: people, their roles in projects, keys and what a browser was let in with. What a role and a scope
allow is domain/access.py's.

Invariants: a key is shown once and kept as its SHA-256 (CONTRACT.md section 1.0); what opens a door stands nowhere in
the clear; revoking a key ends whatever was let in with it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from contox_hooks.domain.access import Role, Scope
from contox_hooks.domain.error import NotFound, Refused, UsageError
from contox_hooks.memory.sql import access as sql
from contox_hooks.memory.store import Row, Store

KEY_PREFIX: Final = "contox_sk_"
PREFIX_SHOWN: Final = len(KEY_PREFIX) + 4
"""So much of a key is kept to be recognised by."""
TOUCH_S: Final = 60
"""A key's last use is written down at most once a minute: reading must not become writing."""

OWNER: Final = "owner"
"""What the first person is called."""
TEAM_NAME: Final = "team"
"""Until somebody names it (`team_name` of the server's facts)."""

TicketKind = Literal["login", "cookie", "ask"]


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    is_owner: bool
    """Admin of every project."""
    created_at: int


@dataclass(frozen=True, slots=True)
class Team:
    """All people of a server."""

    id: str
    name: str
    members: int
    created_at: int
    """When the first of them came."""


@dataclass(frozen=True, slots=True)
class Member:
    person: Person
    role: Role
    added_at: int


@dataclass(frozen=True, slots=True)
class Key:
    """Times in seconds since the epoch."""

    id: str
    person_id: str
    person_name: str
    is_owner: bool
    project_id: str | None
    """The one project that it opens; None: every project of its person."""
    name: str
    prefix: str
    scopes: frozenset[Scope]
    created_at: int
    last_used_at: int | None
    revoked_at: int | None

    @property
    def is_unbound_owner(self) -> bool:
        """Whether it is for what concerns the whole server: its machine, its people, all projects together."""
        return self.is_owner and self.project_id is None


class Access:
    def __init__(self, store: Store) -> None:
        self._store = store

    # People and roles

    def people(self) -> list[Person]:
        return [_person(row) for row in self._store.rows(sql.PEOPLE)]

    def person(self, person_id: str) -> Person:
        """Raises NotFound."""
        row = self._store.row(sql.PERSON, id=person_id)
        if row is None:
            raise NotFound(f"there is no person {person_id}", hint="contox-hooks team list")
        return _person(row)

    def named(self, name: str) -> Person:
        """Raises NotFound."""
        row = self._store.row(sql.PERSON_NAMED, name=name.strip())
        if row is None:
            raise NotFound(f"there is no person {name.strip()!r}", hint="contox-hooks team list")
        return _person(row)

    def add_person(self, name: str, *, is_owner: bool = False) -> Person:
        """Raises UsageError for an empty name, Refused where it is taken."""
        name = name.strip()
        if not name or len(name) > 200:
            raise UsageError("a person needs a name of 1 to 200 characters")
        with self._store.transaction():
            if self._store.row(sql.PERSON_NAMED, name=name) is not None:
                raise Refused(f"there is a person {name!r} already", hint="contox-hooks team list")
            person_id = self._store.new_id()
            self._store.run(
                sql.INSERT_PERSON, id=person_id, name=name, is_owner=int(is_owner), created_at=self._store.now()
            )
            return self.person(person_id)

    def remove_person(self, person_id: str) -> None:
        """With keys and memberships, and what these let in. Raises NotFound; Refused for the last owner."""
        with self._store.transaction():
            person = self.person(person_id)
            if person.is_owner and sum(one.is_owner for one in self.people()) == 1:
                raise Refused(f"{person.name!r} is the only owner", hint="make another person an owner first")
            for statement in sql.DELETE_PERSON:
                self._store.run(statement, id=person_id)

    def team(self) -> Team:
        """Its id and name are made when first asked for."""
        people = self.people()
        since = min((person.created_at for person in people), default=0)
        return Team(self._team_id(), self.fact("team_name") or TEAM_NAME, len(people), since)

    def _team_id(self) -> str:
        found = self.fact("team_id")
        if found is not None:
            return found
        with self._store.transaction():
            if self.fact("team_id") is None:
                self.set_fact("team_id", self._store.new_id())
        return self._team_id()

    def members(self, project_id: str) -> list[Member]:
        rows = self._store.rows(sql.MEMBERS, project_id=project_id)
        return [Member(_person(row), Role(row["role"]), row["added_at"]) for row in rows]

    def set_member(self, project_id: str, person_id: str, role: Role) -> None:
        with self._store.transaction():
            self._store.run(
                sql.SET_MEMBER, project_id=project_id, person_id=person_id, role=str(role), added_at=self._store.now()
            )

    def remove_member(self, project_id: str, person_id: str) -> bool:
        """Whether there was one."""
        with self._store.transaction():
            return self._store.run(sql.REMOVE_MEMBER, project_id=project_id, person_id=person_id) == 1

    def role(self, project_id: str, *, person_id: str, is_owner: bool) -> Role | None:
        """None: this person has nothing to do with the project and must not learn that there is one."""
        if is_owner:
            return Role.ADMIN
        row = self._store.row(sql.ROLE, project_id=project_id, person_id=person_id)
        return None if row is None else Role(row["role"])

    def roles(self, person_id: str) -> dict[str, Role]:
        """By project, of somebody who is not an owner."""
        return {row["project_id"]: Role(row["role"]) for row in self._store.rows(sql.ROLES, person_id=person_id)}

    # Keys

    def create_key(
        self, person_id: str, name: str, *, scopes: Collection[Scope], project_id: str | None = None
    ) -> tuple[Key, str]:
        """The key and its text, which nobody can show again. Raises UsageError, NotFound."""
        name = name.strip()
        if not name or len(name) > 200:
            raise UsageError("a key needs a name of 1 to 200 characters")
        if not scopes:
            raise UsageError(f"a key needs a scope: {', '.join(Scope)}")
        text = KEY_PREFIX + secrets.token_urlsafe(32)
        with self._store.transaction():
            self.person(person_id)
            key_id = self._store.new_id()
            self._store.run(
                sql.INSERT_KEY, id=key_id, person_id=person_id, project_id=project_id, name=name,
                prefix=text[:PREFIX_SHOWN], hash=_hash(text), scopes=" ".join(sorted(scopes)),
                created_at=self._store.now(),
            )  # fmt: skip
            return self.key(key_id), text

    def key(self, key_id: str) -> Key:
        """Raises NotFound."""
        row = self._store.row(sql.KEY, id=key_id)
        if row is None:
            raise NotFound(f"there is no key {key_id}", hint="contox-hooks keys list")
        return _key(row)

    def keys(self, *, person_id: str | None = None, project_id: str | None = None) -> list[Key]:
        """Revoked ones too."""
        return [_key(row) for row in self._store.rows(sql.KEYS, person_id=person_id, project_id=project_id)]

    def revoke(self, key_id: str) -> bool:
        """False when it was revoked before. Raises NotFound."""
        with self._store.transaction():
            self.key(key_id)
            return self._store.run(sql.REVOKE_KEY, id=key_id, now=self._store.now()) == 1

    def of_text(self, text: str) -> Key | None:
        """The key that this text is; None for any other text and for a revoked key."""
        row = self._store.row(sql.KEY_BY_HASH, hash=_hash(text))
        return None if row is None else self._used(_key(row))

    def _used(self, key: Key) -> Key:
        now = self._store.now()
        if key.last_used_at is None or now - key.last_used_at >= TOUCH_S:
            with self._store.transaction():
                self._store.run(sql.TOUCH_KEY, id=key.id, now=now)
        return key

    # Browsers

    def create_ticket(self, key_id: str, kind: TicketKind, *, life_s: int) -> str:
        """Its text, for the URL (`login`), the cookie, or one question to the worker (`ask`)."""
        text = secrets.token_urlsafe(32)
        now = self._store.now()
        with self._store.transaction():
            self._store.run(sql.PRUNE_TICKETS, now=now)
            self._store.run(
                sql.INSERT_TICKET, hash=_hash(text), kind=kind, key_id=key_id, created_at=now, expires_at=now + life_s
            )
        return text

    def of_ticket(self, text: str, kind: TicketKind) -> Key | None:
        """The key that let it in. Any but a `cookie` is used up by this."""
        values = {"hash": _hash(text), "kind": kind, "now": self._store.now()}
        row = self._store.row(sql.TICKET, **values)
        if row is None:
            return None
        if kind != "cookie":
            with self._store.transaction():
                if not self._store.run(sql.DELETE_TICKET, hash=values["hash"]):
                    return None  # somebody else was quicker
        return self._used(self.key(row["key_id"]))

    def drop_ticket(self, text: str) -> None:
        with self._store.transaction():
            self._store.run(sql.DELETE_TICKET, hash=_hash(text))

    # The project's signing secret, and what the server knows of itself

    def signing_secret(self, project_id: str) -> str | None:
        """None before the first `rotate_secret`, and for an unknown project."""
        row = self._store.row(sql.SECRET, project_id=project_id)
        return None if row is None else row["hmac_secret"]

    def ensure_secret(self, project_id: str) -> str:
        """Made when first asked for."""
        found = self.signing_secret(project_id)
        if found is not None:
            return found
        with self._store.transaction():
            return self.signing_secret(project_id) or self.rotate_secret(project_id)

    def rotate_secret(self, project_id: str) -> str:
        """A new one; what is signed with the old one is refused from now on."""
        secret = secrets.token_hex(32)
        with self._store.transaction():
            self._store.run(sql.SET_SECRET, project_id=project_id, secret=secret, now=self._store.now())
        return secret

    def fact(self, name: str) -> str | None:
        row = self._store.row(sql.FACT, name=name)
        return None if row is None else row["value"]

    def plan(self) -> dict[str, str]:
        """What every project may use at most (CONTRACT.md section 5), as `effective_settings` takes it."""
        model = self.fact("plan_model")
        return {"model": model} if model else {}

    def set_plan(self, model: str) -> None:
        """`none`: everything is allowed. Workers obey from their next run on, servers at once."""
        self.set_fact("plan_model", "" if model == "none" else model)

    def set_fact(self, name: str, value: str) -> None:
        with self._store.transaction():
            self._store.run(sql.SET_FACT, name=name, value=value)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _person(row: Row) -> Person:
    return Person(row["id"], row["name"], bool(row["is_owner"]), row["created_at"])


def _key(row: Row) -> Key:
    return Key(
        row["id"], row["person_id"], row["person_name"], bool(row["is_owner"]), row["project_id"], row["name"],
        row["prefix"], frozenset(Scope(name) for name in row["scopes"].split()), row["created_at"],
        row["last_used_at"], row["revoked_at"],
    )  # fmt: skip

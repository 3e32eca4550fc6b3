"""Who opens the dashboard for the first time: an owner, made with the store, and a link that signs them in.

Invariants: of servers that start at the same time on one store one makes the owner; a key is shown by whoever made it,
once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contox_hooks.domain.access import Scope
from contox_hooks.memory.access import OWNER, Access, Key
from contox_hooks.memory.moving import check_whole
from contox_hooks.memory.service import Service

LINK_S: Final = 600
"""A link to sign in with lives so long: it stands in a terminal's history, or in a supervisor's log."""


@dataclass(frozen=True, slots=True)
class Welcome:
    owner_key: str | None
    """Its text; None where there was an owner before."""
    token: str | None
    """For `/login?token=`; None where nobody asked for one."""


def welcome(service: Service, *, wants_login: bool) -> Welcome:
    """The first start always gives a token. Raises StoreError, Refused."""
    check_whole(service.store)
    access = service.access
    with service.store.transaction():
        if not access.people():
            owner = access.add_person(OWNER, is_owner=True)
            key, text = access.create_key(owner.id, OWNER, scopes=set(Scope))
            return Welcome(text, _token(access, key))
        return Welcome(None, _token(access, _owners_key(access)) if wants_login else None)


def _token(access: Access, key: Key) -> str:
    return access.create_ticket(key.id, "login", life_s=LINK_S)


def _owners_key(access: Access) -> Key:
    """One that opens everything. Where all were revoked a new one is made, whose text nobody ever sees: whoever can
    start a server on a store can read the store."""
    for key in access.keys():  # noqa: SIM118 - no dict
        if key.is_unbound_owner and key.revoked_at is None and Scope.ADMIN in key.scopes:
            return key
    owners = [person for person in access.people() if person.is_owner]
    owner = owners[0] if owners else access.add_person(OWNER, is_owner=True)
    return access.create_key(owner.id, "links from the terminal", scopes=set(Scope))[0]

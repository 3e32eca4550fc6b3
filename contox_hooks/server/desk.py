"""Where every request shows who it is from: the only way to a service leads past the question what the caller may do.

Owns authentication and rights; must not know what routes do. Invariants: a project that is not the caller's does not
exist for them (404); a browser's cookie counts for changes only from our own pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request

from contox_hooks.domain.access import Right, Role, Scope, is_allowed
from contox_hooks.domain.error import NotFound
from contox_hooks.domain.item import Item
from contox_hooks.memory.access import Key
from contox_hooks.memory.context import Context
from contox_hooks.memory.project import Project
from contox_hooks.memory.service import Service
from contox_hooks.memory.session import Session
from contox_hooks.server.refusal import Refusal, forbidden, not_found, unauthorized
from contox_hooks.server.site import Site

COOKIE: Final = "contox_session"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
Found = TypeVar("Found", Session, Item, Context)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request in one project, allowed."""

    service: Service
    project: Project
    key: Key
    role: Role

    def allows(self, right: Right) -> bool:
        """For what a page shows or leaves out; `Desk.project` is what holds."""
        return is_allowed(right, role=self.role, scopes=self.key.scopes)


class Desk:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.site: Site = request.app.state.site

    @contextmanager
    def account(self, scope: Scope | None = None) -> Iterator[tuple[Service, Key]]:
        """Of no project: whoever has a good key, with this scope if named."""
        with self.site.pool.service() as service:
            key = self.key(service)
            if scope is not None and scope not in key.scopes and Scope.ADMIN not in key.scopes:
                raise forbidden()
            yield service, key

    @contextmanager
    def project(self, project_id: str, right: Right) -> Iterator[Visit]:
        with self.site.pool.service(project_id) as service:
            yield self._visit(service, self.key(service), project_id, right, "Project")

    def session(self, session_id: str, right: Right) -> AbstractContextManager[tuple[Visit, Session]]:
        return self._owned("Session", lambda service: service.sessions.get(session_id), right)

    def item(self, item_id: str, right: Right) -> AbstractContextManager[tuple[Visit, Item]]:
        return self._owned("Item", lambda service: service.items.get(item_id), right)

    def context(self, context_id: str, right: Right) -> AbstractContextManager[tuple[Visit, Context]]:
        return self._owned("Context", lambda service: service.contexts.get(context_id), right)

    @contextmanager
    def _owned(self, noun: str, find: Callable[[Service], Found], right: Right) -> Iterator[tuple[Visit, Found]]:
        """What has an id of its own, in the project that it belongs to."""
        with self.site.pool.service() as service:
            key = self.key(service)
            try:
                found = find(service)
            except NotFound:
                raise not_found(noun) from None
            service.store.scope = found.project_id
            yield self._visit(service, key, found.project_id, right, noun), found

    def key(self, service: Service) -> Key:
        """Raises 401; 403 for a change that a foreign page asks a browser for."""
        text = bearer_of(self.request.headers.get("authorization", ""))
        if text:
            found = service.access.of_text(text)
        elif COOKIE in self.request.cookies:
            if self.request.method not in _SAFE and not self.is_from_here():
                raise forbidden("This change was asked for by another site")
            found = service.access.of_ticket(self.request.cookies[COOKIE], "cookie")
        else:
            found = None
        if found is None:
            raise unauthorized()
        self.request.state.key = found  # for the log, and for who counts wrong keys (rim/)
        return found

    def is_from_here(self) -> bool:
        """By what browsers say of where a request comes from: Origin with every POST (Fetch standard, 3.2)."""
        origin = self.request.headers.get("origin")
        return origin is not None and urlsplit(origin).netloc == self.request.headers.get("host")

    def _visit(self, service: Service, key: Key, project_id: str, right: Right, noun: str) -> Visit:
        visit = visit_of(service, key, project_id)
        if visit is None:
            raise not_found(noun)
        if not visit.allows(right):
            raise forbidden()
        rights = self.request.scope.setdefault("state", {}).setdefault("rights", [])  # for rim/repeat.py
        rights.append((project_id, right))
        return visit


def bearer_of(authorization: str) -> str:
    """The key in a header's value; "" for none (RFC 6750, 2.1, however it is spelled)."""
    scheme, _, text = authorization.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def visit_of(service: Service, key: Key, project_id: str) -> Visit | None:
    """None where the project is not there for this key."""
    if key.project_id not in (None, project_id):
        return None
    try:
        project = service.projects.get(project_id)
    except NotFound:
        return None
    role = service.access.role(project_id, person_id=key.person_id, is_owner=key.is_owner)
    if role is None and project.visibility == "public":
        role = Role.VIEWER
    return None if role is None else Visit(service, project, key, role)


def visible_projects(service: Service, key: Key) -> list[Project]:
    roles = service.access.roles(key.person_id)
    return [
        project
        for project in service.projects.all()
        if key.project_id in (None, project.id)
        and (key.is_owner or project.id in roles or project.visibility == "public")
    ]


async def _desk(request: Request) -> Desk:
    return Desk(request)


AtDesk = Annotated[Desk, Depends(_desk)]

__all__ = ["COOKIE", "AtDesk", "Desk", "Refusal", "Visit", "visible_projects", "visit_of"]

"""Whose key reaches which of the account's, the projects' and the contexts' routes, as a table."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from contox_hooks.domain.access import Role, Scope
from contox_hooks.server.api import context, context_whole, entry, key, link, member, project, setting
from tests.server.conftest import Running

P, C = "{project}", "{context}"
READS: list[tuple[str, str]] = [
    ("/api/projects/{project_id}", ""),
    ("/api/v2/projects/{project_id}", ""),
    ("/api/v2/projects/{project_id}/settings", ""),
    ("/api/projects/{project_id}/members", ""),
    ("/api/contexts", f"?projectId={P}"),
    ("/api/contexts/{context_id}", ""),
    ("/api/contexts/tree", f"?projectId={P}"),
    ("/api/contexts/brain", f"?projectId={P}"),
    ("/api/contexts/search", f"?projectId={P}&q=x"),
    ("/api/context-entries", f"?contextId={C}"),
    ("/api/context-links", f"?projectId={P}&schemaKey=root"),
]
CHANGES: list[tuple[str, str, object]] = [
    ("PATCH", "/api/projects/{project_id}", {"name": "x"}),
    ("PATCH", "/api/v2/projects/{project_id}/settings", {"auto_learn": False}),
    ("GET", "/api/projects/{project_id}/hmac-secret", None),
    ("POST", "/api/projects/{project_id}/hmac-secret/rotate", None),
    ("POST", "/api/projects/{project_id}/members", {"name": "member"}),
    ("PATCH", "/api/projects/{project_id}/members/{person_id}", {"role": "admin"}),
    ("DELETE", "/api/projects/{project_id}/members/{person_id}", None),
    ("POST", "/api/contexts", {"name": "x", "projectId": P}),
    ("PATCH", "/api/contexts/{context_id}", {"name": "x"}),
    ("POST", "/api/contexts/{context_id}/approve", None),
    ("POST", "/api/contexts/{context_id}/compact", None),
    ("POST", "/api/contexts/populate", {"projectId": P, "nodes": []}),
    ("POST", "/api/context-entries", {"contextId": C, "title": "x", "content": ""}),
    ("POST", "/api/context-links", {"projectId": P, "fromSchemaKey": "a", "toSchemaKey": "b", "linkType": "related"}),
    ("DELETE", "/api/contexts/{context_id}", None),
]
OF_NO_PROJECT = {
    ("GET", "/api/orgs"), ("GET", "/api/projects"), ("POST", "/api/projects"), ("GET", "/api/contexts/__ping__"),
    ("GET", "/api/keys"), ("POST", "/api/keys"), ("DELETE", "/api/keys/{key_id}"),
    ("GET", "/api/team"), ("POST", "/api/team"), ("DELETE", "/api/team/{person_id}"),
}  # fmt: skip
"""Tested by name in test_key_api.py and test_project_api.py."""


def test_no_route_is_missing_here() -> None:
    routers = (context, context_whole, entry, key, link, member, project, setting)
    routes = {
        (method, route.path)
        for module in routers
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert routes == {("GET", path) for path, _ in READS} | {change[:2] for change in CHANGES} | OF_NO_PROJECT


class World:
    def __init__(self, running: Running, owner: httpx.Client, project_id: str) -> None:
        self.project_id = project_id
        made = owner.post("/api/contexts", json={"name": "hidden", "projectId": project_id}).json()
        self.context_id = made["id"]
        with running.service() as service:
            self.person_id = service.access.add_person("member").id
            service.access.set_member(project_id, self.person_id, Role.WRITER)

    def fill(self, text: str) -> str:
        for pattern, value in (
            (r"\{project(_id)?\}", self.project_id), (r"\{context(_id)?\}", self.context_id),
            (r"\{person_id\}", self.person_id),
        ):  # fmt: skip
            text = re.sub(pattern, value, text)
        return text

    def body(self, body: object) -> Any:
        return (
            {name: self.fill(value) if isinstance(value, str) else value for name, value in body.items()}
            if isinstance(body, dict)
            else body
        )

    def read(self, client: httpx.Client, path: str, query: str) -> httpx.Response:
        return client.get(self.fill(path + query))

    def change(self, client: httpx.Client, method: str, path: str, body: object) -> httpx.Response:
        return client.request(method, self.fill(path), json=self.body(body))


@pytest.fixture
def world(running: Running, owner: httpx.Client, project_id: str) -> World:
    return World(running, owner, project_id)


def test_for_strangers_nothing_is_there_and_without_a_key_nobody_comes_in(running: Running, world: World) -> None:
    strangers = [
        running.client(running.person("eve", {running.project("theirs"): Role.ADMIN})),
        running.client(running.person("boss", is_owner=True, project_id=running.project("bound"))),
    ]
    for client in strangers:
        for path, query in READS:
            answer = world.read(client, path, query)
            assert answer.status_code == 404, path
            assert "hidden" not in answer.text
        for method, path, body in CHANGES:
            assert world.change(client, method, path, body).status_code == 404, (method, path)
        assert world.project_id not in client.get("/api/projects").text
        assert client.get("/api/contexts").json() == []
    nobody = running.client("contox_sk_" + "x" * 43)
    for path, query in READS:
        assert world.read(nobody, path, query).json() == {"error": "Unauthorized"}, path
    for method, path, body in CHANGES:
        assert world.change(nobody, method, path, body).status_code == 401, (method, path)


def test_viewers_read_and_change_nothing(running: Running, world: World, owner: httpx.Client) -> None:
    viewers = [
        running.client(running.person("vera", {world.project_id: Role.VIEWER})),
        running.client(running.person("ada", {world.project_id: Role.ADMIN}, scopes={Scope.READ})),
    ]
    for client in viewers:
        before = [world.read(client, path, query) for path, query in READS]
        assert {answer.status_code for answer in before} == {200}
        for method, path, body in CHANGES:
            answer = world.change(client, method, path, body)
            assert (answer.status_code, answer.json()) == (403, {"error": "Access denied"}), (method, path)
        assert [world.read(client, path, query).json() for path, query in READS] == [one.json() for one in before]
    sender = running.client(running.person("ida", {world.project_id: Role.ADMIN}, scopes={Scope.INGEST}))
    for path, query in READS:
        assert world.read(sender, path, query).status_code == 403, path
    assert sender.get("/api/contexts?limit=1").json() == []
    for method, path, body in CHANGES:
        assert world.change(owner, method, path, body).status_code in (200, 201), (method, path)

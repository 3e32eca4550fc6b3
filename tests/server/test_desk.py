"""Who is let in, and what is there for whom (server/desk.py)."""

from __future__ import annotations

import httpx
import pytest

from contox_hooks.domain.access import Role, Scope
from tests.server.conftest import Running


def secret_of(client: httpx.Client, project_id: str) -> httpx.Response:
    return client.get(f"/api/projects/{project_id}/hmac-secret")


def test_a_bad_key_is_told_so_in_the_word_that_the_extension_knows(running: Running, project_id: str) -> None:
    for client in (running.client(), running.client("contox_sk_" + "wrong"), running.client("x")):
        answer = secret_of(client, project_id)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_an_owner_gets_the_same_secret_every_time(owner: httpx.Client, project_id: str) -> None:
    first = secret_of(owner, project_id).json()["hmacSecret"]
    assert len(first) == 64
    assert secret_of(owner, project_id).json()["hmacSecret"] == first


def test_a_project_of_others_is_not_there(running: Running, project_id: str) -> None:
    stranger = running.client(running.person("eve", {running.project("other"): Role.ADMIN}))
    answer = secret_of(stranger, project_id)
    assert (answer.status_code, answer.json()) == (404, {"error": "Project not found"})
    assert answer.json() == secret_of(stranger, "nonesuch").json()


@pytest.mark.parametrize(
    ("role", "scopes", "status"),
    [
        (Role.VIEWER, set(Scope), 403),
        (Role.WRITER, {Scope.READ}, 403),
        (Role.WRITER, {Scope.INGEST}, 200),
        (Role.EDITOR, {Scope.ADMIN}, 200),
    ],
)
def test_role_and_scope_must_both_allow_it(
    running: Running, project_id: str, role: Role, scopes: set[Scope], status: int
) -> None:
    client = running.client(running.person("ada", {project_id: role}, scopes=scopes))
    assert secret_of(client, project_id).status_code == status


def test_a_key_of_one_project_opens_no_other(running: Running, project_id: str) -> None:
    other = running.project("other")
    client = running.client(running.person("ada", {project_id: Role.ADMIN, other: Role.ADMIN}, project_id=other))
    assert secret_of(client, other).status_code == 200
    assert secret_of(client, project_id).status_code == 404


def test_a_revoked_key_opens_nothing(running: Running, owner: httpx.Client, project_id: str) -> None:
    assert secret_of(owner, project_id).status_code == 200
    with running.service() as service:
        [key] = service.access.keys()
        assert service.access.revoke(key.id)
        assert not service.access.revoke(key.id)
    assert secret_of(owner, project_id).status_code == 401


def test_unknown_paths_and_methods_answer_json(owner: httpx.Client, project_id: str) -> None:
    assert owner.get("/api/nonesuch").json() == {"error": "Not found"}
    answer = owner.delete(f"/api/projects/{project_id}/hmac-secret")
    assert (answer.status_code, answer.json()) == (405, {"error": "Method not allowed"})

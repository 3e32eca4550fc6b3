"""Keys, people and members over a socket (server/api/key.py, member.py)."""

from __future__ import annotations

import httpx

from contox_hooks.domain.access import Role, Scope
from tests.server.conftest import Running


def make(client: httpx.Client, **asked: object) -> httpx.Response:
    return client.post("/api/keys", json={"name": "laptop", **asked})


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(running: Running, owner: httpx.Client) -> None:
    made = make(owner, scopes=["read"])
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    text, key_id = made.json()["key"], made.json()["id"]
    assert text.startswith(made.json()["prefix"])
    assert text not in owner.get("/api/keys").text
    client = running.client(text)
    assert client.get("/api/contexts/__ping__").status_code == 200
    first = owner.delete(f"/api/keys/{key_id}")
    assert first.json()["success"] is True
    assert first.json()["revokedAt"] is not None
    assert owner.delete(f"/api/keys/{key_id}").json() == first.json()
    assert client.get("/api/contexts/__ping__").json() == {"error": "Unauthorized"}


def test_keys_that_cannot_be(owner: httpx.Client) -> None:
    wrong: list[dict[str, object]] = [
        {"name": ""}, {"scopes": []}, {"scopes": ["root"]}, {"scopes": ["read"] * 9}, {"name": "x" * 201}
    ]  # fmt: skip
    for asked in wrong:
        assert make(owner, **asked).status_code == 400, asked


def test_a_key_never_opens_more_than_its_maker(running: Running, project_id: str) -> None:
    other, foreign = running.project("other"), running.project("foreign")
    roles = {project_id: Role.ADMIN, other: Role.ADMIN}
    free = running.client(running.person("ada", roles))
    bound = running.client(make(free, projectId=project_id).json()["key"])
    weak = running.client(make(free, scopes=["ingest", "read"]).json()["key"])
    assert make(weak).status_code == 403
    assert make(free, projectId=foreign).json() == {"error": "Project not found"}
    assert make(bound, projectId=other).status_code == 404
    assert make(bound).json()["projectId"] == project_id
    grandchild = running.client(make(bound).json()["key"])
    assert grandchild.get(f"/api/projects/{other}").status_code == 404
    assert {key["projectId"] for key in bound.get("/api/keys").json()} == {project_id}
    [wide] = [key for key in free.get("/api/keys").json() if key["name"] == "test"]
    assert bound.delete(f"/api/keys/{wide['id']}").status_code == 404, "it opens more than the one that asks"


def test_keys_of_others_are_the_owners(running: Running, owner: httpx.Client) -> None:
    ada = running.client(running.person("ada"))
    [own] = ada.get("/api/keys").json()
    others = [key for key in owner.get("/api/keys").json() if key["id"] != own["id"]]
    assert others
    assert ada.delete(f"/api/keys/{others[0]['id']}").json() == {"error": "Key not found"}
    assert make(ada, personId=others[0]["personId"]).json() == {"error": "Person not found"}
    made = make(owner, personId=own["personId"], scopes=["read"]).json()
    assert made["personName"] == "ada"
    assert running.client(made["key"]).get("/api/team").status_code == 403
    assert make(owner, personId="nobody").status_code == 404
    assert owner.delete(f"/api/keys/{own['id']}").status_code == 200
    assert ada.get("/api/keys").status_code == 401


def test_a_key_that_only_sends_learns_of_no_keys(running: Running) -> None:
    sender = running.client(running.person("ada", scopes={Scope.INGEST}))
    assert sender.get("/api/keys").status_code == 403


def test_members_come_change_and_go(running: Running, project_id: str) -> None:
    ada = running.client(running.person("ada", {project_id: Role.ADMIN}))
    eve = running.client(running.person("eve"))
    path = f"/api/projects/{project_id}"
    assert eve.get(path).status_code == 404
    added = ada.post(f"{path}/members", json={"name": "eve", "role": "viewer"})
    assert (added.status_code, added.json()["role"]) == (201, "viewer")
    assert eve.get(path).json()["memberCount"] == 2
    person_id = added.json()["id"]
    assert eve.patch(f"{path}/members/{person_id}", json={"role": "admin"}).status_code == 403
    assert ada.patch(f"{path}/members/{person_id}", json={"role": "editor"}).json()["role"] == "editor"
    assert [member["role"] for member in eve.get(f"{path}/members").json()] == ["admin", "editor"]
    assert ada.post(f"{path}/members", json={"personId": person_id}).json()["role"] == "writer"
    assert ada.delete(f"{path}/members/{person_id}").json()["success"] is True
    assert eve.get(path).status_code == 404
    for refused in (
        ada.delete(f"{path}/members/{person_id}"),
        ada.patch(f"{path}/members/{person_id}", json={"role": "viewer"}),
        ada.post(f"{path}/members", json={"name": "nobody"}),
    ):
        assert refused.status_code == 404
    assert ada.post(f"{path}/members", json={"role": "viewer"}).status_code == 400
    assert ada.post(f"{path}/members", json={"name": "eve", "role": "king"}).status_code == 400


def test_people_are_the_owners_and_the_last_owner_stays(running: Running, owner: httpx.Client, project_id: str) -> None:
    made = owner.post("/api/team", json={"name": "ada"})
    assert made.status_code == 201
    ada_id = made.json()["id"]
    assert owner.post("/api/team", json={"name": "ada"}).status_code == 409
    key = make(owner, personId=ada_id).json()["key"]
    owner.post(f"/api/projects/{project_id}/members", json={"personId": ada_id, "role": "admin"})
    ada = running.client(key)
    ada.get("/api/contexts/__ping__", headers={"Idempotency-Key": "x"})
    ada.post("/api/contexts", json={"name": "n", "projectId": project_id}, headers={"Idempotency-Key": "y"})
    assert [person["role"] for person in owner.get("/api/team").json()] == ["owner", "member"]
    for refused in (
        ada.get("/api/team"), ada.post("/api/team", json={"name": "eve"}), ada.delete(f"/api/team/{ada_id}")
    ):  # fmt: skip
        assert refused.status_code == 403
    assert owner.delete(f"/api/team/{ada_id}").json() == {"success": True, "id": ada_id}
    assert ada.get("/api/projects").status_code == 401
    assert owner.get(f"/api/projects/{project_id}/members").json() == []
    assert owner.delete(f"/api/team/{ada_id}").status_code == 404
    [myself] = owner.get("/api/team").json()
    refused = owner.delete(f"/api/team/{myself['id']}")
    assert refused.status_code == 409
    assert owner.get("/api/team").json() == [myself]
    second = owner.post("/api/team", json={"name": "grace", "role": "owner"}).json()
    assert owner.delete(f"/api/team/{second['id']}").status_code == 200


def test_an_owners_key_of_one_project_is_not_the_teams(running: Running, project_id: str) -> None:
    bound = running.client(running.person("owner", is_owner=True, project_id=project_id))
    assert bound.get("/api/team").status_code == 403
    assert bound.post("/api/team", json={"name": "eve"}).status_code == 403

"""Projects, the team, secrets and settings over a socket (server/api/project.py, setting.py)."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from contox_hooks.backend.remote.api import Api
from contox_hooks.domain.access import Role, Scope
from contox_hooks.domain.setting import SPECS
from contox_hooks.net.http import Http
from contox_hooks.net.pace import Pace
from contox_hooks.wire.endpoint import parse_endpoint
from tests.server.conftest import Running
from tests.server.ingesting import Sender

PROJECT_FIELDS = {
    "id", "name", "description", "status", "teamId", "contextsCount", "createdAt", "updatedAt",
    "visibility", "aiTier", "repoUrl", "githubUsername", "repoAuthMethod", "hasGithubToken", "deepEnrichEnabled",
}  # fmt: skip
"""CONTRACT.md section 1.5: the clients' and the documents'."""


@pytest.fixture(autouse=True)
def plan(running: Running) -> None:
    with running.service() as service:
        service.access.set_plan("small")


def admin(running: Running, project_id: str, name: str = "ada") -> httpx.Client:
    return running.client(running.person(name, {project_id: Role.ADMIN}))


def test_a_server_is_one_team_that_stays(running: Running, owner: httpx.Client) -> None:
    [first] = owner.get("/api/orgs").json()["orgs"]
    running.person("ada")
    [again] = owner.get("/api/orgs").json()["orgs"]
    assert (again["id"], again["members"]) == (first["id"], 2)
    assert first["name"] == "team"
    assert first["createdAt"].endswith("Z")


def test_a_project_is_made_found_by_name_and_looked_at(running: Running) -> None:
    ada = running.client(running.person("ada", scopes={Scope.INGEST, Scope.READ}))
    made = ada.post("/api/projects", json={"name": "shop", "teamId": "some-team", "whatever": 1})
    assert made.status_code == 201
    project = made.json()
    assert project.keys() >= PROJECT_FIELDS | {"autoLearn"}
    assert (project["status"], project["visibility"], project["aiTier"]) == ("active", "private", None)
    assert project["teamId"] == ada.get("/api/orgs").json()["orgs"][0]["id"]
    assert ada.get("/api/projects", params={"teamId": "x", "name": "shop"}).json() == [project]
    assert ada.get("/api/projects", params={"name": "sho"}).json() == []
    page = ada.get(f"/api/projects/{project['id']}").json()
    assert page == {**project, "memberCount": 1}
    assert ada.get(f"/api/v2/projects/{project['id']}").json() == page


def test_of_equal_names_ones_own_comes_before_what_is_public(running: Running) -> None:
    public = running.project("shop")
    with running.service() as service:
        service.projects.change(public, visibility="public")
    own = running.project("shop")
    ada = admin(running, own)
    assert [project["id"] for project in ada.get("/api/projects?name=shop").json()] == [own, public]


def test_who_may_make_a_project(running: Running, project_id: str) -> None:
    reader = running.client(running.person("eve", scopes={Scope.READ}))
    bound = running.client(running.person("ada", {project_id: Role.ADMIN}, project_id=project_id))
    assert reader.post("/api/projects", json={"name": "x"}).status_code == 403
    assert bound.post("/api/projects", json={"name": "x"}).status_code == 403
    assert bound.post("/api/projects", json={"name": ""}).status_code == 400
    assert running.client().post("/api/projects", json={"name": "x"}).json() == {"error": "Unauthorized"}


def test_contexts_are_counted(owner: httpx.Client, running: Running, project_id: str) -> None:
    other = running.project("other")
    owner.post("/api/contexts", json={"name": "a", "projectId": project_id})
    counts = {project["id"]: project["contextsCount"] for project in owner.get("/api/projects").json()}
    assert counts == {project_id: 1, other: 0}


def test_a_project_is_changed_in_part(running: Running, project_id: str) -> None:
    ada = admin(running, project_id)
    path = f"/api/projects/{project_id}"
    told = ada.patch(path, json={"name": "Shop", "description": "d", "visibility": "public", "repoUrl": "https://h/x"})
    assert told.status_code == 200
    assert {
        "name": "Shop",
        "description": "d",
        "visibility": "public",
        "repoUrl": "https://h/x",
    }.items() <= told.json().items()
    told = ada.patch(path, json={"description": None, "name": None, "autoLearn": False, "deepEnrichEnabled": False})
    now = told.json()
    assert (now["name"], now["description"]) == ("Shop", None)
    assert (now["autoLearn"], now["deepEnrichEnabled"]) == (False, False)
    assert ada.get(path).json() == now
    assert ada.patch(path, json={"visibility": "secret"}).status_code == 400
    assert ada.patch(path, json={"name": "  "}).status_code == 400


def test_ai_tier_is_the_model_within_the_plan(running: Running, project_id: str) -> None:
    ada = admin(running, project_id)
    path = f"/api/projects/{project_id}"
    assert ada.patch(path, json={"aiTier": "small"}).json()["aiTier"] == "small"
    refused = ada.patch(path, json={"aiTier": "medium", "name": "never"})
    assert refused.status_code == 403
    assert "plan" in refused.json()["error"]
    now = ada.get(path).json()
    assert (now["aiTier"], now["name"]) == ("small", "demo"), "whole or not at all"
    assert ada.patch(path, json={"aiTier": None}).json()["aiTier"] is None


def test_what_our_own_client_reads_is_there(running: Running, project_id: str, tmp_path: Path) -> None:
    key = running.person("ada", {project_id: Role.ADMIN})
    ada = running.client(key)
    http = Http(parse_endpoint(running.url), key, pace=Pace(tmp_path / "pace.json", 1_000_000))
    api = Api(http, project_id)
    api.check_key()
    assert api.auto_learn() is True
    ada.patch(f"/api/projects/{project_id}", json={"autoLearn": False})
    assert api.auto_learn() is False
    [team] = api.orgs()
    assert [project["id"] for project in api.projects(str(team["id"]))] == [project_id]
    assert api.project(project_id)["name"] == "demo"
    assert len(api.hmac_secret(project_id)) == 64
    http.close()


def test_secrets_do_not_come_into_what_is_kept(owner: httpx.Client, project_id: str) -> None:
    token = "ghp_" + "A1b2" * 9
    told = owner.patch(
        f"/api/projects/{project_id}", json={"description": f"use {token}", "repoUrl": f"https://u:{token}@host/x"}
    )
    assert token not in told.text
    assert "[redacted:" in told.json()["description"]
    assert token not in owner.post("/api/projects", json={"name": f"p {token}"}).text


def test_the_secret_is_rotated_by_admins(running: Running, project_id: str) -> None:
    ada = admin(running, project_id)
    editor = running.client(running.person("eve", {project_id: Role.EDITOR}))
    path = f"/api/projects/{project_id}/hmac-secret"
    old = ada.get(path)
    assert old.headers["cache-control"] == "no-store"
    assert editor.post(f"{path}/rotate").status_code == 403
    sender = Sender(ada, project_id)
    assert sender.send().status_code == 202
    new = ada.post(f"{path}/rotate").json()["hmacSecret"]
    assert sender.send().status_code == 401, "signed with the old one"
    assert Sender(ada, project_id).send().status_code == 202
    assert new != old.json()["hmacSecret"]
    assert editor.get(path).json()["hmacSecret"] == new


def test_every_setting_is_told_with_where_it_comes_from(running: Running, project_id: str) -> None:
    ada = admin(running, project_id)
    path = f"/api/v2/projects/{project_id}/settings"
    told = ada.get(path).json()["settings"]
    assert told.keys() == SPECS.keys()
    assert told["model"]["choices"] == ["offline", "small", "medium"]
    assert told["min_interval_s"]["origin"] == "default"
    changed = ada.patch(path, json={"min_interval_s": 900, "exclude": ["*.env", "x/**"], "autoLearn": False})
    assert changed.status_code == 200
    now = changed.json()["settings"]
    assert (now["min_interval_s"]["value"], now["min_interval_s"]["origin"]) == (900, "project")
    assert now["exclude"]["value"] == ["*.env", "x/**"]
    assert now["auto_learn"]["value"] is False
    assert ada.get(path).json() == changed.json()
    assert ada.patch(path, json={"min_interval_s": None}).json()["settings"]["min_interval_s"]["value"] == 0


def test_settings_that_are_none_change_nothing(running: Running, project_id: str) -> None:
    ada = admin(running, project_id)
    path = f"/api/v2/projects/{project_id}/settings"
    before = ada.get(path).json()
    wrong: list[object] = [
        {"min_interval_s": -1},
        {"min_interval_s": "soon"},
        {"min_intervall_s": 1},
        {"exclude": [1]},
        {"exclude": ["x" * 30_000]},
        {"auto_learn": {"deep": 1}},
        {"auto_learn": False, "window": "round"},
        [],
        "model",
    ]
    for asked in wrong:
        refused = ada.patch(path, json=asked)
        assert refused.status_code == 400, asked
        assert isinstance(refused.json()["error"], str)
    assert ada.get(path).json() == before


def test_where_models_are_asked_is_the_owners(running: Running, owner: httpx.Client, project_id: str) -> None:
    ada = admin(running, project_id)
    bound = running.client(running.person("boss", is_owner=True, project_id=project_id))
    path = f"/api/v2/projects/{project_id}/settings"
    for asked in ({"model_url": "http://127.0.0.1:1"}, {"model-provider": "custom"}, {"cents_a_day": 10}):
        assert ada.patch(path, json=asked).status_code == 403
        assert bound.patch(path, json=asked).status_code == 403
        assert owner.patch(path, json=asked).status_code == 200
    assert owner.patch(path, json={"model": "medium"}).status_code == 403, "nobody goes beyond the plan"
    assert owner.patch(path, json={"model": "small"}).status_code == 200


def test_lists_are_not_sent_twice(owner: httpx.Client, project_id: str) -> None:
    for path in (
        "/api/orgs",
        "/api/projects",
        f"/api/projects/{project_id}",
        f"/api/v2/projects/{project_id}/settings",
    ):
        tag = owner.get(path).headers["etag"]
        assert owner.get(path, headers={"If-None-Match": tag}).status_code == 304

"""The examples of the OpenAPI document, sent as they stand there but for ids and the paths that they go to."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.server.conftest import Running

ROUTES = {
    "NewContext": ("POST", "/api/contexts"),
    "ContextChange": ("PATCH", "/api/contexts/ctx_1"),
    "Action": ("POST", "/api/contexts/ctx_1/approve"),
    "Population": ("POST", "/api/contexts/populate"),
    "NewEntry": ("POST", "/api/context-entries"),
    "NewLink": ("POST", "/api/context-links"),
    "NewProject": ("POST", "/api/projects"),
    "ProjectChange": ("PATCH", "/api/projects/proj_1"),
    "NewKey": ("POST", "/api/keys"),
    "NewMember": ("POST", "/api/projects/proj_1/members"),
    "MemberChange": ("PATCH", "/api/projects/proj_1/members/person_1"),
    "NewPerson": ("POST", "/api/team"),
    "SettingsChange": ("PATCH", "/api/v2/projects/proj_1/settings"),
}


@pytest.fixture
def ids(running: Running, owner: httpx.Client, project_id: str) -> dict[str, str]:
    context_id = owner.post("/api/contexts", json={"name": "a", "projectId": project_id}).json()["id"]
    owner.post("/api/team", json={"name": "ada"})
    member = owner.post(f"/api/projects/{project_id}/members", json={"name": "ada"}).json()
    return {"proj_1": project_id, "ctx_1": context_id, "person_1": member["id"]}


def test_examples_do_what_they_say(owner: httpx.Client, ids: dict[str, str]) -> None:
    document = owner.get("/api/openapi.json").json()
    models = document["components"]["schemas"]
    for name, (method, path) in ROUTES.items():
        [example] = models[name]["examples"]
        text, route = json.dumps(example), path
        for placeholder, value in ids.items():
            text, path = text.replace(placeholder, value), path.replace(placeholder, value)
        answer = owner.request(method, path, content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 201), (name, answer.text)
        declared = next(
            operations[method.lower()]["responses"]
            for pattern, operations in document["paths"].items()
            if len(pattern.split("/")) == len(route.split("/"))
            and all(
                one == other or one.startswith("{")
                for one, other in zip(pattern.split("/"), route.split("/"), strict=True)
            )
            and method.lower() in operations
        )
        model = declared[str(answer.status_code)]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert answer.json().keys() == models[model]["properties"].keys(), name

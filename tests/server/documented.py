"""The OpenAPI document of a running server, and something behind every id that stands in its examples."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from contox_hooks.server.openapi import EXAMPLES
from tests.server.learned import Learned

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    told: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def ok(self) -> set[str]:
        return {status for status in self.told["responses"] if status[0] in "23"}


@dataclass(frozen=True)
class Documented:
    document: dict[str, Any]
    ids: dict[str, str]
    """`proj_1` and so on to what is there."""

    def operations(self) -> Iterator[Operation]:
        for path, methods in self.document["paths"].items():
            yield from (Operation(method, path, methods[method]) for method in METHODS if method in methods)

    def real(self, value: Any) -> Any:
        """The same with ids that are there."""
        text = json.dumps(value)
        for placeholder, found in self.ids.items():
            text = text.replace(placeholder, found)
        return json.loads(text)

    def bodies(self, operation: Operation) -> list[Any]:
        """The examples of its request's body: beside the schema, or in it."""
        content = operation.told.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "examples" in content:
            return [example["value"] for example in content["examples"].values()]
        schema = content.get("schema", {})
        schema = next((one for one in [schema, *schema.get("anyOf", [])] if "$ref" in one), schema)
        if "$ref" in schema and "examples" not in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return list(schema.get("examples", []))

    def pointed(self) -> dict[str, Any]:
        """The document, where parameters and members of bodies with the names of ids are ids that are there, or not."""
        found = copy.deepcopy(self.document)
        models = found["components"]["schemas"]
        for model in models.values():
            model.pop("examples", None)
        for methods in found["paths"].values():
            for operation in methods.values():
                for parameter in operation.get("parameters", ()):
                    parameter.pop("example", None)
                    parameter["schema"] = self._pointed(parameter["name"], parameter["schema"])
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    content.pop("examples", None)
                    for name in _models(content["schema"], models, set()):
                        for member, schema in models[name].get("properties", {}).items():
                            models[name]["properties"][member] = self._pointed(member, schema)
        return found

    def _pointed(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        real = self.ids.get(str(EXAMPLES.get(name)))
        return schema if real is None else {"enum": [real, "nonesuch"]}


def _models(schema: Any, models: dict[str, Any], seen: set[str]) -> set[str]:
    """Names of all models that a schema leads to."""
    if isinstance(schema, dict):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            _models(models[name], models, seen)
        for value in schema.values():
            _models(value, models, seen)
    elif isinstance(schema, list):
        for value in schema:
            _models(value, models, seen)
    return seen


@pytest.fixture
def documented(learned: Learned, owner: httpx.Client) -> Documented:
    project_id = learned.project_id
    context = owner.post(
        "/api/contexts", json={"name": "a", "projectId": project_id, "schemaKey": "root/decisions"}
    ).json()
    owner.post("/api/team", json={"name": "ada"})
    member = owner.post(f"/api/projects/{project_id}/members", json={"name": "ada"}).json()
    with learned.running.service() as service:
        session = service.sessions.page(project_id, limit=1)[0]
        job = service.jobs.of_session(session.id)[-1]
        service.jobs.finish(job, "failed", error="it rained")
    key = owner.post("/api/keys", json={"name": "spare"}).json()
    ids = {
        "proj_1": project_id, "ctx_1": context["id"], "person_1": member["id"], "key_1": key["id"],
        "item_1": learned.items()[0].id, "sess_1": session.id, "job_1": job.id,
        "team_1": owner.get("/api/orgs").json()["orgs"][0]["id"],
    }  # fmt: skip
    return Documented(owner.get("/api/openapi.json").json(), ids)

"""The API's document is whole, and its examples, sent as they stand there but for ids, do what they say."""

from __future__ import annotations

import httpx
import pytest

from contox_hooks import __version__
from contox_hooks.server.site import Options
from tests.server.documented import Documented, Operation, documented  # noqa: F401 - a fixture
from tests.server.learned import learned  # noqa: F401 - a fixture

OTHERWISE = {
    "POST /api/v2/ingest": {400, 401},  # says so: signed with no project's secret
    "POST /api/v2/worker/ask": {401},  # a ticket lives a minute
}
OPEN_ENDED = ("/stream",)


def test_it_says_what_it_is(owner: httpx.Client) -> None:
    document = owner.get("/api/openapi.json").json()
    assert document["info"]["version"] == __version__
    assert document["info"]["description"]
    assert document["servers"] == [{"url": Options().base_url}]
    schemes = document["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}
    for methods in document["paths"].values():
        for operation in methods.values():
            assert {name for one in operation["security"] for name in one} <= set(schemes)


def problems(found: Documented, operation: Operation) -> list[str]:
    told, missing = operation.told, []
    for name in ("summary", "tags"):
        if not told.get(name):
            missing.append(name)
    if operation.path.startswith("/api/") and not {"401", "429", "503"} <= set(told["responses"]):
        missing.append("errors")
    if not operation.ok or "422" in told["responses"]:
        missing.append("answers")
    for status, answer in told["responses"].items():
        content = answer.get("content", {})
        empty = [kind for kind, one in content.items() if kind == "application/json" and not one.get("schema")]
        if status != "304" and (not content or empty):
            missing.append(f"the shape of {status}")
    if "requestBody" in told and not found.bodies(operation):
        missing.append("an example of its body")
    for parameter in told.get("parameters", ()):
        if parameter["required"] and "example" not in parameter:
            missing.append(f"an example of {parameter['name']}")
    return missing


def test_every_route_is_described_with_errors_and_examples(documented: Documented) -> None:  # noqa: F811
    found = {one.name: problems(documented, one) for one in documented.operations()}
    assert len(found) > 50
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_every_example_is_right(documented: Documented, owner: httpx.Client) -> None:  # noqa: F811
    asked = sorted(documented.operations(), key=lambda one: (one.method == "delete", one.method != "get"))
    wrong = {}
    for operation in asked:
        if operation.path.endswith(OPEN_ENDED):
            continue
        parameters = [one for one in operation.told.get("parameters", ()) if "example" in one]
        path = operation.path
        query = {}
        for one in parameters:
            if one["in"] == "path":
                path = path.replace(f"{{{one['name']}}}", str(one["example"]))
            elif one["in"] == "query":
                query[one["name"]] = one["example"]
        for body in documented.bodies(operation) or [None]:
            answer = owner.request(
                operation.method.upper(), documented.real(path), params=documented.real(query),
                json=documented.real(body) if body is not None else None,
            )  # fmt: skip
            expected = OTHERWISE.get(operation.name, {int(status) for status in operation.ok})
            if answer.status_code not in expected or str(answer.status_code) not in operation.told["responses"]:
                wrong[operation.name] = (answer.status_code, answer.text[:300], body)
    assert wrong == {}


@pytest.mark.parametrize("path", OPEN_ENDED)
def test_streams_open_with_their_examples(path: str, documented: Documented, owner: httpx.Client) -> None:  # noqa: F811
    streams = [one for one in documented.operations() if one.path.endswith(path)]
    assert streams
    for operation in streams:
        where = operation.path
        for one in operation.told["parameters"]:
            where = where.replace(f"{{{one['name']}}}", str(one.get("example")))
        with owner.stream("GET", documented.real(where)) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert next(answer.iter_bytes())

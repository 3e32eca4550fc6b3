"""schemathesis asks every route of the running server for anything: never a 5xx, always an answer that was declared."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from tests.server.documented import Documented, documented  # noqa: F401 - a fixture
from tests.server.learned import learned  # noqa: F401 - a fixture

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 4
"""A route and a way of asking: some 500 requests in all."""
STREAMS = "/stream"
"""They do not end; tests/server/test_stream.py has them."""


@pytest.fixture
def operations(documented: Documented) -> Iterator[Any]:  # noqa: F811
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_dict(documented.pointed())
        yield [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        found.trust_env = False
        yield found


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_anything_may_be_asked(
    mode: Any, operations: list[Any], owner: httpx.Client, session: requests.Session
) -> None:
    from schemathesis.specs.openapi import checks as conforms

    checks = [
        schemathesis.checks.not_a_server_error, conforms.status_code_conformance, conforms.content_type_conformance,
        conforms.response_schema_conformance,
    ]  # fmt: skip
    headers = {"Authorization": owner.headers["authorization"]}
    wrong: dict[str, str] = {}

    def ask(case: Any) -> None:
        response = case.call(base_url=str(owner.base_url), headers=headers, session=session)
        try:
            case.validate_response(response, checks=checks)
        except BaseExceptionGroup as found:
            wrong.setdefault(case.operation.label, f"{found.exceptions[0]}\n{case.as_curl_command()}"[:1500])

    # What takes something away comes last, so that the others find it.
    for operation in sorted(operations, key=lambda one: str(one.method).lower() == "delete"):
        if operation.path.endswith(STREAMS):
            continue
        asked = settings(
            max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        with suppress(Unsatisfiable):  # nothing about it can be wrong
            asked(given(operation.as_strategy(generation_mode=mode))(ask))()
    assert wrong == {}, "\n\n".join(f"{name}: {why}" for name, why in wrong.items())

"""Health, readiness and metrics (server/rim/health.py, tally.py)."""

from __future__ import annotations

import re

import httpx
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.access import Role, Scope
from contox_hooks.server.rim.tally import Tally
from tests.server.ingesting import Sender
from tests.server.rim.conftest import Running

SAMPLE = re.compile(r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"(,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+')
"""Prometheus' text format 0.0.4."""


def samples(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    assert all(SAMPLE.fullmatch(line) for line in lines), text
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_it_lives_and_is_ready(running: Running) -> None:
    client = running.client()
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json() == {"status": "ready"}


def test_without_its_store_it_lives_but_is_not_ready(running: Running) -> None:
    with running.service() as service:
        service.store._database.migrated(99)  # a newer program was here
    client = running.client()
    assert client.get("/ready").status_code == 503
    assert client.get("/health").status_code == 200


def test_what_was_asked_is_counted_by_route(running: Running, owner: httpx.Client, project_id: str) -> None:
    for _ in range(2):
        owner.get(f"/api/projects/{project_id}/hmac-secret")
    owner.get("/api/projects/nonesuch/hmac-secret")
    owner.get("/no/such/path")
    owner.request("BREW", "/api/projects")
    owner.post("/api/v2/ingest", json={})
    text = running.client().get("/metrics").text
    found = samples(text)
    route = "/api/projects/{project_id}/hmac-secret"
    assert found[f'contox_requests_total{{route="{route}",method="GET",status="200"}}'] == 2
    assert found[f'contox_requests_total{{route="{route}",method="GET",status="404"}}'] == 1
    assert found['contox_requests_total{route="elsewhere",method="GET",status="404"}'] == 1
    assert found['contox_request_seconds_bucket{le="+Inf"}'] == found["contox_request_seconds_count"] == 6
    assert found['contox_ingest_total{outcome="refused"}'] == 1
    assert found["contox_runs_waiting"] == found["contox_runs_failed"] == 0
    assert project_id not in text


def test_events_are_counted_by_what_became_of_them(running: Running, owner: httpx.Client, project_id: str) -> None:
    sender = Sender(owner, project_id)
    for body in (sender.body(), sender.body(), sender.body(signature="0" * 64)):
        owner.post("/api/v2/ingest", content=body, headers={"Content-Type": "application/json"})
    found = samples(running.client().get("/metrics").text)
    outcomes = {one: found[f'contox_ingest_total{{outcome="{one}"}}'] for one in ("accepted", "duplicate", "refused")}
    assert outcomes == {"accepted": 1, "duplicate": 1, "refused": 1}


def test_metrics_are_for_this_machine_and_for_owners(running: Running, owner: httpx.Client, project_id: str) -> None:
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    assert running.client().get("/metrics", headers=proxied).status_code == 401
    assert owner.get("/metrics", headers=proxied).status_code == 200
    member = running.client(running.person("ada", {project_id: Role.ADMIN}))
    assert member.get("/metrics", headers=proxied).status_code == 403
    bound = running.client(running.person("cy", is_owner=True, project_id=project_id))
    assert bound.get("/metrics", headers=proxied).status_code == 403
    reader = running.client(running.person("bob", is_owner=True, scopes={Scope.READ}))
    assert reader.get("/metrics", headers=proxied).status_code == 403


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9), st.floats(0, 20)), max_size=20))
def test_any_request_makes_text_that_can_be_read(asked: list[tuple[str, str, float]]) -> None:
    tally = Tally()
    for route, method, seconds in asked:
        tally.request(route=route, method=method, status=200, seconds=seconds)
    text = tally.text({})
    assert text.count("contox_request_seconds_count ") == 1
    lines = [line for line in text.split("\n") if line.startswith("contox_request_seconds_bucket")]
    counts = [float(line.rpartition(" ")[2]) for line in lines]
    assert counts == sorted(counts)
    assert counts[-1] == len(asked)

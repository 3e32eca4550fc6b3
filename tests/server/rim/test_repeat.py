"""Idempotency-Key: asked twice, done once (server/rim/repeat.py, memory/answer.py)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import Request
from starlette.responses import Response

from contox_hooks.domain.access import Role
from contox_hooks.memory.answer import BEGUN_S, LIFE_S, Answers, Kept
from contox_hooks.memory.store import Store
from contox_hooks.server.reply import reply
from tests.server.rim.conftest import Running

KEY = {"Idempotency-Key": "a-1"}


@pytest.fixture
def done(running: Running) -> list[bytes]:
    """What was really done; a route of the tests' own, for it to be counted."""
    found: list[bytes] = []

    async def do(request: Request, status: int = 200, secret: bool = False) -> Response:
        found.append(await request.body())
        return reply({"done": len(found)}, status=status, headers={"Cache-Control": "no-store"} if secret else None)

    running.add("POST", "/api/do", do)
    return found


def test_the_second_gets_the_first_ones_answer(owner: httpx.Client, running: Running, done: list[bytes]) -> None:
    first = owner.post("/api/do", json={"x": 1}, headers=KEY)
    again = owner.post("/api/do", json={"x": 1}, headers=KEY)
    assert (first.json(), again.json(), len(done)) == ({"done": 1}, {"done": 1}, 1)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-content-type-options"] == "nosniff"
    assert owner.post("/api/do", json={"x": 1}).json() == {"done": 2}
    other = running.client(running.person("ada"))
    assert other.post("/api/do", json={"x": 1}, headers=KEY).json() == {"done": 3}


def test_another_request_under_the_same_key_is_refused(owner: httpx.Client, done: list[bytes]) -> None:
    owner.post("/api/do", json={"x": 1}, headers=KEY)
    for answer in (
        owner.post("/api/do", json={"x": 2}, headers=KEY),
        owner.post("/api/do?status=201", json={"x": 1}, headers=KEY),
        owner.delete("/api/do", headers=KEY),
    ):
        assert (answer.status_code, answer.json()) == (
            409,
            {"error": "This Idempotency-Key was used for another request"},
        )
    assert len(done) == 1


def test_refusals_are_kept_failures_are_not(owner: httpx.Client, done: list[bytes]) -> None:
    for _ in range(2):
        assert owner.post("/api/do?status=404", headers=KEY).json() == {"done": 1}
    failing = {"Idempotency-Key": "a-2"}
    assert [owner.post("/api/do?status=503", headers=failing).json() for _ in range(2)] == [{"done": 2}, {"done": 3}]


def test_a_secret_is_not_kept_nor_made_twice(owner: httpx.Client, running: Running, done: list[bytes]) -> None:
    assert owner.post("/api/do?secret=1", headers=KEY).json() == {"done": 1}
    assert owner.post("/api/do?secret=1", headers=KEY).status_code == 409
    assert len(done) == 1
    with running.service() as service:
        [row] = service.store.rows("SELECT * FROM answer")
        assert (row["body"], KEY["Idempotency-Key"] in tuple(row)) == ("", False)


def test_who_was_shut_out_gets_no_answer_again(running: Running, project_id: str) -> None:
    text = running.person("ada", {project_id: Role.ADMIN})
    member, path = running.client(text), f"/api/v2/projects/{project_id}/settings"
    for _ in range(2):
        assert member.patch(path, json={"exclude": ["plans/**"]}, headers=KEY).status_code == 200
    with running.service() as service:
        person = service.access.of_text(text).person_id  # type: ignore[union-attr]
        service.access.set_member(project_id, person, Role.VIEWER)
    assert member.patch(path, json={"exclude": ["plans/**"]}, headers=KEY).status_code == 403
    with running.service() as service:
        service.access.remove_member(project_id, person)
    answer = member.patch(path, json={"exclude": ["plans/**"]}, headers=KEY)
    assert (answer.status_code, "plans" in answer.text) == (404, False)


@pytest.mark.parametrize("name", ["", "x" * 256, "a\tb", "\xe9"])
def test_a_key_that_is_none(owner: httpx.Client, done: list[bytes], name: str) -> None:
    answer = owner.post("/api/do", headers={"Idempotency-Key": name.encode("latin-1")})  # type: ignore[dict-item]
    assert (answer.status_code, done) == (400, [])


def test_without_a_good_key_the_route_decides(running: Running, owner: httpx.Client, project_id: str) -> None:
    for _ in range(2):
        assert running.client("x").post("/api/v2/ask", json={}, headers=KEY).status_code in (400, 401, 404)
    with running.service() as service:
        assert service.store.count("SELECT COUNT(*) FROM answer") == 0


def test_of_several_at_once_one_is_done(owner: httpx.Client, running: Running) -> None:
    entered, may_go = threading.Event(), threading.Event()

    def slow() -> Response:
        entered.set()
        assert may_go.wait(10)
        return reply({})

    running.add("POST", "/api/slow", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(owner.post, "/api/slow", headers=KEY)
        assert entered.wait(10)
        second = owner.post("/api/slow", headers=KEY)
        may_go.set()
        assert first.result().status_code == 200
    assert second.json() == {"error": "The first request with this Idempotency-Key is still being worked on"}
    assert second.status_code == 409
    assert owner.post("/api/slow", headers=KEY).status_code == 200


@pytest.mark.parametrize(("ended", "later"), [(True, LIFE_S), (False, BEGUN_S)])
def test_answers_are_forgotten_in_time(running: Running, owner: httpx.Client, ended: bool, later: int) -> None:
    now = [1_800_000_000.0]
    clock: Callable[[], float] = lambda: now[0]  # noqa: E731
    with running.service() as service:
        [key] = service.access.keys()
    with Store.open(running.where, clock=clock) as store:  # type: ignore[arg-type]
        answers = Answers(store)
        assert answers.begin(key.id, "x", "hash") is None
        if ended:
            answers.end(key.id, "x", Kept(201, "{}"))
            now[0] += later - 1
            assert answers.begin(key.id, "x", "hash") == Kept(201, "{}")
            now[0] += 1
        else:
            now[0] += later
        assert answers.begin(key.id, "x", "other") is None

"""How often one may ask (server/rim/limit.py)."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.server.desk import COOKIE
from contox_hooks.server.rim import limit
from contox_hooks.server.rim.limit import Window, address_of
from contox_hooks.server.site import Options
from tests.server.rim.conftest import Running

AT = 1_800_000_030.0
RESET = 1_800_000_060


@pytest.fixture
def at() -> list[float]:
    return [AT]


@pytest.fixture
def clock(at: list[float]) -> Callable[[], float]:
    return lambda: at[0]


@pytest.fixture
def options() -> Options:
    return Options(requests_a_minute=3)


def shown(answer: httpx.Response) -> tuple[str, str, str]:
    headers = answer.headers
    return headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"], headers["x-ratelimit-reset"]


def test_a_key_has_so_many_requests_a_minute(running: Running, owner: httpx.Client, at: list[float]) -> None:
    text = running.person("ada")
    other = running.client(text)
    for left in ("2", "1", "0"):
        answer = other.get("/api/orgs")
        assert (answer.status_code, shown(answer)) == (200, ("3", left, str(RESET)))
    answer = other.get("/api/orgs")
    assert answer.status_code == 429
    assert answer.json() == {"error": "Rate limit exceeded. Please retry after 30 seconds."}
    assert answer.headers["retry-after"] == "30"
    assert shown(answer) == ("3", "0", str(RESET))
    for spelled in (f"bearer {text}", f"BEARER   {text}"):
        assert running.client(Authorization=spelled).get("/api/orgs").status_code == 429, "the same key"
    assert owner.get("/api/orgs").status_code == 200
    for path in ("/health", "/ready", "/metrics"):
        assert owner.get(path).status_code == 200
    at[0] = RESET
    assert shown(other.get("/api/orgs")) == ("3", "2", str(RESET + 60))


def test_without_a_key_the_address_counts_and_a_browser_has_more(running: Running, owner: httpx.Client) -> None:
    plain, browser = running.client(), running.client()
    with running.service() as service:
        [key] = service.access.keys()
        browser.cookies.set(COOKIE, service.access.create_ticket(key.id, "cookie", life_s=60))
    assert browser.get("/api/orgs").status_code == 200
    assert [plain.get("/api/x").status_code for _ in range(3)] == [404, 404, 429]
    assert shown(browser.get("/api/x"))[:2] == ("30", "28")


def test_keys_that_nobody_has_are_one_address(running: Running) -> None:
    told = [running.client(f"random {number}").get("/api/nonesuch").status_code for number in range(4)]
    assert told == [404, 404, 404, 429]


def test_wrong_keys_are_soon_not_listened_to_but_good_ones_are(
    running: Running, owner: httpx.Client, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "FAILURES", 1)  # sooner than its address has asked too often
    secret = f"/api/projects/{project_id}/hmac-secret"
    assert owner.get(secret).status_code == 200
    late = running.client(running.person("ada", is_owner=True))
    assert running.client("a guess").get(secret).status_code == 401
    assert running.client("one more").get(secret).status_code == 429
    assert late.get(secret).status_code == 429, "a guess could be right"
    assert owner.get(secret).status_code == 200


def test_memory_is_bounded_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit, "MOST", 3)
    window = Window()
    assert [window.add(name, AT) for name in "aabcd"] == [1, 2, 1, 1, 1]
    assert [window.count(name, AT) for name in "abcd"] == [0, 1, 1, 1]
    assert window.count("b", AT + 60) == 0


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::/64"), ("a socket", "a socket"),
    ],
)  # fmt: skip
def test_an_address_is_what_one_household_has(host: str, address: str) -> None:
    assert address_of({"client": (host, 1)}) == address
    assert address_of({"client": None}) == ""


@given(st.binary(max_size=80))
def test_any_cookie_is_read(value: bytes) -> None:
    limit.holder_of({"headers": [(b"cookie", COOKIE.encode() + b"=" + value)]})

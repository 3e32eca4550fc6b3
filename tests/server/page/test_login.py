"""Signing in and out (server/page/login.py), and who is kept outside."""

from __future__ import annotations

import httpx
import pytest

from contox_hooks.domain.access import Scope
from contox_hooks.server.desk import COOKIE
from contox_hooks.server.page.login import HOME, ours
from contox_hooks.server.site import Options
from tests.server.conftest import Running
from tests.server.page.conftest import Enter
from tests.server.page.reading import read


def ticket(running: Running, key: str, *, life_s: int = 60) -> str:
    with running.service() as service:
        found = service.access.of_text(key)
        assert found is not None
        return service.access.create_ticket(found.id, "login", life_s=life_s)


def cookie_of(answer: httpx.Response) -> list[str]:
    [text] = [text for text in answer.headers.get_list("set-cookie") if text.startswith(f"{COOKIE}=")]
    return [part.strip().lower() for part in text.split(";")[1:]]


def test_a_key_opens_the_dashboard_and_stands_in_no_answer(running: Running) -> None:
    key = running.person("owner", is_owner=True)
    client = running.client(Origin=running.url)
    assert client.get("/").headers["location"] == HOME
    answer = client.get("/dashboard/sessions?status=failed")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/login?next=%2Fdashboard%2Fsessions%3Fstatus%3Dfailed",
    )
    form = read(client.get(answer.headers["location"]))
    assert form.one("input", name="next").attributes["value"] == "/dashboard/sessions?status=failed"
    assert form.one("input", name="key").attributes["type"] == "password"
    answer = client.post("/login", data={"key": f" {key} ", "next": "/dashboard/sessions?status=failed"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/sessions?status=failed")
    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= set(cookie_of(answer))
    assert "secure" not in cookie_of(answer)
    page = client.get(answer.headers["location"])
    assert page.status_code == 200
    assert key not in page.text
    with running.service() as service:
        assert service.store.row("SELECT COUNT(*) FROM ticket WHERE hash = :text", text=client.cookies[COOKIE])[0] == 0  # type: ignore[index]


class TestWithTLS:
    @pytest.fixture
    def options(self) -> Options:
        return Options(requests_a_minute=0, base_url="https://memory.example.org")

    def test_the_cookie_goes_over_tls_only(self, running: Running) -> None:
        client = running.client(Origin=running.url)
        assert "secure" in cookie_of(client.post("/login", data={"key": running.person("owner", is_owner=True)}))


@pytest.mark.parametrize("key", ["", "wrong", "contox_sk_" + "x" * 43, "\u202e"])
def test_a_wrong_key_gives_no_cookie(running: Running, key: str) -> None:
    client = running.client(Origin=running.url)
    answer = client.post("/login", data={"key": key})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "This key opens nothing" in answer.text


def test_a_link_is_used_up_by_the_button_and_not_by_a_look(running: Running) -> None:
    text = ticket(running, running.person("owner", is_owner=True))
    client = running.client(Origin=running.url)
    for _ in range(3):  # previews of chats, a reader's second look
        form = read(client.get("/login", params={"token": text}))
        assert form.one("input", name="token").attributes["value"] == text
    assert client.post("/login", data={"token": text}).status_code == 303
    assert client.get(HOME).status_code == 200
    assert client.get("/login", params={"token": text}).headers["location"] == HOME  # opened once more: signed in
    other = running.client(Origin=running.url)
    answer = other.post("/login", data={"token": text})
    assert (answer.status_code, "used before" in answer.text) == (401, True)
    assert COOKIE not in other.cookies


def test_a_link_grows_old(running: Running) -> None:
    client = running.client(Origin=running.url)
    old = ticket(running, running.person("owner", is_owner=True), life_s=-1)
    assert client.post("/login", data={"token": old}).status_code == 401


def test_signing_out_ends_the_cookie_for_whoever_kept_it(browser: httpx.Client, running: Running) -> None:
    kept = browser.cookies[COOKIE]
    answer = browser.post("/logout")
    assert answer.headers["location"] == "/login"
    assert COOKIE not in browser.cookies
    assert "You are signed out" in browser.get("/login").text
    assert "You are signed out" not in browser.get("/login").text
    thief = running.client(Cookie=f"{COOKIE}={kept}")
    assert thief.get(HOME).status_code == 303


def test_a_revoked_key_ends_its_cookies(browser: httpx.Client, running: Running) -> None:
    with running.service() as service:
        [key] = service.access.keys()
        service.access.revoke(key.id)
    assert browser.get(HOME).headers["location"].startswith("/login?")


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_another_site_signs_nobody_in_or_out(running: Running, origin: str | None, path: str) -> None:
    client = running.client(**({} if origin is None else {"Origin": origin}))
    answer = client.post(path, data={"key": running.person("owner", is_owner=True)})
    assert answer.status_code == 403
    assert "another site" in read(answer).one("main").text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("to", "leads"),
    [
        ("/dashboard/memory?project=x", "/dashboard/memory?project=x"),
        ("//evil.example", HOME), ("/\\evil.example", HOME), ("https://evil.example", HOME), ("", HOME),
        ("javascript:alert(1)", HOME), ("/a\r\nSet-Cookie: x", HOME), ("/\tx", HOME), ("dashboard", HOME),
    ],
)  # fmt: skip
def test_signing_in_leads_to_our_own_pages_only(to: str, leads: str) -> None:
    assert ours(to) == leads


def test_who_may_not_read_is_told_so_on_a_page(running: Running, enter: Enter) -> None:
    client = enter(running.person("robot", is_owner=True, scopes={Scope.INGEST}))
    answer = client.get("/dashboard/sessions")
    assert answer.status_code == 403
    assert read(answer).one("h1").text == "Not allowed"
    assert read(answer).actions == {"/logout"}  # else this key would stay for a month


def test_pages_answer_in_html_and_the_api_in_json(browser: httpx.Client) -> None:
    for path in ("/dashboard/nonesuch", "/dashboard/sessions/nonesuch", "/dashboard/sessions/%00"):
        answer = browser.get(path)
        assert answer.status_code in (400, 404)
        read(answer)
    assert browser.get("/api/v2/sessions/nonesuch").json() == {"error": "Session not found"}
    assert browser.get("/api/nonesuch").json() == {"error": "Not found"}
    assert browser.get("/asset/0/nonesuch.js").json() == {"error": "File not found"}


def test_a_part_of_a_page_asks_for_the_whole_one_when_nobody_is_signed_in_any_more(running: Running) -> None:
    answer = running.client().get(HOME, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (401, "true")

"""What every page has: headers, a frame, files that may be kept (server/page/{render,asset,frame}.py)."""

from __future__ import annotations

import base64
import re

import httpx
import pytest

from contox_hooks.domain.access import Role
from contox_hooks.domain.visible import visible
from contox_hooks.server.page import flash
from contox_hooks.server.page.asset import FOLDER, asset_url, assets
from contox_hooks.server.page.frame import SECTIONS
from contox_hooks.server.page.render import iso
from tests.server.conftest import Running
from tests.server.page.conftest import Enter
from tests.server.page.reading import Reading, read


def test_nothing_of_a_page_runs_but_our_own_files(running: Running, browser: httpx.Client, project_id: str) -> None:
    for path in ("/dashboard/sessions", f"/dashboard/sessions?project={project_id}", "/dashboard/nonesuch"):
        answer = browser.get(path, follow_redirects=True)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(
            policy.split("; ")
        )
        assert answer.headers["cache-control"] == "no-store"
        assert is_quiet(read(answer))
    assert is_quiet(read(running.client().get("/login?token=%22%3E%3Cscript%3E&next=/%22%3E")))


@pytest.mark.parametrize(
    "value", [b"5", b"null", b"[1, 2, 3]", b'{"a": 1, "b": 2}', b'[[1], "x"]', b"[" * 1400, b"\xff"]
)
def test_any_cookie_is_read(running: Running, value: bytes) -> None:
    cookie = f"{flash.COOKIE}={base64.urlsafe_b64encode(value).decode()}"
    assert running.client().get("/login", headers={"Cookie": cookie}).status_code == 200


def is_quiet(page: Reading) -> bool:
    """No script, style or handler of its own, and nothing from elsewhere."""
    for element in page.elements:
        assert element.tag != "style"
        assert not (element.tag == "script" and (element.text.strip() or "src" not in element.attributes))
        for name, value in element.attributes.items():
            assert not name.startswith(("on", "hx-on")), name
            assert name != "style"
            if name in ("src", "href", "action", "hx-get"):
                assert value.startswith(("/", "#")), value
                assert not value.startswith("//"), value
    return True


def test_files_may_be_kept_for_ever_since_their_address_names_their_content(running: Running) -> None:
    client = running.client()  # also before signing in
    for name in assets():
        answer = client.get(asset_url(name))
        assert answer.status_code == 200
        assert answer.content == (FOLDER / name).read_bytes()
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/asset/0123456789abcdef/style.css").status_code == 404
    assert client.get("/asset/..%2f..%2fapp.py/style.css").status_code == 404


def test_vendored_files_have_their_licence_beside_them() -> None:
    licences = {path.name.partition("-")[0] for path in (FOLDER / "license").iterdir()}
    vendored = {name.partition(".")[0] for name in assets() if ".min." in name}
    assert vendored == licences


def test_the_navigation_leads_to_every_section_and_says_which_is_open(browser: httpx.Client, project_id: str) -> None:
    page = read(browser.get("/dashboard/sessions", params={"project": project_id}))
    links = [link.attributes["href"] for link in page.all("a")]
    assert {f"/dashboard/{section}?project={project_id}" for section in SECTIONS} <= set(links)
    [here] = page.all("a", **{"aria-current": "page"})
    assert here.text == "Sessions"


def test_the_project_switch_shows_what_one_may_see(running: Running, enter: Enter, project_id: str) -> None:
    running.project("secret <plans>")
    client = enter(running.person("ada", {project_id: Role.VIEWER}))
    answer = client.get("/dashboard/sessions")
    assert "secret" not in answer.text
    links = read(answer).one("details", id="project-switch").children[1].children
    assert len(links) == 2  # all, and the one


def test_any_time_can_be_shown() -> None:
    assert [iso(at) for at in (-(2**62), 0, 2**62)] == [
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nother é 你好 👩‍👩‍👧", "plain\ttext\nother é 你好 👩‍👩‍👧"),
        ("a\u202eb\u2066c\u200fd", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200F⟩d"),
        ("a\x00b\x1b[31mc\x7fd\x9be", "a⟨U+0000⟩b⟨U+001B⟩[31mc⟨U+007F⟩d⟨U+009B⟩e"),
        ("one\r\ntwo\rthree", "one\ntwo⟨U+000D⟩three"),
        ("half \ud83d of it", "half ⟨U+D83D⟩ of it"),
        ("tag\U000e0041 bom\ufeff soft\u00adhyphen zero\u200bwidth", "tag⟨U+E0041⟩ bom⟨U+FEFF⟩ soft⟨U+00AD⟩hyphen zero⟨U+200B⟩width"),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_is_named(text: str, shown: str) -> None:
    assert visible(text) == shown
    visible(text).encode()


def test_our_own_files_hold_nothing_unseen() -> None:
    templates = FOLDER.with_name("template").glob("*.html")
    for path in [*templates, *FOLDER.glob("app.js"), *FOLDER.glob("style.css")]:
        text = path.read_text()
        assert visible(text) == text, path
        assert not re.search(r"\|\s*safe\b|autoescape", text), path

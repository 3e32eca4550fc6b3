"""The page that points clients at this server, and the link that sets up an editor (CONTRACT.md section 8)."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from contox_hooks.cli.connect_link import Asked, parse_link
from contox_hooks.domain.access import Role, Scope
from contox_hooks.server.page.connect import EDITORS
from tests.server.conftest import Running
from tests.server.page.browsing import Visitor, visitor


@pytest.fixture
def writer(running: Running, project_id: str) -> Visitor:
    return visitor(running, running.person("wu", {project_id: Role.WRITER}))


def link_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r'id="editor-link" href="([^"]+)"', answer.text)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize("editor", EDITORS)
def test_the_link_holds_a_key_that_does_what_an_editor_does(
    running: Running, writer: Visitor, project_id: str, editor: str
) -> None:
    link = link_of(writer.post(f"/dashboard/projects/{project_id}/keys/editor", editor=editor))
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.path) == (editor, "contox.contox-vscode", "/setup")
    values = {name: value for name, [value] in parse_qs(parts.query).items()}
    assert (values["projectId"], values["projectName"]) == (project_id, "demo")
    assert parse_link(link) == Asked("setup", values["token"], values["teamId"], project_id), "open-url takes it too"
    client = running.client(values["token"])
    [team] = client.get("/api/orgs").json()["orgs"]
    assert team["id"] == values["teamId"]
    assert client.get(f"/api/projects/{project_id}/hmac-secret").is_success
    assert client.post("/api/v2/sessions", json={"projectId": project_id, "source": editor}).is_success
    with running.service() as service:
        made = [key for key in service.access.keys(project_id=project_id) if key.name == EDITORS[editor]]
    assert [set(key.scopes) for key in made] == [{Scope.READ, Scope.INGEST}]
    assert values["token"] not in writer.get(f"/dashboard/projects/{project_id}/connect").text


def test_who_may_not_send_makes_no_link(running: Running, project_id: str) -> None:
    for person in (
        running.person("vi", {project_id: Role.VIEWER}),
        running.person("in", {project_id: Role.WRITER}, scopes={Scope.READ, Scope.INGEST}),
    ):
        visiting = visitor(running, person)
        assert "/keys/editor" not in visiting.get(f"/dashboard/projects/{project_id}/connect").text
        assert visiting.post(f"/dashboard/projects/{project_id}/keys/editor").status_code == 403
    with running.service() as service:
        assert len(service.access.keys()) == 2
    stranger = visitor(running, running.person("eve"))
    assert stranger.post(f"/dashboard/projects/{project_id}/keys/editor").status_code == 404


def test_the_path_that_the_extension_opens_leads_to_it(running: Running, writer: Visitor, project_id: str) -> None:
    for base in (running.url, f"{running.url}/"):
        asked = httpx.get(f"{base}/dashboard/cli", trust_env=False)
        assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=%2Fdashboard%2Fcli")
    assert writer.get("/dashboard/cli").headers["location"] == f"/dashboard/projects/{project_id}/connect"
    with running.service() as service:
        person = next(one.id for one in service.access.people() if one.name == "wu")
        service.access.set_member(running.project("other"), person, Role.VIEWER)
    assert writer.get("/dashboard/cli").headers["location"] == "/dashboard/projects"

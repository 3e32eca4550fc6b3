"""How clients are pointed at this server: what to set and to type, ready to copy; and a link that sets up an editor.

Invariant: no key and no secret is here but the new key in a link that was just asked for, on the answer to its form
(as in access.py).
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from contox_hooks.domain.access import Right, Scope
from contox_hooks.memory.project import Project
from contox_hooks.server.api import key as key_api
from contox_hooks.server.api.declared import Id
from contox_hooks.server.desk import AtDesk, Desk, visible_projects
from contox_hooks.server.page.doing import told_by
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.project import PATH
from contox_hooks.server.page.render import page
from contox_hooks.server.page.setting import tabs

router = APIRouter(include_in_schema=False)

KEY, SECRET = "YOUR_KEY", "YOUR_SECRET"

EDITORS: Final = {"vscode": "VS Code", "cursor": "Cursor", "windsurf": "Windsurf", "antigravity": "Antigravity"}
"""By the scheme of their links (CONTRACT.md section 8)."""
EXTENSION: Final = "contox.contox-vscode"


@dataclass(frozen=True, slots=True)
class Way:
    client: str
    steps: tuple[tuple[str, str], ...]
    """What to do, and the text for it."""


class Wanted(BaseModel):
    editor: Literal["vscode", "cursor", "windsurf", "antigravity"] = "vscode"


@router.get("/dashboard/cli")
def where(desk: AtDesk) -> Response:
    """The extension's `Setup from Dashboard` opens this path: on to the page below, of the project if there is one."""
    with desk.account(Scope.READ) as (service, key):
        found = visible_projects(service, key)
    return RedirectResponse(f"{PATH}/{found[0].id}/connect" if len(found) == 1 else PATH, status_code=303)


@router.get(PATH + "/{project_id}/connect")
def connect(desk: AtDesk, request: Request, project_id: Id) -> Response:
    return _page(desk, request, project_id)


@router.post(PATH + "/{project_id}/keys/editor")
def set_up(desk: AtDesk, request: Request, project_id: Id, form: Annotated[Wanted, Form()]) -> Response:
    with desk.project(project_id, Right.CONTRIBUTE) as visit:
        team_id, project = visit.service.access.team().id, visit.project
    new = key_api.NewKey(name=EDITORS[form.editor], scopes=[Scope.INGEST, Scope.READ], projectId=project_id)
    made = told_by(key_api.create(desk, new))
    return _page(
        desk, request, project_id, link=(EDITORS[form.editor], link(form.editor, made["key"], team_id, project))
    )


def link(scheme: str, key: str, team_id: str, project: Project) -> str:
    asked = {"token": key, "teamId": team_id, "projectId": project.id, "projectName": project.name}
    return f"{scheme}://{EXTENSION}/setup?{urlencode(asked, quote_via=quote)}"


def _page(desk: Desk, request: Request, project_id: str, *, link: tuple[str, str] | None = None) -> Response:
    """`link`: the editor's name and what sets it up."""
    with desk.project(project_id, Right.READ) as visit:
        team_id, url = visit.service.access.team().id, desk.site.options.base_url
        return page(
            request, "connect.html", Frame.of(visit, "projects"), project=visit.project, tabs=tabs(visit, "connect"),
            facts=[("Server", url), ("Team", team_id), ("Project", project_id)], ways=ways(url, team_id, visit.project),
            base=f"{PATH}/{project_id}", editors=EDITORS, link=link, settings=_json({"contox.apiUrl": url}),
            may_make=Scope.ADMIN in visit.key.scopes and visit.allows(Right.CONTRIBUTE),
        )  # fmt: skip


def ways(url: str, team_id: str, project: Project) -> list[Way]:
    """Of contox-hooks, and of Contox's own clients (CONTRACT.md sections 8 and 9)."""
    plain = " --plain-http" if needs_plain_http(url) else ""
    command = f"contox-hooks connect --url {shlex.quote(url)} --team {team_id} --project {project.id}{plain}"
    environment = {
        "CONTOX_API_KEY": KEY, "CONTOX_API_URL": url, "CONTOX_TEAM_ID": team_id, "CONTOX_PROJECT_ID": project.id,
        "CONTOX_HMAC_SECRET": SECRET,
    }  # fmt: skip
    file = {"teamId": team_id, "projectId": project.id, "projectName": project.name}
    login = f"contox login --key {KEY} --url {shlex.quote(url)}\ncontox init --team {team_id} --project {project.id}"
    return [
        Way("contox-hooks", (("In the repository; the key is asked for", command),)),
        Way(
            "Contox for VS Code, Cursor, Windsurf",
            (
                ("In the editor's settings", _json({"contox.apiUrl": url})),
                ("In the repository, as .contox.json; then Contox: Setup, I Have a Key", _json(file)),
            ),
        ),
        Way("Contox CLI", (("In the repository", login),)),
        Way("Contox MCP server", (("Its environment", _json(environment)),)),
    ]


def needs_plain_http(url: str) -> bool:
    """Another machine is asked without TLS only where somebody says so."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)

"""How clients are pointed at this server: what to set and to type, ready to copy. Holds no key and no secret."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from contox_hooks.domain.access import Right
from contox_hooks.memory.project import Project
from contox_hooks.server.api.declared import Id
from contox_hooks.server.desk import AtDesk
from contox_hooks.server.page.frame import Frame
from contox_hooks.server.page.project import PATH
from contox_hooks.server.page.render import page
from contox_hooks.server.page.setting import tabs

router = APIRouter(include_in_schema=False)

KEY, SECRET = "YOUR_KEY", "YOUR_SECRET"


@dataclass(frozen=True, slots=True)
class Way:
    client: str
    steps: tuple[tuple[str, str], ...]
    """What to do, and the text for it."""


@router.get(PATH + "/{project_id}/connect")
def connect(desk: AtDesk, request: Request, project_id: Id) -> Response:
    with desk.project(project_id, Right.READ) as visit:
        team_id, url = visit.service.access.team().id, desk.site.options.base_url
        return page(
            request, "connect.html", Frame.of(visit, "projects"), project=visit.project, tabs=tabs(visit, "connect"),
            facts=[("Server", url), ("Team", team_id), ("Project", project_id)], ways=ways(url, team_id, visit.project),
            base=f"{PATH}/{project_id}",
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

"""`contox-hooks projects`: what a server keeps memory of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Database, Json

if TYPE_CHECKING:
    from contox_hooks.memory.project import Project
    from contox_hooks.memory.service import Service

app = typer.Typer(add_completion=False, help="Projects of a server. Without a command: list them.")

Which = Annotated[str, typer.Argument(metavar="PROJECT", help="Name, or the first characters of its id.")]
Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.callback(invoke_without_command=True)
def command(context: typer.Context, database: Database = None, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(database, json)


@app.command("list")
def list_(database: Database = None, json: Json = False) -> None:
    """All projects of the store, those that `init` made too.

    JSON: projects [{id, name, description, visibility, status, remote, created_at, clones [path]}].
    """
    from contox_hooks.cli.render import emit_json, moment, say, short_ids, table
    from contox_hooks.cli.served import service_of

    with service_of(database) as service:
        projects = [project_object(service, project) for project in service.projects.all()]
    if json:
        emit_json({"projects": projects})
        return
    if not projects:
        say("no projects yet: contox-hooks init in a repository, or contox-hooks projects create NAME")
        return
    ids = short_ids(one["id"] for one in projects)
    table(
        ("id", "name", "visibility", "status", "repository", "since"),
        [
            (
                ids[one["id"]], one["name"], one["visibility"], one["status"], one["remote"] or "",
                moment(one["created_at"]),
            )
            for one in projects
        ],
    )  # fmt: skip


@app.command()
def create(
    name: Name,
    description: Annotated[str | None, typer.Option()] = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """A project for clients elsewhere; a repository on this machine gets its own with `init`.

    JSON: what `list` gives of one.
    """
    from contox_hooks.cli.served import service_of

    with service_of(database) as service:
        project = service.projects.create(name, description=description)
        _tell(project_object(service, project), json, f"✓ {project.name} is project {project.id}")


@app.command()
def show(project: Which, database: Database = None, json: Json = False) -> None:
    """One project, with how much is in it.

    JSON: what `list` gives of one, and sessions, events, items {status: number}.
    """
    from contox_hooks.cli.render import clean, emit_json, moment, say
    from contox_hooks.cli.served import project_named, service_of

    with service_of(database) as service:
        found = project_named(service, project)
        status = service.status(found.id)
        told = {
            **project_object(service, found),
            "sessions": status.sessions, "events": status.events, "items": dict(status.items),
        }  # fmt: skip
    if json:
        emit_json(told)
        return
    for name, value in told.items():
        if isinstance(value, dict):
            value = ", ".join(f"{number:,} {label}" for label, number in value.items())
        elif isinstance(value, list):
            value = ", ".join(str(path) for path in value)
        elif name == "created_at":
            value = moment(value)
        say(f"{name:12} {clean('' if value is None else str(value))}")


@app.command()
def rename(project: Which, name: Name, database: Database = None, json: Json = False) -> None:
    """Another name; clients go by the id.

    JSON: what `list` gives of one.
    """
    from contox_hooks.cli.served import project_named, service_of

    with service_of(database) as service:
        found = service.projects.rename(project_named(service, project).id, name)
        _tell(project_object(service, found), json, f"✓ project {found.id} is {found.name} now")


@app.command()
def link(
    project: Which,
    path: Annotated[Path, typer.Argument(help="A clone on the server's machine.")],
    database: Database = None,
    json: Json = False,
) -> None:
    """Let deep enrichment read files of a clone: only its commits and files, never its work tree.

    JSON: what `list` gives of one.
    """
    from contox_hooks.cli.served import project_named, service_of
    from contox_hooks.clone import link as link_clone

    with service_of(database) as service:
        found = project_named(service, project)
        common_dir = link_clone(service.projects, found, str(path.absolute()))
        _tell(project_object(service, found), json, f"✓ {found.name} is read deeply from {common_dir}")


@app.command()
def secret(
    project: Which,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="A new one; what is signed with the old one is refused.")
    ] = False,
    database: Database = None,
    json: Json = False,
) -> None:
    """The secret that clients sign a project's events with.

    JSON: project_id, hmac_secret.
    """
    from contox_hooks.cli.render import emit_json, say
    from contox_hooks.cli.served import project_named, service_of

    with service_of(database) as service:
        found = project_named(service, project)
        text = service.access.rotate_secret(found.id) if rotate else service.access.ensure_secret(found.id)
    if json:
        emit_json({"project_id": found.id, "hmac_secret": text})
    else:
        say(text)


def project_object(service: Service, project: Project) -> dict[str, Any]:
    return {
        "id": project.id, "name": project.name, "description": project.description, "visibility": project.visibility,
        "status": project.status, "remote": project.remote, "created_at": project.created_at,
        "clones": [str(path) for path in service.projects.clones(project.id)],
    }  # fmt: skip


def _tell(told: dict[str, Any], json: bool, line: str) -> None:
    from contox_hooks.cli.render import clean, emit_json, say

    if json:
        emit_json(told)
    else:
        say(clean(line))

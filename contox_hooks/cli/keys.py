"""`contox-hooks keys`: what lets clients into a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Database, Json
from contox_hooks.domain.access import Scope

if TYPE_CHECKING:
    from contox_hooks.memory.access import Key
    from contox_hooks.memory.service import Service

app = typer.Typer(add_completion=False, help="API keys of a server. Without a command: list them.")


@app.callback(invoke_without_command=True)
def command(context: typer.Context, database: Database = None, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(database, json)


@app.command("list")
def list_(database: Database = None, json: Json = False) -> None:
    """All keys, revoked ones too, oldest first.

    JSON: keys [{id, name, prefix, person, project_id or null for all of the person's, scopes, created_at, last_used_at,
    revoked_at}]. Times are seconds since the epoch or null.
    """
    from contox_hooks.cli.render import emit_json, moment, say, short_ids, table
    from contox_hooks.cli.served import service_of

    with service_of(database) as service:
        keys = service.access.keys()
        projects = {project.id: project.name for project in service.projects.all()}
    if json:
        emit_json({"keys": [key_object(key) for key in keys]})
        return
    if not keys:
        say("no keys yet: contox-hooks serve makes the first")
        return
    ids = short_ids(key.id for key in keys)
    table(
        ("id", "key", "name", "person", "project", "scopes", "made", "last used", "revoked"),
        [
            (
                ids[key.id], f"{key.prefix}…", key.name, key.person_name,
                "all" if key.project_id is None else projects.get(key.project_id, key.project_id),
                " ".join(sorted(key.scopes)), moment(key.created_at),
                "" if key.last_used_at is None else moment(key.last_used_at),
                "" if key.revoked_at is None else moment(key.revoked_at),
            )
            for key in keys
        ],
    )  # fmt: skip


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="For you to recognise it by.")],
    person: Annotated[str | None, typer.Option(help="Whose it is; without one, the owner's.")] = None,
    project: Annotated[
        str | None, typer.Option(help="The one project that it opens; without one, all of theirs.")
    ] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; may be repeated. Without one: all.")
    ] = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Make a key and show it, once.

    JSON: what `list` gives of one, and key: its text.
    """
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.cli.served import project_named, service_of

    with service_of(database) as service:
        project_id = None if project is None else project_named(service, project).id
        key, text = service.access.create_key(
            _person_id(service, person), name, scopes=set(scope or Scope), project_id=project_id
        )
    if json:
        emit_json({**key_object(key), "key": text})
        return
    say(text)
    say(f"  {clean(key.person_name)}'s, {' '.join(sorted(key.scopes))}; shown this once")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, name, or what `list` shows of it.")],
    database: Database = None,
    json: Json = False,
) -> None:
    """It opens nothing from now on, nor does a browser that it let in.

    JSON: id, already_revoked.
    """
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.cli.served import key_named, service_of

    with service_of(database) as service:
        found = key_named(service, key)
        is_new = service.access.revoke(found.id)
    if json:
        emit_json({"id": found.id, "already_revoked": not is_new})
    else:
        say(f"✓ {clean(found.name)} ({found.prefix}…) {'opens nothing any more' if is_new else 'was revoked before'}")


def _person_id(service: Service, named: str | None) -> str:
    """Raises NotFound. The owner is made where nobody is there yet, as `serve` would."""
    from contox_hooks.cli.served import person_named
    from contox_hooks.domain.error import NotFound
    from contox_hooks.memory.access import OWNER

    if named is not None:
        return person_named(service, named).id
    owners = [person for person in service.access.people() if person.is_owner]
    if owners:
        return owners[0].id
    if service.access.people():
        raise NotFound("there is no owner", hint="--person NAME")
    return service.access.add_person(OWNER, is_owner=True).id


def key_object(key: Key) -> dict[str, Any]:
    return {
        "id": key.id, "name": key.name, "prefix": key.prefix, "person": key.person_name, "project_id": key.project_id,
        "scopes": sorted(key.scopes), "created_at": key.created_at, "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }  # fmt: skip

"""`contox-hooks team`: the people of a server, and what each may do in which project."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from contox_hooks.cli.option import Database, Json
from contox_hooks.domain.access import Role

app = typer.Typer(add_completion=False, help="People of a server. Without a command: list them.")

Who = Annotated[str, typer.Argument(metavar="PERSON", help="Name or id.")]
Where = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id.")]


@app.callback(invoke_without_command=True)
def command(context: typer.Context, database: Database = None, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_(database, json)


@app.command("list")
def list_(database: Database = None, json: Json = False) -> None:
    """Everybody, with their roles; an owner is admin of every project.

    JSON: people [{id, name, is_owner, created_at, projects [{id, name, role}]}].
    """
    from contox_hooks.cli.render import emit_json, moment, say, short_ids, table
    from contox_hooks.cli.served import service_of

    with service_of(database) as service:
        names = {project.id: project.name for project in service.projects.all()}
        people: list[dict[str, Any]] = [
            {
                "id": person.id, "name": person.name, "is_owner": person.is_owner, "created_at": person.created_at,
                "projects": [
                    {"id": project_id, "name": names[project_id], "role": str(role)}
                    for project_id, role in service.access.roles(person.id).items()
                ],
            }
            for person in service.access.people()
        ]  # fmt: skip
    if json:
        emit_json({"people": people})
        return
    if not people:
        say("nobody yet: contox-hooks serve makes the owner")
        return
    ids = short_ids(person["id"] for person in people)
    rows = []
    for one in people:
        roles = ", ".join(f"{project['name']}: {project['role']}" for project in one["projects"])
        rows.append(
            (ids[one["id"]], one["name"], "owner of all" if one["is_owner"] else roles, moment(one["created_at"]))
        )
    table(("id", "name", "role", "since"), rows)


@app.command()
def add(
    name: Annotated[str, typer.Argument()],
    owner: Annotated[bool, typer.Option("--owner", help="Admin of every project, and of people and keys.")] = False,
    database: Database = None,
    json: Json = False,
) -> None:
    """A new person; without --owner they see nothing until they have a role, and come in with a key.

    JSON: id, name, is_owner.
    """
    from contox_hooks.cli.render import clean, emit_json, say, shell_word
    from contox_hooks.cli.served import service_of

    with service_of(database) as service:
        person = service.access.add_person(name, is_owner=owner)
    if json:
        emit_json({"id": person.id, "name": person.name, "is_owner": person.is_owner})
        return
    say(f"✓ {clean(person.name)} is there")
    word = shell_word(person.name)
    if not owner:
        say(f"  → contox-hooks team role {word} PROJECT {Role.EDITOR}")
    say(f"  → contox-hooks keys create NAME --person {word}")


@app.command()
def remove(person: Who, database: Database = None, json: Json = False) -> None:
    """They leave the server, with their keys and roles; what they did stays.

    JSON: id, name.
    """
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.cli.served import person_named, service_of

    with service_of(database) as service:
        found = person_named(service, person)
        service.access.remove_person(found.id)
    if json:
        emit_json({"id": found.id, "name": found.name})
    else:
        say(f"✓ {clean(found.name)} is gone, with keys and roles")


@app.command()
def role(
    person: Who,
    project: Where,
    role: Annotated[Role, typer.Argument(help="What they may do there.")],
    database: Database = None,
    json: Json = False,
) -> None:
    """Give a person a role in a project: viewer reads, writer adds, editor curates, admin decides.

    JSON: person_id, project_id, role.
    """
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.cli.served import person_named, project_named, service_of

    with service_of(database) as service:
        who, where = person_named(service, person), project_named(service, project)
        service.access.set_member(where.id, who.id, role)
    if json:
        emit_json({"person_id": who.id, "project_id": where.id, "role": str(role)})
    else:
        say(f"✓ {clean(who.name)} is {role} of {clean(where.name)}")


@app.command()
def leave(person: Who, project: Where, database: Database = None, json: Json = False) -> None:
    """Take a person's role in a project away.

    JSON: person_id, project_id, was_member.
    """
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.cli.served import person_named, project_named, service_of

    with service_of(database) as service:
        who, where = person_named(service, person), project_named(service, project)
        was_member = service.access.remove_member(where.id, who.id)
    if json:
        emit_json({"person_id": who.id, "project_id": where.id, "was_member": was_member})
    else:
        say(f"✓ {clean(who.name)} {'has no role' if was_member else 'had no role'} in {clean(where.name)}")

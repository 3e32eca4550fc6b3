"""`contox-hooks review`: items that later commits may have made false, and what is decided about them."""

from __future__ import annotations

from typing import Annotated

import typer

from contox_hooks.cli.context import opened
from contox_hooks.cli.item import item_object
from contox_hooks.cli.option import Json, Limit
from contox_hooks.cli.pick import looked
from contox_hooks.cli.render import clean, cut, emit_json, say, short_id, styled
from contox_hooks.domain.error import Refused
from contox_hooks.domain.item import ItemStatus

app = typer.Typer(
    help="Items that later commits may have made false. Without a command: list them.", add_completion=False
)

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Items; the first characters do.")]


@app.callback(invoke_without_command=True)
def command(context: typer.Context, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        _list(50, json)


@app.command("list")
def _listed(limit: Limit = 50, json: Json = False) -> None:
    """Items in review, each with the commit and the path that put it there.

    JSON: items, a list of objects as `memory` has them; total.
    """
    _list(limit, json)


@app.command()
def approve(ids: Ids, json: Json = False) -> None:
    """It still holds: active again.

    JSON: changed, a list of id, title, was, status. So for deprecate and archive.
    """
    _decide(ids, "active", json)


@app.command()
def deprecate(ids: Ids, json: Json = False) -> None:
    """It is not true any more: kept, but neither found nor briefed.

    JSON: changed, a list of id, title, was, status.
    """
    _decide(ids, "deprecated", json)


@app.command()
def archive(ids: Ids, json: Json = False) -> None:
    """True or not, it is not worth knowing: kept, but neither found nor briefed.

    JSON: changed, a list of id, title, was, status.
    """
    _decide(ids, "archived", json)


def _list(limit: int, json: bool) -> None:
    here = looked(told=not json)
    items, project_id = here.parts.service.items, here.parts.project.id
    found = items.page(project_id, status="review", limit=limit)
    total = items.count(project_id, status="review")
    if json:
        emit_json({"items": [item_object(item) for item in found], "total": total})
        return
    if not found:
        say("nothing to review")
        return
    ids = [item.id for item in found]
    for item in found:
        say(f"{short_id(item.id, ids)}  {styled(cut(clean(item.title), 100), 'bold')}  {styled(item.type, 'dim')}")
        say(f"  {clean(item.status_reason or 'no reason was given')}")
    more = f"{total - len(found):,} more; " if total > len(found) else ""
    say(f"{more}decide: contox-hooks review approve|deprecate|archive ID")


def _decide(ids: list[str], status: ItemStatus, json: bool) -> None:
    here = opened(drain=False)
    items, project_id = here.parts.service.items, here.parts.project.id
    found = [items.find(project_id, prefix) for prefix in ids]  # all or none: a wrong id changes nothing
    for item in found:
        if item.status == "superseded":
            raise Refused(
                f"{item.id} was merged into {item.superseded_by}", hint=f"contox-hooks memory {item.superseded_by}"
            )
    for item in found:
        if item.status != status:
            items.set_status(item.id, status)
    if json:
        changed = [{"id": item.id, "title": item.title, "was": item.status, "status": status} for item in found]
        emit_json({"changed": changed})
        return
    for item in found:
        already = "already " if item.status == status else ""
        say(f"{already}{status}: {cut(clean(item.title), 100)}")

"""`contox-hooks memory`: what is remembered, as a list, one item with its evidence, or one Markdown document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from contox_hooks.cli.context import Here
from contox_hooks.cli.item import item_object, item_page, item_table
from contox_hooks.cli.option import Json, Limit
from contox_hooks.cli.pick import looked
from contox_hooks.cli.render import clean, emit_json, plural, say, shell_word, warn
from contox_hooks.cli.worked_on import in_repository, worked_on
from contox_hooks.domain.error import UsageError
from contox_hooks.domain.item import ITEM_STATUSES, ITEM_TYPES

app = typer.Typer(add_completion=False)

DEFAULT_BUDGET = 6000
"""Tokens; CONTRACT.md section 1.3."""


@app.command()
def command(
    item_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One item; the first characters do.")] = None,
    type: Annotated[str | None, typer.Option("--type", help=f"One of {', '.join(ITEM_TYPES)}.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help=f"One of {', '.join(ITEM_STATUSES)}, or all; by default active.")
    ] = None,
    file: Annotated[str | None, typer.Option("--file", help="A path or a folder in the repository.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="How the schema key begins: root/backend.")] = None,
    limit: Limit = 20,
    brief: Annotated[bool, typer.Option("--brief", help="One Markdown document for an AI tool to read.")] = False,
    budget: Annotated[
        int | None, typer.Option("--budget", min=1, help=f"Tokens of --brief; by default {DEFAULT_BUDGET}.")
    ] = None,
    active: Annotated[
        list[str] | None,
        typer.Option("--for", metavar="PATH", help="Of --brief: a file or folder you work on; its items come first."),
    ] = None,
    json: Json = False,
) -> None:
    """What is remembered, most important first; with ID one item and its evidence; with --brief one document.

    JSON: items, a list of objects with id, project_id, session_id, type, title, facts, schema_key, confidence,
    importance, status, status_reason, rationale, impact, files, tags, dedup_hint, commit_range, merged_from,
    superseded_by, reinforced, last_reinforced_at, approved_at, at_utc, created_at, updated_at; total. With ID: that
    object with evidence, a list of commit_sha, path, event_id, quote, and relations, a list of from_id, to_id, kind,
    reason, at_utc, created_at. With --brief: document; summary, the brief and the key conventions; token_estimate;
    items_loaded, items_left_out; item_ids, of those told; schema_keys; brain_hash, the same while memory says the same;
    etag, of that and all parameters; tree, a list of schema_key, name, item_count, children; layers: layer0 (brief),
    layer1 (active), layer2 (reference), archived, each a number of items.
    """
    filters = {
        "type": chosen(type, ITEM_TYPES, "type"),
        "status": None if status == "all" else chosen(status or "active", (*ITEM_STATUSES,), "status"),
        "schema_key": key,
    }
    given = {"--type": type, "--status": status, "--file": file, "--key": key}
    _check(item_id, brief, {"--budget": budget, "--for": active}, given)
    here = looked(told=not json)
    filters["file"] = None if file is None else in_repository(here.parts.repo, file) or None
    if brief:
        _brief(here, budget or DEFAULT_BUDGET, active, json)
    elif item_id is not None:
        item = here.parts.service.items.find(here.parts.project.id, item_id)
        relations = here.parts.service.items.relations(item.id)
        if json:
            emit_json(item_object(item, evidence=True, relations=relations))
        else:
            item_page(item, relations)
    else:
        _list(here, filters, limit, json)


def _check(item_id: str | None, brief: bool, of_brief: dict[str, Any], filters: dict[str, Any]) -> None:
    """Raises UsageError for what would be said without doing anything."""
    unused = [name for name, value in ({} if brief else of_brief).items() if value]
    if unused:
        raise UsageError(f"{unused[0]} is of --brief alone", hint=f"contox-hooks memory --brief {unused[0]} …")
    filtering = [name for name, value in filters.items() if value is not None]
    if brief and (item_id is not None or filtering):
        told = filtering[0] if item_id is None else "an ID"
        raise UsageError(f"--brief is of the whole memory, not of {told}", hint="contox-hooks memory --brief")
    if item_id is not None and filtering:
        raise UsageError("an ID or filters, not both", hint=f"contox-hooks memory {shell_word(item_id)}")


def chosen(value: str | None, choices: tuple[str, ...], noun: str) -> Any:
    """The choice, or UsageError with the near one."""
    if value is None or value in choices:
        return value
    import difflib

    near = difflib.get_close_matches(value, choices, n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(choices)}"
    raise UsageError(f"{value!r} is no {noun} of an item", hint=hint)


def _brief(here: Here, budget: int, active: list[str] | None, json: bool) -> None:
    parts = here.parts
    brain = parts.service.brain(parts.project.id, budget_tokens=budget, active_files=worked_on(parts.repo, active))
    if json:
        emit_json(brain)
    elif not brain.items_loaded and brain.items_left_out:
        warn(f"contox-hooks: {plural(budget, 'token')} hold none of {plural(brain.items_left_out, 'item')}")
    else:
        say(clean(brain.document, lines=True).rstrip("\n"))


def _list(here: Here, filters: dict[str, Any], limit: int, json: bool) -> None:
    service, project_id = here.parts.service, here.parts.project.id
    items = service.items.page(project_id, **filters, limit=limit)
    total = service.items.count(project_id, **filters)
    if json:
        emit_json({"items": [item_object(item) for item in items], "total": total})
        return
    if items:
        item_table(items)
        if total > len(items):
            say(f"{len(items)} of {plural(total, 'item')}; all: contox-hooks memory -n {total}")
        return
    waiting: Literal["", "enrich"] = "enrich" if service.jobs.unprocessed(project_id) else ""
    if any(value is not None for name, value in filters.items() if name != "status") or filters["status"] != "active":
        say("nothing remembered fits these filters")
    elif waiting:
        say("nothing is remembered yet; to learn from what was captured: contox-hooks enrich")
    else:
        say("nothing is remembered yet; to read the repository's history: contox-hooks backfill")

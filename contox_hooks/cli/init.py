"""`contox-hooks init`: start capturing a repository. Again, it says what is there and goes on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.backfill import Learnt, Model, check_since, in_short, learn, tell_failed
from contox_hooks.cli.install import in_short as hooks_in_short
from contox_hooks.cli.install import put_in_place, tell_trouble
from contox_hooks.cli.item import item_lines, item_object
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, plural, say
from contox_hooks.domain.error import Error, RepositoryError, UsageError

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.domain.item import Item

app = typer.Typer(add_completion=False)

RECENT = 100
"""Commits of history that a first look takes in; `backfill` goes further."""
SHOWN = 6


@app.command()
def command(
    history: Annotated[int, typer.Option("--history", min=1, help="Commits of history to read.")] = RECENT,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Read history from this date on.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Read all of history.")] = False,
    no_history: Annotated[bool, typer.Option("--no-history", help="Begin with the present.")] = False,
    no_hooks: Annotated[bool, typer.Option("--no-hooks", help="Leave git's hooks as they are.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="The project's name.")] = None,
    model: Model = False,
    json: Json = False,
) -> None:
    """Start capturing this repository: its store, the hooks, recent history, first memory.

    JSON: repository; project: id, name; first, whether it was new; hooks, as `install` has it, or null; history, as
    `backfill` has it, or null; items: the total; learnt: the most important items, as `memory` has them; notes.
    """
    from contox_hooks.assembly import Assembly
    from contox_hooks.git.repository import locate

    _check(history, since, everything, no_history)
    parts = Assembly(locate())
    check_since(parts.repo, since)
    first = _begun(parts, name)
    hooks, refused = (None, None) if no_hooks else _hooked(parts)
    learnt, notes = None, []
    if not no_history:
        try:
            limit = None if everything or since else history
            learnt = learn(parts, revision="HEAD", limit=limit, since=since, enrich=True, model=model, shown=not json)
        except RepositoryError as error:
            notes.append(error.message)
    shown = parts.service.items.page(parts.project.id, limit=SHOWN)
    total = parts.service.items.count(parts.project.id)
    if json:
        emit_json({
            "repository": str(parts.repo.common_dir), "project": {"id": parts.project.id, "name": parts.project.name},
            "first": first, "hooks": hooks, "history": learnt, "items": total,
            "learnt": [item_object(item) for item in shown], "notes": notes,
        })  # fmt: skip
    else:
        _tell(parts, first, hooks, learnt, notes)
        _tell_learnt(shown, total)
    if refused is not None:
        raise refused
    if learnt is not None:
        tell_failed(learnt, told=not json)


def _check(history: int, since: str | None, everything: bool, no_history: bool) -> None:
    given = [
        option
        for option, is_given in (
            ("--history", history != RECENT),
            ("--since", since is not None),
            ("--all", everything),
            ("--no-history", no_history),
        )
        if is_given
    ]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} contradict each other", hint="give one of them")


def _begun(parts: Assembly, name: str | None) -> bool:
    """Stores made, the present taken as the starting point, the project named; whether it was new here."""
    from contox_hooks.assembly import identity

    first = not parts.state.database.exists()
    parts.drain().run(wait_s=10.0, reconcile=True)
    parts.service.projects.find_or_create(**identity(parts.repo))  # its remote may be new
    if name is not None and name != parts.project.name:
        parts.service.projects.rename(parts.project.id, name)
        parts.__dict__.pop("project", None)  # asked for anew, with its new name
    return first


def _hooked(parts: Assembly) -> tuple[dict[str, Any] | None, Error | None]:
    """Without hooks commits are still found, at the next verb: what stands in the way is told at the end."""
    try:
        return put_in_place(parts.repo), None
    except Error as error:
        return None, error


def _tell(
    parts: Assembly, first: bool, hooks: dict[str, Any] | None, learnt: Learnt | None, notes: list[str]
) -> None:  # fmt: skip
    from contox_hooks.cli.wanting import wanting_line

    where = parts.repo.work_tree or parts.repo.common_dir
    say(f"{clean(parts.project.name)}: {'captured from now on' if first else 'captured already'} ({clean(str(where))})")
    if hooks is not None:
        say(f"  hooks    {hooks_in_short(hooks)}")
    if learnt is not None:
        say(f"  history  {in_short(learnt)}")
    if line := wanting_line(parts):
        say(f"  model    {line}")
    for text in notes:
        say(f"  history  {clean(text)}: capturing begins with the first one")
    if hooks is not None:
        tell_trouble(hooks)


def _tell_learnt(shown: list[Item], total: int) -> None:
    if shown:
        say(f"  memory   {plural(total, 'item')}, most important first:")
        say()
        item_lines(shown)
    say()
    say("next: commit as always; then contox-hooks status, contox-hooks memory, contox-hooks search WORDS")

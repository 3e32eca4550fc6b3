"""`contox-hooks import FILE`: what `export` wrote, into this memory or another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.export import Of
from contox_hooks.cli.option import Database, Json

if TYPE_CHECKING:
    from contox_hooks.exchange.bringing import Brought
    from contox_hooks.memory.project import Project
    from contox_hooks.memory.store import Store

app = typer.Typer(add_completion=False)


@app.command()
def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Of contox-hooks export; - is standard input.")],
    project: Of = None,
    database: Database = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="What says something else here becomes what the file says.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look only; write nothing.")] = False,
    json: Json = False,
) -> None:
    """Take an export into this repository's project; ids stay, what is known already is passed over.

    What is here and says something else stays, unless --replace; what was done or decided here stays in any case, and
    nothing runs because of a file: stages that had not ended well come in as skipped. The whole file is looked through
    before anything is written; broken off, it goes on when run again. Texts are redacted on the way in, vectors made
    anew. With --database and no --project: into the project with the file's own id, which is made if it is not there,
    private and without those of its settings that would send or spend more.

    JSON: project (id, new); dry_run; settings_left, names; kinds: of each kind new, same, kept (said something else
    here), replaced.
    """
    from contox_hooks.cli.render import emit_json
    from contox_hooks.exchange.bringing import bring_in
    from contox_hooks.exchange.file import readable
    from contox_hooks.exchange.line import MAX_LINE

    with _target(project, database, told=not json) as (store, target), readable(file, longest_line=MAX_LINE) as opened:
        target_id = None if target is None else target.id
        named = project is not None
        done = bring_in(store, opened, project_id=target_id, replace=replace, dry_run=dry_run, is_any_repository=named)
    if json:
        kinds = {
            name: {"new": count.new, "same": count.same, "kept": count.kept, "replaced": count.replaced}
            for name, count in done.counts.items()
        }
        at = {"id": done.project_id, "new": done.is_new}
        emit_json({"project": at, "dry_run": dry_run, "settings_left": list(done.settings_left), "kinds": kinds})
    else:
        _tell(done, dry_run)


@contextmanager
def _target(project: str | None, database: str | None, *, told: bool) -> Iterator[tuple[Store, Project | None]]:
    """None: the project that the file names."""
    if project is not None or database is not None:
        from contox_hooks.cli.served import project_named, service_of

        with service_of(database) as service:
            yield service.store, None if project is None else project_named(service, project)
        return
    from contox_hooks.cli.pick import looked

    parts = looked(told=told).parts
    yield parts.service.store, parts.project


def _tell(done: Brought, dry_run: bool) -> None:
    from contox_hooks.cli.render import clean, plural, say

    def of_all(what: str) -> int:
        return sum(getattr(count, what) for count in done.counts.values())

    items = done.counts["item"]
    would = "would be " if dry_run else ""
    new = f"{plural(items.new, 'item')} {would}new, of {plural(of_all('new'), 'line')}"
    parts = [new if of_all("new") else "nothing new"]
    parts += [f"{of_all('same'):,} known already"] if of_all("same") else []
    parts += [f"{of_all('replaced'):,} {would}replaced"] if of_all("replaced") else []
    parts += [f"{of_all('kept'):,} say something else here and stay (--replace)"] if of_all("kept") else []
    say(", ".join(parts))
    if done.settings_left:
        say(f"settings that were not taken: {clean(', '.join(done.settings_left))}")

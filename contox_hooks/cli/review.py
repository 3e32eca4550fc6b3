"""`contox-hooks review`: what needs a person's judgement, and what is decided about it."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import typer

from contox_hooks.cli.context import Here, opened
from contox_hooks.cli.item import item_object
from contox_hooks.cli.memory import chosen
from contox_hooks.cli.option import Json, Limit
from contox_hooks.cli.pick import looked
from contox_hooks.cli.render import clean, cut, emit_json, is_tty, plural, say, short_ids, styled
from contox_hooks.cli.worked_on import in_repository
from contox_hooks.domain.error import Refused, UsageError
from contox_hooks.domain.item import ITEM_TYPES, Item, ItemStatus
from contox_hooks.memory.review import (
    BAND_TEXTS,
    BANDS,
    Band,
    Reviews,
    band_of,
    bands_counted,
    is_asked,
    standing,
    unmerged,
    why_doubtful,
)

app = typer.Typer(
    help="What needs your judgement: doubtful since a later commit, contradicted, or never sure. On a terminal one "
    "item at a time; else, and with --json, the list.",
    add_completion=False,
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Items; the first characters do.")]
TypeOption = Annotated[str | None, typer.Option("--type", help=f"Of this type: {', '.join(ITEM_TYPES)}.")]
FileOption = Annotated[str | None, typer.Option("--file", help="In this path or folder.")]
BandOption = Annotated[str | None, typer.Option("--band", help=f"Of this confidence: {', '.join(BANDS)}.")]
History = Annotated[
    bool, typer.Option("--history", help="Also what later history changed before you ever saw it (see settle).")
]
All = Annotated[bool, typer.Option("--all", help="All that is in review.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")]

_EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class _Filter:
    type: Any
    file: str | None
    """As it was typed."""
    band: Any
    history: bool

    @classmethod
    def of(cls, type: str | None, file: str | None, band: str | None, history: bool) -> _Filter:
        """Raises UsageError."""
        band = chosen(band, (*BANDS,), "confidence")
        return cls(chosen(type, ITEM_TYPES, "type"), file, band, history)

    @property
    def given(self) -> bool:
        return any((self.type, self.file, self.band))

    def queue(self, here: Here, limit: int) -> list[Item]:
        return _reviews(here).queue(here.parts.project.id, **self._where(here), limit=limit)

    def count(self, here: Here) -> int:
        return _reviews(here).count(here.parts.project.id, **self._where(here))

    def _where(self, here: Here) -> dict[str, Any]:
        file = None if self.file is None else in_repository(here.parts.repo, self.file)
        return {**asdict(self), "file": file or None}


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    type: TypeOption = None,
    file: FileOption = None,
    band: BandOption = None,
    history: History = False,
    json: Json = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    wanted = _Filter.of(type, file, band, history)
    if json or not (sys.stdin.isatty() and is_tty()):
        _list(wanted, 50, json)
        return
    here = looked(told=True)
    found = wanted.queue(here, _EVERYTHING)
    if not found:
        say("nothing to review" + _settled(here, wanted))
        return
    from contox_hooks.cli.review_desk import Desk

    bands = ", ".join(f"{count:,} {BAND_TEXTS[name]}" for name, count in bands_counted(found).items())
    say(f"{plural(len(found), 'item')} to review: {bands}")
    if settled := _settled(here, wanted):
        say(settled.removeprefix("; "))
    Desk(here.parts.service, here.parts.repo, [item.id for item in found]).run()


@app.command("list")
def _listed(
    limit: Limit = 50,
    type: TypeOption = None,
    file: FileOption = None,
    band: BandOption = None,
    history: History = False,
    json: Json = False,
) -> None:
    """What is in review, each with the commit and the path that put it there.

    JSON: items, a list of objects as `memory` has them, with band; total.
    """
    _list(_Filter.of(type, file, band, history), limit, json)


@app.command()
def show(item_id: Annotated[str, typer.Argument(metavar="ID")], json: Json = False) -> None:
    """One item with its evidence, and why it is in review.

    JSON: the item as `memory ID` has it, with band; reason, null when it is not in review.
    """
    from contox_hooks.cli.item import item_page

    here = looked(told=not json)
    item = here.parts.service.items.find(here.parts.project.id, item_id)
    if json:
        reason = why_doubtful(item) if is_asked(item) else None
        emit_json({**item_object(item, evidence=True), "band": band_of(item.confidence), "reason": reason})
        return
    say(f"{BAND_TEXTS[band_of(item.confidence)]}; {clean(why_doubtful(item) if is_asked(item) else standing(item))}")
    item_page(item)


@app.command()
def approve(
    ids: Ids = None, type: TypeOption = None, file: FileOption = None, band: BandOption = None,
    history: History = False, all: All = False, yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """It still holds: active again, and remembered as approved by a person.

    JSON: changed, a list of id, title, was, status. So for deprecate and archive.
    """
    _decide("active", ids or [], _Filter.of(type, file, band, history), all, yes, json)


@app.command()
def deprecate(
    ids: Ids = None, type: TypeOption = None, file: FileOption = None, band: BandOption = None,
    history: History = False, all: All = False, yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """It is not true any more: kept, but neither found nor briefed.

    JSON: changed, a list of id, title, was, status.
    """
    _decide("deprecated", ids or [], _Filter.of(type, file, band, history), all, yes, json)


@app.command()
def archive(
    ids: Ids = None, type: TypeOption = None, file: FileOption = None, band: BandOption = None,
    history: History = False, all: All = False, yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """True or not, it is not worth knowing: kept, but not briefed.

    JSON: changed, a list of id, title, was, status.
    """
    _decide("archived", ids or [], _Filter.of(type, file, band, history), all, yes, json)


@app.command()
def merge(
    item_id: Annotated[str, typer.Argument(metavar="ID")],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The item that stays.")],
    json: Json = False,
) -> None:
    """Both say the same: INTO gets ID's evidence and files, and the newer one's words.

    JSON: merged, into.
    """
    here = opened(drain=False)
    items, project_id = here.parts.service.items, here.parts.project.id
    absorbed, survivor = items.find(project_id, item_id), items.find(project_id, into)
    stays = _reviews(here).merge(absorbed.id, survivor.id)
    if json:
        emit_json({"merged": absorbed.id, "into": stays.id})
    else:
        say(f"merged into {stays.id}: {cut(clean(stays.title), 100)}")


@app.command()
def edit(
    item_id: Annotated[str, typer.Argument(metavar="ID")],
    title: Annotated[str | None, typer.Option("--title")] = None,
    facts: Annotated[str | None, typer.Option("--facts")] = None,
    rationale: Annotated[str | None, typer.Option("--rationale", help="Why; empty takes it away.")] = None,
    type: Annotated[str | None, typer.Option("--type", help=f"One of {', '.join(ITEM_TYPES)}.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="The schema key.")] = None,
    importance: Annotated[int | None, typer.Option("--importance", min=1, max=5)] = None,
    json: Json = False,
) -> None:
    """Change what it says: by these options, or without any in your editor (VISUAL, EDITOR).

    JSON: id; changed, the names of the fields.
    """
    here = opened(drain=False)
    items = here.parts.service.items
    item = items.find(here.parts.project.id, item_id)
    given = _given(title=title, facts=facts, rationale=rationale, type=type, key=key)
    if importance is not None:
        given["importance"] = importance
    changes = {name: value for name, value in given.items() if value != getattr(item, name)}
    if all_missing := not given:
        if json or not sys.stdin.isatty():
            raise UsageError("there is no terminal to edit on", hint="say what changes: --title, --facts …")
        from contox_hooks.cli.review_desk import edited_item

        changes = edited_item(item, input, items.get, lambda seen, new: _keep(_reviews(here), seen, new))
    elif changes:
        _reviews(here).edit(item.id, **changes)
    if json:
        emit_json({"id": item.id, "changed": sorted(changes)})
    else:
        fields = ", ".join(sorted(changes))
        say(
            f"changed {fields}"
            if changes
            else "nothing was changed" + ("" if all_missing else ": it says that already")
        )


@app.command()
def resolve(dry_run: DryRun = False, json: Json = False) -> None:
    """Todo and bug items that later commits settled: archived when that is sure, else left for review.

    JSON: resolved, a list of itemId, title, type, matchType, matchedFiles, confidence, commitSha, previousStatus,
    newStatus, reason; skipped, a list of itemId, title, reason; totalItemsScanned; dryRun.
    """
    from contox_hooks.memory.resolving import resolve_all

    here = looked(told=not json)
    done = resolve_all(here.parts.service.store, here.parts.project.id, dry_run=dry_run)
    if json:
        emit_json(done.to_json())
        return
    for each in done.resolved:
        say(f"{each.new_status:8}  {styled(cut(clean(each.item.title), 100), 'bold')}")
        say(f"          {clean(each.reason)}")
    would = "would be " if dry_run else ""
    say(f"{len(done.resolved)} of {plural(done.scanned, 'open item')} {would}resolved")


@app.command()
def settle(dry_run: DryRun = False, json: Json = False) -> None:
    """Archive what history settled by itself: read from old commits, and changed by later ones of the same reading,
    before you ever saw it.

    JSON: settled, a list of id, title, status_reason; dry_run.
    """
    here = looked(told=not json)
    settled = _reviews(here).settle(here.parts.project.id, dry_run=dry_run)
    if json:
        told = [{"id": item.id, "title": item.title, "status_reason": item.status_reason} for item in settled]
        emit_json({"settled": told, "dry_run": dry_run})
        return
    say(f"{plural(len(settled), 'item')} {'would be archived' if dry_run else 'archived'}")


def _given(**options: str | None) -> dict[str, Any]:
    """The fields that options name, under the same rules as the form. Raises UsageError."""
    from contox_hooks.cli.item_form import option_value

    found: dict[str, Any] = {}
    for name, text in options.items():
        if text is not None:
            try:
                found["schema_key" if name == "key" else name] = option_value(name, text)
            except ValueError as error:
                raise UsageError(f"--{name}: {error}", hint="contox-hooks review edit --help") from error
    return found


def _keep(reviews: Reviews, seen: Item, changes: dict[str, Any]) -> None:
    """Raises Changed."""
    with reviews.as_seen(seen):
        reviews.edit(seen.id, **changes)


def _reviews(here: Here) -> Reviews:
    return here.parts.service.reviews


def _list(wanted: _Filter, limit: int, json: bool) -> None:
    here = looked(told=not json)
    found, total = wanted.queue(here, limit), wanted.count(here)
    if json:
        emit_json(
            {"items": [{**item_object(item), "band": band_of(item.confidence)} for item in found], "total": total}
        )
        return
    if not found:
        say("nothing in review fits these filters" if wanted.given else "nothing to review" + _settled(here, wanted))
        return
    ids = short_ids(item.id for item in found)
    for item in found:
        told = f"{item.type}, {item.confidence:.2f} {BAND_TEXTS[band_of(item.confidence)]}"
        say(f"{ids[item.id]}  {styled(cut(clean(item.title), 100), 'bold')}  {styled(told, 'dim')}")
        say(f"  {clean(why_doubtful(item))}")
    more = f"{total - len(found):,} more; " if total > len(found) else ""
    say(f"{more}decide: contox-hooks review approve|deprecate|archive ID{_settled(here, wanted)}")


def _settled(here: Here, wanted: _Filter) -> str:
    """How many are not asked about, if any."""
    count = 0 if wanted.history else replace(wanted, history=True).count(here) - wanted.count(here)
    told = f"not asked about: {plural(count, 'item')} that later history changed (--history; archive: review settle)"
    return f"; {told}" if count else ""


def _decide(status: ItemStatus, ids: list[str], wanted: _Filter, everything: bool, yes: bool, json: bool) -> None:
    if ids and (wanted.given or everything):
        raise UsageError("name items or filters, not both")
    if not ids and not wanted.given and not everything:
        raise UsageError("nothing is named", hint="an ID, --band, --type, --file, or --all")
    here = opened(drain=False)
    reviews = _reviews(here)
    if ids:
        items, project_id = here.parts.service.items, here.parts.project.id
        named = [items.find(project_id, prefix) for prefix in ids]  # all or none: a wrong id changes nothing
        found = [unmerged(item) for item in {item.id: item for item in named}.values()]
    else:
        found = wanted.queue(here, _EVERYTHING)
        if found and not yes:
            _confirm(status, found, json)
    changing = [item for item in found if item.status != status or (status == "active" and item.approved_at is None)]
    with here.parts.service.store.transaction():
        for item in changing:
            reviews.decide(item.id, status)
    if json:
        changed = [{"id": item.id, "title": item.title, "was": item.status, "status": status} for item in found]
        emit_json({"changed": changed})
        return
    for item in found:
        already = "already " if item.status == status else ""
        say(f"{already}{status}: {cut(clean(item.title), 100)}")
    if not found:
        say("nothing in review fits these filters")


def _confirm(status: ItemStatus, found: list[Item], json: bool) -> None:
    bands: dict[Band, int] = bands_counted(found)
    told = ", ".join(f"{count:,} {BAND_TEXTS[band]}" for band, count in bands.items())
    question = f"{plural(len(found), 'item')} ({told}) become {status}"
    if json or not (sys.stdin.isatty() and is_tty(sys.stderr)):
        raise Refused(f"{question}: not without being told", hint="add --yes")
    if not typer.confirm(f"{question}. Go on?", err=True):
        raise typer.Abort

"""`contox-hooks search`: find memory by words and meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.embedder import embedder_if_any
from contox_hooks.cli.item import item_object, one_line_of_facts
from contox_hooks.cli.memory import chosen
from contox_hooks.cli.option import Json, Limit
from contox_hooks.cli.pick import looked
from contox_hooks.cli.render import clean, emit_json, say, styled
from contox_hooks.cli.worked_on import in_repository, worked_on
from contox_hooks.domain.error import UsageError
from contox_hooks.domain.item import ITEM_STATUSES, ITEM_TYPES

if TYPE_CHECKING:
    from contox_hooks.git.repository import Repository
    from contox_hooks.memory.search import SearchHit

app = typer.Typer(add_completion=False)


@app.command()
def command(
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="Words or a question.")],
    limit: Limit = 8,
    type: Annotated[str | None, typer.Option("--type", help=f"One of {', '.join(ITEM_TYPES)}.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="How the schema key begins: root/api.")] = None,
    status: Annotated[
        str | None, typer.Option("--status", help=f"One of {', '.join(ITEM_STATUSES)}; by default active and review.")
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="A path or a folder, or a pattern as in .gitignore: '*.sql'.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="2024-01-31, or '6 months ago'.")] = None,
    active: Annotated[
        list[str] | None,
        typer.Option("--for", metavar="PATH", help="A file you work on: what stands there comes first."),
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="The same for every file changed in the work tree.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each score is made of.")] = False,
    json: Json = False,
) -> None:
    """Find memory by words and by meaning, best first. Nothing found is no failure.

    JSON: query; hits: a list of score (0 to 1), matched_by (words, meaning, both), similarity (or null), parts (words,
    meaning, files: each 0 to 1; matched: an object of words to what each gave to words), item (the fields of `memory`,
    with evidence).
    """
    from contox_hooks.memory.search import Filters

    chosen(type, ITEM_TYPES, "type")
    chosen(status, ITEM_STATUSES, "status")
    here = looked(told=not json)
    repo, text = here.parts.repo, " ".join(query)
    hits = here.parts.service.search(
        here.parts.project.id,
        text,
        limit=limit,
        embedder=embedder_if_any(),
        filters=Filters(
            type=type,  # type: ignore[arg-type]  # chosen above
            schema_key=key,
            status=status,  # type: ignore[arg-type]
            file=None if file is None else in_repository(repo, file) or None,
            since=None if since is None else _moment(repo, since),
        ),
        active_files=worked_on(repo, active, changed=changed),
    )
    if json:
        emit_json({"query": text, "hits": [_object(hit) for hit in hits]})
    elif hits:
        for hit in hits:
            _tell(hit, explain)
    elif (type, key, status, file, since) != (None,) * 5:
        say(f"nothing found for {clean(text)!r} that fits these filters")
    else:
        say(f"nothing found for {clean(text)!r}; what there is: contox-hooks memory")


def _moment(repo: Repository, since: str) -> int:
    """Seconds since the epoch, as git understands the date. Raises UsageError."""
    from contox_hooks.git.date import is_past

    if not is_past(repo, since):
        raise UsageError(f"--since {since!r} is no date in the past", hint="2024-01-31, or '6 months ago'")
    return int(repo.text("rev-parse", f"--since={since}").rpartition("=")[2])


def _object(hit: SearchHit) -> dict[str, Any]:
    item = item_object(hit.item, evidence=True)
    parts = {"words": hit.parts.words, "meaning": hit.parts.meaning, "files": hit.parts.files}
    return {
        "score": hit.score,
        "matched_by": hit.matched_by,
        "similarity": hit.similarity,
        "parts": {**parts, "matched": dict(hit.parts.matched)},
        "item": item,
    }


def _tell(hit: SearchHit, explain: bool) -> None:
    item = hit.item
    standing = "" if item.status == "active" else " (in review)" if item.status == "review" else f" ({item.status})"
    say(f"{styled(clean(item.title), 'bold')}  {styled(f'{item.type} · {clean(item.schema_key)}{standing}', 'dim')}")
    told = one_line_of_facts(item)
    if told:
        say(f"  {told}")
    commit = f"{item.evidence[0].told_by}  " if item.evidence else ""
    say(styled(f"  {commit}contox-hooks memory {item.id}", "dim"))
    if explain:
        near = "" if hit.similarity is None else f", similarity {hit.similarity:.2f}"
        say(f"  score {hit.score:.2f}, found by {hit.matched_by}{near}")
        matched = ", ".join(f"{word} {part:.2f}" for word, part in hit.parts.matched.items())
        say(f"    words {hit.parts.words:.2f}{f' ({clean(matched)})' if matched else ''}")
        say(f"    meaning {hit.parts.meaning:.2f}, files {hit.parts.files:.2f}")

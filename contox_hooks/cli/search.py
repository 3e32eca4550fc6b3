"""`contox-hooks search`: find memory by words and meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.item import item_object, one_line_of_facts
from contox_hooks.cli.memory import chosen
from contox_hooks.cli.option import Json, Limit
from contox_hooks.cli.pick import looked
from contox_hooks.cli.render import clean, emit_json, say, styled, warn
from contox_hooks.domain.error import Error
from contox_hooks.domain.item import ITEM_TYPES

if TYPE_CHECKING:
    from contox_hooks.memory.search import SearchHit

app = typer.Typer(add_completion=False)

_WIDE = 10
"""Asked for so many times the limit when a type is filtered afterwards."""


@app.command()
def command(
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="Words or a question.")],
    limit: Limit = 8,
    type: Annotated[str | None, typer.Option("--type", help=f"One of {', '.join(ITEM_TYPES)}.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show why each was found.")] = False,
    json: Json = False,
) -> None:
    """Find memory by words and by meaning, best first. Nothing found is no failure.

    JSON: query; hits: a list of score (0 to 1), matched_by (words, meaning, both), similarity (or null), item (the
    fields of `memory`, with evidence).
    """
    wanted = chosen(type, ITEM_TYPES, "type")
    here = looked(told=not json)
    text = " ".join(query)
    hits = here.parts.service.search(
        here.parts.project.id, text, limit=limit if wanted is None else limit * _WIDE, embedder=_embedder()
    )
    hits = [hit for hit in hits if wanted in (None, hit.item.type)][:limit]
    if json:
        emit_json({"query": text, "hits": [_object(hit) for hit in hits]})
    elif hits:
        for hit in hits:
            _tell(hit, explain)
    else:
        say(f"nothing found for {clean(text)!r}; what there is: contox-hooks memory")


def _embedder() -> Any:
    """Words alone still find much when the model is gone."""
    from contox_hooks.pipeline.embedding import default_embedder

    try:
        return default_embedder()
    except Error as error:
        warn(f"contox-hooks: searching by words only: {error.message}")
        return None


def _object(hit: SearchHit) -> dict[str, Any]:
    item = item_object(hit.item, evidence=True)
    return {"score": hit.score, "matched_by": hit.matched_by, "similarity": hit.similarity, "item": item}


def _tell(hit: SearchHit, explain: bool) -> None:
    item = hit.item
    review = " (in review)" if item.status == "review" else ""
    say(f"{styled(clean(item.title), 'bold')}  {styled(f'{item.type} · {clean(item.schema_key)}{review}', 'dim')}")
    told = one_line_of_facts(item)
    if told:
        say(f"  {told}")
    commit = f"{item.evidence[0].commit_sha[:12]}  " if item.evidence else ""
    say(styled(f"  {commit}contox-hooks memory {item.id}", "dim"))
    if explain:
        near = "" if hit.similarity is None else f", similarity {hit.similarity:.2f}"
        say(f"  score {hit.score:.2f}, found by {hit.matched_by}{near}")

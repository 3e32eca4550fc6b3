"""`contox-hooks ask`: a question answered from memory, each passage with its commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.option import Json

if TYPE_CHECKING:
    from contox_hooks.memory.report.ask import Answer

app = typer.Typer(add_completion=False)


@app.command()
def command(
    question: Annotated[list[str], typer.Argument(metavar="QUESTION...", help="In your own words.")],
    json: Json = False,
) -> None:
    """Answer from memory: the passages that fit best, cited as [1], [2], each with its commits; or that nothing fits.

    No model is asked. JSON: question; answer, Markdown that cites [Source 1]; sources, at most 5: itemId, type, title,
    facts, schemaKey, similarity, confidence, files, compositeScore, commits; avgSimilarity; usage, of a model: zeros;
    model: offline.
    """
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import clean, emit_json, say
    from contox_hooks.cli.report import reports_of
    from contox_hooks.cli.search import _embedder
    from contox_hooks.domain.error import UsageError

    text = " ".join(question).strip()
    if len(text) < 3:
        raise UsageError("a question has at least three characters", hint='contox-hooks ask "why sqlite"')
    told = reports_of(looked(told=not json)).ask(text, embedder=_embedder())
    if json:
        emit_json(told.to_wire())
    elif not told.passages:
        say(f"nothing in memory fits {clean(text)!r}; what comes nearest: contox-hooks search {clean(text)!r}")
    else:
        _tell(told)


def _tell(told: Answer) -> None:
    from contox_hooks.cli.render import clean, say, short_id, styled
    from contox_hooks.memory.report.ask import standing

    for passage in told.passages:
        item = passage.item
        say(f"[{passage.number}] {styled(clean(item.title), 'bold')}  {styled(clean(standing(item)), 'dim')}")
        for line in passage.lines:
            say(f"    {clean(line)}")
    ids = [passage.item.id for passage in told.passages]
    say()
    for passage in told.passages:
        commits = ", ".join(sha[:12] for sha in passage.commits[:3])
        more = f" and {len(passage.commits) - 3} more" if len(passage.commits) > 3 else ""
        say(styled(f"[{passage.number}] {commits}{more}  contox-hooks memory {short_id(passage.item.id, ids)}", "dim"))

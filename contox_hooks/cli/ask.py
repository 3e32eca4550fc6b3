"""`contox-hooks ask`: a question answered from memory, each passage with its commits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.option import Json

if TYPE_CHECKING:
    from contox_hooks.memory.report.ask import Answer

app = typer.Typer(add_completion=False)


@app.command()
def command(
    question: Annotated[list[str], typer.Argument(metavar="QUESTION...", help="In your own words.")],
    offline: Annotated[bool, typer.Option("--offline", help="Ask no model, whatever is configured.")] = False,
    json: Json = False,
) -> None:
    """Answer from memory: the passages that fit best, cited as [1], [2], each with its commits; or that nothing fits.

    A model answers over these passages when one is configured (contox-hooks settings set model small); every sentence
    names its passages, or is dropped. JSON: question; answer, Markdown that cites [Source 1]; sources, at most 5:
    itemId, type, title, facts, schemaKey, similarity, confidence, files, compositeScore, commits; avgSimilarity; usage:
    promptTokens, completionTokens, totalTokens, of a model; model, or offline; dropped, sentences without a source;
    trouble: null, or why no model answered.
    """
    from contox_hooks.cli.embedder import embedder_if_any
    from contox_hooks.cli.pick import looked
    from contox_hooks.cli.render import clean, emit_json, say, shell_word
    from contox_hooks.cli.report import model_if_any, tell_spending
    from contox_hooks.domain.error import UsageError
    from contox_hooks.domain.setting import DEFAULTS
    from contox_hooks.report import Reports

    text = " ".join(question).strip()
    if len(text) < 3:
        raise UsageError("a question has at least three characters", hint='contox-hooks ask "why sqlite"')
    here = looked(told=not json)
    asker, unset = (None, "") if offline else model_if_any(here)
    settings = DEFAULTS if asker is None else here.parts.settings  # what may be sent
    memory = Reports(here.parts.service, here.parts.project, None, settings)  # it reads nothing of git
    told = memory.ask(text, embedder=embedder_if_any(), asker=asker)
    told = replace(told, trouble=unset or told.trouble)
    if json:
        emit_json(told.to_wire())
    elif not told.passages:
        words = clean(text)
        typed = f"{'-- ' if words.startswith('-') else ''}{shell_word(words)}"
        say(f"nothing in memory fits {words!r}; what comes nearest: contox-hooks search {typed}")
    else:
        _tell(told)
        tell_spending(told.prose, told.trouble)


def _tell(told: Answer) -> None:
    from contox_hooks.cli.render import clean, say, short_ids, styled
    from contox_hooks.memory.report.ask import standing

    if told.prose is not None:
        say(clean(told.prose.text()))
        say()
    for passage in told.passages:
        item = passage.item
        say(f"[{passage.number}] {styled(clean(item.title), 'bold')}  {styled(clean(standing(item)), 'dim')}")
        for line in passage.lines:
            say(f"    {clean(line)}")
    ids = short_ids(passage.item.id for passage in told.passages)
    say()
    for passage in told.passages:
        commits = ", ".join(sha[:12] for sha in passage.commits[:3])
        more = f" and {len(passage.commits) - 3} more" if len(passage.commits) > 3 else ""
        say(styled(f"[{passage.number}] {commits}{more}  contox-hooks memory {ids[passage.item.id]}", "dim"))

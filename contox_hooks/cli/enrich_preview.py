"""`contox-hooks enrich --dry-run`: the prompts that would be sent and what they may cost. Sends and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contox_hooks.asker import OFFLINE, Chosen, chosen_models
from contox_hooks.cli.render import clean, emit_json, plural, say, styled

if TYPE_CHECKING:
    from contox_hooks.cli.context import Here
    from contox_hooks.pipeline.preview import Preview


def show_preview(here: Here, session_ids: Sequence[str], *, json: bool) -> None:
    """Raises SettingError where the settings name no model that could be asked."""
    settings = here.parts.settings
    if settings.model == OFFLINE:
        _tell_offline(here, session_ids, json=json)
        return
    from contox_hooks.pipeline.preview import previews

    first, *later = chosen_models(settings)
    service, project_id = here.parts.service, here.parts.project.id
    calls = [call for session_id in session_ids for call in previews(service, project_id, session_id)]
    if json:
        emit_json(_object(first, calls))
        return
    if not calls:
        say("nothing would be sent: no model is needed for what is captured")
        return
    say(styled("system, the same in each call", "bold"))
    say(clean(calls[0].prompt.question.system, lines=True).rstrip())
    for call in calls:
        say()
        say(styled(_heading(first, call), "bold"))
        say(clean(call.prompt.question.user, lines=True).rstrip())
    say()
    say(_total(first, later, calls))


def _tell_offline(here: Here, session_ids: Sequence[str], *, json: bool) -> None:
    if json:
        emit_json(
            {"model": OFFLINE, "calls": 0, "prompt_tokens": 0, "answer_tokens": 0, "micro_dollars": 0, "prompts": []}
        )
        return
    service, project_id = here.parts.service, here.parts.project.id
    commits = sum(service.jobs.unprocessed(project_id, session_id=session_id) for session_id in session_ids)
    say(f"rules on this machine would read {plural(commits, 'commit')}: there is no prompt, nothing is sent or paid")


def _heading(model: Chosen, call: Preview) -> str:
    question = call.prompt.question
    parts = [
        f"chunk {call.chunk_no} of session {call.session_id}: {plural(call.commits, 'commit')}",
        plural(len(call.prompt.known_ids), "known item"),
        f"about {question.estimated_tokens:,} tokens",
        f"at most {question.max_tokens:,} of answer",
    ]
    cost = _micro_dollars(model, [call])
    return ", ".join([*parts, *([] if cost is None else [_money(cost)])])


def _total(model: Chosen, later: Sequence[Chosen], calls: Sequence[Preview]) -> str:
    prompt, answer = _tokens(calls)
    cost = _micro_dollars(model, calls)
    money = "nobody knows the price" if cost is None else _money(cost)
    tokens = f"about {prompt:,} tokens sent, at most {answer:,} answered"
    text = f"{plural(len(calls), 'call')} to {clean(model.name)}: {tokens}, {money}; each may be repaired once"
    if later:
        text += f"; without an answer {', then '.join(clean(one.name) for one in later)}"
    return f"{text}. Nothing was sent."


def _money(micro_dollars: int) -> str:
    from contox_hooks.model.ledger import dollars

    return f"at most {dollars(micro_dollars)}" if micro_dollars else "nothing is paid"


def _tokens(calls: Sequence[Preview]) -> tuple[int, int]:
    questions = [call.prompt.question for call in calls]
    return sum(each.estimated_tokens for each in questions), sum(each.max_tokens for each in questions)


def _micro_dollars(model: Chosen, calls: Sequence[Preview]) -> int | None:
    """None: nobody knows."""
    if not model.paid:
        return 0
    if model.price is None:
        return None
    return sum(model.price.micro_dollars(*_tokens([call])) for call in calls)


def _object(model: Chosen, calls: Sequence[Preview]) -> dict[str, Any]:
    prompt, answer = _tokens(calls)
    return {
        "model": model.name,
        "calls": len(calls),
        "prompt_tokens": prompt,
        "answer_tokens": answer,
        "micro_dollars": _micro_dollars(model, calls),
        "prompts": [
            {
                "session_id": call.session_id,
                "chunk_no": call.chunk_no,
                "commits": call.commits,
                "known_items": sorted(call.prompt.known_ids),
                "left_out": str(call.prompt.cut),
                "prompt_tokens": call.prompt.question.estimated_tokens,
                "answer_tokens": call.prompt.question.max_tokens,
                "micro_dollars": _micro_dollars(model, [call]),
                "system": call.prompt.question.system,
                "user": call.prompt.question.user,
                "schema": call.prompt.question.schema,
            }
            for call in calls
        ],
    }

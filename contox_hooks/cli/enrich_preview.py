"""`contox-hooks enrich --dry-run`: the prompts that would be sent and what they may cost. Sends and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from contox_hooks.asker import OFFLINE, Chosen, chosen_models
from contox_hooks.cli.render import clean, emit_json, plural, say, styled
from contox_hooks.domain.error import SettingError

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.cli.context import Here
    from contox_hooks.pipeline.preview import Preview


def show_preview(here: Here, session_ids: Sequence[str], *, json: bool, history: bool = False) -> None:
    """Raises SettingError where the settings name no model that could be asked."""
    if here.parts.settings.model == OFFLINE:
        _tell_offline(here, session_ids, json=json)
        return
    first, *later = chosen_models(here.parts.effective)
    calls = foreseen(here.parts, session_ids, history=history)
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
    say(total_line(first, later, calls) + " Nothing was sent.")


def foreseen(parts: Assembly, session_ids: Sequence[str], *, history: bool) -> list[Preview]:
    """What enrichment of these sessions would ask now, in order. Raises SettingError, StoreError."""
    from contox_hooks.asker import meter_for
    from contox_hooks.domain.error import StoreDamaged
    from contox_hooks.domain.narrow import narrow_of
    from contox_hooks.git.lookup import Blobs
    from contox_hooks.pipeline.kinship import Trees
    from contox_hooks.pipeline.preview import Previews

    foresight, why_none, paid = None, "", False
    try:
        meter = meter_for(parts.effective, parts.service.store, parts.project.id)
        if meter is not None:
            _ = meter.used
            foresight, paid = meter.foresight(), meter.paid
    except (SettingError, StoreDamaged) as error:
        why_none = error.message
    with Blobs(parts.repo.common_dir) as blobs:
        trees = blobs if isinstance(blobs, Trees) else None
        previews = Previews(
            parts.service, parts.project.id, foresight, why_none, narrow_of(parts.settings), trees, paid, history
        )  # fmt: skip
        return [call for session_id in session_ids for call in previews.of(session_id)]


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
    told = ", ".join([*parts, *([] if cost is None else [_money(cost)])])
    return f"{told}; not sent, rules read it: {clean(call.refused)}" if call.refused else told


def total_line(model: Chosen, later: Sequence[Chosen], calls: Sequence[Preview]) -> str:
    refused = [call for call in calls if call.refused]
    calls = [call for call in calls if not call.refused]
    prompt, answer = _tokens(calls)
    cost = _micro_dollars(model, calls)
    money = "nobody knows the price" if cost is None else _money(cost)
    tokens = f"about {prompt:,} tokens sent, at most {answer:,} answered"
    text = f"{plural(len(calls), 'call')} to {clean(model.name)}: {tokens}, {money}; each may be repaired once"
    if later:
        text += f"; without an answer {', then '.join(clean(one.name) for one in later)}"
    if refused:
        text += f"; {plural(len(refused), 'chunk')} by rules ({clean(refused[0].refused)})"
    if len({call.session_id for call in calls}) > 1:
        text += "; a later session may be shown known items that an earlier one makes"
    return f"{text}."


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
    sent = [call for call in calls if not call.refused]
    prompt, answer = _tokens(sent)
    return {
        "model": model.name,
        "calls": len(sent),
        "prompt_tokens": prompt,
        "answer_tokens": answer,
        "micro_dollars": _micro_dollars(model, sent),
        "prompts": [
            {
                "session_id": call.session_id,
                "chunk_no": call.chunk_no,
                "commits": call.commits,
                "refused": call.refused or None,
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

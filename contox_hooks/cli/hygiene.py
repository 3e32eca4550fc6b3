"""`contox-hooks hygiene`: what could be better about what is remembered, as a plan; and the plan applied."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from contox_hooks.cli.context import Here, opened
from contox_hooks.cli.option import Json
from contox_hooks.cli.pick import looked
from contox_hooks.cli.render import clean, cut, emit_json, is_tty, plural, say, styled, warn
from contox_hooks.domain.error import NotFound, UsageError
from contox_hooks.memory.hygiene.action import Action
from contox_hooks.memory.hygiene.plan import MAX_BYTES, Plan, plan_of
from contox_hooks.whole import write_whole

if TYPE_CHECKING:
    from contox_hooks.memory.hygiene.applying import Applied
    from contox_hooks.model.chat import Asker

app = typer.Typer(
    help="What could be better about what is remembered: duplicates, titles, tags, secrets: a plan, then applied.",
    no_args_is_help=False,
    add_completion=False,
)

_HINT = "contox-hooks hygiene apply"


@app.callback(invoke_without_command=True)
def command(context: typer.Context, json: Json = False) -> None:
    if context.invoked_subcommand is None:
        _analyze("quick", None, None, False, json)


@app.command()
def analyze(
    mode: Annotated[str, typer.Option("--mode", help="quick: the 20 newest items; weekly: 200.")] = "quick",
    key: Annotated[str | None, typer.Option("--key", metavar="PREFIX", help="How the schema key begins.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the plan there, for apply.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Rules alone, even where a model is set up.")] = False,
    json: Json = False,
) -> None:
    """Propose; change nothing. Rules alone, with a model's opinion where one is set up.

    JSON: the plan: planVersion; summary; actions, a list of actionId, type, targetMemoryIds, reason, confidence,
    requiresHumanApproval, seen and, by type, patch, merge, deprecate, links, redactions; metrics with totalMemories,
    actionsCount, byType; warnings; usage with promptTokens, completionTokens.
    """
    if mode not in ("quick", "weekly"):
        raise UsageError(f"there is no mode {mode!r}", hint="quick or weekly")
    _analyze("weekly" if mode == "weekly" else "quick", key, output, offline, json)


@app.command()
def apply(
    plan_file: Annotated[str, typer.Argument(metavar="PLAN", help="What analyze -o wrote; - for stdin.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="This action alone; naming it approves it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve all of the plan.")] = False,
    json: Json = False,
) -> None:
    """Apply a plan: each action whole or not at all; an item that has changed since is left alone.

    What takes something away (merge, deprecate, redact, patch), and what a model proposed, waits for approval: a yes on
    the terminal, --yes, or --only.

    JSON: appliedActionIds; skippedActionIds; errors, a list of actionId, message; skipped, a list of actionId, reason;
    dryRun.
    """
    from contox_hooks.memory.hygiene.applying import NOT_APPROVED
    from contox_hooks.memory.hygiene.applying import apply as applied_to

    here = opened(drain=False)
    plan = _read(plan_file)
    selected = None if not only else _selected(plan, only)
    service, project_id = here.parts.service, here.parts.project.id
    approved = yes or (not dry_run and selected is None and not json and _approved(here, plan))
    done = applied_to(service, project_id, plan, selected=selected, approved=approved, dry_run=dry_run)
    if json:
        emit_json(done.to_json())
        return
    _tell(done)
    if any(each.reason == NOT_APPROVED for each in done.of("skipped")):
        say("to approve: --yes for all, --only ID for one")


def _analyze(
    mode: Literal["quick", "weekly"], key: str | None, output: Path | None, offline: bool, json: bool
) -> None:  # fmt: skip
    from contox_hooks.memory.hygiene.analysis import analyze as plan_for

    here = looked(told=not json)
    asker = None if offline else _asker(here)
    plan = plan_for(here.parts.service, here.parts.project.id, mode=mode, key_prefix=key, asker=asker)
    if output is not None:
        import json as json_text

        text = json_text.dumps(plan.to_json(), ensure_ascii=False, indent=2)
        try:
            write_whole(output, f"{text}\n")
        except OSError as error:
            raise UsageError(f"cannot write {output}: {error.strerror}") from error
    if json:
        emit_json(plan.to_json())
        return
    for warning in plan.warnings:
        warn(f"contox-hooks: {clean(warning)}")
    for action in plan.actions:
        _show(here, action)
    say(clean(plan.summary))
    if plan.actions:
        say(f"apply: {_HINT} {output}" if output else f"keep it: -o plan.json; then {_HINT} plan.json")


def _asker(here: Here) -> Asker | None:
    """None where no model is set up. Raises SettingError where one cannot be asked."""
    from contox_hooks.asker import asker_for

    return asker_for(here.parts)


def _show(here: Here, action: Action) -> None:
    mark = "!" if action.is_destructive else " "
    say(f"{mark} {action.id}  {styled(clean(action.reason), 'dim')}")
    for target in action.target_ids:
        item = here.parts.service.items.get(target)
        stays = " (stays)" if target == action.into_id else ""
        say(f"    {cut(clean(item.title), 100)}{stays}")
    for name, value in action.patch.items():
        text = ", ".join(value) if isinstance(value, list) else str(value) if value is not None else "(none)"
        say(f"    → {name}: {cut(clean(text), 100)}")
    for _, field, rule in action.redactions:
        say(f"    → {field}: [redacted:{clean(rule)}]")


def _read(name: str) -> Plan:
    """Raises NotFound, UsageError."""
    if name == "-":
        return plan_of(sys.stdin.buffer.read(MAX_BYTES + 1), name="the plan on stdin")
    path = Path(name)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no plan {name}", hint="contox-hooks hygiene analyze -o plan.json") from error
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    return plan_of(content, name=name)


def _selected(plan: Plan, only: Sequence[str]) -> set[str]:
    """Whole ids or how they begin. Raises NotFound."""
    chosen = set()
    for wanted in only:
        found = [action.id for action in plan.actions if action.id.startswith(wanted)]
        if len(found) != 1 and wanted not in found:
            raise NotFound(f"{wanted!r} names {len(found)} actions of the plan")
        chosen.add(wanted if wanted in found else found[0])
    return chosen


def _approved(here: Here, plan: Plan) -> bool:
    """A person's yes, where there is one to ask and something to ask about."""
    from contox_hooks.memory.hygiene.applying import needs_approval

    waiting = [action for action in plan.actions if needs_approval(here.parts.service, here.parts.project.id, action)]
    if not waiting or not (sys.stdin.isatty() and is_tty(sys.stderr)):
        return False
    for action in waiting:
        _show_known(here, action)
    return bool(typer.confirm(f"{plural(len(waiting), 'action')} need your approval. Apply?", err=True))


def _show_known(here: Here, action: Action) -> None:
    try:
        _show(here, action)
    except NotFound:
        say(f"! {action.id}  (an item that is not here)")


def _tell(done: Applied) -> None:
    for outcome in done.outcomes:
        told = f": {clean(outcome.reason)}" if outcome.reason else ""
        kind = "would apply" if done.dry_run and outcome.kind == "applied" else outcome.kind
        say(f"{kind}  {outcome.action.id}{told}")
    counts = ", ".join(f"{len(done.of(kind))} {kind}" for kind in ("applied", "skipped", "error") if done.of(kind))
    say(f"{counts or 'the plan is empty'}{' (dry run)' if done.dry_run else ''}")

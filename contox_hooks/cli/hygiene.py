"""`contox-hooks hygiene`: what could be better about what is remembered, as a plan; and the plan applied."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from contox_hooks.cli.context import Here, opened
from contox_hooks.cli.option import Json
from contox_hooks.cli.pick import looked
from contox_hooks.cli.render import clean, cut, emit_json, is_tty, plural, say, shell_word, styled, warn
from contox_hooks.cli.report import model_if_any
from contox_hooks.domain.error import NotFound, UsageError
from contox_hooks.memory.hygiene.action import Action
from contox_hooks.memory.hygiene.plan import MAX_BYTES, Plan, plan_of
from contox_hooks.whole import write_whole

if TYPE_CHECKING:
    from contox_hooks.memory.hygiene.applying import Applied

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

    The exit code is that of the first action that failed.

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
    else:
        _tell(done)
        if any(each.reason == NOT_APPROVED for each in done.of("skipped")):
            say("to approve: --yes for all, --only ID for one")
    failed = next(iter(done.of("error")), None)
    if failed is not None:
        raise typer.Exit(failed.exit_code)


def _analyze(
    mode: Literal["quick", "weekly"], key: str | None, output: Path | None, offline: bool, json: bool
) -> None:  # fmt: skip
    from contox_hooks.domain.narrow import narrow_of
    from contox_hooks.memory.hygiene.analysis import analyze as plan_for

    here = looked(told=not json)
    asker, unset = (None, "") if offline else model_if_any(here)
    narrow = None if asker is None else narrow_of(here.parts.settings)
    service, project_id = here.parts.service, here.parts.project.id
    plan = plan_for(service, project_id, mode=mode, key_prefix=key, asker=asker, narrow=narrow)
    if unset:
        plan = replace(plan, warnings=(f"rules alone, without a model: {unset}", *plan.warnings))
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
        say(f"apply: {_HINT} {shell_word(str(output))}" if output else f"keep it: -o plan.json; then {_HINT} plan.json")


def _show(here: Here, action: Action) -> None:
    items = [here.parts.service.items.get(target) for target in action.target_ids]
    mark = "!" if action.is_destructive else " "
    say(f"{mark} {action.id}  {styled(clean(action.reason), 'dim')}")
    for item in items:
        stays = " (stays)" if item.id == action.into_id else ""
        say(f"    {cut(clean(item.title), 100)}{stays}")
    for name, value in action.patch.items():
        if name in ("facts", "rationale"):
            say(f"    → {name}:")
            for line in _difference(getattr(items[0], name) or "", value or ""):
                say(f"      {line}")
            continue
        was = "" if name == "title" else f" (was: {_flat(getattr(items[0], _FIELDS.get(name, name)))})"
        say(f"    → {name}: {_flat(value)}{was}")
    for _, field, rule in action.redactions:
        say(f"    → {field}: [redacted:{clean(rule)}]")


_FIELDS = {"dedupHint": "dedup_hint"}
"""Of an item, where the wire calls it otherwise."""


def _flat(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
    return clean(text) or "(none)"


def _difference(before: str, after: str) -> Iterator[str]:
    """The lines that go, whole, each with a `-`, and those that come, with a `+`."""
    import difflib

    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line[0] in "-+" and line[2:].strip():
            yield f"{line[0]} {clean(line[2:])}"


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
    from contox_hooks.memory.hygiene.applying import NOT_APPROVED, apply

    if not (sys.stdin.isatty() and is_tty(sys.stderr)):
        return False
    tried = apply(here.parts.service, here.parts.project.id, plan, dry_run=True)
    waiting = [each.action for each in tried.of("skipped") if each.reason == NOT_APPROVED]
    if not waiting:
        return False
    for action in waiting:
        _show(here, action)
    need = "needs" if len(waiting) == 1 else "need"
    return bool(typer.confirm(f"{plural(len(waiting), 'action')} {need} your approval. Apply?", err=True))


def _tell(done: Applied) -> None:
    for outcome in done.outcomes:
        told = f": {clean(outcome.reason)}" if outcome.reason else ""
        kind = "would apply" if done.dry_run and outcome.kind == "applied" else outcome.kind
        say(f"{kind}  {outcome.action.id}{told}")
    counts = ", ".join(f"{len(done.of(kind))} {kind}" for kind in ("applied", "skipped", "error") if done.of(kind))
    say(f"{counts or 'the plan is empty'}{' (dry run)' if done.dry_run else ''}")

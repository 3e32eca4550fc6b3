"""`contox-hooks doctor`: prove the wiring end to end; name what is wrong and what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, say, styled, warn
from contox_hooks.domain.error import Error
from contox_hooks.git.repository import locate

if TYPE_CHECKING:
    from contox_hooks.diagnosis.finding import Finding

app = typer.Typer(add_completion=False)


@app.command()
def command(
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended: hooks, permissions, damaged stores.")
    ] = False,
    json: Json = False,
) -> None:
    """Let git run our hook, look at every file and store, and name what is wrong with the command that mends it.

    Exit 0 when all is well, 1 when something needs attention.

    JSON: ok; findings: a list of level (problem, note), check, text, command; fixed: what --fix did, a list of texts.
    """
    from contox_hooks.diagnosis.examine import examine

    repo = locate()
    found = examine(repo)
    fixed: list[str] = []
    if fix and any(finding.mend for finding in found):
        fixed = _mended(found, told=not json)
        found = examine(repo)
    problems = [finding for finding in found if finding.level == "problem"]
    if json:
        emit_json({"ok": not problems, "findings": [_plain(finding) for finding in found], "fixed": fixed})
    else:
        _tell(found, problems, fixed)
    if problems:
        raise typer.Exit(1)


def _mended(found: Sequence[Finding], *, told: bool) -> list[str]:
    """One mending a way of mending: several problems of the wiring are one installation."""
    done: list[str] = []
    for finding in found:
        if finding.mend is None:
            continue
        try:
            text = finding.mend()
        except Error as error:
            if told:
                warn(f"contox-hooks: {clean(finding.text)}: not mended, {clean(error.message)}")
            continue
        if text not in done:
            done.append(text)
    return done


def _plain(finding: Finding) -> dict[str, Any]:
    return {"level": finding.level, "check": finding.check, "text": finding.text, "command": finding.command}


def _tell(found: Sequence[Finding], problems: Sequence[Finding], fixed: Sequence[str]) -> None:
    for text in fixed:
        say(f"{styled('✓', 'green')} {clean(text)}")
    if not problems:
        hooks = "" if any(finding.check == "probe" for finding in found) else "git runs the hooks, "
        say(f"{styled('✓', 'green')} all is well: {hooks}the drain answers, the stores are sound")
    for finding in sorted(found, key=lambda finding: finding.level == "note"):
        mark = styled("✗", "red") if finding.level == "problem" else "–"
        command = f" → {clean(finding.command)}" if finding.command else ""
        say(f"{mark} {clean(finding.text)}{command}")

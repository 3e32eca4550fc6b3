"""`contox-hooks agents`: the AI tools that are here, and our place in their own files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from contox_hooks.agent.apply import Outcome, Wish, apply, look, remembered, remove
from contox_hooks.agent.site import Site
from contox_hooks.agent.state import IN_PLACE, State, is_part, state_of
from contox_hooks.agent.tool import TOOLS, Tool
from contox_hooks.cli import agents_note
from contox_hooks.cli.option import Json
from contox_hooks.cli.render import clean, emit_json, is_tty, plural, say, styled, table, warn
from contox_hooks.domain.error import Refused, RepositoryError, UsageError
from contox_hooks.git.repository import Repository, locate

app = typer.Typer(add_completion=False)

_SAID = {"not_found": "not found", "found": "found", "configured": "configured", "outdated": "outdated"}
_DONE = {"added": "+", "updated": "~", "removed": "-", "present": "=", "failed": "✗"}


@app.command()
def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[TOOL]...", help=f"Of {', '.join(TOOLS)}; by default those found.")
    ] = None,
    applying: Annotated[bool, typer.Option("--apply", help="Add the MCP server and the rules to their files.")] = False,
    removing: Annotated[bool, typer.Option("--remove", help="Take them out again, to the byte.")] = False,
    brief: Annotated[
        bool | None,
        typer.Option("--brief/--no-brief", help="With the project's brief in the rules, kept up to date; or without."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes as a diff; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """List the AI tools and how they stand: not found, found, configured, outdated. Only --apply, --remove and --brief
    change anything.

    A file that cannot be edited safely is left alone and told of; the others are done, and the exit code is 9.

    JSON: tools, a list of name, label, state (not_found, found, configured, outdated), files; of each: path, kind
    (server, rules), state (absent, present, outdated, other, failed), everywhere (true: of all your repositories),
    brief, environment (names of variables that an entry gives the server), error, hint. With --apply, --remove or
    --brief: changes, a list of path, kind, tools, what (added, updated, present, removed, absent, shared, other,
    failed), everywhere, error, hint and, with --dry-run, diff; notes.
    """
    if applying and removing:
        raise UsageError("--apply or --remove, not both")
    if removing and brief is not None:
        raise UsageError("--brief is of --apply", hint="contox-hooks agents --apply --brief")
    acts = applying or removing or brief is not None
    if (dry_run or yes) and not acts:
        raise UsageError("nothing is changed without --apply or --remove", hint="contox-hooks agents --apply")
    tools = _named(names)
    repo = locate()
    site = _site(repo)
    seen = {tool.name: look(site, [tool], sys.executable) for tool in tools}
    states = {tool.name: state_of(seen[tool.name], is_here=site.has(tool)) for tool in tools}
    if not acts:
        _list(tools, seen, states, json)
        return
    known = remembered(site) if removing else set()
    chosen = tools if names else [tool for tool in tools if tool.name in known or is_part(seen[tool.name])]
    if applying and not names:
        chosen = [tool for tool in tools if states[tool.name] != "not_found"]
    wish = Wish(sys.executable, _brief(repo, chosen) if brief else None, brief, adds=applying)

    def act(*, write: bool) -> list[Outcome]:
        return remove(site, chosen, write=write) if removing else apply(site, chosen, wish, write=write)

    if not names and not dry_run and not yes and chosen:
        _ask(act(write=False), removing, json)
    done = act(write=not dry_run)
    told = [file for file in done if file.what not in ("absent", "shared") or names]
    notes = agents_note.notes(repo, told, removing=removing, asked_for_brief=bool(brief))
    _tell(told, notes, dry_run, json, removing)
    if any(file.what == "failed" for file in done):
        raise typer.Exit(Refused.exit_code)


def _named(names: Sequence[str] | None) -> list[Tool]:
    """Raises UsageError for a name that is none, with a near one."""
    for name in names or ():
        if name not in TOOLS:
            import difflib

            near = difflib.get_close_matches(name, TOOLS, n=1)
            raise UsageError(
                f"there is no tool {name!r}", hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(TOOLS)}"
            )
    return [TOOLS[name] for name in dict.fromkeys(names or TOOLS)]


def _site(repo: Repository) -> Site:
    from contox_hooks.capture.state import state_of as state_folder
    from contox_hooks.place import data_dir

    if repo.work_tree is None:
        raise RepositoryError("a bare repository has no work tree for the tools' files", hint="cd into a clone of it")
    linked = "" if repo.git_dir == repo.common_dir else f"-{repo.git_dir.name}"
    return Site(repo.work_tree, state_folder(repo).root, f"agents{linked}.json", data_dir())


def _brief(repo: Repository, chosen: Sequence[Tool]) -> str | None:
    """Raises NotInitialised, StoreError."""
    from contox_hooks.assembly import Assembly
    from contox_hooks.brief import brief_of
    from contox_hooks.domain.error import NotInitialised

    parts = Assembly(repo)
    if not parts.state.database.exists():
        raise NotInitialised("there is no memory here to be brief about", hint="contox-hooks init")
    return brief_of(parts.service, parts.project.id) if chosen else None


def _list(tools: Iterable[Tool], seen: dict[str, list[Outcome]], states: dict[str, State], json: bool) -> None:
    tools = list(tools)
    if json:
        emit_json(
            {
                "tools": [
                    {
                        "name": tool.name,
                        "label": tool.label,
                        "state": states[tool.name],
                        "files": [_file_object(file) for file in seen[tool.name]],
                    }
                    for tool in tools
                ]
            }
        )
        return
    rows = []
    for tool in tools:
        there = [file.name for file in seen[tool.name] if file.what in IN_PLACE]
        rows.append((tool.name, tool.label, _SAID[states[tool.name]], ", ".join(there)))
    table(("tool", "", "state", "we are in"), rows)
    for file in {file.path: file for files in seen.values() for file in files}.values():
        if file.what == "failed":
            warn(f"✗ {clean(file.error)} → {clean(file.hint)}")
        elif file.what == "other":
            warn(f"– {clean(agents_note.of_others_words(file))}")
        elif file.environment:
            warn(f"– {clean(agents_note.of_environment(file))}")
    if any(file.what == "added" for tool in tools if states[tool.name] == "found" for file in seen[tool.name]):
        say("to add the MCP server and the rules: contox-hooks agents --apply; first a look: --dry-run")
    elif "outdated" in states.values():
        say("to bring them up to date: contox-hooks agents --apply")


def _file_object(file: Outcome) -> dict[str, Any]:
    states = {"added": "absent", "updated": "outdated"}
    return {
        "path": file.path, "kind": file.kind, "state": states.get(file.what, file.what), "everywhere": file.is_users,
        "brief": file.brief, "environment": file.environment, "error": file.error, "hint": file.hint,
    }  # fmt: skip


def _ask(planned: Sequence[Outcome], removing: bool, json: bool) -> None:
    """Lists what would be done; raises UsageError where nobody can be asked, Abort for a no."""
    changing = [file for file in planned if file.what in agents_note.CHANGES]
    if not changing:
        return
    verb = "take us out of the files of" if removing else "write to the files of"
    told = ", ".join(tool.label for tool in TOOLS.values() if any(tool.name in file.tools for file in changing))
    if json or not (is_tty(sys.stdin) and is_tty(sys.stderr)):
        raise UsageError(f"this would {verb} {told}", hint="--yes does it, --dry-run shows it; or name the tools")
    for file in changing:
        warn(f"  {clean(file.name)}")
    typer.confirm(f"{verb.capitalize()} {told}?", abort=True, err=True)


def _tell(told: Sequence[Outcome], notes: Sequence[str], dry_run: bool, json: bool, removing: bool) -> None:
    if json:
        changes = [
            {
                "path": file.path, "kind": file.kind, "tools": file.tools, "what": file.what,
                "everywhere": file.is_users, "error": file.error, "hint": file.hint,
                **({"diff": agents_note.diff(file)} if dry_run else {}),
            }
            for file in told
        ]  # fmt: skip
        emit_json({"changes": changes, "notes": notes})
        return
    changed = [file for file in told if file.what in agents_note.CHANGES]
    for file in told:
        if file.what == "failed":
            warn(f"✗ {clean(file.error)} → {clean(file.hint)}")
        elif dry_run and file in changed:
            say(clean(agents_note.diff(file), lines=True).rstrip("\n"))
        elif file.what in _DONE:
            say(f"{_DONE[file.what]} {clean(file.name)}  {styled(', '.join(file.tools), 'dim')}")
    if not changed and not any(file.what == "failed" for file in told):
        none = "nothing to do: we are in no file of a tool; all that we know: contox-hooks agents"
        there = any(file.what != "absent" for file in told)
        say("all in place already" if there and not removing else "nothing to take out" if removing else none)
    elif changed and not dry_run:
        say(f"{plural(len(changed), 'file')} changed")
    for note in notes:
        say(f"– {clean(note)}")

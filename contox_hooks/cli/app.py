"""The command line: one table of verbs, each loaded when it is called, and the one place where errors become text.

Results go to stdout, errors to stderr: one line that says what is wrong and what to type next; with `--json` an object
`{"error": {"code", "message", "hint"}}`. Exit codes are domain/error.py's.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from contox_hooks.domain.error import Error

VERBS: dict[str, str] = {
    "init": "start capturing this repository: hooks, recent history, first memory",
    "status": "what is captured, the active session, the pipeline, what needs attention",
    "watch": "follow sessions and the pipeline live",
    "sessions": "list sessions, newest first",
    "session": "show one session: session show ID",
    "events": "list the events of a session",
    "save": "save a note: it becomes memory",
    "memory": "what is remembered: items, or one Markdown document",
    "search": "find memory by words and meaning",
    "ask": "answer a question from memory, with its sources",
    "changelog": "what happened lately, for developers, product or executives",
    "impact": "which modules changed lately, what that may touch, how risky it is",
    "onboard": "a guide for who is new here",
    "review": "what needs your judgement, one item at a time: doubtful, contradicted, never sure",
    "hygiene": "duplicates, bad titles, secrets in what is remembered: a plan, then applied",
    "end-session": "close the active session, start a new one",
    "enrich": "run the pipeline now",
    "jobs": "the pipeline's jobs: status, attempts, errors",
    "retry": "run a failed pipeline again, from the stage that failed",
    "scan": "read the architecture from the code base itself, again what changed in it",
    "backfill": "read history, as far back as asked",
    "digest": "what was done since the last save, work in progress too; or what a commit's digest holds",
    "collect": "gather commits, changes and agents' transcripts as one note",
    "settings": "show or change settings",
    "connect": "deliver to a server as well: hosted, or your own",
    "disconnect": "stop delivering and watching until connect; commits go on being captured here",
    "resume": "deliver again (the same as connect)",
    "pause": "the same as disconnect",
    "desync": "the same as disconnect",
    "outbox": "what waits for the server, what it refuses, the exact bytes that would go out",
    "prompt": "one short segment for a shell prompt or tmux",
    "open-url": "do what a link of the dashboard asks for, after a look at it",
    "register-url-handler": "open contox-hooks: links with this program (Linux desktops)",
    "install": "put the hooks in place",
    "uninstall": "take the hooks out, leaving everything as it was",
    "mcp": "memory as tools for AI agents, over the Model Context Protocol",
    "agents": "AI tools found here; add the MCP server and rules to their own files, or take them out",
    "tracker": "follow files and commands while you work, one log a session: start, stop, status, summary",
    "note": "put a note into the session's log",
    "run": "run a command and log how it ended: run -- COMMAND",
    "serve": "the API and the dashboard, over this machine's memory or a team's",
    "projects": "the projects of a server: list, create, show, rename, link a clone, secret",
    "keys": "API keys of a server: list, create, revoke",
    "team": "people of a server and what they may do in which project",
    "worker": "run pipelines of a team's server, as many of these as you like",
    "migrate": "move a whole memory store into another, also another database",
    "export": "a project's memory as a file: whole, as Markdown, as Agent Trace records",
    "import": "an export into this memory, or another one",
    "push-notes": "digests into a git notes ref of a remote, for a team without a server",
    "pull-notes": "what others' notes tell of their commits, into this memory",
    "drain": "look for new commits now",
    "doctor": "prove the wiring end to end; name what is wrong and what mends it",
}
"""Verb to its one-line help; `end-session` lives in cli/end_session.py as `command`."""


ALIASES = {"resume": "connect", "pause": "disconnect", "desync": "disconnect"}
"""The vendor's editor extension and people's fingers know these names."""


class Verbs(TyperGroup):
    """Loads a verb's module when the verb is called: `status` does not pay for what `search` imports."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        name = ALIASES.get(cmd_name, cmd_name)
        module = importlib.import_module(f"contox_hooks.cli.{name.replace('-', '_')}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f"did you mean {near[0]}?" if near else "contox-hooks --help lists the commands"
            raise _Usage(f"there is no command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)


class _Usage(Error):
    exit_code = 2
    code = "usage"


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Your git commits become memory that AI coding tools can use.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from contox_hooks import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    directory: Annotated[str | None, typer.Option("-C", metavar="DIR", help="Work as if started in DIR.")] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise _Usage(f"-C {directory}: {error.strerror}") from error


def main(arguments: list[str] | None = None) -> None:
    """Run and exit. Unexpected failures leave one line and exit 1; CONTOX_TRACEBACK=1 shows them whole."""
    for name in ("stdout", "stderr"):  # None where the caller closed it; whoever cares finds that in `sys.__stdout__`
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        code = app(arguments, prog_name="contox-hooks", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except Error as error:
        return _tell(error.code, error.message, error.hint, error.exit_code, as_json)
    except (BrokenPipeError, SystemExit) as ended:
        if isinstance(ended, SystemExit) and not isinstance(ended.__context__, BrokenPipeError):  # else Click's own end
            raise
        # The reader left; Python must not try to tell it more on the way out.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("\n")
        return 130
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of Typer's own
            context = getattr(error, "ctx", None)
            path = context.command_path if context is not None else "contox-hooks"
            return _tell("usage", error.format_message(), f"{path} --help", 2, as_json)
        if os.environ.get("CONTOX_TRACEBACK"):
            raise
        hint = "CONTOX_TRACEBACK=1 shows where; please report it"
        return _tell("unexpected", f"{type(error).__name__}: {error}", hint, 1, as_json)


def _tell(code: str, message: str, hint: str, exit_code: int, as_json: bool) -> int:
    from contox_hooks.cli.clean import clean

    message, hint = clean(message), clean(hint)  # a folder's name, or a server's text, may hold anything
    if as_json:
        text = json.dumps({"error": {"code": code, "message": message, "hint": hint}}, ensure_ascii=False)
    else:
        text = f"contox-hooks: {message}" + (f"\n  → {hint}" if hint else "")
    sys.stderr.write(f"{text}\n")
    return exit_code

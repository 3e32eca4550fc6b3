"""What docs/ says of the server is so: its options and variables, the unit, the compose file."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from contox_hooks.cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
ROOT: Any = typer.main.get_command(app)


def options(verb: str) -> dict[str, str | None]:
    """Each option of a verb to its variable."""
    parameters = [one for one in ROOT.get_command(None, verb).params if one.param_type_name == "option"]
    return {one.opts[0]: one.envvar for one in parameters}


def test_the_table_of_options_is_whole_and_each_has_a_variable() -> None:
    section = (DOCS / "server.md").read_text().partition("## Options")[2]
    rows = [row.split("|")[1:3] for row in section.splitlines() if row.startswith("| `--")]
    shown: dict[str, str | None] = {}
    for names, variables in rows:
        found = re.findall(r"`(CONTOX_\w+)`", variables)
        for number, name in enumerate(re.findall(r"`(--[a-z-]+)`", names)):
            shown[name] = found[number] if found else None
    assert shown == options("serve")
    assert {name for name, variable in shown.items() if variable is None} == {"--login", "--json"}


def known(words: list[str]) -> None:
    """A command line of ours: `words` begin with the verb."""
    named = options(words[0])
    for word in words[1:]:
        assert not word.startswith("--") or word in named or words[0] not in ("serve", "worker"), words
        assert words[0] in ROOT.list_commands(None)


@pytest.mark.parametrize("line", re.findall(r"^\$ contox-hooks (.*)$", (DOCS / "server.md").read_text(), re.MULTILINE))
def test_commands_of_the_guide(line: str) -> None:
    words = [word for word in shlex.split(line, comments=True) if word != "&"]
    command = ROOT.get_command(None, words[0])
    for word in words[1:2]:
        assert not hasattr(command, "commands") or word in command.commands
    known(words)


def test_the_unit_and_the_compose_file_start_what_there_is() -> None:
    unit = (DOCS / "contox-hooks.service").read_text()
    [line] = re.findall(r"^ExecStart=\S+/contox-hooks (.*)$", unit, re.MULTILINE)
    known(line.split())
    composed = yaml.safe_load((DOCS / "compose.yaml").read_text())["services"]
    for name in ("server", "worker"):
        known(composed[name]["command"])
        variables = {one for verb in ("serve", "worker") for one in options(verb).values()}
        assert set(composed[name]["environment"]) <= variables

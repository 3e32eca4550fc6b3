"""What the README says is so: verbs, settings, exit codes, the framework's example, the commands it shows."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path

import pytest
import yaml

from contox_hooks.cli.app import VERBS, run
from contox_hooks.domain import error as errors
from contox_hooks.domain.setting import DEFAULTS, SPECS
from tests.gitrepo import Repo

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_every_verb_is_in_the_table() -> None:
    named = set(re.findall(r"`([a-z-]+)[^`]*`", " ".join(row[0] for row in rows("What you get"))))
    assert named == set(VERBS)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    table = {row[0].strip("`"): row[1] for row in rows("Settings")}
    assert set(table) == set(SPECS)
    for name, shown in table.items():
        default = getattr(DEFAULTS, name)
        values = default if isinstance(default, tuple) else (default,)
        expected = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
        assert re.findall(r"`([^`]+)`", shown) == expected, name


def test_every_exit_code_is_in_the_table() -> None:
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.Error)]
    assert {int(row[0]) for row in rows("Exit codes")} == {0, 130, *(cls.exit_code for cls in classes)}


def test_the_example_for_the_framework_names_hooks_that_exist() -> None:
    example = yaml.safe_load(README.split("```yaml\n", 1)[1].split("```", 1)[0])
    offered = {hook["id"]: hook["stages"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    used = {hook["id"] for repo in example["repos"] for hook in repo["hooks"]}
    assert used <= set(offered)
    stages = {stage for name in used for stage in offered[name]}
    assert stages <= set(example["default_install_hook_types"])


def test_the_commands_it_shows_work_one_after_the_other(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit("Use SQLite for the store\n\nBecause it needs no server.", {"store.py": "import sqlite3\n\nX = 1\n"})
    monkeypatch.chdir(repo.path)
    block = README.split("## What you get", 1)[1].split("```console\n", 1)[1].split("```", 1)[0]
    commands = [shlex.split(line.removeprefix("$ "), comments=True) for line in block.splitlines()]
    ours = [words[1:] for words in commands if words and words[0] == "contox-hooks"]
    assert [words[0] for words in ours] == ["init", "status", "watch", "search", "end-session"]
    for words in ours:
        repo.commit(f"before {words[0]}", {f"{words[0]}.txt": "a\nb\nc\n"}, now=True)
        arguments = [*words, "--for", "1"] if words[0] == "watch" else words
        assert run(arguments) == 0, (words, capsys.readouterr())


def test_the_test_command_is_what_ci_runs() -> None:
    assert "bash tests/run" in README
    assert "bash tests/run" in (ROOT / ".ci" / "run").read_text()

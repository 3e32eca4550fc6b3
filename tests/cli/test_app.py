"""The command line as a whole: every verb has help and --json, errors are one line, exit codes are the documented ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from contox_hooks.cli import app as app_module
from contox_hooks.cli.app import VERBS, app, run
from contox_hooks.domain import error as error_module
from contox_hooks.domain.error import Busy, Error, StageFailed, StoreNewer
from tests.cli.conftest import Call
from tests.gitrepo import Repo

README = Path(__file__).parents[2] / "README.md"


def commands() -> Iterator[tuple[str, Any]]:
    """Every verb and every command below one, by what is typed."""
    root: Any = typer.main.get_command(app)
    for verb in root.list_commands(None):
        command = root.get_command(None, verb)
        yield verb, command
        for name, below in getattr(command, "commands", {}).items():
            yield f"{verb} {name}", below


NAMES = [name for name, _ in commands()]

LINK = "contox-hooks://contox/connect"
ARGUMENTS = {
    "save": ["a note"],
    "session": ["show", "x"],
    "search": ["x"],
    "import": ["x"],
    "ask": ["why x"],
    "settings": ["set", "paused", "true"],
    "open-url": [LINK],
    "tracker": ["status"],
    "note": ["x"],
    "run": ["true"],
}

SERVERS = {"mcp", "serve", "projects", "keys", "team", "worker", "migrate"}

ANYWHERE = {"prompt", "register-url-handler", *SERVERS}
"""They have nothing to do with a repository that is captured: nothing is shown, a desktop is told, or a server."""


def test_the_table_of_verbs_is_what_there_is() -> None:
    assert [name for name in NAMES if " " not in name] == list(VERBS)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("prompt", "mcp")])
def test_each_has_help_and_documented_json(name: str, call: Call, tmp_path: Path) -> None:
    told = call(*name.split(), "--help", at=tmp_path)
    assert (told.code, told.err) == (0, "")
    assert "Usage:" in told.out
    assert "--json" in told.out
    command = dict(commands())[name]
    is_group = hasattr(command, "commands")
    assert is_group or re.search(r"JSON( of \w+)?:", command.help or ""), f"{name}: its docstring documents no JSON"


@pytest.mark.parametrize("verb", sorted(set(VERBS) - ANYWHERE))
def test_outside_a_repository_every_verb_says_so_in_one_line(verb: str, call: Call, tmp_path: Path) -> None:
    arguments = ARGUMENTS.get(verb, [])
    told = call(verb, *arguments, at=tmp_path)
    assert (told.code, told.out) == (3, "")
    where = "a link was opened outside a repository" if verb == "open-url" else f"not a git repository: {tmp_path}"
    assert told.err.splitlines()[0] == f"contox-hooks: {where}"
    assert call(verb, *arguments, "--json", at=tmp_path).error["code"] == "repository"


BEFORE_INIT = sorted(
    set(VERBS)
    - ANYWHERE
    - {"tracker", "note", "run"}
    - {"open-url", "init", "install", "uninstall", "agents", "digest", "settings", "doctor"}
)


@pytest.mark.parametrize("verb", BEFORE_INIT)
def test_before_init_every_verb_names_it(verb: str, repo: Repo, call: Call) -> None:
    arguments = ARGUMENTS.get(verb, [])
    assert call(verb, *arguments, "--json").error == {
        "code": "not_initialised",
        "message": f"nothing is captured in {repo.path} yet",
        "hint": "contox-hooks init",
    }
    assert not (repo.path / ".git" / "contox").exists()


NEAR = [("statsu", "did you mean status?"), ("end_session", "did you mean end-session?"), ("qqq", "contox-hooks --help lists the commands")]  # fmt: skip


@pytest.mark.parametrize(("typed", "hint"), NEAR)
def test_a_verb_that_is_not_there(typed: str, hint: str, call: Call, tmp_path: Path) -> None:
    told = call(typed, at=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert told.err == f"contox-hooks: there is no command {typed!r}\n  → {hint}\n"
    assert call(typed, "--json", at=tmp_path).error == {
        "code": "usage",
        "message": f"there is no command {typed!r}",
        "hint": hint,
    }


def test_an_option_that_is_not_there(call: Call, tmp_path: Path) -> None:
    told = call("status", "--jsn", at=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert "--jsn" in told.err
    assert told.err.endswith("  → contox-hooks status --help\n")


def test_exit_codes_are_those_of_the_readme() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \| ", README.read_text(), re.MULTILINE)}
    classes = [value for value in vars(error_module).values() if isinstance(value, type) and issubclass(value, Error)]
    assert {cls.exit_code for cls in classes} | {0, 2, 130} == documented
    assert len({cls.code for cls in classes}) == len(classes)


RAISED = [
    (StageFailed("it rained", hint="wait"), 8, "contox-hooks: it rained\n  → wait\n"),
    (Busy("not now"), 10, "contox-hooks: not now\n"),
    (StoreNewer("x"), 7, "contox-hooks: x\n"),
    (KeyboardInterrupt(), 130, "\n"),
    (BrokenPipeError(), 0, ""),
    (Busy("in \x1b]0;owned\x07 a\x1b[2Jb\u202ec", hint="cd '\x1b[1mx\udcff'"), 10, "contox-hooks: in abc\n  → cd 'x\ufffd'\n"),
    (ZeroDivisionError("oh"), 1, "contox-hooks: ZeroDivisionError: oh\n  → CONTOX_TRACEBACK=1 shows where; please report it\n"),
]  # fmt: skip


@pytest.mark.parametrize(("raised", "code", "text"), RAISED)
def test_what_is_raised_becomes_a_line_and_a_code(
    raised: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*arguments: object, **options: object) -> None:
        raise raised

    monkeypatch.setattr(app_module, "app", failing)
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # put back when a broken pipe replaces it
    assert run(["status"]) == code
    assert capsys.readouterr().err == text


def test_a_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(app_module, "app", failing)
    monkeypatch.setenv("CONTOX_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(["status"])


def test_the_readme_lists_every_verb_and_setting() -> None:
    from contox_hooks.domain.setting import SPECS

    text = README.read_text()
    for verb in VERBS:
        assert f"`{verb}" in text, verb
    for setting in SPECS:
        assert f"`{setting}`" in text, setting


def program(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "contox_hooks", *arguments], cwd=at, capture_output=True, text=True, check=False
    )


def test_the_program_itself(told_repo: Repo, call: Call) -> None:
    from contox_hooks import __version__

    assert program("--version", at=told_repo.path).stdout == f"{__version__}\n"
    done = program("init", "--no-hooks", "--json", at=told_repo.path / "api")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["history"]["captured"] == 4
    assert program("-C", str(told_repo.path), "memory", at=told_repo.path.parent).stdout == call("memory").out
    done = program("-C", "nowhere", "status", at=told_repo.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("contox-hooks: -C nowhere: No such file or directory\n")
    done = program("memory", "zzz", "--json", at=told_repo.path)
    assert (done.returncode, done.stdout) == (4, "")
    assert json.loads(done.stderr)["error"]["code"] == "not_found"


def test_a_reader_that_leaves_is_no_error(learnt: Repo) -> None:
    done = subprocess.run(
        f"'{sys.executable}' -m contox_hooks digest HEAD~3..HEAD | head -n 1",
        shell=True,
        cwd=learnt.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert learnt.head() in done.stdout


def test_an_error_as_json_holds_no_control_character_either(call: Call, tmp_path: Path) -> None:
    told = call("-C", "no\x1b[2Jwhere\u202e", "status", "--json", at=tmp_path)
    assert told.code == 2
    assert told.error["message"].isprintable()

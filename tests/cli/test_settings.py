"""`settings`: what is in force and why; each place can be set and unset; wrong values change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.configuration import user_file
from contox_hooks.domain.setting import SPECS
from tests.cli.conftest import Call
from tests.gitrepo import Repo


@pytest.fixture
def captured(repo: Repo, call: Call) -> Repo:
    assert call("init", "--no-hooks").code == 0
    return repo


def in_force(call: Call, name: str) -> tuple[object, str]:
    found = call("settings", "get", name, "--json").json
    assert set(found) == {"name", "value", "origin"}
    return found["value"], found["origin"]


def test_the_list_has_every_setting_with_origin_and_meaning(captured: Repo, call: Call) -> None:
    found = call("settings", "--json").json
    assert found == call("settings", "list", "--json").json
    assert list(found["settings"]) == list(SPECS)
    assert found["settings"]["diffs"] == {
        "value": True,
        "origin": "default",
        "default": True,
        "help": SPECS["diffs"].help,
    }
    lines = call("settings").out.splitlines()
    assert lines[0] == "project work"
    assert lines[1].split() == ["name", "value", "from", "meaning"]
    assert len(lines) == 2 + len(SPECS)


PLACES = [((), "project"), (("--git",), "git config"), (("--user",), None)]


@pytest.mark.parametrize(("options", "origin"), PLACES)
def test_set_and_unset_in_each_place(captured: Repo, call: Call, options: tuple[str, ...], origin: str | None) -> None:
    where = origin or str(user_file())
    for name, typed, value in (
        ("diff-budget", "100", 100),
        ("paused", "yes", True),
        ("exclude", "*.a, b/**", ["*.a", "b/**"]),
        ("window", "sliding", "sliding"),
    ):
        told = call("settings", "set", name, typed, *options)
        assert (told.code, told.err) == (0, "")
        assert told.out.endswith(f"({where})\n")
        assert in_force(call, name) == (value, where)
        told = call("settings", "unset", name, *options, "--json")
        assert told.json["value"] is None
        assert told.json["origin"] == "default"


def test_a_value_that_does_not_count_says_so(captured: Repo, call: Call) -> None:
    call("settings", "set", "diff_budget", "200", "--git")
    told = call("settings", "set", "diff_budget", "100")
    assert told.out == "diff_budget is set (project), but git config makes it 200\n"
    assert call("settings", "set", "diff_budget", "100", "--json").json == {
        "name": "diff_budget",
        "value": 100,
        "where": "project",
        "in_force": 200,
        "origin": "git config",
    }


def test_the_projects_name(captured: Repo, call: Call) -> None:
    assert call("settings", "get", "name").out == "work\n"
    assert call("settings", "set", "name", "ledger").out == "the project's name is ledger\n"
    assert in_force(call, "name") == ("ledger", "project")
    assert call("settings", "--json").json["project"]["name"] == "ledger"
    assert call("settings", "set", "name", " ").code == 2
    assert call("settings", "set", "name", "x", "--git").code == 2
    assert call("settings", "unset", "name").code == 2


BAD = [
    (("set", "difbudget", "1"), 6, "unknown setting 'difbudget'", "did you mean diff_budget?"),
    (("get", "pased"), 6, "unknown setting 'pased'", "did you mean paused?"),
    (("unset", "zzz"), 6, "unknown setting 'zzz'", "contox-hooks settings lists them"),
    (("set", "diff_budget", "many"), 6, "must be a whole number, not 'many'", ""),
    (("set", "diff_budget", "1000000"), 6, "must be between 0 and 100000", ""),
    (("set", "paused", "maybe"), 6, "must be true or false", ""),
    (("set", "model", "huge"), 6, "must be one of offline, small, medium, not", ""),
    (("set", "paused", "true", "--user", "--git"), 2, "--user and --git name two places", "give one of them"),
    (("set", "paused"), 2, "Missing argument", "contox-hooks settings set --help"),
    (("lst",), 2, "No such command 'lst'", "contox-hooks settings --help"),
]


@pytest.mark.parametrize(("arguments", "code", "message", "hint"), BAD)
def test_bad_input_changes_nothing(
    captured: Repo, call: Call, arguments: tuple[str, ...], code: int, message: str, hint: str
) -> None:
    before = call("settings", "--json").json
    told = call("settings", *arguments)
    assert (told.code, told.out) == (code, "")
    assert message in told.err.splitlines()[0]
    assert told.err.count("\n") == (2 if hint else 1)
    error = call("settings", *arguments, "--json").error
    assert hint in error["hint"]
    assert call("settings", "--json").json == before


def test_broken_yaml_is_named_and_left_alone(captured: Repo, call: Call) -> None:
    user_file().write_text("paused: true\ndiffs: [\n")
    told = call("settings")
    assert (told.code, told.out) == (6, "")
    assert told.err.startswith(f"contox-hooks: {user_file()} line 3: ")
    assert call("settings", "set", "diffs", "true", "--user").code == 6
    assert user_file().read_text() == "paused: true\ndiffs: [\n"
    told = call("settings", "set", "diffs", "false")  # other places can still be set
    assert (told.code, "cannot be read: contox-hooks settings" in told.out) == (0, True)


def test_outside_a_repository_the_users_own_can_be_set(call: Call, tmp_path: Path) -> None:
    assert call("settings", "set", "--user", "diffs", "false", at=tmp_path).code == 0
    found = call("settings", "--json", at=tmp_path).json
    assert found["project"] is None
    assert found["settings"]["diffs"]["value"] is False
    assert call("settings", "set", "diffs", "false", at=tmp_path).code == 3
    assert call("settings", "set", "diffs", "false", "--git", at=tmp_path).code == 3


def test_before_init_nothing_is_made(repo: Repo, call: Call) -> None:
    assert call("settings").code == 0
    assert call("settings", "set", "diffs", "false").code == 5
    assert call("settings", "get", "name").code == 5
    assert not (repo.path / ".git" / "contox").exists()

"""The server's entry: how it starts where others read it, and what others have written into it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from contox_hooks.agent.apply import Wish, apply, look, remove
from contox_hooks.agent.insertion import Unparsable
from contox_hooks.agent.json_entry import JsonEntry
from contox_hooks.agent.record import hash_of
from contox_hooks.agent.state import state_of
from contox_hooks.agent.toml_entry import TomlEntry
from contox_hooks.agent.tool import TOOLS
from contox_hooks.agent.wanted import starting
from tests.agent.world import PYTHON, site_of
from tests.gitrepo import Repo

CLAUDE, CODEX, WINDSURF = TOOLS["claude"], TOOLS["codex"], TOOLS["windsurf"]
WISH = Wish(PYTHON)
NEW = {"command": "/new/python", "args": ["-P", "-m", "contox_hooks", "mcp"]}


@pytest.mark.parametrize("way", ["CODEX_HOME here", "a link to a tracked file", "home is a work tree"])
def test_no_path_of_this_machine_in_a_work_tree(
    repo: Repo, sealed: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    config = sealed / ".codex" / "config.toml"
    if way == "CODEX_HOME here":
        monkeypatch.setenv("CODEX_HOME", str(repo.path / ".codex"))
        config = repo.path / ".codex" / "config.toml"
    elif way == "a link to a tracked file":
        Repo(sealed / "dotfiles").write("codex/config.toml", "a = 1\n")
        config.parent.mkdir()
        config.symlink_to(sealed / "dotfiles" / "codex" / "config.toml")
    else:
        Repo(sealed)
    apply(site_of(repo.path), [CODEX], WISH)
    entry = tomllib.loads(config.read_text())["mcp_servers"]["contox-hooks"]
    assert entry == {"command": "contox-hooks", "args": ["mcp"]}
    assert {file.what for file in look(site_of(repo.path), [CODEX], PYTHON)} == {"present"}


def test_what_a_tool_keeps_in_our_entry_stays_when_it_is_brought_up_to_date(repo: Repo, sealed: Path) -> None:
    site = site_of(repo.path)
    apply(site, [WINDSURF], WISH)
    path = sealed / ".codeium" / "windsurf" / "mcp_config.json"
    values = json.loads(path.read_text())
    values["mcpServers"]["contox-hooks"].update(disabled=False, autoApprove=["contox_search"], timeout=60)
    path.write_text(json.dumps(values, indent=4))
    new = Wish("/new/python")
    assert apply(site, [WINDSURF], new)[0].what == "updated"
    values["mcpServers"]["contox-hooks"]["command"] = "/new/python"
    assert path.read_text() == json.dumps(values, indent=4)
    assert state_of(look(site, [WINDSURF], "/new/python"), is_here=True) == "configured"
    remove(site, [WINDSURF])
    assert not path.exists()


def test_json_values_change_where_they_stand() -> None:
    form = JsonEntry("servers", "contox-hooks")
    text = '{"servers": {"contox-hooks": {\r\n\t// mine\r\n\t"args": [\r\n\t\t"x"\r\n\t], // why\r\n\t"command": "y", "z": 1}}}'
    assert form.changed(text, {"command": "new", "args": ["a", "mcp"]}) == (
        '{"servers": {"contox-hooks": {\r\n\t// mine\r\n\t"args": [\r\n\t  "a",\r\n\t  "mcp"\r\n\t], // why\r\n'
        '\t"command": "new", "z": 1}}}'
    )
    with pytest.raises(Unparsable, match=r"^line 1: .*up to date"):
        form.changed('{"servers": {"contox-hooks": {"args": []}}}', NEW)


def test_toml_values_change_where_they_stand() -> None:
    form = TomlEntry("mcp_servers", "contox-hooks")
    text = (
        '[a]\ncommand = "x"\nargs = []\n[mcp_servers.contox-hooks]\nenabled = false # mine\ncommand = \'/old "py"\' # why\n'
        'args = [\n  "-m", # ] module\n  "contox_hooks", \'mcp\',\n]\n[mcp_servers.contox-hooks.env]\nargs = "1"\n'
    )
    after = form.changed(text, NEW)
    assert after == (
        '[a]\ncommand = "x"\nargs = []\n[mcp_servers.contox-hooks]\nenabled = false # mine\ncommand = "/new/python" # why\n'
        'args = ["-P", "-m", "contox_hooks", "mcp"]\n[mcp_servers.contox-hooks.env]\nargs = "1"\n'
    )
    with pytest.raises(Unparsable, match="up to date"):
        form.changed('mcp_servers = { contox-hooks = { command = "x", args = ["mcp"] } }\n', NEW)
    with pytest.raises(Unparsable, match="up to date"):  # and soon: no pattern that takes for ever
        form.changed("[mcp_servers.contox-hooks]\n" + 'args = """\n[\n' + '# "# ' * 2000 + '\n"""\n', NEW)


def test_only_how_it_starts_is_ours() -> None:
    assert starting({"type": "stdio", **NEW}) == NEW


def test_another_program_under_our_name_is_not_ours_and_a_strange_environment_is_named(repo: Repo) -> None:
    site = site_of(repo.path)
    apply(site, [CLAUDE], WISH)
    path = repo.path / ".mcp.json"
    path.write_text('{"mcpServers": {"contox-hooks": {"command": "curl", "args": ["mcp"]}}}')
    assert state_of(look(site, [CLAUDE], PYTHON), is_here=True) == "found"
    entry = {"command": "contox-hooks", "args": ["mcp"], "env": {"CONTOX_API_URL": "https://example.org"}}
    path.write_text(json.dumps({"mcpServers": {"contox-hooks": entry}}))
    assert look(site, [CLAUDE], PYTHON)[0].environment == ("CONTOX_API_URL",)


def test_an_entry_that_the_user_rewrote_is_not_taken_out(repo: Repo) -> None:
    site = site_of(repo.path)
    apply(site, [CLAUDE], WISH)
    path = repo.write(
        ".mcp.json", '{"mcpServers": {"contox-hooks": {"command": "uvx", "args": ["contox-hooks", "mcp"]}}}'
    )
    before = path.read_text()
    assert remove(site, [CLAUDE])[0].what == "other"
    assert path.read_text() == before


def test_a_file_that_the_user_went_on_with_stays_when_ours_was_brought_up_to_date_in_it(
    repo: Repo, sealed: Path
) -> None:
    site = site_of(repo.path)
    apply(site, [CODEX, WINDSURF], WISH)
    config, mcp = sealed / ".codex" / "config.toml", sealed / ".codeium" / "windsurf" / "mcp_config.json"
    config.write_text(f'model = "mine"\n\n{config.read_text()}')
    values = json.loads(mcp.read_text())
    values["mcpServers"]["mine"] = {"command": "x"}
    mcp.write_text(json.dumps(values))
    apply(site, [CODEX, WINDSURF], Wish("/new/python"))
    apply(site, [CODEX, WINDSURF], WISH)
    remove(site, [CODEX, WINDSURF])
    assert tomllib.loads(config.read_text()) == {"model": "mine"}
    assert json.loads(mcp.read_text()) == {"mcpServers": {"mine": {"command": "x"}}}


def test_what_was_remembered_of_a_file_that_was_not_there_never_takes_away_what_others_wrote(repo: Repo) -> None:
    """The record says `made`, and our insertions stand where it says: others' words in the file count all the same."""
    site = site_of(repo.path)
    apply(site, [CLAUDE], WISH)
    path, record = repo.path / ".mcp.json", site.state / site.record_name
    kept = json.loads(record.read_text())
    path.write_text(f"{path.read_text()}// theirs\n")
    kept["files"][".mcp.json"]["after"] = hash_of(path.read_bytes())
    record.write_text(json.dumps(kept))
    remove(site, [CLAUDE])
    assert path.read_text() == "// theirs\n"


def test_a_file_nested_without_end_is_left_alone(repo: Repo, sealed: Path) -> None:
    config = sealed / ".codex" / "config.toml"
    config.parent.mkdir()
    for text in ("a = " + "[" * 100_000, ".".join("a" * 3_000) + " = 1\n"):
        config.write_text(text)
        done = look(site_of(repo.path), [CODEX, CLAUDE], PYTHON)
        assert [file.what for file in done] == ["failed", "added", "added", "added"]
        assert "nested too deeply" in done[0].error

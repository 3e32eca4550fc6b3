"""`contox-hooks agents`: what it lists, asks, shows and says."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from contox_hooks import work
from contox_hooks.agent.tool import TOOLS
from tests.cli.conftest import Call
from tests.cli.world import commit, drain, learn
from tests.gitrepo import Repo


@pytest.fixture
def tools(repo: Repo, sealed: Path, monkeypatch: pytest.MonkeyPatch, need: Callable[[str], str]) -> Repo:
    """Claude Code is used here, and Codex on this machine."""
    programs = sealed / "bin"  # git and no tool that happens to be on this machine
    programs.mkdir()
    (programs / "git").symlink_to(need("git"))
    monkeypatch.setenv("PATH", str(programs))
    repo.commit("start", {"CLAUDE.md": "# Here\n"})
    (sealed / ".codex").mkdir()
    (sealed / ".codex" / "config.toml").write_text('api = "' + "sk-" + "a1B2" * 12 + '"\n')
    return repo


def states(call: Call) -> dict[str, str]:
    return {tool["name"]: tool["state"] for tool in call("agents", "--json").json["tools"]}


def test_the_list_changes_nothing(tools: Repo, call: Call) -> None:
    told = call("agents")
    assert told.code == 0
    assert "--apply" in told.out
    assert [line.split()[0] for line in told.out.splitlines()[1 : 1 + len(TOOLS)]] == list(TOOLS)
    found = states(call)
    assert (found["claude"], found["codex"], found["windsurf"]) == ("found", "found", "not_found")
    assert not tools.git("status", "--porcelain")
    assert not (tools.path / ".git" / "contox" / "agents.json").exists()
    [claude] = [tool for tool in call("agents", "claude", "--json").json["tools"]]
    assert [(file["path"], file["state"]) for file in claude["files"]] == [
        (str(tools.path / ".mcp.json"), "absent"),
        (str(tools.path / "CLAUDE.md"), "absent"),
    ]


def test_apply_look_remove(tools: Repo, sealed: Path, call: Call) -> None:
    config = (sealed / ".codex" / "config.toml").read_text()
    told = call("agents", "--apply", "--yes")
    assert told.code == 0, told.err
    assert "4 files changed" in told.out
    assert "for all your repositories: ~/.codex/config.toml" in told.out
    assert "contox-hooks init" in told.out
    assert states(call)["claude"] == states(call)["codex"] == "configured"
    assert "all in place already" in call("agents", "--apply", "--yes").out
    entry = json.loads((tools.path / ".mcp.json").read_text())["mcpServers"]["contox-hooks"]
    assert entry == {"type": "stdio", "command": "contox-hooks", "args": ["mcp"]}
    told = call("agents", "--remove", "--yes")
    assert told.code == 0, told.err
    assert not tools.git("status", "--porcelain")
    assert (sealed / ".codex" / "config.toml").read_text() == config
    assert "nothing to take out" in call("agents", "--remove", "--yes").out


def test_a_dry_run_shows_the_change_and_no_secret(tools: Repo, call: Call) -> None:
    told = call("agents", "--apply", "--dry-run")
    assert told.code == 0
    assert "+++ CLAUDE.md" in told.out
    assert "--- /dev/null\n+++ .mcp.json" in told.out
    assert "+[mcp_servers.contox-hooks]" in told.out
    assert "a1B2" not in told.out
    assert not tools.git("status", "--porcelain")
    changes = call("agents", "--apply", "--dry-run", "claude", "--json").json["changes"]
    assert [change["what"] for change in changes] == ["added", "added"]
    assert "+++ .mcp.json" in changes[0]["diff"]


def test_nobody_to_ask(tools: Repo, call: Call) -> None:
    told = call("agents", "--apply")
    assert told.code == 2
    assert "--yes" in told.err
    assert not tools.git("status", "--porcelain")
    assert call("agents", "--apply", "claude").code == 0  # named: no need to ask


def test_on_a_terminal_it_asks(tools: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no(question: str, **_: object) -> bool:
        asked.append(question)
        raise typer.Abort

    monkeypatch.setattr("contox_hooks.cli.agents.is_tty", lambda stream=None: True)
    monkeypatch.setattr(typer, "confirm", no)
    told = call("agents", "--apply")
    assert told.code == 130
    assert asked == ["Write to the files of Claude Code, Codex?"]
    assert "  ~/.codex/config.toml" in told.err
    assert not tools.git("status", "--porcelain")
    monkeypatch.setattr(typer, "confirm", lambda question, **_: True)
    assert "4 files changed" in call("agents", "--apply").out


def test_what_is_missing_is_said(tools: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = call("agents", "--apply", "claude")
    assert "pip install 'contox-hooks[mcp]'" in told.out
    assert "not on PATH" in told.out


def test_an_entry_for_all_repositories_is_only_a_part_in_the_next_one(tools: Repo, make_repo: Any, call: Call) -> None:
    call("agents", "--apply", "codex")
    other = make_repo("other")
    told = call("agents", "codex", at=other.path)
    assert "found" in told.out
    assert "~/.codex/config.toml" in told.out
    assert "- ~/.codex/config.toml" in call("agents", "--remove", "--yes", at=other.path).out
    assert (tools.path / "AGENTS.md").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--apply", "--remove"], "not both"),
        (["--remove", "--brief"], "--brief"),
        (["--yes"], "--apply"),
        (["--apply", "cursr"], "did you mean cursor?"),
    ],
)
def test_what_makes_no_sense(tools: Repo, call: Call, arguments: list[str], told: str) -> None:
    done = call("agents", *arguments)
    assert done.code == 2
    assert told in done.err


def test_one_bad_file_and_the_others_are_done(tools: Repo, call: Call) -> None:
    tools.write(".mcp.json", '{\n  "a": }')
    told = call("agents", "--apply", "claude")
    assert told.code == 9
    assert ".mcp.json, line 2: a JSON value is expected here: left as it is" in told.err
    assert "+ CLAUDE.md" in told.out
    assert "line 2" in call("agents", "claude").err


def test_a_bare_repository_and_none(make_repo: object, tmp_path: Path, call: Call) -> None:
    Repo(tmp_path / "bare", bare=True)
    assert call("agents", at=tmp_path / "bare").code == 3
    assert call("agents", at=tmp_path).code == 3


def test_each_work_tree_remembers_its_own(tools: Repo, call: Call) -> None:
    tools.git("worktree", "add", "-q", "../second")
    second = tools.path.parent / "second"
    call("agents", "--apply", "claude")
    call("agents", "--apply", "claude", at=second)
    call("agents", "--remove", "claude")
    assert (second / ".mcp.json").exists()
    call("agents", "--remove", "claude", at=second)
    assert (second / "CLAUDE.md").read_text() == "# Here\n"
    assert not (second / ".mcp.json").exists()


def test_the_brief_follows_memory(tools: Repo, call: Call) -> None:
    told = call("agents", "--apply", "--brief", "claude")
    assert told.code == 5
    assert "contox-hooks init" in told.err
    call("init", "--no-hooks")
    told = call("agents", "--apply", "--brief", "claude")
    assert "git tracks CLAUDE.md" in told.out
    path = tools.path / "CLAUDE.md"
    assert "no decision or convention is remembered yet" in path.read_text()

    tools.git("checkout", "-q", "CLAUDE.md")  # a mind is changed: the marks are gone, so nothing comes back
    commit(tools, "Decide on SQLite: one file, no server")
    learn(tools)
    assert path.read_text() == "# Here\n"

    call("agents", "--apply", "--brief", "claude")
    body = "BREAKING CHANGE: clients must follow `next`; lists had grown to 10,000 rows."
    commit(tools, f"refactor(api)!: orders are paged\n\n{body}", lines=9, name="api/orders.py")
    learn(tools)
    text = path.read_text()
    assert "(decision" in text, text
    assert "Active areas" not in text
    assert "more in memory" not in text
    drain(tools)
    before = path.stat()
    work.run()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    call("agents", "--no-brief", "--yes")
    assert "(decision" not in path.read_text()
    call("agents", "--remove", "claude")
    assert path.read_text() == "# Here\n"


def test_the_interpreter_is_named_in_the_users_own_files_alone(tools: Repo, sealed: Path, call: Call) -> None:
    call("agents", "--apply", "claude", "codex")
    assert sys.executable in (sealed / ".codex" / "config.toml").read_text()
    for path in (tools.path / ".mcp.json", tools.path / "AGENTS.md", tools.path / "CLAUDE.md"):
        assert sys.executable not in path.read_text()
        assert str(sealed) not in path.read_text()


def test_the_brief_comes_to_sections_that_stand_and_to_no_tool_that_did_not_ask(tools: Repo, call: Call) -> None:
    call("init", "--no-hooks")
    call("agents", "--apply", "agents-md")
    told = call("agents", "--brief", "--yes")  # Codex and Cline would read AGENTS.md too
    assert told.code == 0, told.err
    assert "~ AGENTS.md" in told.out
    assert "In brief" in (tools.path / "AGENTS.md").read_text()
    assert call("agents", "--brief", "claude").code == 0
    assert call("agents", "--no-brief", "--yes").code == 0
    assert "In brief" not in (tools.path / "AGENTS.md").read_text()
    assert {name for name, state in states(call).items() if state == "configured"} == {"agents-md"}
    assert tools.git("status", "--porcelain").split() == ["??", "AGENTS.md"]
    call("agents", "--remove", "agents-md")  # no tool joined: it was the last one
    assert not tools.git("status", "--porcelain")


def test_two_people_have_the_same_brief(
    told_repo: Repo, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with a clone and a memory of their own; else each commits over the other's for ever."""
    told_repo.git("clone", "-q", ".", "../another name")
    briefs = []
    for name in ("work", "another name"):
        monkeypatch.setenv("CONTOX_DATA_DIR", str(tmp_path / f"data of {name}"))
        call("init", "--no-hooks", at=tmp_path / name)
        call("agents", "--apply", "--brief", "claude", at=tmp_path / name)
        briefs.append((tmp_path / name / "CLAUDE.md").read_text())
    assert briefs[0] == briefs[1]
    assert "- **" in briefs[0]
    assert "Memory of" not in briefs[0]
    lines = briefs[0].splitlines()
    assert not [
        line for line, after in zip(lines, lines[2:], strict=False) if line[:3] == "## " and after[:3] in ("## ", "```")
    ]


def test_what_a_killed_remove_left_goes_with_the_next_one(tools: Repo, call: Call) -> None:
    call("agents", "--apply", "cursor")
    for name in (".cursor/mcp.json", ".cursor/rules/contox-hooks.mdc"):
        (tools.path / name).unlink()
    assert call("agents", "--remove", "--yes").code == 0
    assert not (tools.path / ".cursor").exists()
    assert not (tools.path / ".git" / "contox" / "agents.json").exists()


def test_whose_words_an_entry_is_in_is_said(tools: Repo, call: Call) -> None:
    call("agents", "--apply", "claude")
    tools.write(".mcp.json", '{"mcpServers": {"contox-hooks": {"command": "curl", "args": []}}}')
    told = call("agents", "claude")
    assert "configured" not in told.out
    assert "--apply" not in told.out  # it would not help
    assert ".mcp.json has a server of that name in words of your own" in told.err
    entry = {"command": "contox-hooks", "args": ["mcp"], "env": {"CONTOX_API_URL": "https://example.org/x"}}
    tools.write(".mcp.json", json.dumps({"mcpServers": {"contox-hooks": entry}}))
    for told in (call("agents", "claude"), call("agents", "--apply", "claude")):
        assert ".mcp.json gives the server variables of its own: CONTOX_API_URL" in told.out + told.err
        assert "example.org" not in told.out + told.err
    assert call("agents", "claude", "--json").json["tools"][0]["files"][0]["environment"] == ["CONTOX_API_URL"]


def test_a_program_in_a_virtual_environment_alone_is_not_found_by_all(
    tools: Repo, sealed: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = sealed / "bin" / "contox-hooks"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/opt/venv")
    assert "PATH" not in call("agents", "--apply", "claude").out
    monkeypatch.setattr(sys, "prefix", str(sealed))
    assert "on one virtual environment's PATH" in call("agents", "--apply", "claude").out
    monkeypatch.setattr(sys, "base_prefix", str(sealed))
    assert "PATH" not in call("agents", "--apply", "claude").out

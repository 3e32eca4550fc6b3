"""Each tool's own files, in their real formats: before, after, and before again to the byte."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

import contox_hooks
from contox_hooks.agent.apply import Wish, apply, look, remove
from contox_hooks.agent.state import state_of
from contox_hooks.agent.tool import TOOLS
from contox_hooks.agent.wanted import RULES
from tests.agent.world import GOLDEN, PYTHON, plain_json, site_of, snapshot
from tests.gitrepo import Repo

FILES: dict[str, dict[str, str]] = {
    "claude": {"mcp.json": ".mcp.json", "CLAUDE.md": "CLAUDE.md"},
    "cursor": {"mcp.json": ".cursor/mcp.json", "contox-hooks.mdc": ".cursor/rules/contox-hooks.mdc"},
    "copilot": {"mcp.json": ".vscode/mcp.json", "copilot-instructions.md": ".github/copilot-instructions.md"},
    "windsurf": {"mcp_config.json": "~/.codeium/windsurf/mcp_config.json", "contox-hooks.md": ".windsurf/rules/contox-hooks.md"},
    "antigravity": {"mcp_config.json": "~/.gemini/config/mcp_config.json", "contox-hooks.md": ".agents/rules/contox-hooks.md"},
    "cline": {"cline_mcp_settings.json": "~/.cline/data/settings/cline_mcp_settings.json", "clinerules": ".clinerules"},
    "gemini": {"settings.json": "~/.gemini/settings.json", "GEMINI.md": "GEMINI.md"},
    "codex": {"config.toml": "~/.codex/config.toml", "AGENTS.md": "AGENTS.md"},
    "agents-md": {"AGENTS.md": "AGENTS.md"},
}  # fmt: skip
"""Golden file's name after `before.` and `after.`, to where the tool keeps it; no `before.`: it was not there."""

STRICT = {"claude"}
"""Reads no comments (anthropics/claude-code#9906)."""


def place(repo: Repo, home: Path, where: str) -> Path:
    return home / where.removeprefix("~/") if where.startswith("~/") else repo.path / where


def test_every_tool_has_golden_files() -> None:
    assert set(FILES) == set(TOOLS)


@pytest.mark.parametrize("name", FILES)
def test_before_after_and_before_again(name: str, repo: Repo, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    tool, site = TOOLS[name], site_of(repo.path)
    for suffix, where in FILES[name].items():
        before = GOLDEN / name / f"before.{suffix}"
        if before.exists():
            path = place(repo, sealed, where)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(before.read_bytes())
            path.chmod(0o640)
    untouched = snapshot(repo.path, sealed)
    assert state_of(look(site, [tool], PYTHON), is_here=site.has(tool)) == (
        "not_found" if name == "agents-md" else "found"
    )

    dry = apply(site, [tool], Wish(PYTHON), write=False)
    assert snapshot(repo.path, sealed) == untouched
    done = apply(site, [tool], Wish(PYTHON))
    assert [file.what for file in done] == ["added"] * len(FILES[name])
    assert [file.after for file in dry] == [file.after for file in done]
    for suffix, where in FILES[name].items():
        after = place(repo, sealed, where).read_bytes()
        assert after.decode() == (GOLDEN / name / f"after.{suffix}").read_text()
        text = after.decode()
        if suffix.endswith(".json"):
            plain_json(text)
            assert name not in STRICT or json.loads(text)
        elif suffix.endswith(".toml"):
            assert set(tomllib.loads(text)["mcp_servers"]) == {"context7", "contox-hooks"}
        if not where.startswith("~/"):
            assert PYTHON not in text
            assert str(repo.path) not in text
    assert state_of(look(site, [tool], PYTHON), is_here=True) == "configured"

    applied = snapshot(repo.path, sealed)
    assert {file.what for file in apply(site, [tool], Wish(PYTHON))} == {"present"}
    assert snapshot(repo.path, sealed) == applied

    assert {file.what for file in remove(site, [tool])} == {"removed"}
    assert snapshot(repo.path, sealed) == untouched
    assert not (site.state / site.record_name).exists()
    assert not (site.data / "agents.json").exists()


def test_all_at_once_and_away_again(repo: Repo, sealed: Path) -> None:
    site = site_of(repo.path)
    untouched = snapshot(repo.path, sealed)
    done = apply(site, list(TOOLS.values()), Wish(PYTHON))
    assert not [file for file in done if file.what == "failed"]
    assert next(file for file in done if file.path.name == "AGENTS.md").tools == ("cline", "codex", "agents-md")
    for name in TOOLS:
        assert state_of(look(site, [TOOLS[name]], PYTHON), is_here=True) == "configured", name
    for name in TOOLS:  # one by one: what others still read stays
        remove(site, [TOOLS[name]])
    assert snapshot(repo.path, sealed) == untouched


def test_the_section_is_short() -> None:
    assert len(RULES.splitlines()) + 2 <= 15


def test_the_guide_tells_of_every_tool_and_file() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "agents.md").read_text()
    rows = {row.split("|")[1].strip(" `"): row for row in guide.splitlines() if row.startswith("| `")}
    assert set(rows) == set(TOOLS)
    for name, files in FILES.items():
        for where in files.values():
            assert f"`{where}`" in rows[name], (name, where)


def test_the_rules_name_tools_that_the_server_has() -> None:
    server = "".join(path.read_text() for path in (Path(contox_hooks.__file__).parent / "mcp").glob("*.py"))
    named = re.findall(r"`(contox_\w+)`", RULES)
    assert named
    for name in named:
        assert f'"{name}"' in server, name

"""Where files are: a stranger's clone cannot make us write anywhere but into itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from contox_hooks.agent.apply import Wish, apply, remembered, remove
from contox_hooks.agent.tool import TOOLS
from tests.agent.world import PYTHON, site_of, snapshot
from tests.gitrepo import Repo

CLAUDE, CURSOR, CLINE, CODEX, ANTIGRAVITY = (
    TOOLS[name] for name in ("claude", "cursor", "cline", "codex", "antigravity")
)


@pytest.mark.parametrize(
    ("link", "target", "failed"),
    [
        ("CLAUDE.md", "{home}/notes.md", "CLAUDE.md"),
        ("CLAUDE.md", "../outside.md", "CLAUDE.md"),
        ("CLAUDE.md", ".git/description", "CLAUDE.md"),
        ("CLAUDE.md", "run.sh", "CLAUDE.md"),
        ("CLAUDE.md", "CLAUDE.md", "CLAUDE.md"),
        ("CLAUDE.md", "not-there.md", "CLAUDE.md"),
        (".mcp.json", "{home}/.claude.json", ".mcp.json"),
        (".mcp.json", ".git/config", ".mcp.json"),
        ("CLAUDE.md", "module/CLAUDE.md", "CLAUDE.md"),
    ],
)
def test_a_link_in_the_work_tree_leads_nowhere_else(
    repo: Repo, sealed: Path, link: str, target: str, failed: str
) -> None:
    Repo(repo.path / "module").write("CLAUDE.md", "theirs")
    for path in (sealed / "notes.md", sealed / ".claude.json", repo.path.parent / "outside.md", repo.path / "run.sh"):
        path.write_text("theirs")
    (repo.path / link).symlink_to(target.format(home=sealed))
    git = (repo.path / ".git" / "config").read_bytes()
    before = snapshot(repo.path.parent, sealed)
    done = apply(site_of(repo.path), [CLAUDE], Wish(PYTHON))
    assert [file.name for file in done if file.what == "failed"] == [failed]
    assert any(word in done[failed == "CLAUDE.md"].error for word in ("link", "followed", "repository of its own"))
    for path, found in before.items():
        assert snapshot(repo.path.parent, sealed)[path] == found
    assert (repo.path / ".git" / "config").read_bytes() == git


@pytest.mark.parametrize("link", [".cursor", ".cursor/rules"])
def test_a_folder_that_is_a_link_is_no_way_out(repo: Repo, sealed: Path, link: str) -> None:
    (repo.path / link).parent.mkdir(exist_ok=True)
    (repo.path / link).symlink_to(sealed)
    before = snapshot(sealed)
    done = apply(site_of(repo.path), [CURSOR], Wish(PYTHON))
    assert any(file.what == "failed" for file in done)
    assert snapshot(sealed) == before


def test_a_link_from_one_file_of_the_tree_to_another_is_one_file(repo: Repo) -> None:
    repo.write("AGENTS.md", "# Here\n")
    (repo.path / "CLAUDE.md").symlink_to("AGENTS.md")
    site = site_of(repo.path)
    apply(site, [CLAUDE, CODEX], Wish(PYTHON))
    assert (repo.path / "CLAUDE.md").is_symlink()
    assert (repo.path / "AGENTS.md").read_text().count("contox-hooks:start") == 1
    remove(site, [CLAUDE])
    assert "contox-hooks:start" in (repo.path / "AGENTS.md").read_text()  # Codex reads it
    remove(site, [CODEX])
    assert (repo.path / "AGENTS.md").read_text() == "# Here\n"


def test_the_users_own_files_may_be_links(repo: Repo, sealed: Path) -> None:
    kept = sealed / "dotfiles" / "codex.toml"
    kept.parent.mkdir()
    kept.write_text("a = 1\n")
    (sealed / ".codex").mkdir()
    (sealed / ".codex" / "config.toml").symlink_to(kept)
    site = site_of(repo.path)
    apply(site, [CODEX], Wish(PYTHON))
    assert (sealed / ".codex" / "config.toml").is_symlink()
    assert "contox-hooks" in kept.read_text()
    remove(site, [CODEX])
    assert kept.read_text() == "a = 1\n"


@pytest.mark.parametrize(
    ("there", "rules"),
    [
        ([], "AGENTS.md"),
        ([".clinerules"], ".clinerules"),
        ([".clinerules/a.md"], ".clinerules/contox-hooks.md"),
    ],
)
def test_cline_keeps_reading_what_it_reads(repo: Repo, there: list[str], rules: str) -> None:
    for path in there:
        repo.write(path, "x\n")
    assert apply(site_of(repo.path), [CLINE], Wish(PYTHON))[1].name == rules


@pytest.mark.parametrize(
    ("there", "server", "rules"),
    [
        ([], "~/.gemini/config/mcp_config.json", ".agents/rules/contox-hooks.md"),
        (["~/.gemini/antigravity/x"], "~/.gemini/antigravity/mcp_config.json", ".agents/rules/contox-hooks.md"),
        (
            ["~/.gemini/antigravity/x", "~/.gemini/config/x", ".agent/rules/a.md"],
            "~/.gemini/config/mcp_config.json",
            ".agent/rules/contox-hooks.md",
        ),
    ],
)
def test_antigravity_of_both_ages(repo: Repo, sealed: Path, there: list[str], server: str, rules: str) -> None:
    for name in there:
        path = sealed / name[2:] if name.startswith("~/") else repo.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert [file.name for file in apply(site_of(repo.path), [ANTIGRAVITY], Wish(PYTHON))] == [server, rules]


def test_codex_home(repo: Repo, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", str(sealed / "elsewhere"))
    apply(site_of(repo.path), [CODEX], Wish(PYTHON))
    assert (sealed / "elsewhere" / "config.toml").stat().st_mode & 0o777 == 0o600
    assert not (sealed / ".codex").exists()


def test_a_submodules_files_are_its_own(repo: Repo) -> None:
    Repo(repo.path / ".clinerules").write("a.md", "x\n")
    before = snapshot(repo.path / ".clinerules")
    done = apply(site_of(repo.path), [CLINE], Wish(PYTHON))[1]
    assert (done.what, done.name) == ("failed", ".clinerules/contox-hooks.md")
    assert snapshot(repo.path / ".clinerules") == before


def test_a_link_without_a_suffix_may_lead_to_anything(repo: Repo) -> None:
    makefile = repo.write("Makefile", "all:\n")
    (repo.path / ".clinerules").symlink_to("Makefile")
    assert apply(site_of(repo.path), [CLINE], Wish(PYTHON))[1].what == "failed"
    assert makefile.read_text() == "all:\n"


def test_what_is_remembered_of_a_file_that_counts_no_more_is_taken_out(
    repo: Repo, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(sealed / "elsewhere"))
    apply(site_of(repo.path), [CODEX], Wish(PYTHON))
    monkeypatch.delenv("CODEX_HOME")
    assert remembered(site_of(repo.path)) == {"codex"}
    assert "~/elsewhere/config.toml" in [file.name for file in remove(site_of(repo.path), [CODEX])]
    assert not (sealed / "elsewhere").exists()
    assert not remembered(site_of(repo.path))

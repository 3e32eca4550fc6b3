"""Files that were changed since, files that cannot be edited, several at once, and death in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from contox_hooks.agent.apply import Outcome, Wish, apply, look, remove
from contox_hooks.agent.tool import TOOLS
from contox_hooks.domain.error import Busy
from contox_hooks.lock import FileLock
from tests.agent.world import PYTHON, site_of, snapshot
from tests.gitrepo import Repo
from tests.test_whole import full_disk

CLAUDE, CODEX, CURSOR, COPILOT = (TOOLS[name] for name in ("claude", "codex", "cursor", "copilot"))
WISH = Wish(PYTHON)


def whats(done: list[Outcome]) -> list[str]:
    return [file.what for file in done]


def test_what_the_user_wrote_since_stays(repo: Repo, sealed: Path) -> None:
    site = site_of(repo.path)
    agents = repo.write("AGENTS.md", "# Here\n")
    mcp = repo.write(".mcp.json", '{\n  "mcpServers": {}\n}\n')
    apply(site, [CLAUDE, CODEX], WISH)
    agents.write_text(f"# Here, changed\n{agents.read_text().removeprefix('# Here')}\nbehind\n")
    mcp.write_text(mcp.read_text().replace('"mcpServers": {', '"mcpServers": {\n    "mine": {"command": "x"},'))
    config = sealed / ".codex" / "config.toml"
    config.write_text(config.read_text() + '\n[projects."/x"]\ntrust_level = "trusted"\n')
    assert set(whats(remove(site, [CLAUDE, CODEX]))) == {"removed"}
    assert agents.read_text() == "# Here, changed\n\n\nbehind\n"
    assert json.loads(mcp.read_text()) == {"mcpServers": {"mine": {"command": "x"}}}
    assert config.read_text() == '\n[projects."/x"]\ntrust_level = "trusted"\n'
    assert not (repo.path / "CLAUDE.md").exists()


def test_a_file_of_ours_that_the_user_went_on_with_is_theirs_now(repo: Repo) -> None:
    site = site_of(repo.path)
    apply(site, [CURSOR], WISH)
    path = repo.path / ".cursor" / "mcp.json"
    values = json.loads(path.read_text())
    values["mcpServers"]["mine"] = {"url": "https://example.org"}
    path.write_text(json.dumps(values))
    remove(site, [CURSOR])
    assert json.loads(path.read_text()) == {"mcpServers": {"mine": {"url": "https://example.org"}}}
    assert not (repo.path / ".cursor" / "rules").exists()


def test_a_moved_interpreter_is_outdated_and_brought_up_to_date(repo: Repo, sealed: Path) -> None:
    site = site_of(repo.path)
    config = sealed / ".codex" / "config.toml"
    config.parent.mkdir()
    config.write_text("a = 1")
    apply(site, [CODEX], WISH)
    assert whats(look(site, [CODEX], "/new/python"))[0] == "updated"
    apply(site, [CODEX], Wish("/new/python"))
    assert tomllib.loads(config.read_text())["mcp_servers"]["contox-hooks"]["command"] == "/new/python"
    config.write_text(f"{config.read_text()}[later]\n")
    apply(site, [CODEX], WISH)
    config.write_text(config.read_text().replace("[later]\n", ""))
    remove(site, [CODEX])
    assert config.read_text().strip() == "a = 1"


@pytest.mark.parametrize(
    ("entry", "stands"),
    [
        ({"command": "uvx", "args": ["contox-hooks", "mcp"]}, "other"),
        ({"url": "http://127.0.0.1:8000/mcp"}, "other"),
        ({"command": "contox-hooks", "args": ["mcp"], "env": {"CONTOX_DATA_DIR": "/x"}}, "present"),
        ({"command": PYTHON, "args": ["-m", "contox_hooks", "mcp"]}, "updated"),
        ("a text", "other"),
    ],
)
def test_an_entry_in_words_of_ones_own_is_left_alone(repo: Repo, entry: object, stands: str) -> None:
    text = json.dumps({"mcpServers": {"contox-hooks": entry}})
    path = repo.write(".mcp.json", text)
    assert apply(site_of(repo.path), [CLAUDE], WISH)[0].what == stands
    assert (path.read_text() == text) is (stands != "updated")
    what = remove(site_of(repo.path), [CLAUDE])[0].what
    assert what == ("other" if stands == "other" else "removed")


def test_without_a_record_what_is_ours_is_known_by_its_marks(repo: Repo) -> None:
    """A teammate's commit brought it, or the record was lost."""
    site = site_of(repo.path)
    repo.write("CLAUDE.md", "# Here\n")
    repo.write(".mcp.json", '{"mcpServers": {"a": {"command": "x"}}}')
    before = snapshot(repo.path)
    apply(site, [CLAUDE, CURSOR], WISH)
    (site.state / "agents.json").write_text('{"root": 1, "files": [')
    assert set(whats(apply(site, [CLAUDE, CURSOR], WISH))) == {"present"}
    remove(site, [CLAUDE, CURSOR])
    left = snapshot(repo.path)
    assert left[str(repo.path / "CLAUDE.md")] == before[str(repo.path / "CLAUDE.md")]
    assert json.loads((repo.path / ".mcp.json").read_text()) == {"mcpServers": {"a": {"command": "x"}}}
    assert not (repo.path / ".cursor" / "rules" / "contox-hooks.mdc").exists()


def test_a_work_tree_that_was_moved_takes_its_record_along(repo: Repo) -> None:
    repo.write("CLAUDE.md", "# Here")
    apply(site_of(repo.path), [CLAUDE], WISH)
    moved = repo.path.rename(repo.path.parent / "moved é")
    remove(site_of(moved), [CLAUDE])
    assert (moved / "CLAUDE.md").read_text() == "# Here"
    assert not (moved / ".mcp.json").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"mcpServers": {}\n"x": 1}', "line 2: a comma or } is expected here"),
        (b'{"a": "\xff"}', "line 1: not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"a": 1\n<<<<<<< HEAD\n}', "line 2: "),
    ],
)
def test_what_cannot_be_read_is_left_alone_and_told_of(repo: Repo, content: bytes, told: str) -> None:
    path = repo.write(".mcp.json", content)
    for done in (apply(site_of(repo.path), [CLAUDE], WISH), remove(site_of(repo.path), [CLAUDE])):
        assert done[0].what == "failed"
        assert told in done[0].error
        assert done[0].hint
        assert done[1].what in ("added", "removed")  # the other file is done all the same
        assert path.read_bytes() == content


def test_read_only_files_folders_in_the_way_and_pipes(repo: Repo) -> None:
    repo.write("CLAUDE.md", "x\n").chmod(0o444)
    (repo.path / ".mcp.json").mkdir()
    done = apply(site_of(repo.path), [CLAUDE], WISH)
    assert whats(done) == ["failed", "failed"]
    assert "no regular file" in done[0].error
    assert "read-only" in done[1].error
    (repo.path / ".mcp.json").rmdir()
    os.mkfifo(repo.path / ".mcp.json")
    assert apply(site_of(repo.path), [CLAUDE], WISH)[0].what == "failed"
    assert (repo.path / "CLAUDE.md").read_text() == "x\n"
    assert not (site_of(repo.path).state / "agents.json").exists()


def test_modes_stay(repo: Repo) -> None:
    path = repo.write("CLAUDE.md", "x\n")
    path.chmod(0o755)
    apply(site_of(repo.path), [CLAUDE], WISH)
    assert path.stat().st_mode & 0o7777 == 0o755
    remove(site_of(repo.path), [CLAUDE])
    assert path.stat().st_mode & 0o7777 == 0o755


def test_bytes_that_are_no_text_stay_in_prose(repo: Repo) -> None:
    path = repo.write("CLAUDE.md", b"\xef\xbb\xbf# caf\xe9\r\n")
    apply(site_of(repo.path), [CLAUDE], WISH)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf# caf\xe9\r\n\r\n<!-- contox-hooks:start -->\r\n")
    remove(site_of(repo.path), [CLAUDE])
    assert path.read_bytes() == b"\xef\xbb\xbf# caf\xe9\r\n"


@pytest.mark.parametrize("content", ["# Caf\u00e9\n".encode("utf-16"), "# Here\n".encode("utf-16-le"), b"a\0b\n"])
def test_prose_in_another_encoding_is_left_alone(repo: Repo, content: bytes) -> None:
    path = repo.write("CLAUDE.md", content)
    done = apply(site_of(repo.path), [CLAUDE], WISH)[1]
    assert (done.what, "UTF-16" in done.error, "UTF-8" in done.hint) == ("failed", True, True)
    assert path.read_bytes() == content


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_the_owner_stays(repo: Repo) -> None:
    path = repo.write("CLAUDE.md", "x\n")
    os.chown(path, 4711, 4712)
    apply(site_of(repo.path), [CLAUDE], WISH)
    assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712)


def test_a_full_disk_leaves_everything_as_it_was(repo: Repo) -> None:
    site = site_of(repo.path)
    repo.write("CLAUDE.md", "x\n")
    site.state.mkdir(exist_ok=True)
    before = snapshot(repo.path)
    with full_disk(), pytest.raises(Exception, match="cannot be written"):
        apply(site, [CLAUDE, CURSOR], WISH)
    assert snapshot(repo.path) == before


def test_the_vendors_section_is_left_to_it(repo: Repo) -> None:
    text = "<!-- contox:start -->\nv\n<!-- contox:end -->\n"
    path = repo.write("CLAUDE.md", text)
    done = apply(site_of(repo.path), [CLAUDE], WISH)
    assert done[1].beside_vendor
    assert path.read_text().startswith(text)
    remove(site_of(repo.path), [CLAUDE])
    assert path.read_text() == text


def test_two_at_once_do_not_lose_each_others(repo: Repo) -> None:
    site, tools = site_of(repo.path), [CLAUDE, CODEX, CURSOR, COPILOT]
    threads = [threading.Thread(target=apply, args=(site, [tool], WISH)) for tool in tools * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(whats(look(site, tools, PYTHON))) == {"present"}
    remove(site, tools)
    assert not snapshot(repo.path)


def test_who_waits_in_vain_is_told(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of(repo.path)
    site.state.mkdir(exist_ok=True)
    monkeypatch.setattr("contox_hooks.agent.record.PATIENCE_S", 0.0)
    with FileLock(site.state / "agents.lock") as lock:
        assert lock.take()
        with pytest.raises(Busy):
            apply(site, [CLAUDE], WISH)


SCRIPT = """
import os, signal, sys
from pathlib import Path
from contox_hooks.agent import apply as room
from tests.agent.world import PYTHON, site_of
room.{at} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
room.apply(site_of(Path(sys.argv[1])), [room_tool for name, room_tool in __import__("contox_hooks.agent.tool", fromlist=["TOOLS"]).TOOLS.items() if name == "claude"], room.Wish(PYTHON))
"""


def test_killed_between_record_and_file(repo: Repo) -> None:
    repo.write("CLAUDE.md", "x\n")
    before = snapshot(repo.path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(at="put_file"), str(repo.path)], check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == -signal.SIGKILL
    site = site_of(repo.path)
    assert (site.state / "agents.json").exists()
    repo.write(".CLAUDE.md.4711-99", "half")
    assert whats(apply(site, [CLAUDE], WISH)) == ["added", "added"]
    remove(site, [CLAUDE])
    assert snapshot(repo.path) == before


def test_folders_that_a_killed_one_made_go_too(repo: Repo) -> None:
    site = site_of(repo.path)
    apply(site, [CURSOR], WISH)
    for name in (".cursor/mcp.json", ".cursor/rules/contox-hooks.mdc"):
        (repo.path / name).unlink()
    remove(site, [CURSOR])
    assert not (repo.path / ".cursor").exists()

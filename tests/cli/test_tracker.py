"""The verbs `tracker`, `note` and `run`, as people and programs see them."""

from __future__ import annotations

import json
import plistlib
import subprocess
import sys
from pathlib import Path

from contox_hooks.tracker import log_cli_command
from tests.cli.conftest import Call
from tests.gitrepo import Repo


def test_a_session_from_start_to_stop(repo: Repo, call: Call) -> None:
    told = call("tracker", "status")
    assert (told.code, told.out.splitlines()[1]) == (0, "  → contox-hooks tracker start")
    assert not (repo.path / ".context").exists()
    begun = call("tracker", "start", "--task", "mend \x1b[31mit", "--json").json
    assert begun["root"] == str(repo.path)
    assert (begun["status"], begun["task"]) == ("running", "mend \\x1b[31mit")
    again = call("tracker", "start")
    assert again.code == 10
    assert f"tracked already (pid {begun['pid']})" in again.err
    assert call("note", "two", "words").out == "✓ noted\n"
    assert call("run", "--", "false").code == 1
    assert log_cli_command("deploy --now", "rolled\nback", root=repo.path)
    shown = call("tracker", "status").out
    assert f"tracking {repo.path} since just now, pid {begun['pid']}" in shown
    summary = call("tracker", "summary").out
    assert "- two words" in summary
    stopped = call("tracker", "stop", "--json").json
    assert (stopped["status"], stopped["found_dead"], stopped["session"]) == ("stopped", False, begun["session"])
    assert stopped["last_command"] == {**stopped["last_command"], "command": "deploy --now", "status": "rolled\\nback"}
    text = Path(stopped["summary"]).read_text()
    assert "- `deploy --now`: rolled\\nback" in text
    assert "- `false`: Failed (1)" in text
    assert "stopped just now" in call("tracker", "status").out
    assert call("tracker", "stop").code == 4


def test_a_note_without_a_tracker_goes_to_the_log_and_the_state(repo: Repo, call: Call) -> None:
    log = call("note", "--json", "by the way").json["log"]
    assert Path(log).read_text().splitlines()[-1].endswith("] Note: by the way")
    told = call("tracker", "status", "--json").json
    assert (told["running"], told["last_event"]["detail"]) == (False, "Note: by the way")
    assert repo.git("status", "--porcelain") == ""


def test_the_status_of_editors_and_prompts_goes_past_the_command_line(repo: Repo) -> None:
    code = "import sys; sys.argv = ['x', 'tracker', 'status', '--json']; import contox_hooks.__main__ as m; m.main(); print('typer' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=repo.path, capture_output=True, text=True, check=True)
    told, modules = done.stdout.splitlines()
    assert json.loads(told)["running"] is False
    assert modules == "False False"


def test_a_printed_service_starts_in_the_foreground(repo: Repo, call: Call) -> None:
    unit = call("tracker", "service", "--systemd")
    assert f'"tracker" "start" "--foreground" "{repo.path}"' in unit.out
    assert "systemctl --user enable" in unit.err
    agent = call("tracker", "service", "--launchd").out
    assert plistlib.loads(agent.encode())["ProgramArguments"][-2:] == ["--foreground", str(repo.path)]
    assert not (repo.path / ".context").exists()


def test_a_folder_that_is_named_is_the_root(repo: Repo, call: Call) -> None:
    below = repo.path / "src"
    below.mkdir()
    assert call("note", "--root", "src", "x").code == 0
    assert call("run", "--root", "src", "--output", "--", "echo", "hello").code == 0
    lines = (below / ".context" / "session.md").read_text().splitlines()
    assert [line.partition("] ")[2] for line in lines[-1:]] == ["Output: hello"]
    assert not (repo.path / ".context").exists()
    assert repo.git("status", "--porcelain") == ""
    assert call("tracker", "stop", "src").code == 4

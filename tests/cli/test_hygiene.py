"""`hygiene`: a plan on the screen or in a file, applied with the approval that it needs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.assembly import Assembly
from contox_hooks.domain.item import Draft, Evidence
from tests.cli.conftest import Call
from tests.cli.test_review_desk import Terminal
from tests.gitrepo import Repo


def keep(repo: Repo, title: str, facts: str = "- said once") -> str:
    parts = Assembly(repo.repository)
    draft = Draft(
        type="decision", title=title, facts=facts, schema_key="root/odd", confidence=0.8, importance=3,
        evidence=(Evidence(repo.head(), title),), dedup_hint="decision:odd:x",
    )  # fmt: skip
    with parts.service as service:
        return service.items.add(parts.project.id, None, draft)


@pytest.fixture
def planned(learnt: Repo, call: Call, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """An item with one harmless and one destructive action, and the plan that was written to plan.json."""
    item_id = keep(learnt, "fix(api): orders wait in a queue.", facts="- one\n- two\n- one")
    plan = call("hygiene", "analyze", "--key", "root/odd", "-o", str(tmp_path / "plan.json"), "--json").json
    assert [action["type"] for action in plan["actions"]] == ["RENAME_TITLE", "PATCH_FACTS"]
    assert json.loads((tmp_path / "plan.json").read_text()) == plan
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o600
    return item_id, plan


def test_a_plan_is_shown_and_changes_nothing(
    learnt: Repo, call: Call, planned: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    item_id, plan = planned
    assert plan["planVersion"] == 1
    assert plan["metrics"] == {"totalMemories": 1, "actionsCount": 2, "byType": {"RENAME_TITLE": 1, "PATCH_FACTS": 1}}
    out = call("hygiene", "analyze", "--key", "root/odd").out
    assert "1 item looked at: " in out
    quoted = call("hygiene", "analyze", "--key", "root/odd", "-o", str(tmp_path / "my plan.json")).out
    assert quoted.endswith(f"apply: contox-hooks hygiene apply '{tmp_path / 'my plan.json'}'\n")
    assert "→ title: orders wait in a queue" in out
    assert f"! {plan['actions'][1]['actionId']}" in out
    assert out.endswith("keep it: -o plan.json; then contox-hooks hygiene apply plan.json\n")
    assert call("hygiene", "--json").json["metrics"]["totalMemories"] >= 4
    assert call("memory", item_id, "--json").json["title"] == "fix(api): orders wait in a queue."
    assert call("hygiene", "analyze", "--mode", "daily", "--json").error["hint"] == "quick or weekly"


def test_applying_without_approval_does_what_is_harmless(
    learnt: Repo, call: Call, planned: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    item_id, plan = planned
    rename, patch = (action["actionId"] for action in plan["actions"])
    path = str(tmp_path / "plan.json")
    before = call("memory", item_id, "--json").json
    dry = call("hygiene", "apply", path, "--dry-run", "--json").json
    assert (dry["appliedActionIds"], dry["skippedActionIds"], dry["dryRun"]) == ([rename], [patch], True)
    assert call("memory", item_id, "--json").json == before
    done = call("hygiene", "apply", path, "--json").json
    assert (done["appliedActionIds"], done["skipped"]) == ([rename], [{"actionId": patch, "reason": "needs approval"}])
    assert call("memory", item_id, "--json").json["title"] == "orders wait in a queue"
    out = call("hygiene", "apply", path).out
    assert f"skipped  {rename}: already applied\n" in out
    assert "to approve: --yes for all, --only ID for one" in out
    done = call("hygiene", "apply", path, "--only", "patch-facts", "--json").json
    assert done["appliedActionIds"] == [patch]
    assert call("memory", item_id, "--json").json["facts"] == "- one\n- two"
    assert call("hygiene", "apply", path, "--yes").out.endswith("2 skipped\n")


def test_only_names_what_is_there(learnt: Repo, call: Call, planned: object, tmp_path: Path) -> None:
    error = call("hygiene", "apply", str(tmp_path / "plan.json"), "--only", "merge", "--json").error
    assert (error["code"], error["message"]) == ("not_found", "'merge' names 0 actions of the plan")


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (None, "not_found", "there is no plan"),
        (b"\x00\xff", "usage", "is no JSON"),
        (b'{"planVersion": 1, "actions": [{"type": "\x1b[2J"}]}', "usage", "is no JSON"),
        (b'{"planVersion": 1, "actions": [{"type": "\\u001b[2J"}]}', "usage", "there is no action type"),
    ],
)
def test_a_file_that_is_no_plan_is_one_line(
    learnt: Repo, call: Call, tmp_path: Path, content: bytes | None, code: str, told: str
) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    error = call("hygiene", "apply", str(path), "--json").error
    assert error["code"] == code
    assert told in error["message"]
    plain = call("hygiene", "apply", str(path))
    assert plain.out == ""
    assert "\x1b" not in plain.err
    assert len(plain.err.splitlines()) == 2  # what is wrong, and what to type


def test_a_pipe_that_never_ends_is_not_read_for_ever(learnt: Repo, call: Call) -> None:
    assert "more than any plan" in call("hygiene", "apply", "/dev/zero", "--json").error["message"]


def test_a_place_that_cannot_be_written_is_told(learnt: Repo, call: Call, tmp_path: Path) -> None:
    error = call("hygiene", "analyze", "-o", str(tmp_path / "nowhere" / "plan.json"), "--json").error
    assert error["message"] == f"cannot write {tmp_path / 'nowhere' / 'plan.json'}: No such file or directory"


@pytest.mark.parametrize(("typed", "facts"), [("n\n", "- one\n- two\n- one"), ("y\n", "- one\n- two")])
def test_a_terminal_asks(
    learnt: Repo, call: Call, planned: tuple[str, dict[str, Any]], tmp_path: Path, typed: str, facts: str
) -> None:
    item_id, _ = planned
    terminal = Terminal(learnt, "hygiene", "apply", str(tmp_path / "plan.json"))
    asked = terminal.until("[y/N]: ")
    assert "→ facts:\n      - - one\n1 action needs your approval" in asked  # the line that goes
    assert "RENAME" not in asked.upper().replace("-", "_").split("NEED")[0].rsplit("!", 1)[1]
    terminal.type(typed)
    terminal.until("1 applied, 1 skipped\n" if typed == "n\n" else "2 applied\n")
    assert terminal.end() == 0
    assert call("memory", item_id, "--json").json["facts"] == facts


def test_a_model_that_is_wanted_and_cannot_be_asked_is_told_and_offline_goes_on(
    learnt: Repo, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("settings", "set", "model", "small")
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    (told,) = call("hygiene", "analyze", "--json").json["warnings"]
    assert told.startswith("rules alone, without a model: there is no API key for ")
    assert told in call("hygiene").err
    plan = call("hygiene", "analyze", "--offline", "--json").json
    assert (plan["usage"], plan["warnings"]) == ({"promptTokens": 0, "completionTokens": 0}, [])


def test_what_memory_alone_answers_needs_no_settings(learnt: Repo, call: Call) -> None:
    (learnt.path / ".contox.yaml").write_text("exclude: {")
    assert call("hygiene", "analyze", "--offline", "--json").code == 0
    assert call("ask", "--offline", "why sqlite", "--json").json["sources"]
    assert call("changelog", "--json").error["code"] == "setting"  # what of git is excluded nobody knows


def test_an_action_that_fails_is_no_success(learnt: Repo, call: Call, planned: object, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan = json.loads(path.read_text())
    gone = plan["actions"][1]
    gone["targetMemoryIds"] = ["01NOSUCHITEM"]
    path.write_text(json.dumps(plan))
    told = call("hygiene", "apply", str(path), "--yes", "--json")
    assert told.code == 4
    assert [each["message"] for each in told.json["errors"]] == ["there is no memory item 01NOSUCHITEM"]
    assert call("hygiene", "apply", str(path)).code == 4


def test_a_terminal_asks_only_about_what_can_be_done(
    learnt: Repo, call: Call, planned: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Two more actions: on an item that is not here, and what was applied already."""
    path = tmp_path / "plan.json"
    plan = json.loads(path.read_text())
    patch = plan["actions"][1]
    item_id = keep(learnt, "Clients keep a cache", facts="- said once")
    call("hygiene", "apply", str(path), "--only", "rename")
    plan["actions"] += [
        {**patch, "targetMemoryIds": ["01NOSUCHITEM"]},
        {**patch, "targetMemoryIds": [item_id], "patch": {"facts": "- said once"}},
    ]
    path.write_text(json.dumps(plan))
    terminal = Terminal(learnt, "hygiene", "apply", str(path))
    asked = terminal.until("[y/N]: ")
    assert "01NOSUCHITEM" not in asked
    assert "Clients" not in asked
    assert "1 action needs your approval" in asked
    terminal.type("y\n")
    terminal.until("1 applied, 2 skipped, 1 error\n")
    assert terminal.end() == 4

"""What the server offers, as an agent sees it. `REWRITE_GOLDEN=1 python -m pytest tests/mcp/test_listing.py` writes the
golden file anew."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contox_hooks.mcp.desk import Desk
from contox_hooks.mcp.server import Server
from tests.mcp.agent import Agent, connected

GOLDEN = Path(__file__).parent / "golden" / "listing.json"

VENDORS = {
    "contox_get_memory": {"activeFiles"},
    "contox_save_session": {"summary", "changes", "headCommitSha"},
    "contox_search": {"query"},
    "contox_list_findings": {"category", "status", "limit", "offset"},
    "contox_context_pack": {"task", "scope", "tokenBudget", "activeFiles"},
    "contox_ask": {"question"},
    "contox_approve": {"id", "action"},
    "contox_scan": {"directory", "dryRun"},
    "contox_git_digest": {"directory", "limit", "mode"},
    "contox_hygiene": {"mode", "schemaKeyPrefix", "apply", "plan", "dryRun"},
    "contox_auto_resolve": {"directory", "limit", "dryRun"},
    "contox_drift_check": {"action"},
    "contox_impact_radar": {"days"},
    "contox_onboarding_guide": set(),
    "contox_changelog": {"mode", "days"},
}
"""CONTRACT.md section 9.2."""


def no_memory(repo: object) -> Any:
    raise AssertionError("listing asks for no memory")


@pytest.fixture(scope="module")
def listed() -> Iterator[dict[str, Any]]:
    with connected(Server(Desk(no_memory))) as agent:
        yield listing(agent)


def listing(agent: Agent) -> dict[str, Any]:
    def shown(found: list[Any]) -> list[Any]:
        return [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in found]

    client, ask = agent.client, agent.portal.call
    return {
        "instructions": client.instructions,
        "tools": shown(ask(client.list_tools).tools),
        "resources": shown(ask(client.list_resources).resources),
        "resourceTemplates": shown(ask(client.list_resource_templates).resource_templates),
        "prompts": shown(ask(client.list_prompts).prompts),
    }


def test_the_listing_is_the_golden_one(listed: dict[str, Any]) -> None:
    if os.environ.get("REWRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n")
    assert listed == json.loads(GOLDEN.read_text())


def test_tools_are_called_as_with_the_vendors_server(listed: dict[str, Any]) -> None:
    inputs = {tool["name"]: set(tool["inputSchema"].get("properties", {})) for tool in listed["tools"]}
    assert {name: inputs.get(name) for name in VENDORS} == VENDORS


def test_who_changes_something_says_so(listed: dict[str, Any]) -> None:
    writers = {tool["name"] for tool in listed["tools"] if not tool["annotations"]["readOnlyHint"]}
    assert writers == {
        "contox_save_session", "contox_scan", "contox_auto_resolve", "contox_hygiene", "contox_approve",
        "contox_end_session",
    }  # fmt: skip

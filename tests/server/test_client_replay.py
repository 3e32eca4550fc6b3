"""What Contox's CLI and MCP server (v2.0.0) ask for, call by call, and what they need of each answer (CONTRACT.md 9).

Each client calls `response.json()` on every good answer; the orders and the fields are those of the clients' sources.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.server.conftest import Running


class Client:
    """As both: a header on every request, JSON from every good answer."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        asked = {name: str(value) for name, value in query.items()}
        answer = self._client.request(
            method, f"/api{path}", params=asked, json=body, headers={"Content-Type": "application/json"}
        )
        assert answer.is_success, (method, path, answer.text)
        return answer.json()


@pytest.fixture
def client(owner: httpx.Client) -> Client:
    return Client(owner)


@pytest.fixture
def team(client: Client) -> str:
    return str(client.ask("GET", "/orgs")["orgs"][0]["id"])


def test_login_whoami_init(running: Running, client: Client, team: str) -> None:
    assert running.client("ctx_bad").get("/api/contexts?limit=1").status_code == 401
    assert client.ask("GET", "/contexts", limit=1) == []
    assert client.ask("GET", "/projects", teamId=team) == []
    made = client.ask("POST", "/projects", {"name": "shop", "teamId": team})
    [listed] = client.ask("GET", "/projects", teamId=team)
    assert (listed["id"], listed["name"], listed["contextsCount"]) == (made["id"], "shop", 0)


def test_push_pull_status_oncall_explain(client: Client, team: str, project_id: str) -> None:
    client.ask("GET", f"/v2/projects/{project_id}")
    assert client.ask("GET", "/contexts", projectId=project_id) == []
    made = client.ask("POST", "/contexts", {"name": "README.md", "teamId": team, "projectId": project_id})
    client.ask("PATCH", f"/contexts/{made['id']}", {"content": "# Shop\n"})
    by_name = {context["name"]: context for context in client.ask("GET", "/contexts", projectId=project_id)}
    client.ask("PATCH", f"/contexts/{by_name['README.md']['id']}", {"content": "# Shop, again\n"})
    [listed] = client.ask("GET", "/contexts", projectId=project_id)
    detail = client.ask("GET", f"/contexts/{listed['id']}")
    assert (detail["content"], detail["tokens"]) == ("# Shop, again\n", 4)
    line = (
        listed["name"].ljust(30) + listed["status"].ljust(10) + str(listed["tokens"]).ljust(10) + listed["lastSynced"]
    )
    assert line.startswith("README.md                     SYNCED    4         20")
    both = client.ask("GET", "/contexts", teamId=team, projectId=project_id)
    assert [context["status"] for context in both] == ["SYNCED"]
    found = client.ask("GET", "/contexts", teamId=team, projectId=project_id, schemaKey="root/api")
    assert [context for context in found if "root/api" in context["name"]] == []


def test_scan_in_batches_of_fifty(client: Client, team: str, project_id: str) -> None:
    nodes = [
        {
            "schemaKey": f"root/api/k{number}", "name": f"[Scan] {number}", "content": f"{number}",
            "description": "d", "contextType": "reference", "tier": 2, "parentSchemaKey": "root/api",
        }
        for number in range(60)
    ]  # fmt: skip
    nodes.insert(
        0, {"schemaKey": "root/api", "name": "[Scan] API", "content": "x", "contextType": "reference", "tier": 1}
    )
    created = 0
    for start in range(0, len(nodes), 50):
        body = {"teamId": team, "projectId": project_id, "nodes": nodes[start : start + 50], "source": "cli-scan"}
        result = client.ask("POST", "/contexts/populate", body)
        created += result["created"]
        assert not result["errors"], "the CLI goes through what is true"
        assert result["errors"] + 1 == 1, "the MCP server adds it up"
    assert created == 61
    [top] = client.ask("GET", "/contexts/tree", teamId=team, projectId=project_id)["tree"]
    assert len(top["children"]) == 60, "the second batch finds the parent of the first"


def test_the_mcp_tools_of_contexts(client: Client, team: str, project_id: str) -> None:
    project = {"teamId": team, "projectId": project_id}
    made = client.ask("POST", "/contexts", {"name": "Bugs", **project, "description": "d"})
    client.ask("PATCH", f"/contexts/{made['id']}", {"content": "# Bugs"})
    summary = client.ask("GET", "/contexts", **project)[0]
    assert summary.keys() >= {"id", "name", "description", "parentContextId", "schemaKey", "tier", "state", "tokens"}
    assert client.ask("PATCH", f"/contexts/{made['id']}", {"name": "More"})["name"] == "More"
    nodes = [{"schemaKey": "root/bugs", "name": "Bugs"}, {"schemaKey": "root/sessions", "name": "Sessions"}]
    assert client.ask("POST", "/contexts/populate", {**project, "nodes": nodes, "dryRun": True})["runId"]
    client.ask("POST", "/contexts/populate", {**project, "nodes": nodes})
    bugs = client.ask("GET", "/contexts", **project, schemaKey="root/bugs")[0]["id"]
    new = {"contextId": bugs, "title": "t", "content": "c", "idempotencyKey": "1", "sourceRef": "git:abc"}
    entry = client.ask("POST", "/context-entries", new)
    assert client.ask("POST", "/context-entries", new)["id"] == entry["id"]
    client.ask("POST", f"/contexts/{bugs}/approve", action="approve")
    link = {**project, "fromSchemaKey": "root/bugs", "toSchemaKey": "root/api", "linkType": "related", "source": "mcp"}
    client.ask("POST", "/context-links", link)
    links = client.ask("GET", "/context-links", **project, schemaKey="root/bugs")
    assert links["outgoing"][0]["confidence"] is None, "undefined would be printed"
    assert client.ask("GET", "/context-links", **project, schemaKey="root/bugs", direction="incoming")["outgoing"] == []
    done = client.ask("POST", f"/contexts/{bugs}/compact")
    assert (done["entriesCount"], isinstance(done["message"], str)) == (1, True)
    # contox_oncall_view, contox_explain_schemakey, contox_git_digest
    entries = client.ask("GET", "/context-entries", contextId=bugs, limit=5)["entries"]
    assert [(one["title"], one["tags"], one["sourceRef"]) for one in entries] == [("t", [], "git:abc")]
    drafts = client.ask("GET", "/contexts", **project, state="draft")
    assert all(draft["createdAt"] > "2025" for draft in drafts)
    tree = client.ask("GET", "/contexts/tree", **project)
    states = [context["state"] for context in client.ask("GET", "/contexts", **project)]
    assert (tree["total"], sorted(states)) == (3, ["approved", "draft", "draft"])
    explained = client.ask("GET", "/contexts", **project, schemaKey="root/bugs")[0]
    assert explained["contentHash"][:12]
    assert "**t**" in explained["content"]
    assert client.ask("GET", "/contexts", **project, schemaKey="root/contracts/bugs") == []
    client.ask("POST", f"/contexts/{bugs}/approve", action="deprecate")
    assert client.ask("DELETE", f"/contexts/{made['id']}")["success"] is True


def test_the_mcp_server_reads_changes_and_tries_again(owner: httpx.Client, client: Client, project_id: str) -> None:
    """Its `optimisticUpdate` looks for 409 in the error's text, which begins with the status."""
    context_id = client.ask("POST", "/contexts", {"name": "n", "projectId": project_id})["id"]
    stale = client.ask("GET", f"/contexts/{context_id}")
    client.ask("PATCH", f"/contexts/{context_id}", {"content": "theirs"})
    body = {"content": "mine", "version": stale["version"], "source": "mcp"}
    assert owner.patch(f"/api/contexts/{context_id}", json=body).status_code == 409
    fresh = client.ask("GET", f"/contexts/{context_id}")
    body = {"content": f"{fresh['content']} and mine", "version": fresh["version"], "source": "mcp"}
    assert client.ask("PATCH", f"/contexts/{context_id}", body)["content"] == "theirs and mine"


def test_the_mcp_server_finds_or_makes_the_repositorys_project(client: Client) -> None:
    asked = {"teamId": "a-team-of-elsewhere", "name": "shop"}
    assert client.ask("GET", "/projects", **asked) == []
    made = client.ask("POST", "/projects", {"name": "shop", "teamId": asked["teamId"]})
    assert [project["id"] for project in client.ask("GET", "/projects", **asked)] == [made["id"]]

"""Contexts, entries and links over a socket (server/api/context.py, context_whole.py, entry.py, link.py)."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from contox_hooks.domain.access import Role
from contox_hooks.memory.context import MAX_DEPTH
from tests.server.conftest import Running

TOKEN = "ghp_" + "A1b2" * 9
CONTEXT_FIELDS = {
    "id", "name", "description", "content", "status", "files", "tokens", "lastSynced", "projectId", "parentContextId",
    "schemaKey", "contextType", "tier", "version", "contentHash", "lastEntryAt", "state", "createdAt", "updatedAt",
}  # fmt: skip
"""CONTRACT.md section 1.5."""


class Project:
    """What a client does in one project."""

    def __init__(self, client: httpx.Client, project_id: str) -> None:
        self.client = client
        self.id = project_id

    def create(self, name: str, **fields: object) -> dict[str, object]:
        answer = self.client.post("/api/contexts", json={"name": name, "teamId": "t", "projectId": self.id, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def contexts(self, **query: object) -> list[dict[str, object]]:
        answer = self.client.get("/api/contexts", params={"projectId": self.id, **query})  # type: ignore[dict-item]
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def populate(self, *nodes: dict[str, object], **fields: object) -> dict[str, object]:
        answer = self.client.post("/api/contexts/populate", json={"projectId": self.id, "nodes": nodes, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def entry(self, context_id: object, title: str, **fields: object) -> httpx.Response:
        body = {"contextId": context_id, "title": title, "content": f"of {title}", **fields}
        return self.client.post("/api/context-entries", json=body)


@pytest.fixture
def project(owner: httpx.Client, project_id: str) -> Project:
    return Project(owner, project_id)


def names(contexts: list[dict[str, object]]) -> list[object]:
    return [context["name"] for context in contexts]


def test_a_context_is_made_read_changed_and_deleted(project: Project) -> None:
    made = project.create("notes", description="d")
    assert made.keys() >= CONTEXT_FIELDS
    assert (made["status"], made["state"], made["version"], made["tokens"]) == ("SYNCED", "draft", 1, 0)
    path = f"/api/contexts/{made['id']}"
    changed = project.client.patch(path, json={"content": "12345", "source": "cli"}).json()
    assert (changed["version"], changed["tokens"], changed["description"]) == (2, 2, "d")
    assert changed["contentHash"] == hashlib.sha256(b"12345").hexdigest()
    assert project.client.get(path).json() == changed
    assert project.client.patch(path, json={"content": "12345"}).json()["version"] == 2, "nothing changed"
    gone = project.client.delete(path)
    assert (gone.status_code, gone.json()) == (200, {"success": True, "id": made["id"], "childrenMoved": 0})
    assert project.client.get(path).json() == {"error": "Context not found"}
    assert project.client.delete(path).status_code == 404


def test_two_who_change_the_same_version(project: Project) -> None:
    path = f"/api/contexts/{project.create('notes')['id']}"
    assert project.client.patch(path, json={"content": "a", "version": 1}).status_code == 200
    late = project.client.patch(path, json={"content": "b", "version": 1})
    assert late.status_code == 409
    assert project.client.get(path).json()["content"] == "a"


def test_lists_have_what_was_asked_for(project: Project, running: Running) -> None:
    top = project.create("top", schemaKey="root/api", tier=1, contextType="reference", content="text")
    project.create("below", parentContextId=top["id"], state="approved")
    for query, found in (
        ({}, ["top", "below"]),
        ({"schemaKey": "root/api"}, ["top"]),
        ({"schemaKey": "root"}, []),
        ({"tier": 1}, ["top"]),
        ({"tier": 2}, []),
        ({"state": "approved"}, ["below"]),
        ({"contextType": "reference"}, ["top"]),
        ({"parentContextId": top["id"]}, ["below"]),
        ({"limit": 1}, ["top"]),
        ({"limit": 1, "offset": 1}, ["below"]),
    ):
        assert names(project.contexts(**query)) == found, query
    assert project.contexts()[0]["content"] is None
    assert project.contexts(schemaKey="root/api")[0]["content"] == "text", "the MCP server shows it"
    other = Project(project.client, running.project("other"))
    other.create("elsewhere")
    assert len(project.client.get("/api/contexts", params={"limit": 1}).json()) == 1
    everywhere = project.client.get("/api/contexts").json()
    assert sorted(map(str, names(everywhere))) == ["below", "elsewhere", "top"]
    assert names(project.client.get("/api/contexts", params={"limit": 2, "offset": 1}).json()) == names(everywhere[1:])
    stranger = running.client(running.person("eve"))
    assert stranger.get("/api/contexts", params={"limit": 1}).json() == []


def test_a_parent_of_another_project_is_not_there(project: Project, running: Running) -> None:
    foreign = Project(project.client, running.project("other")).create("theirs")
    for parent in (foreign["id"], "nonesuch"):
        answer = project.client.post(
            "/api/contexts", json={"name": "x", "projectId": project.id, "parentContextId": parent}
        )
        assert (answer.status_code, answer.json()) == (404, {"error": "Context not found"})
    assert project.contexts() == []


def test_contexts_nest_so_deep_and_no_deeper(project: Project) -> None:
    parent: object = None
    for depth in range(MAX_DEPTH):
        parent = project.create(f"at {depth}", parentContextId=parent)["id"]
    answer = project.client.post(
        "/api/contexts", json={"name": "x", "projectId": project.id, "parentContextId": parent}
    )
    assert answer.status_code == 400
    assert project.client.get("/api/contexts/tree", params={"projectId": project.id}).json()["total"] == MAX_DEPTH


def test_the_tree_and_what_becomes_of_children(project: Project) -> None:
    top = project.create("top", schemaKey="root")
    middle = project.create("middle", parentContextId=top["id"])
    below = project.create("below", parentContextId=middle["id"])
    params = {"teamId": "t", "projectId": project.id}
    [node] = project.client.get("/api/contexts/tree", params=params).json()["tree"]
    assert node["children"][0]["children"][0]["id"] == below["id"]
    assert node.keys() == {"id", "schemaKey", "name", "tier", "contextType", "state", "lastEntryAt", "children"}
    assert project.client.delete(f"/api/contexts/{middle['id']}").json()["childrenMoved"] == 1
    [node] = project.client.get("/api/contexts/tree", params=params).json()["tree"]
    assert [child["id"] for child in node["children"]] == [below["id"]]


def test_states_go_one_way_and_approving_is_for_editors(project: Project, running: Running) -> None:
    writer = running.client(running.person("ada", {project.id: Role.WRITER}))
    made = project.create("notes")
    path = f"/api/contexts/{made['id']}"
    new = {"name": "x", "projectId": project.id, "state": "approved"}
    for refused in (
        writer.post(f"{path}/approve", params={"action": "approve"}),
        writer.patch(path, json={"state": "approved"}),
        writer.post("/api/contexts", json=new),
        writer.delete(path),
    ):
        assert refused.status_code == 403
    assert writer.patch(path, json={"state": "draft", "content": "c"}).status_code == 200
    editor = running.client(running.person("eve", {project.id: Role.EDITOR}))
    assert editor.post(f"{path}/approve", params={"action": "approve"}).json()["state"] == "approved"
    assert editor.post(f"{path}/approve", params={"action": "approve"}).status_code == 200
    assert editor.patch(path, json={"state": "draft"}).status_code == 409
    assert editor.post(f"{path}/approve", json={"action": "deprecate"}).json()["state"] == "deprecated"
    assert editor.post(f"{path}/approve", params={"action": "approve"}).status_code == 409
    assert editor.post(f"{path}/approve", params={"action": "forget"}).status_code == 400


def test_populate_makes_changes_and_leaves(project: Project) -> None:
    nodes: list[dict[str, object]] = [
        {"schemaKey": "root/frontend", "name": "F", "content": "f", "tier": 1, "contextType": "reference"},
        {"schemaKey": "root/frontend/layout", "name": "Pages", "content": "p", "parentSchemaKey": "root/frontend"},
        {"schemaKey": "root/frontend/layout", "name": "Other", "content": "o", "parentSchemaKey": "root/frontend"},
        {"schemaKey": "root/x", "name": "X", "parentSchemaKey": "root/unknown"},
    ]
    dry = project.populate(*nodes, dryRun=True)
    assert {"dryRun": True, "created": 4, "updated": 0, "unchanged": 0, "errors": 0}.items() <= dry.items()
    assert project.contexts() == []
    done = project.populate(*nodes, source="cli-scan")
    assert (done["created"], done["dryRun"], done["errors"]) == (4, False, 0)
    found = {context["name"]: context for context in project.contexts()}
    assert found.keys() == {"F", "Pages", "Other", "X"}, "two of one key are told apart by their names"
    assert found["Pages"]["parentContextId"] == found["F"]["id"]
    assert (found["X"]["parentContextId"], found["X"]["state"], found["X"]["sourceRef"]) == (
        None,
        "draft",
        done["runId"],
    )
    again = project.populate(*nodes)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 4)
    nodes[0] = {"schemaKey": "root/frontend", "name": "Frontend", "content": "f2"}
    third = project.populate(*nodes)
    assert (third["created"], third["updated"], third["unchanged"]) == (0, 1, 3)
    [front] = project.contexts(schemaKey="root/frontend")
    assert (front["name"], front["content"], front["tier"], front["version"]) == ("Frontend", "f2", 1, 2)


def test_populate_takes_fifty_and_no_more(project: Project) -> None:
    nodes = [{"schemaKey": f"root/k{number}", "name": str(number)} for number in range(51)]
    answer = project.client.post("/api/contexts/populate", json={"projectId": project.id, "nodes": nodes})
    assert answer.status_code == 400
    assert project.populate(*nodes[:50])["created"] == 50


def test_entries_are_idempotent_and_paged(project: Project, running: Running) -> None:
    context_id = project.create("bugs", schemaKey="root/bugs")["id"]
    first = project.entry(context_id, "one", idempotencyKey="k", tags=["a"], entryType="bug-fix", sourceRef="git:abc")
    assert first.status_code == 201
    again = project.entry(context_id, "another", idempotencyKey="k")
    assert (again.status_code, again.json()) == (200, first.json())
    for title in ("two", "three"):
        project.entry(context_id, title)
    path = "/api/context-entries"
    page = project.client.get(path, params={"contextId": str(context_id), "limit": 2}).json()
    assert [entry["title"] for entry in page["entries"]] == ["three", "two"], "the newest first: git digests look there"
    assert (page["total"], page["hasMore"], page["lastId"]) == (3, True, page["entries"][1]["id"])
    rest = project.client.get(path, params={"contextId": str(context_id), "cursorAfter": page["lastId"]}).json()
    assert (rest["entries"], rest["hasMore"]) == ([first.json()], False)
    only = project.client.get(path, params={"contextId": str(context_id), "entryType": "bug-fix"}).json()
    assert (only["total"], len(only["entries"])) == (1, 1)
    assert project.contexts(schemaKey="root/bugs")[0]["lastEntryAt"] is not None
    assert project.entry("nonesuch", "x").json() == {"error": "Context not found"}
    assert project.entry(context_id, "x" * 201).status_code == 400
    assert project.client.get(path).json() == {"error": "contextId is required"}


def test_compaction_writes_each_entry_once(project: Project) -> None:
    context_id = project.create("journal", content="Mine.")["id"]
    path = f"/api/contexts/{context_id}"
    assert project.client.post(f"{path}/compact").json()["entriesCount"] == 0
    for title in ("one", "two"):
        project.entry(context_id, title, tags=["t"])
    done = project.client.post(f"{path}/compact").json()
    content = project.client.get(path).json()["content"]
    assert done["entriesCount"] == 2
    assert content.startswith("Mine.\n\n## Entries of ")
    assert done["summaryLength"] == len(content) - len("Mine.\n\n")
    assert content.index("**one** (t): of one") < content.index("**two** (t): of two")
    project.entry(context_id, "three")
    assert project.client.post(f"{path}/compact").json()["entriesCount"] == 1
    later = project.client.get(path).json()["content"]
    assert later.startswith(content.rstrip())
    assert later.count("**one**") == later.count("**three**") == 1
    kept = project.client.get("/api/context-entries", params={"contextId": str(context_id)}).json()
    assert kept["total"] == 3
    assert all(entry["compactedAt"] for entry in kept["entries"])


def test_links_have_a_direction_and_go_with_their_key(project: Project) -> None:
    path = "/api/context-links"
    link = {
        "teamId": "t", "projectId": project.id, "fromSchemaKey": "root/api", "toSchemaKey": "root/data",
        "linkType": "depends-on", "source": "mcp",
    }  # fmt: skip
    assert project.client.post(path, json=link).status_code == 201
    assert project.client.post(path, json={**link, "reason": "r", "confidence": 0.9}).json()["reason"] == "r"
    params = {"projectId": project.id, "schemaKey": "root/api"}
    both = project.client.get(path, params=params).json()
    assert (len(both["outgoing"]), both["incoming"]) == (1, [])
    assert both["outgoing"][0]["confidence"] == 0.9
    at_data = {**params, "schemaKey": "root/data"}
    assert len(project.client.get(path, params=at_data).json()["incoming"]) == 1
    assert project.client.get(path, params={**at_data, "direction": "outgoing"}).json() == {
        "outgoing": [],
        "incoming": [],
    }
    for wrong in ({"linkType": "eats"}, {"confidence": 2}, {"fromSchemaKey": ""}):
        assert project.client.post(path, json={**link, **wrong}).status_code == 400
    first, second = (project.create(name, schemaKey="root/data")["id"] for name in "ab")
    project.client.delete(f"/api/contexts/{first}")
    assert project.client.get(path, params=params).json()["outgoing"], "the other still has the key"
    project.client.delete(f"/api/contexts/{second}")
    assert project.client.get(path, params=params).json()["outgoing"] == []


def test_the_document_tells_what_is_approved(project: Project) -> None:
    params = {"projectId": project.id}
    for name, fields in (
        ("Stack", {"tier": 1, "content": "Python", "state": "approved", "schemaKey": "root/bugs"}),
        ("Detail", {"tier": 2, "content": "x" * 9, "state": "approved"}),
        ("Archive", {"tier": 3, "content": "old", "state": "approved"}),
        ("Idea", {"content": "maybe"}),
    ):
        project.create(name, **fields)
    stack = project.contexts(schemaKey="root/bugs")[0]["id"]
    for number in range(7):
        project.entry(stack, f"bug {number}")
    answer = project.client.get("/api/contexts/brain", params=params)
    brain = answer.json()
    assert (brain["loadedContexts"], brain["availableContexts"]) == (1, 3)
    document = brain["document"]
    assert "## Stack `root/bugs`\n\nPython" in document
    assert document.count("**bug ") == 5
    assert "Detail" in document
    assert "x" * 9 not in document
    assert "Archive" not in document
    assert "Idea" not in document
    tag = answer.headers["etag"]
    assert project.client.get("/api/contexts/brain", params=params, headers={"If-None-Match": tag}).status_code == 304
    more = project.client.get(
        "/api/contexts/brain", params={**params, "includeDrafts": "true", "entriesLimit": "bugs:7,root/x:1"},
        headers={"If-None-Match": tag},
    )  # fmt: skip
    assert more.status_code == 200
    assert "maybe" in more.json()["document"]
    assert more.json()["document"].count("**bug ") == 7
    assert project.client.get("/api/contexts/brain", params={**params, "entriesLimit": "bugs"}).status_code == 400


def test_the_document_keeps_to_its_budget_and_says_so(project: Project) -> None:
    for number in range(8):
        project.create(f"c{number}", content=f"{number} line\n" * 1_000, state="approved")
    brain = project.client.get("/api/contexts/brain", params={"projectId": project.id}).json()
    assert brain["tokenEstimate"] <= 6_100
    assert brain["loadedContexts"] == 3
    assert "5 more contexts had no room" in brain["document"]
    assert "characters not sent" in brain["document"]


def test_search_finds_words_as_they_stand(project: Project) -> None:
    project.create("Login page")
    project.create("b", description="about LOGIN")
    project.create("c", content="a\n" * 200 + "the 100%_login! works")
    params = {"projectId": project.id}
    found = project.client.get("/api/contexts/search", params={**params, "q": "login"}).json()
    assert [one["matchType"] for one in found] == ["name", "description", "content"]
    [snippet] = found[2]["snippets"]
    assert "the 100%_login! works" in snippet
    assert len(snippet) < 200
    assert [
        one["name"] for one in project.client.get("/api/contexts/search", params={**params, "q": "%_login!"}).json()
    ] == ["c"]
    assert project.client.get("/api/contexts/search", params={**params, "q": "%n%"}).json() == []
    assert project.client.get("/api/contexts/search", params={**params, "q": ""}).status_code == 400


def stored(running: Running) -> str:
    with running.service() as service:
        tables = ("context", "context_entry", "context_link")
        return "\n".join(str(tuple(row)) for table in tables for row in service.store.rows(f"SELECT * FROM {table}"))


def test_no_secret_is_kept(project: Project, running: Running) -> None:
    text = f"token {TOKEN}"
    made = project.create(text, description=text, content=text, schemaKey=f"root/{TOKEN}", contextType=TOKEN)
    project.client.patch(f"/api/contexts/{made['id']}", json={"content": text, "source": text, "sourceRef": text})
    entry = project.entry(
        made["id"],
        text,
        content=text,
        tags=[TOKEN],
        entryType=TOKEN,
        source=TOKEN,
        sourceRef=TOKEN,
        idempotencyKey=TOKEN,
    )
    assert project.entry(made["id"], "again", idempotencyKey=TOKEN).json() == entry.json()
    project.populate({"schemaKey": "root/p", "name": text, "content": text, "description": text}, source=TOKEN)
    link = {"projectId": project.id, "fromSchemaKey": TOKEN, "toSchemaKey": "b", "linkType": "related", "reason": text}
    project.client.post("/api/context-links", json=link)
    assert TOKEN not in stored(running)
    assert stored(running).count("[redacted:") >= 12
    assert project.contexts(schemaKey=f"root/{TOKEN}"), "asked for as it was sent"
    assert (
        project.populate({"schemaKey": "root/p", "name": text, "content": text, "description": text})["unchanged"] == 1
    )


def test_nodes_whose_keys_hold_secrets_stay_apart(project: Project) -> None:
    nodes = [
        {"schemaKey": f"root/{secret}", "name": "n", "content": secret[-1]} for secret in (TOKEN, TOKEN[:-1] + "3")
    ]
    assert project.populate(*nodes)["created"] == 2
    assert project.populate(*nodes)["unchanged"] == 2
    assert project.populate(nodes[0], nodes[0])["unchanged"] == 2


def test_text_that_not_every_database_takes(project: Project) -> None:
    told = project.create("a file", content="a\0b")
    assert told["content"] == r"a\x00b", "a pushed file may be anything"
    assert told["contentHash"] == hashlib.sha256(rb"a\x00b").hexdigest()
    half = json.dumps({"name": "half \ud83d", "projectId": project.id})
    answer = project.client.post("/api/contexts", content=half, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400

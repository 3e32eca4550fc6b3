"""Brain, search, items and who may ask for them, over sockets, on memory that the pipeline made."""

from __future__ import annotations

import json
from typing import Any

import httpx

from contox_hooks.domain.access import Role, Scope
from tests.server.conftest import Running
from tests.server.learned import Learned, learned  # noqa: F401

SHA = "a" * 40


def get(client: httpx.Client, route: str, **params: object) -> Any:
    answer = client.get(f"/api/v2/{route}", params=params)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def routes(project_id: str, item_id: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Every route of memory: method, path, and what is sent."""
    of = {"params": {"projectId": project_id}}
    plan = {"planVersion": "1", "actions": []}
    return {
        "brain": ("GET", "brain", of),
        "search": ("GET", "search", {"params": {"projectId": project_id, "q": "orders"}}),
        "items": ("GET", "items", of),
        "item": ("GET", f"items/{item_id}", {}),
        "change": ("PATCH", f"items/{item_id}", {"json": {"title": "Mine now"}}),
        "ask": ("POST", "ask", {"json": {"projectId": project_id, "question": "why sqlite?", "mode": "sync"}}),
        "ticket": ("POST", "ask", {"json": {"projectId": project_id, "question": "why sqlite?"}}),
        "analyze": ("POST", "hygiene", {"json": {"projectId": project_id}}),
        "apply": ("POST", "hygiene", {"json": {"projectId": project_id, "action": "apply", "plan": plan}}),
        "try to resolve": ("POST", "auto-resolve", {"json": {"projectId": project_id, "commits": [], "dryRun": True}}),
        "resolve": ("POST", "auto-resolve", {"json": {"projectId": project_id, "commits": []}}),
        "drift": ("POST", f"projects/{project_id}/drift-check", {}),
        "drift problems": ("GET", f"projects/{project_id}/drift-check", {}),
        "changelog": ("GET", f"projects/{project_id}/changelog", {}),
        "impact": ("POST", f"projects/{project_id}/impact", {}),
        "guide": ("POST", f"projects/{project_id}/onboarding-guide", {}),
    }


CHANGING = ("change", "apply", "resolve")


def asked(client: httpx.Client, route: tuple[str, str, dict[str, Any]]) -> httpx.Response:
    method, path, sent = route
    return client.request(method, f"/api/v2/{path}", **sent)


def test_who_is_let_in(learned: Learned, running: Running) -> None:  # noqa: F811
    project_id, item = learned.project_id, learned.items()[0]
    nobody = running.client("contox_sk_" + "wrong")
    stranger = running.client(running.person("eve", {running.project("other"): Role.ADMIN}))
    viewer = running.client(running.person("ada", {project_id: Role.VIEWER}))
    reader = running.client(running.person("bob", {project_id: Role.EDITOR}, scopes={Scope.READ}))
    editor = running.client(running.person("cy", {project_id: Role.EDITOR}, scopes={Scope.ADMIN}))
    for name, route in routes(project_id, item.id).items():
        answer = asked(nobody, route)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"}), name
        answer = asked(stranger, route)
        noun = "Item" if name in ("item", "change") else "Project"
        assert (answer.status_code, answer.json()) == (404, {"error": f"{noun} not found"}), name
        for client in (viewer, reader):
            assert asked(client, route).status_code == (403 if name in CHANGING else 200), name
        assert learned.items()[0].title == item.title
    for name, route in routes(project_id, item.id).items():
        answer = asked(editor, route)
        assert (answer.status_code, isinstance(answer.json(), dict)) == (200, True), name


def test_the_brain_has_both_sets_of_names(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    told = get(owner, "brain", projectId=learned.project_id)
    assert "keep orders in PostgreSQL" in told["document"]
    assert "all times are UTC" in told["summary"]
    assert told["markdown"] == told["document"]
    assert told["metadata"]["itemCount"] == told["itemsLoaded"] == len(learned.items()) - 1  # one is in review
    assert told["schemaKeys"] == told["metadata"]["schemaKeys"]
    assert {node["schemaKey"] for node in told["tree"]} == set(told["schemaKeys"])
    assert told["metadata"]["assembledAt"].endswith("Z")


def test_an_etag_follows_from_what_is_told_and_from_every_parameter(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    asked_for: list[dict[str, object]] = [
        {}, {"tokenBudget": 5000}, {"minConfidence": 0.1}, {"limit": 50}, {"activeFiles": "src/nothing.py"}
    ]  # fmt: skip
    tags = []
    for params in asked_for:
        answer = owner.get("/api/v2/brain", params={"projectId": learned.project_id, **params})  # type: ignore[dict-item]
        tags.append(answer.headers["etag"])
    assert len(set(tags)) == len(asked_for)

    def again(tag: str) -> httpx.Response:
        return owner.get("/api/v2/brain", params={"projectId": learned.project_id}, headers={"If-None-Match": tag})

    unchanged = again(tags[0])
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tags[0])
    assert again(f"W/{tags[0]}").status_code == 304
    assert again(tags[1]).status_code == 200
    with learned.running.service() as service:  # another process, as a worker would
        service.items.edit(learned.items(type="bug")[0].id, title="Receipts go out once")
    changed = again(tags[0])
    assert changed.status_code == 200
    assert "Receipts go out once" in changed.json()["document"]


def test_a_brain_is_of_its_project_alone(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    get(owner, "brain", projectId=learned.project_id)
    assert get(owner, "brain", projectId=learned.running.project("empty"))["itemsLoaded"] == 0


def test_search_by_words_and_files(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    found = get(owner, "search", projectId=learned.project_id, q="why sqlite", limit=10, minSimilarity=0.65)
    assert [result["title"] for result in found["results"]] == ["decision: keep orders in SQLite instead of PostgreSQL"]
    [result] = found["results"]
    assert (result["similarity"], result["files"], result["status"]) == (1.0, ["src/store.py"], "review")
    assert "compositeScore" not in result
    assert (found["query"], found["totalCandidates"] >= 1) == ("why sqlite", True)
    many = get(
        owner, "search", projectId=learned.project_id, q="orders", useCompositeScore=True, activeFiles="src/orders.py"
    )
    scores = [result["compositeScore"] for result in many["results"]]
    assert scores == sorted(scores, reverse=True)
    assert many["results"][0]["files"] == ["src/orders.py"]
    assert len(get(owner, "search", projectId=learned.project_id, q="orders", limit=1)["results"]) == 1
    assert get(owner, "search", projectId=learned.project_id, q="kubernetes helm", minSimilarity=0.65)["results"] == []


def test_items_are_graded_from_0_to_1_and_filtered(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    stored = {item.id: item for item in learned.items()}
    everything = get(owner, "items", projectId=learned.project_id, status="all")
    assert {item["itemId"] for item in everything["items"]} == set(stored)
    for item in everything["items"]:
        assert item["importance"] == stored[item["itemId"]].importance / 5
        assert (item["id"], item["content"]) == (item["itemId"], item["facts"])
    assert everything["items"][0]["importance"] == 1.0
    of_status = {
        word: get(owner, "items", projectId=learned.project_id, status=word)["total"]
        for word in ("active", "approved", "review", "draft", "archived", "deprecated")
    }
    active = sum(item.status == "active" for item in stored.values())
    assert of_status == {"active": active, "approved": active, "review": 1, "draft": 1, "archived": 0, "deprecated": 0}
    assert get(owner, "items", projectId=learned.project_id)["total"] == active
    assert get(owner, "items", projectId=learned.project_id, limit=50, offset=0)["total"] == len(stored)
    page = get(owner, "items", projectId=learned.project_id, status="all", limit=2, offset=1)
    assert [item["itemId"] for item in page["items"]] == [item["itemId"] for item in everything["items"][1:3]]
    assert page["hasMore"]
    assert not get(owner, "items", projectId=learned.project_id, status="all", offset=len(stored) - 1)["hasMore"]
    of_key = get(owner, "items", projectId=learned.project_id, schemaKey="root/da", status="all")["items"]
    assert {item["schemaKey"] for item in of_key} == {"root/data"}
    assert [item["type"] for item in get(owner, "items", projectId=learned.project_id, type="todo")["items"]] == [
        "todo"
    ]


def test_an_item_shows_its_evidence_and_its_vector(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    [bug] = learned.items(type="bug")
    told = get(owner, f"items/{bug.id}")
    assert [ref["commitSha"] for ref in told["evidenceRefs"]] == [found.commit_sha for found in bug.evidence]
    assert "embedding" not in told
    embedding = get(owner, f"items/{bug.id}", includeEmbedding=True)["embedding"]
    assert [round(sum(value**2 for value in row), 2) for row in embedding] == [1.0] * len(embedding) != []


def test_a_person_edits_approves_and_deprecates(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    [doubtful] = [item for item in learned.items() if item.status == "review"]
    url = f"/api/v2/items/{doubtful.id}"
    approved = owner.patch(url, json={"status": "approved"}).json()
    assert (approved["status"], approved["state"], approved["approvedAt"] is not None) == ("active", "approved", True)
    words = {"title": "Orders were in SQLite once", "content": "Until PostgreSQL.", "type": "architecture"}
    edited = owner.patch(url, json={**words, "schemaKey": "root/stack", "status": "archived", "ignored": 1}).json()
    assert {name: edited[name] for name in words} == words
    assert (edited["schemaKey"], edited["status"], edited["facts"]) == ("root/stack", "archived", "Until PostgreSQL.")
    assert owner.patch(url, json={"status": "deprecated"}).json()["state"] == "deprecated"
    found = get(owner, "search", projectId=learned.project_id, q="Orders were in SQLite once")["results"]
    assert doubtful.id not in {result["itemId"] for result in found}


def test_what_was_merged_cannot_be_approved(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    one, other = learned.items()[:2]
    with learned.running.service() as service:
        service.reviews.merge(other.id, one.id)
    answer = owner.patch(f"/api/v2/items/{other.id}", json={"title": "Anew", "status": "approved"})
    assert answer.status_code == 409
    assert get(owner, f"items/{other.id}")["title"] == other.title  # neither half happened


GARBAGE: list[tuple[str, dict[str, Any]]] = [
    ("brain", {}),
    ("brain", {"tokenBudget": "many"}),
    ("brain", {"tokenBudget": 10**12}),
    ("brain", {"minConfidence": "nan"}),
    ("brain", {"limit": -1}),
    ("search", {}),
    ("search", {"q": "x", "limit": 0}),
    ("search", {"q": "x", "limit": 10**9}),
    ("search", {"q": "x", "minSimilarity": 2}),
    ("search", {"q": "\0"}),
    ("search", {"q": "x" * 10_001}),
    ("items", {"limit": 201}),
    ("items", {"offset": -1}),
    ("items", {"offset": 10**20}),
    ("items", {"type": "nonsense"}),
    ("items", {"status": "nonsense"}),
    ("projects/{project}/changelog", {"since": "yesterday"}),
    ("projects/{project}/changelog", {"since": "2026-13-45T00:00:00Z"}),
    ("projects/{project}/changelog", {"mode": "poem"}),
    ("projects/{project}/changelog", {"limit": 0}),
]


def test_garbage_is_refused(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    for path, params in GARBAGE:
        named = {"projectId": learned.project_id} if params or path == "search" else {}
        answer = owner.get(f"/api/v2/{path.format(project=learned.project_id)}", params={**named, **params})
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), (path, params, answer.text)


TOKEN = "ghp_" + "A1b2" * 9


def test_what_people_write_is_stored_without_secrets(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    item, other = learned.items()[:2]
    words = {"title": f"use {TOKEN}", "content": f"facts: {TOKEN}", "schemaKey": f"root/{TOKEN}"}
    assert owner.patch(f"/api/v2/items/{item.id}", json=words).status_code == 200
    with learned.running.service() as service:
        service.reviews.edit(item.id, rationale=TOKEN, impact=TOKEN, tags=(TOKEN,), dedup_hint=TOKEN)
        decided = service.reviews.decide(item.id, "deprecated", reason=f"leaked {TOKEN}")
        merged = service.reviews.merge(item.id, other.id, reason=f"same {TOKEN}")
        [relation] = service.items.relations(merged.id)
    assert decided.status_reason == "leaked [redacted:github-token]"
    assert TOKEN not in repr((decided, relation, learned.items()))


GARBLED: list[tuple[str, str, object]] = [
    ("PATCH", "items/{item}", {}),
    ("PATCH", "items/{item}", {"title": ""}),
    ("PATCH", "items/{item}", {"title": " "}),
    ("PATCH", "items/{item}", {"title": "x" * 201}),
    ("PATCH", "items/{item}", {"title": "half \ud83d"}),
    ("PATCH", "items/{item}", {"title": "nul \0"}),
    ("PATCH", "items/{item}", {"type": "poem"}),
    ("PATCH", "items/{item}", {"status": "superseded"}),
    ("PATCH", "items/{item}", {"status": "wonderful"}),
    ("PATCH", "items/{item}", []),
    ("POST", "ask", {"question": "why sqlite?"}),
    ("POST", "ask", {"projectId": "{project}", "question": "??"}),
    ("POST", "ask", {"projectId": "{project}", "question": "why sqlite?", "mode": "slow"}),
    ("POST", "hygiene", {"action": "analyze"}),
    ("POST", "hygiene", {"projectId": "{project}", "action": "apply"}),
    ("POST", "hygiene", {"projectId": "{project}", "action": "apply", "plan": {"actions": [{}], "planVersion": 1}}),
    ("POST", "hygiene", {"projectId": "{project}", "mode": "monthly"}),
    ("POST", "auto-resolve", {"projectId": "{project}"}),
    ("POST", "auto-resolve", {"projectId": "{project}", "commits": [{"sha": "xyz"}]}),
    ("POST", "auto-resolve", {"projectId": "{project}", "commits": [{"sha": SHA, "message": "half \udfff"}]}),
    ("POST", "projects/{project}/impact?days=31", None),
    ("POST", "projects/{project}/impact?days=none", None),
    ("POST", "worker/ask", {}),
]


def test_a_garbled_body_is_refused(learned: Learned) -> None:  # noqa: F811
    owner = learned.running.client(learned.running.person("owner", is_owner=True))
    item = learned.items()[0]
    names = {"project": learned.project_id, "item": item.id}
    kind = {"Content-Type": "application/json"}
    for method, path, body in GARBLED:
        content = json.dumps(body).replace("{project}", learned.project_id)
        answer = owner.request(method, f"/api/v2/{path.format(**names)}", content=content, headers=kind)
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), (path, body, answer.text)
    assert learned.items()[0] == item


def test_a_public_project_is_read_by_every_person_and_changed_by_none(learned: Learned, running: Running) -> None:  # noqa: F811
    with running.service() as service:
        service.projects.change(learned.project_id, visibility="public")
    anybody = running.client(running.person("eve"))
    item_id = learned.items()[0].id
    assert get(anybody, f"items/{item_id}")["id"] == item_id
    assert anybody.patch(f"/api/v2/items/{item_id}", json={"title": "Mine"}).status_code == 403

"""Asking, hygiene, auto-resolve, drift and the reports, over sockets, on memory that the pipeline made."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from contox_hooks.domain.access import Role
from contox_hooks.server import turn
from contox_hooks.server.ticket import LIFE_MS, claims_of, signed
from tests.model.server import serving, silent
from tests.net.client import no_proxies  # noqa: F401
from tests.server.learned import Learned, learned  # noqa: F401

SQLITE = "decision: keep orders in SQLite instead of PostgreSQL"


@pytest.fixture
def owner(learned: Learned) -> httpx.Client:  # noqa: F811
    return learned.running.client(learned.running.person("owner", is_owner=True))


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.replace("\r\n", "\n").strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_an_answer_cites_its_sources_and_costs_nothing(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    body = {"projectId": learned.project_id, "question": "why sqlite?", "mode": "sync"}
    told = owner.post("/api/v2/ask", json=body).json()
    assert told["answer"].startswith("[Source 1] **")
    assert [source["title"] for source in told["sources"]] == [SQLITE]
    assert told["usage"] == {"promptTokens": 0, "completionTokens": 0, "totalTokens": 0}
    assert (told["model"], told["trouble"]) == ("offline", None)
    nothing = owner.post("/api/v2/ask", json={**body, "question": "which kubernetes cluster?"}).json()
    assert (nothing["sources"], nothing["avgSimilarity"]) == ([], 0.0)


def test_errors_of_asking_are_in_the_contracts_words(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    def error(body: dict[str, Any]) -> tuple[int, str]:
        answer = owner.post("/api/v2/ask", json=body)
        return answer.status_code, answer.json()["error"]

    assert error({"question": "why?"}) == (400, "projectId is required")
    assert error({"projectId": learned.project_id}) == (400, "question is required (min 3 chars)")
    assert error({"projectId": learned.project_id, "question": " ?  "}) == (400, "question is required (min 3 chars)")


def test_a_cap_that_is_reached_refuses_the_question(
    learned: Learned,  # noqa: F811
    owner: httpx.Client,
) -> None:
    with learned.running.service() as service:
        settings = {"model": "small", "model_provider": "ollama", "tokens_a_day": 0}
        for name, value in settings.items():
            service.projects.set_setting(learned.project_id, name, value)
    body = {"projectId": learned.project_id, "question": "why sqlite?", "mode": "sync"}
    answer = owner.post("/api/v2/ask", json=body)
    assert (answer.status_code, answer.json()) == (403, {"error": "AI token limit reached"})
    ticket = owner.post("/api/v2/ask", json={**body, "mode": None}).json()["ticket"]
    streamed = events(owner.post("/api/v2/worker/ask", json={"ticket": ticket}).text)
    assert streamed == [("error", {"error": "AI token limit reached"})]


def test_a_model_without_a_key_leaves_the_offline_answer(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    with learned.running.service() as service:
        service.projects.set_setting(learned.project_id, "model", "small")
    body = {"projectId": learned.project_id, "question": "why sqlite?", "mode": "sync"}
    told = owner.post("/api/v2/ask", json=body).json()
    assert (told["model"], "no API key" in told["trouble"], len(told["sources"])) == ("offline", True, 1)


def test_a_slow_model_holds_up_only_who_asks_it(
    learned: Learned,  # noqa: F811
    owner: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many questions as there are stores in the pool."""
    most = 16
    monkeypatch.setattr(turn, "MOST", most)
    monkeypatch.setattr(turn, "MOST_OF_ONE", most)
    with ThreadPoolExecutor(most) as pool, serving(lambda _: silent()) as model:
        settings = {"model": "small", "model_provider": "custom", "model_url": model.url, "model_small": "m"}
        with learned.running.service() as service:
            for name, value in settings.items():
                service.projects.set_setting(learned.project_id, name, value)
        body = {"projectId": learned.project_id, "question": "why sqlite?", "mode": "sync"}
        asking = [pool.submit(owner.post, "/api/v2/ask", json=body) for _ in range(most)]
        while len(model.asked) < most:
            assert not any(one.done() for one in asking), [one.result().text for one in asking if one.done()]
            time.sleep(0.01)
        assert owner.get("/api/orgs").status_code == 200
        refused = owner.post("/api/v2/ask", json=body)
        assert (refused.status_code, refused.json()["error"]) == (503, "the model is asked too many questions at once")
    assert [one.result().status_code for one in asking] == [200] * most
    assert owner.post("/api/v2/ask", json=body).status_code == 200


def test_a_ticket_leads_to_the_answer_as_a_stream(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    body = {"projectId": learned.project_id, "question": "why sqlite?"}
    given = owner.post("/api/v2/ask", json=body).json()
    payload = given["ticket"].partition(".")[0]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["pid"] == learned.project_id
    assert {"pid", "tid", "uid", "sid", "exp"} <= claims.keys()
    path = urlsplit(given["workerUrl"]).path + "/ask"
    nobody = learned.running.client()  # a browser has no key for the worker
    answer = nobody.post(path, json={"ticket": given["ticket"]})
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    again = nobody.post(path, json={"ticket": given["ticket"]})
    assert (again.status_code, again.json()) == (401, {"error": "Unauthorized"}), "one question"
    assert [name for name, _ in told] == ["sources", "delta", "done"]
    sync = owner.post("/api/v2/ask", json={**body, "mode": "sync"}).json()
    assert told[-1][1] == sync
    assert "".join(value["text"] for name, value in told if name == "delta").strip() == sync["answer"].strip()


def test_a_ticket_of_a_key_that_is_revoked_or_of_a_person_who_left_opens_nothing(learned: Learned) -> None:  # noqa: F811
    running = learned.running
    text = running.person("ada", {learned.project_id: Role.VIEWER})
    body = {"projectId": learned.project_id, "question": "why sqlite?"}
    ticket = running.client(text).post("/api/v2/ask", json=body).json()["ticket"]
    with running.service() as service:
        key = service.access.of_text(text)
        assert key is not None
        service.access.remove_member(learned.project_id, key.person_id)
    assert running.client().post("/api/v2/worker/ask", json={"ticket": ticket}).status_code == 404
    with running.service() as service:
        service.access.revoke(key.id)
    answer = running.client().post("/api/v2/worker/ask", json={"ticket": ticket})
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def test_only_our_own_tickets_count_and_for_a_minute() -> None:
    ticket = signed({"pid": "p", "exp": LIFE_MS}, "secret")
    assert claims_of(ticket, "secret", now_ms=LIFE_MS - 1) == {"pid": "p", "exp": LIFE_MS}
    assert claims_of(ticket, "secret", now_ms=LIFE_MS) is None
    payload, _, signature = ticket.partition(".")
    forged = base64.urlsafe_b64encode(json.dumps({"pid": "q", "exp": 10**18}).encode()).decode().rstrip("=")
    for wrong in (
        "",
        ".",
        "é.ü",
        payload,
        f"{payload}.",
        f"{forged}.{signature}",
        f"{payload}.{signature[:-1]}",
        "a.b.c",
    ):
        assert claims_of(wrong, "secret", now_ms=0) is None
    assert claims_of(ticket, "other", now_ms=0) is None


def test_hygiene_proposes_and_applies_what_was_chosen(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    [bug] = learned.items(type="bug")
    with learned.running.service() as service:
        facts = "The token is " + "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"  # as an older version kept it
        service.store.run("UPDATE item SET facts = :facts WHERE id = :id", id=bug.id, facts=facts)
    scope = {"teamId": "t", "projectId": learned.project_id}
    plan = owner.post("/api/v2/hygiene", json={"action": "analyze", "mode": "weekly", "scope": scope}).json()
    assert isinstance(plan["planVersion"], str)
    assert plan["metrics"]["actionsCount"] == len(plan["actions"]) >= 2
    assert plan["itemsAnalyzed"] == plan["metrics"]["totalMemories"]
    [redact] = [action for action in plan["actions"] if action["type"] == "REDACT"]
    assert redact["requiresHumanApproval"]
    assert (redact["id"], redact["itemId"], redact["itemIds"]) == (redact["actionId"], bug.id, [bug.id])

    def apply(**chosen: object) -> Any:
        return owner.post("/api/v2/hygiene", json={"action": "apply", "scope": scope, "plan": plan, **chosen}).json()

    assert apply(selectedActionIds=[])["appliedActionIds"] == []
    dry = apply(selectedActionIds=[redact["actionId"]], dryRun=True)
    assert (dry["appliedActionIds"], dry["dryRun"]) == ([redact["actionId"]], True)
    unnamed = apply()
    assert redact["actionId"] in unnamed["skippedActionIds"]
    assert unnamed["appliedActionIds"]  # what needs nobody's approval
    assert "ghp_" in learned.items(type="bug")[0].facts
    assert apply(selectedActionIds=[redact["actionId"]])["appliedActionIds"] == [redact["actionId"]]
    assert "ghp_" not in learned.items(type="bug")[0].facts
    assert apply(selectedActionIds=["none"])["errors"][0]["actionId"] == "none"


def test_a_plan_of_one_project_does_nothing_to_another(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    [bug] = learned.items(type="bug")
    rename = {
        "type": "DEPRECATE_MEMORY", "targetMemoryIds": [bug.id], "reason": "mine", "deprecate": {"reason": "mine"}
    }  # fmt: skip
    other = learned.running.project("other")
    body = {"action": "apply", "projectId": other, "plan": {"planVersion": "1", "actions": [rename]}}
    answer = owner.post("/api/v2/hygiene", json={**body, "selectedActionIds": None}).json()
    assert answer["appliedActionIds"] == []
    assert learned.items(type="bug") == [bug]


def test_a_commit_that_closes_a_todo(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    [todo] = learned.items(type="todo")
    with learned.running.service() as service:
        service.items.edit(todo.id, facts="see #17")
        service.items.replace_evidence(todo.id, todo.evidence[:0])
    body = {
        "projectId": learned.project_id,
        "commits": [{"sha": "b" * 40, "message": "fix: closes #17", "files": ["src/orders.py"]}],
    }
    dry = owner.post("/api/v2/auto-resolve", json={**body, "dryRun": True}).json()
    assert [(each["itemId"], each["previousStatus"]) for each in dry["resolved"]] == [(todo.id, "active")]
    assert learned.items(type="todo")[0].status == "active"
    done = owner.post("/api/v2/auto-resolve", json=body).json()
    assert (done["dryRun"], done["resolved"][0]["newStatus"]) == (False, learned.items(type="todo")[0].status)
    assert owner.post("/api/v2/auto-resolve", json=body).json()["resolved"] == []


def test_drift_names_the_decision_and_the_commit(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    url = f"/api/v2/projects/{learned.project_id}/drift-check"
    checked = owner.post(url).json()
    [detail] = checked["details"]
    assert (checked["driftsDetected"], checked["baselineSize"]) == (1, checked["itemsChecked"])
    assert (detail["convention"], detail["severity"], detail["files"]) == (SQLITE, "high", ["src/store.py"])
    assert "src/store.py changed in" in detail["violation"]
    listed = owner.get(url).json()
    assert listed["total"] == 1
    [problem] = listed["problems"]
    assert (problem["kind"], problem["itemIds"], problem["status"]) == ("drift", [detail["baselineItemId"]], "open")
    owner.patch(f"/api/v2/items/{detail['baselineItemId']}", json={"status": "archived"})
    assert owner.post(url).json()["driftsDetected"] == owner.get(url).json()["total"] == 0


def test_reports_from_memory_alone_say_what_they_cannot_see(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    url = f"/api/v2/projects/{learned.project_id}"
    changelog = owner.get(f"{url}/changelog", params={"since": "2026-01-01T00:00:00.000Z", "limit": 200}).json()
    assert SQLITE in json.dumps(changelog["entries"])
    assert (changelog["mode"], changelog["hasMore"], changelog["commits"]) == ("developer", False, 5)
    impact = owner.post(f"{url}/impact", params={"days": 30}).json()
    assert impact["modules"][0]["module"] == "src/store.py"
    assert (impact["changesAnalyzed"], impact["totalFilesChanged"]) == (5, 4)
    guide = owner.post(f"{url}/onboarding-guide").json()
    assert (len(guide["guide"]["sections"]), guide["projectName"]) == (9, "shop")
    assert "takes orders over HTTP" not in json.dumps(guide)
    for report in (changelog, impact, guide):
        assert "no clone" in report["unseen"][0]


def test_reports_read_a_clone_that_is_here(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    learned.bring_clone()
    guide = owner.post(f"/api/v2/projects/{learned.project_id}/onboarding-guide").json()
    assert "Shop takes orders over HTTP" in guide["guide"]["sections"][0]["content"]
    assert guide["unseen"] == []


def test_an_excluded_path_stays_out_of_reports_without_a_clone(learned: Learned, owner: httpx.Client) -> None:  # noqa: F811
    with learned.running.service() as service:
        service.projects.set_setting(learned.project_id, "exclude", ["src/mail.py"])
    told = owner.post(f"/api/v2/projects/{learned.project_id}/impact").text
    assert "src/store.py" in told
    assert "src/mail.py" not in told

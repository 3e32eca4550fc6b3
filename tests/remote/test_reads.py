"""What a server tells of memory, in the documentation's names, in no names at all, and not at all."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.backend.remote.reads import Reads
from contox_hooks.domain.error import AccessRefused, NotFound, Refused, RemoteError, SpendRefused, UsageError
from contox_hooks.net.http import Unreachable
from contox_hooks.wire.told import memory, report, session
from contox_hooks.wire.told.form import Form, told
from tests.contox.listener import Listener
from tests.net.client import OpenHttp, Speaker, spoken

Answering = Callable[..., Reads]


@pytest.fixture
def answering(speak: Callable[..., Speaker], open_http: OpenHttp) -> Answering:
    """Reads whose server gives these answers: JSON values, or (status, value)."""

    def with_answers(*answers: object, **headers: str) -> Reads:
        said = []
        for answer in answers:
            status, value = answer if isinstance(answer, tuple) else (200, answer)
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            said.append(spoken(f"{status} -", body, **headers))
        return Reads(open_http(speak(*said).url), "p1", "t1")

    return with_answers


BRAIN: dict[str, Any] = {"budget_tokens": 6000, "limit": None, "active_files": ()}
PAGE: dict[str, Any] = {"schema_key": None, "status": "active", "limit": 2, "offset": 4}
ITEM = {"id": "i1", "type": "bug", "title": "T", "content": "F", "sourceRef": "git:abc", "status": "approved"}


# -- the documentation's names ------------------------------------------------------------------------------------------


def test_a_brain_in_the_documentations_names(answering: Answering) -> None:
    metadata = {"itemCount": 3, "tokenEstimate": 12, "assembledAt": "2026-01-02T03:04:05Z", "schemaKeys": ["root/a"]}
    found = answering({"markdown": "# All", "metadata": metadata}).brain(**BRAIN).told
    assert found is not None
    assert (found["document"], found["markdown"], found["summary"], found["tree"]) == ("# All", "# All", "", [])
    assert (found["itemsLoaded"], found["tokenEstimate"], found["schemaKeys"]) == (3, 12, ["root/a"])
    assert found["metadata"] == metadata
    assert found["layers"] == {"layer0": 0, "layer1": 0, "layer2": 0, "archived": 0}


def test_items_as_a_bare_array(answering: Answering) -> None:
    found = answering([ITEM, {**ITEM, "id": 7, "importance": 4, "status": "draft"}, "noise"]).items(**PAGE)
    first, second = found["items"]
    assert (first["itemId"], first["facts"], first["status"], first["state"]) == ("i1", "F", "active", "approved")
    assert (second["itemId"], second["importance"], second["status"], second["state"]) == ("7", 0.8, "review", "draft")
    assert (found["total"], found["hasMore"]) == (7, True)


def test_sessions_as_a_bare_array(answering: Answering) -> None:
    row = {"id": "s1", "projectId": "p1", "status": "enriching", "eventCount": 4, "createdAt": 1_760_000_000_000}
    [found] = answering([row]).sessions(limit=5, offset=0, status=None)["sessions"]
    assert (found["sessionId"], found["status"], found["lifecycle"]) == ("s1", "closed", "enriching")
    assert (found["messageCount"], found["startedAt"]) == (4, "2025-10-09T08:53:20.000Z")


def test_jobs_without_a_pipeline(answering: Answering) -> None:
    rows = [{"id": "j1", "type": "enrich", "status": "completed"}, {"jobId": "j2", "jobType": "embed", "status": "x"}]
    found = answering(rows).jobs("s1")
    assert [(job["id"], job["jobType"], job["status"]) for job in found["jobs"]] == [
        ("j1", "enrich", "done"), ("j2", "embed", "queued"),
    ]  # fmt: skip
    assert found["pipeline"] == {"totalSteps": 2, "completedSteps": 1, "failedSteps": 0, "status": "running"}


def test_a_plan_keeps_what_is_its_servers_own(answering: Answering) -> None:
    action = {"id": "a1", "type": "RETAG", "itemId": "i1", "description": "tags", "confidence": 1, "secretSauce": [1]}
    given_plan = {"planId": "x", "itemsAnalyzed": 2, "actions": [action]}
    plan = answering(given_plan).analyze(mode="quick", schema_key_prefix=None)
    assert (plan["planId"], plan["actions"][0]["secretSauce"]) == ("x", [1])
    told_action = plan["actions"][0]
    assert (told_action["actionId"], told_action["targetMemoryIds"], told_action["reason"]) == ("a1", ["i1"], "tags")
    assert not told_action["requiresHumanApproval"]


def test_events_that_a_server_does_not_tell_are_none(answering: Answering) -> None:
    for status in (404, 405):
        assert answering((status, {"error": "Not found"})).events("s1", limit=5) is None


# -- what is asked ------------------------------------------------------------------------------------------------------


def test_what_is_sent(speak: Callable[..., Speaker], open_http: OpenHttp) -> None:
    speaker = speak(spoken(body=b'{"results": [], "document": "", "modules": [], "appliedActionIds": []}'))
    reads = Reads(open_http(speaker.url), "p 1", "t1")
    reads.search("why, sqlite?", limit=3, min_similarity=0.5, active_files=["a b.py", "é.py"])
    reads.brain(**BRAIN)
    reads.impact(days=7)
    heard = [asked.split(b"\r\n")[0].decode() for asked in speaker.heard]
    query = "q=why%2C%20sqlite%3F&limit=3&minSimilarity=0.5&activeFiles=a%20b.py%2C%C3%A9.py&useCompositeScore=true"
    assert heard[0].replace("+", "%20") == f"GET /api/v2/search?projectId=p%201&{query} HTTP/1.1"
    assert heard[1].replace("+", "%20") == "GET /api/v2/brain?projectId=p%201&tokenBudget=6000 HTTP/1.1"
    assert heard[2] == "POST /api/v2/projects/p%201/impact?days=7 HTTP/1.1"


def test_what_is_asked_on_a_connection_that_had_ended_is_asked_again(open_http: OpenHttp) -> None:
    def serve(connection: socket.socket) -> None:
        """Answers one request of each connection, and ends it with the next."""
        heard(connection)
        connection.sendall(spoken(body=b'{"answer": "so"}'))
        heard(connection)

    def heard(connection: socket.socket) -> None:
        asked = more = connection.recv(65536)
        while more and not asked.endswith(b"}"):
            asked += (more := connection.recv(65536))

    listener = Listener(serve)
    listener.start()
    reads = Reads(open_http(f"http://127.0.0.1:{listener.port}"), "p1", "t1")
    assert [reads.ask("why?")["answer"] for _ in range(3)] == ["so"] * 3
    listener.close()


# -- what is no answer ---------------------------------------------------------------------------------------------------

EVERY: dict[str, Callable[[Reads], object]] = {
    "brain": lambda reads: reads.brain(**BRAIN),
    "search": lambda reads: reads.search("q", limit=1, min_similarity=0.0, active_files=()),
    "items": lambda reads: reads.items(**PAGE),
    "item": lambda reads: reads.item("i1"),
    "decide": lambda reads: reads.decide("i1", "approved"),
    "ask": lambda reads: reads.ask("why?"),
    "analyze": lambda reads: reads.analyze(mode="quick", schema_key_prefix="root/a"),
    "apply": lambda reads: reads.apply({}, [], dry_run=True),
    "auto_resolve": lambda reads: reads.auto_resolve([], dry_run=True),
    "check_drift": lambda reads: reads.check_drift(),
    "drift": lambda reads: reads.drift(),
    "changelog": lambda reads: reads.changelog(mode="developer", since=0),
    "impact": lambda reads: reads.impact(days=7),
    "onboarding": lambda reads: reads.onboarding(),
    "sessions": lambda reads: reads.sessions(limit=1, offset=0, status=None),
    "session": lambda reads: reads.session("s1"),
    "jobs": lambda reads: reads.jobs("s1"),
    "events": lambda reads: reads.events("s1", limit=1),
}


def test_what_cannot_be_used_is_an_error_that_says_so(answering: Answering) -> None:
    refusals = [
        ((200, {"message": "hello"}), RemoteError),
        ((200, "null"), RemoteError),
        ((200, b"<p>sign in</p>"), RemoteError),
        ((401, {"error": "Unauthorized"}), AccessRefused),
        ((403, {"error": "Access denied"}), AccessRefused),
        ((400, {"error": "limit: too many"}), UsageError),
        ((409, {"error": "was merged"}), Refused),
        ((429, {"error": "slow"}), Unreachable),
        ((500, b""), RemoteError),
    ]
    for answer, error in refusals:
        reads = answering(answer, retry_after="0") if answer[0] == 429 else answering(answer)
        for name, call in EVERY.items():
            with pytest.raises(error) as caught:
                call(reads)
            assert isinstance(caught.value, error), (name, answer)


def test_a_cap_of_the_servers_says_that_it_is_one(answering: Answering) -> None:
    with pytest.raises(SpendRefused):
        answering((403, {"error": "AI token limit reached"})).ask("why?")


def test_a_ticket_is_no_answer(answering: Answering) -> None:
    with pytest.raises(RemoteError):
        answering({"ticket": "a.b", "workerUrl": "https://elsewhere.example"}).ask("why?")


def test_another_projects_things_are_not_found(answering: Answering) -> None:
    with pytest.raises(NotFound):
        answering({**ITEM, "projectId": "p2"}).item("i1")
    with pytest.raises(NotFound):
        answering({"session": {"id": "s1", "projectId": "p2", "status": "active"}}).session("s1")


def test_unchanged_is_no_answer_to_who_has_none(answering: Answering) -> None:
    reads = answering((304, b""))
    assert reads.brain(**BRAIN, etag='"x"') == (None, '"x"')
    with pytest.raises(RemoteError):
        reads.brain(**BRAIN)


# -- anything at all -----------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FORMS: list[Form] = [
    memory.ITEM, memory.SEARCH, memory.ITEMS, memory.ANSWER, report.PLAN, report.APPLIED, report.RESOLVED, report.DRIFT,
    report.PROBLEMS, report.CHANGELOG, report.IMPACT, report.GUIDE, session.SESSIONS, session.WHOLE_SESSION,
]  # fmt: skip


def shape(value: object) -> object:
    """The kinds of what stands under the names of a form."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return "text or null" if value is None or isinstance(value, str) else type(value).__name__


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_form_holds_values_of_its_kinds_whatever_came(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(FORMS))
    value = data.draw(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(form, JSON)))
    expected, found = told({}, form), told(value, form)
    for name, usual in expected.items():
        if isinstance(usual, dict):
            assert usual.keys() <= found[name].keys()
        else:
            assert shape(found[name]) == shape(usual), name


@settings(max_examples=40, deadline=None)
@given(JSON | st.fixed_dictionaries({"jobs": JSON, "pipeline": JSON}))
def test_jobs_are_told_or_refused(value: object) -> None:
    try:
        found = session.jobs_told(value)
    except ValueError:
        return
    assert all(job["status"] in ("queued", "running", "done", "failed") for job in found["jobs"])


def test_a_tree_without_end_has_one() -> None:
    node: dict[str, Any] = {}
    for _ in range(900):
        node = {"schemaKey": "root", "children": [node]}
    tree = memory.brain_told({"document": "", "tree": [node]})["tree"]
    assert len(json.dumps(tree)) < 2000

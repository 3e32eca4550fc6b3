from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.wire.session import RemoteJob, RemotePipeline, RemoteSession, parse_jobs, parse_sessions

AT = 1767323045.0
ISO = "2026-01-02T03:04:05.000Z"
LATER = "2026-01-02T04:04:05+00:00"

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([ISO, "active", "{"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    "id", "sessionId", "projectId", "source", "status", "startedAt", "createdAt", "updatedAt", "endedAt", "completedAt",
    "messageCount", "eventCount", "summary", "jobType", "type", "attempts", "lastError", "processedAt", "totalSteps",
    "completedSteps", "failedSteps",
]  # fmt: skip
odd_rows = st.dictionaries(st.sampled_from(NAMES), anything, max_size=6)


def test_a_session_in_the_extensions_names() -> None:
    row = {
        "id": "s1", "projectId": "p", "startedAt": ISO, "updatedAt": LATER, "endedAt": None, "status": "active",
        "source": "cli", "messageCount": 3, "summary": '{"executiveSummary": "Did it", "other": 1}',
    }  # fmt: skip
    expected = RemoteSession("s1", "p", "cli", "active", "active", AT, AT + 3600, None, 3, "Did it")
    assert parse_sessions({"sessions": [row], "total": 1}) == [expected]


def test_a_session_in_the_documents_names() -> None:
    row = {
        "id": "s1", "projectId": "p", "status": "enriching", "eventCount": 7, "createdAt": ISO, "completedAt": LATER,
    }  # fmt: skip
    assert parse_sessions([row]) == [RemoteSession("s1", "p", "", "closed", "enriching", AT, None, AT + 3600, 7, "")]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("active", "active"), ("ACTIVE ", "active"), ("closed", "closed"), ("completed", "closed"),
        ("completed (enriched)", "closed"), ("enriching", "closed"), ("failed", "closed"), ("compacted", "compacted"),
        ("", "closed"), ("new word", "closed"), (None, "closed"), (1, "closed"),
    ],
)  # fmt: skip
def test_status(raw: object, status: str) -> None:
    assert parse_sessions([{"id": "s", "status": raw}])[0].status == status


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        ("plain", "plain"), (None, ""), (3, ""), ('{"executiveSummary": "x"}', "x"), ("{broken", "{broken"),
        ('{"executiveSummary": 3}', '{"executiveSummary": 3}'), ({"executiveSummary": "x"}, "x"),
        ('{"a":' * 100_000, '{"a":' * 100_000), ("\x1b[31mraw", "\x1b[31mraw"),
    ],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_summary(summary: object, text: str) -> None:
    assert parse_sessions([{"id": "s", "summary": summary}])[0].summary == text


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        (ISO, AT), ("2026-01-02T03:04:05", AT), ("2026-01-02T04:04:05+01:00", AT), (AT, AT), (AT * 1000, AT), (int(AT), AT),
        ("yesterday", None), ("2026-99-99T00:00:00Z", None), (float("nan"), None), (10**400, None), (True, None), ([], None),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_times(time: object, seconds: float | None) -> None:
    assert parse_sessions([{"id": "s", "startedAt": time}])[0].started_at == seconds


def test_newest_first() -> None:
    rows = [{"id": "old", "startedAt": ISO}, {"id": "new", "startedAt": LATER}]
    assert [session.id for session in parse_sessions(rows)] == ["new", "old"]
    undated = [{"id": "a"}, *rows]
    assert [session.id for session in parse_sessions(undated)] == ["a", "old", "new"]


def test_rows_that_are_no_session_are_passed_over() -> None:
    assert [session.id for session in parse_sessions([None, 3, [], {}, {"id": None}, {"id": "a"}])] == ["a"]


@pytest.mark.parametrize("data", [None, "text", 3, {}, {"sessions": None}, {"sessions": {}}, {"error": "no"}])
def test_an_unusable_answer(data: object) -> None:
    with pytest.raises(ValueError):
        parse_sessions(data)


def test_jobs() -> None:
    jobs, pipeline = parse_jobs({
        "jobs": [
            {"id": "j1", "jobType": "enrich", "status": "done", "attempts": 1, "lastError": None, "createdAt": ISO,
             "processedAt": LATER},
            {"id": "j2", "jobType": "embed", "status": "failed", "attempts": 5, "lastError": "no model"},
        ],
        "pipeline": {"totalSteps": 4, "completedSteps": 1, "failedSteps": 1, "status": "failed"},
    })  # fmt: skip
    assert jobs == [
        RemoteJob("j1", "enrich", "done", 1, "", AT, AT + 3600),
        RemoteJob("j2", "embed", "failed", 5, "no model"),
    ]
    assert pipeline == RemotePipeline(4, 1, 1, "failed")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("Queued", "pending"), ("processing", "running"), ("completed", "done"), ("done", "done"), ("failed", "failed"),
        ("skipped", "skipped"), ("new word", "pending"), (None, "pending"),
    ],
)  # fmt: skip
def test_job_status(raw: object, status: str) -> None:
    assert parse_jobs({"jobs": [{"id": "j", "status": raw}]})[0][0].status == status


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], "done"), (["done", "skipped"], "done"), (["done", "failed"], "failed"), (["done", "queued"], "running"),
        (["queued", "queued"], "pending"), (["processing", "queued"], "running"), (["failed", "queued"], "pending"),
    ],
)  # fmt: skip
def test_a_pipeline_that_is_not_told_is_counted(statuses: list[str], status: str) -> None:
    assert parse_jobs({"jobs": [{"status": one} for one in statuses]})[1].status == status


def test_a_session_that_nobody_enriches_is_done() -> None:
    told = {"jobs": [], "pipeline": {"totalSteps": 0, "completedSteps": 0, "failedSteps": 0, "status": "done"}}
    assert parse_jobs(told) == ([], RemotePipeline(0, 0, 0, "done"))


@pytest.mark.parametrize("data", [None, "text", {}, {"jobs": 3}, {"jobs": None, "pipeline": []}])
def test_unusable_jobs(data: object) -> None:
    with pytest.raises(ValueError):
        parse_jobs(data)


@given(st.lists(odd_rows | anything, max_size=4))
def test_nothing_inside_raises(rows: list[object]) -> None:
    parse_sessions({"sessions": rows, "total": "x"})
    for pipeline in rows:
        jobs, _ = parse_jobs({"jobs": rows, "pipeline": pipeline})
        assert all(isinstance(job.id, str) and job.attempts >= 0 for job in jobs)

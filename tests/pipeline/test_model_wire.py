"""Extraction by a model at its HTTP wire, through the runner: every way an answer may fail, and what each one costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contox_hooks.domain.item import Item
from contox_hooks.domain.pipeline import Job
from contox_hooks.model.ledger import Caps, Ledger
from contox_hooks.pipeline.model_extractor import REST_S, ModelExtractor
from contox_hooks.pipeline.provider import Context
from tests.memory.events import open_service
from tests.model.server import Asked, ModelServer, Said, cut, fails, raw, says, serving, silent
from tests.model.server import model_server as model_server
from tests.net.client import no_proxies as no_proxies
from tests.pipeline.answers import answer
from tests.pipeline.digests import digest
from tests.pipeline.wire import ENDLESS, data_of, honest, item_for, meter, prepared, run


@pytest.fixture
def second_server() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


def told(folder: Path, project_id: str) -> tuple[Job, list[Item], str | None]:
    """The enrichment's job, the items in the order of time, the session's summary."""
    with open_service(folder) as service:
        (session,) = service.sessions.page(project_id)
        items = [service.items.get(item.id) for item in service.items.page(project_id, limit=100)]
        return (
            service.jobs.of_session(session.id)[0], sorted(items, key=lambda item: (item.at_utc, item.id)), session.summary,
        )  # fmt: skip


def retried(folder: Path, project_id: str) -> None:
    with open_service(folder) as service:
        service.jobs.retry(service.sessions.page(project_id)[0].id)


def test_a_valid_answer(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    model_server.respond = lambda asked: says(honest(asked), model="small")
    assert run(tmp_path, meter(tmp_path, [model_server.url])).failed == ()
    job, items, summary = told(tmp_path, project_id)
    assert [item.title for item in items] == [f"So it is: Decide about thing {n}" for n in range(3)]
    assert all(item.evidence[0].event_id for item in items)
    assert summary == "An honest summary."
    assert job.detail == "3 items from 3 commits by provider1/small"
    (asked,) = model_server.asked
    assert asked.body["response_format"]["json_schema"]["name"] == "memory"
    assert "ada@example.org" not in asked.raw.decode()
    assert str(tmp_path) not in asked.raw.decode()


def test_what_is_not_json_is_repaired_once(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    model_server.respond = lambda asked: says(
        "Sure! " if len(model_server.asked) == 1 else honest(asked), model="small"
    )
    run(tmp_path, meter(tmp_path, [model_server.url]))
    job, items, _ = told(tmp_path, project_id)
    assert len(items) == 3
    assert job.detail is not None
    assert job.detail.endswith("; chunk 1 repaired once (the answer is not JSON: Expecting value at character 0)")
    first, second = model_server.asked
    assert second.user.startswith(first.user)
    assert '"text": "Sure! "' in second.user
    assert "the answer is not JSON" in second.user


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("I will not.", "the answer is not JSON: Expecting value at character 0"),
        ('{"items": [{"title": 5}]}', "items[0].type must be one of"),
        ("[]", "the answer must be an object with items, not a list"),
    ],
)
def test_what_stays_invalid_fails_its_chunk_alone(
    tmp_path: Path, model_server: ModelServer, bad: str, reason: str
) -> None:
    """23 commits are three chunks; the second one's answer is bad, twice. The first one is not paid again, nor is the
    second: the rules read it."""
    project_id = prepared(tmp_path, 23)

    def respond(asked: Asked) -> Said:
        return says(bad if len(model_server.asked) in (2, 3) else honest(asked), model="small")

    model_server.respond = respond
    (failed,) = run(tmp_path, meter(tmp_path, [model_server.url])).failed
    assert [len(data_of(asked)["commits"]) for asked in model_server.asked] == [10, 10, 10, 3]
    assert failed.last_error is not None
    assert failed.last_error.startswith(
        f"chunk 2: the answer of provider1/small is not valid, nor after a repair: {reason}"
    )
    cited = {found.commit_sha for item in told(tmp_path, project_id)[1] for found in item.evidence}
    assert len(cited) == 13  # the first and the third chunk are memory
    retried(tmp_path, project_id)
    assert run(tmp_path, meter(tmp_path, [model_server.url])).failed == ()
    job, items, _ = told(tmp_path, project_id)
    assert len(model_server.asked) == 4
    assert job.detail is not None
    assert "from 10 commits by offline" in job.detail
    assert job.detail.endswith("; chunk 2 by rules: provider1/small was asked about them before and may have been paid")
    cited = {found.commit_sha for item in items for found in item.evidence}
    assert len(cited) == 23  # no commit is without memory


def test_an_answer_that_is_cut_says_so_in_its_repair(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)

    def respond(asked: Asked) -> Said:
        whole = honest(asked)
        if len(model_server.asked) > 1:
            return says(whole)
        return says(whole[:100], finish_reason="length", completion_tokens=2560)

    model_server.respond = respond
    run(tmp_path, meter(tmp_path, [model_server.url]))
    assert "the answer was cut at 2,560 tokens: fewer and shorter items" in model_server.asked[1].user
    assert len(told(tmp_path, project_id)[1]) == 3


def test_made_up_quotes_are_dropped_and_counted(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)

    def respond(asked: Asked) -> Said:
        first, second, _ = data_of(asked)["commits"]
        made_up = {"commit": second["commit"], "path": None, "quote": "words that nobody wrote"}
        another = {"commit": "f" * 12, "path": None, "quote": first["subject"]}
        return says(answer(
            item_for(first), item_for(second, evidence=[made_up]), item_for(first, evidence=[another]),
            item_for(first, title="Half true", evidence=[made_up, item_for(first)["evidence"][0]]),
            summary="And the moon is made of cheese.",
        ), model="small")  # fmt: skip

    model_server.respond = respond
    run(tmp_path, meter(tmp_path, [model_server.url]))
    job, items, summary = told(tmp_path, project_id)
    assert sorted((item.title, item.confidence) for item in items) == [
        ("Half true", 0.69), ("So it is: Decide about thing 0", 0.8),
    ]  # fmt: skip
    assert job.detail == (
        "2 items from 3 commits by provider1/small, 2 proposals without proof left out"
        "; chunk 1 without 1 reference to what was not shown"
    )
    assert "cheese" not in str(summary)
    assert len(model_server.asked) == 1  # no repair is paid for that


def test_where_nothing_is_proven_the_rules_read(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    made_up = [{"commit": "f" * 12, "path": None, "quote": "words that nobody wrote"}]
    model_server.respond = lambda asked: says(answer(item_for(data_of(asked)["commits"][0], evidence=made_up)))
    run(tmp_path, meter(tmp_path, [model_server.url]))
    job, items, _ = told(tmp_path, project_id)
    assert items
    assert job.detail is not None
    assert job.detail.endswith("chunk 1 by rules: provider1/test-model could prove none of 1 proposal")


def test_a_model_may_say_that_nothing_is_worth_knowing(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    model_server.respond = lambda asked: says(answer(summary="Only formatting."), model="small")
    run(tmp_path, meter(tmp_path, [model_server.url]))
    job, items, summary = told(tmp_path, project_id)
    assert (items, summary, job.detail) == ([], "Only formatting.", "0 items from 3 commits by provider1/small")


def test_a_time_out_goes_to_the_next_provider(
    tmp_path: Path, model_server: ModelServer, second_server: ModelServer
) -> None:
    project_id = prepared(tmp_path)
    model_server.respond = lambda asked: silent()
    second_server.respond = lambda asked: says(honest(asked), model="small")
    run(tmp_path, meter(tmp_path, [model_server.url, second_server.url], total_s=0.5))
    job, items, _ = told(tmp_path, project_id)
    assert len(items) == 3
    assert job.detail is not None
    assert job.detail.startswith(
        "3 items from 3 commits by provider2/small; chunk 1 answered by provider2/small after provider1/small "
    )
    assert model_server.asked[0].body["messages"] == second_server.asked[0].body["messages"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (silent(), "provider1/small "),
        (fails(503), "provider1/small failed (503)"),
        (fails(429, retry_after="3600"), "provider1/small takes no more requests now (429)"),
        (cut(), "provider1/small "),
        (raw(b"<html>"), "provider1/small answered what is not JSON"),
        (fails(401, "bad key"), "provider1/small refuses the request (401)"),
        (says(""), "provider1/small gave no text"),
    ],
)
def test_no_answer_at_all_leaves_the_chunk_to_the_rules(
    tmp_path: Path, model_server: ModelServer, said: Said, reason: str
) -> None:
    project_id = prepared(tmp_path)
    model_server.respond = lambda asked: said
    assert run(tmp_path, meter(tmp_path, [model_server.url], total_s=0.5)).failed == ()
    job, items, summary = told(tmp_path, project_id)
    assert {found.commit_sha for item in items for found in item.evidence} == {f"{n:040x}" for n in range(3)}
    assert job.detail is not None
    assert f"by offline; chunk 1 by rules: {reason}" in job.detail
    assert summary
    assert len(model_server.asked) == 1


def test_a_busy_endpoint_that_says_when_is_asked_then(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)

    def respond(asked: Asked) -> Said:
        if len(model_server.asked) == 1:
            return fails(429, "slow down", retry_after="1")
        return says(honest(asked), model="small")

    model_server.respond = respond
    run(tmp_path, meter(tmp_path, [model_server.url]))
    job, items, _ = told(tmp_path, project_id)
    assert len(items) == 3
    assert job.detail is not None
    assert "; chunk 1 answered by provider1/small after provider1/small takes no more requests now (429)" in job.detail


def test_all_of_the_cascade_is_told(tmp_path: Path, model_server: ModelServer, second_server: ModelServer) -> None:
    project_id = prepared(tmp_path, 13)
    model_server.respond = lambda asked: fails(502)
    second_server.respond = lambda asked: fails(503)
    run(tmp_path, meter(tmp_path, [model_server.url, second_server.url]))
    assert (len(model_server.asked), len(second_server.asked)) == (1, 1)  # for both chunks
    detail = told(tmp_path, project_id)[0].detail
    assert detail is not None
    assert "; chunks 1-2 by rules: provider1/small failed (502): it went wrong, provider2/small failed (503)" in detail


def test_a_model_that_was_down_is_asked_again_later(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    with open_service(tmp_path) as service:
        session_id = service.sessions.page(project_id)[0].id
    made = digest("Decide about it")
    asker = meter(tmp_path, [model_server.url], paid=False)
    now = [0.0]
    extractor = ModelExtractor(asker, clock=lambda: now[0])
    model_server.script(fails(500), says(answer()))
    notes = []
    for passed in (0, REST_S - 1, 2):
        now[0] += passed
        notes.append(extractor.extract([made], context=Context(project_id, session_id, 1)).note)
    assert notes == ["by rules: provider1/small failed (500): it went wrong"] * 2 + [None]
    assert len(model_server.asked) == 2


def test_no_answer_to_a_repair(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    model_server.script(says("no"), fails(503))
    run(tmp_path, meter(tmp_path, [model_server.url]))
    job, items, _ = told(tmp_path, project_id)
    assert items
    assert job.detail is not None
    assert "answered what is not valid, and for its repair: provider1/small failed (503)" in job.detail


def test_a_cap_loses_no_memory_and_sends_nothing(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    run(tmp_path, meter(tmp_path, [model_server.url], caps=Caps(100, 10**9, 10**9)))
    job, items, _ = told(tmp_path, project_id)
    assert model_server.asked == []
    assert items
    assert job.detail is not None
    assert "; chunk 1 by rules: tokens_a_day: 0 of 100 tokens used today (UTC)" in job.detail


def test_the_same_item_twice_in_an_answer_is_one(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path, 1)

    def respond(asked: Asked) -> Said:
        (shown,) = data_of(asked)["commits"]
        return says(answer(item_for(shown), item_for(shown), item_for(shown, title=f"SO it is: {shown['subject']}")))

    model_server.respond = respond
    run(tmp_path, meter(tmp_path, [model_server.url]))
    assert len(told(tmp_path, project_id)[1]) == 1


def test_known_items_are_shown_and_a_verdict_is_handed_on(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path, 1)
    model_server.respond = lambda asked: says(honest(asked))
    run(tmp_path, meter(tmp_path, [model_server.url]))
    ((_, (known,), _), prepared_again) = told(tmp_path, project_id), more(tmp_path, project_id)

    def respond(asked: Asked) -> Said:
        data = data_of(asked)
        assert [shown["id"] for shown in data["known_items"]] == [known.id]
        judged = {"kind": "supersedes", "itemId": known.id, "reason": "it moved"}
        return says(answer(item_for(data["commits"][0], verdict=judged)))

    model_server.respond = respond
    assert run(tmp_path, meter(tmp_path, [model_server.url])).failed == ()
    with open_service(tmp_path) as service:
        row = service.store.row(
            "SELECT result FROM chunk WHERE session_id = :id ORDER BY chunk_no DESC", id=prepared_again
        )
        assert row is not None
        (draft,) = json.loads(row["result"])["drafts"]
    assert draft["relations"] == [{"kind": "supersedes", "item_id": known.id, "reason": "it moved"}]


def more(folder: Path, project_id: str) -> str:
    """One more commit on the first one's file, with its run; the session's id."""
    from tests.memory.events import DAY, commit

    with open_service(folder) as service:
        event = commit(77, DAY + 1000, subject="Decide anew about thing 0", files=("src/m0.py",))
        (receipt,) = service.ingest(project_id, [event])
        service.jobs.request([receipt.session_id], trigger="manual")
        return receipt.session_id


def test_two_workers_at_once_pay_once(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    arrived, go = threading.Event(), threading.Event()

    def respond(asked: Asked) -> Said:
        arrived.set()
        go.wait(10)
        return says(honest(asked))

    model_server.respond = respond
    reports = []
    first = threading.Thread(target=lambda: reports.append(run(tmp_path, meter(tmp_path, [model_server.url]))))
    first.start()
    assert arrived.wait(10)
    assert run(tmp_path, meter(tmp_path, [model_server.url])).busy
    # Also a worker that the lock did not stop (another machine's, on a network disk) finds the chunk claimed.
    with open_service(tmp_path) as service:
        session_id = service.sessions.page(project_id)[0].id
        assert not Ledger(service.store, project_id).claim(session_id, 1)
    go.set()
    first.join(20)
    assert [report.failed for report in reports] == [()]
    assert len(model_server.asked) == 1
    assert len(told(tmp_path, project_id)[1]) == 3


_VICTIM = """
import sys
from pathlib import Path
from tests.pipeline.wire import meter, run
run(Path(sys.argv[1]), meter(Path(sys.argv[1]), [sys.argv[2]], total_s=60))
"""


def test_a_worker_killed_in_mid_call_has_paid_once(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    model_server.respond = lambda asked: silent()
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(tmp_path), model_server.url], stdin=subprocess.DEVNULL
    )
    try:
        assert model_server.reached.wait(30)
    finally:
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait(10)
    model_server.respond = lambda asked: says(honest(asked))
    assert run(tmp_path, meter(tmp_path, [model_server.url])).failed == ()
    job, items, _ = told(tmp_path, project_id)
    assert len(model_server.asked) == 1
    assert items
    assert job.attempts == 2
    assert job.detail is not None
    assert "by rules: provider1/small was asked about them before and may have been paid" in job.detail


def test_what_costs_nothing_is_asked_again(tmp_path: Path, model_server: ModelServer) -> None:
    project_id = prepared(tmp_path)
    model_server.respond = lambda asked: says("no")
    assert run(tmp_path, meter(tmp_path, [model_server.url], paid=False)).failed
    retried(tmp_path, project_id)
    model_server.respond = lambda asked: says(honest(asked), model="small")
    assert run(tmp_path, meter(tmp_path, [model_server.url], paid=False, caps=ENDLESS)).failed == ()
    assert told(tmp_path, project_id)[0].detail == "3 items from 3 commits by provider1/small"

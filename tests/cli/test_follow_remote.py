"""What of a server's answers is news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from contox_hooks.cli.follow import CLOSED_EXTERNALLY, Notice
from contox_hooks.cli.follow_remote import Gone, Jobs, Page, RemoteFollower, session_url
from contox_hooks.domain.session import WINDOW_S
from contox_hooks.wire.session import JobStatus, RemoteJob, RemoteSession, parse_jobs

AT = 1_800_000_000.0
S1 = RemoteSession("S1", "P", "cli", "active", "active", AT, AT + 60, None, 3, "")
NONE: frozenset[str] = frozenset()
STEPS = ("enrich", "embed", "dedup", "drift_check")


def follower(*sessions: RemoteSession, source: str = "cli") -> RemoteFollower:
    found = RemoteFollower(source, "https://example.org")
    assert found.fold_page(page(*sessions, source=source), ended=NONE) == []
    return found


def page(*sessions: RemoteSession, at: float = AT + 90, source: str = "cli") -> Page:
    own = next((one for one in sessions if one.source == source and one.status == "active"), None)
    return Page(sessions, own, at)


def texts(notices: Sequence[Notice]) -> list[str]:
    return [notice.text.strip() for notice in notices]


def new(name: str, **changes: Any) -> RemoteSession:
    return replace(S1, id=name, started_at=AT + 100, updated_at=AT + 160, **changes)


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("mcp-server", "MCP"), ("cli", "CLI"), ("cli-auto", "CLI"), ("cli-scan", "Scan"), ("vscode", "VS Code"),
        ("git-hooks", "Git hooks"), ("other", "other"), ("", "unknown"), ("\x1b[31mred", "red"),
    ],
)  # fmt: skip
def test_new_sessions_are_told_wherever_they_stand(source: str, label: str) -> None:
    found = follower(S1)
    told = found.fold_page(page(new("S3"), new("S2", source=source), S1), ended=NONE)
    assert texts(told) == [
        f"Session saved ({label}) — New session saved",
        "Session saved (CLI) — New session saved",
    ]
    assert told[0].data["new"] is True
    assert found.fold_page(page(new("S3"), new("S2", source=source), S1), ended=NONE) == []


def test_a_summary_is_one_clean_line_of_at_most_120() -> None:
    found = follower()
    [told] = found.fold_page(page(replace(S1, summary="w\x1b[2J\n" * 100)), ended=NONE)
    assert told.text == "Session saved (CLI) — " + ("w " * 100)[:117] + "..."


def test_what_was_saved_since_is_told_once() -> None:
    found = follower(S1)
    grown = replace(S1, events=4, updated_at=AT + 99)
    [told] = found.fold_page(page(grown), ended=NONE)
    assert told.data == {
        "session_id": "S1", "source": "cli", "summary": "New session saved", "new": False, "events": 4,
        "url": "https://example.org/dashboard/sessions/S1",
    }  # fmt: skip
    assert found.fold_page(page(grown), ended=NONE) == []
    assert texts(found.fold_page(page(replace(grown, summary="Orders are paged")), ended=NONE)) == [
        "Session saved (CLI) — Orders are paged"
    ]


def test_enriching_or_closing_is_no_save() -> None:
    found = follower(S1)
    assert found.fold_page(page(replace(S1, updated_at=AT + 70)), ended=NONE) == []
    closed = replace(S1, status="closed", raw_status="completed", updated_at=AT + 80)
    assert found.fold_page(page(closed), ended=frozenset(["S1"])) == []


def test_a_server_that_does_not_count_is_believed_by_its_times() -> None:
    found = follower(replace(S1, events=0))
    assert len(found.fold_page(page(replace(S1, events=0, updated_at=AT + 90)), ended=NONE)) == 1


def test_an_open_session_is_no_news_before_something_is_in_it() -> None:
    found = follower(S1)
    empty = replace(S1, id="S2", started_at=AT + 100, updated_at=AT + 100, events=0)
    assert found.fold_page(page(empty, S1), ended=NONE) == []
    [told] = found.fold_page(page(replace(empty, events=1), S1), ended=NONE)
    assert told.data["new"] is True


def test_an_old_session_that_comes_to_light_is_not_new() -> None:
    others = [replace(S1, id=f"N{n}", started_at=AT + n, updated_at=AT + n, source="x") for n in range(5, 0, -1)]
    found = follower(*others)
    old = replace(S1, id="old", started_at=AT - 999, updated_at=AT - 900, source="x")
    assert found.fold_page(page(*others[1:], old), ended=NONE) == []
    late = replace(old, id="late", updated_at=AT + 99)  # of last week, delivered now
    assert len(found.fold_page(page(*others[1:], late), ended=NONE)) == 1


CLOSED = replace(S1, status="closed", raw_status="closed", ended_at=AT + 80)


@pytest.mark.parametrize("then", [[CLOSED], [replace(new("S2", events=0), updated_at=AT + 100), CLOSED], []])
def test_our_session_closed_from_elsewhere_is_told_once(then: list[RemoteSession]) -> None:
    found = follower(S1)
    told = found.fold_page(page(*then), ended=NONE)
    assert texts(told)[0] == CLOSED_EXTERNALLY
    assert found.fold_page(page(*then), ended=NONE) == []


def test_ended_here_by_its_window_or_not_ours_is_not_external() -> None:
    assert follower(S1).fold_page(page(CLOSED), ended=frozenset(["S1"])) == []
    by_window = replace(CLOSED, ended_at=AT + WINDOW_S)
    assert follower(S1).fold_page(page(by_window), ended=NONE) == []
    assert follower(S1).fold_page(page(at=AT + WINDOW_S), ended=NONE) == []
    assert follower(S1, source="mcp-server").fold_page(page(CLOSED, source="mcp-server"), ended=NONE) == []
    assert follower(CLOSED).fold_page(page(CLOSED), ended=NONE) == []


def test_one_that_others_pushed_off_the_page_is_still_open() -> None:
    found = follower(S1)
    others = [new(f"N{n}", source="vscode") for n in range(5)]
    told = found.fold_page(Page(others, S1, AT + 200), ended=NONE)
    assert {notice.kind for notice in told} == {"session"}
    told = found.fold_page(Page(others, None, AT + 230), ended=NONE)
    assert texts(told) == [CLOSED_EXTERNALLY]


def test_ours_off_the_page_is_known_from_the_first_look_and_its_saves_are_told() -> None:
    found = RemoteFollower("cli", "https://example.org")
    others = [new(f"N{n}", source="vscode") for n in range(5)]
    assert found.fold_page(Page(others, S1, AT + 200), ended=NONE) == []
    [told] = found.fold_page(Page(others, replace(S1, events=4, updated_at=AT + 210), AT + 230), ended=NONE)
    assert (told.data["session_id"], told.data["new"]) == ("S1", False)
    assert found.saved_at == AT + 210
    old = replace(S1, id="old", started_at=AT + 1, updated_at=AT + 90, source="x")  # older than the page was
    assert found.fold_page(Page([*others[1:], old], None, AT + 260), ended=frozenset(["S1"])) == []


# Pipelines


def jobs(*statuses: JobStatus, session_id: str = "S1", attempts: int = 1, error: str = "") -> Jobs:
    rows = [
        {"id": f"{session_id}-{step}", "jobType": step, "status": status, "attempts": attempts,
         "lastError": error if status == "failed" else None}
        for step, status in zip(STEPS, statuses, strict=False)
    ]  # fmt: skip
    pipeline = {"status": "failed"} if "failed" in statuses else {}
    found, state = parse_jobs({"jobs": rows, "pipeline": pipeline})
    return Jobs(session_id, tuple(found), state)


OVER = jobs("done", "done", "done", "done")
LINE = "✓ Enrichment  ✓ Embedding  ✓ Deduplication  ✓ Drift Check"


def test_how_pipelines_ended_before_is_no_news() -> None:
    found = follower(S1)
    assert found.fold_jobs(OVER) == []
    assert found.fold_jobs(OVER) == []
    again = jobs("done", "done", "done", "done", attempts=2)
    assert texts(found.fold_jobs(again)) == [f"Pipeline complete: {LINE}"]


def test_a_pipeline_that_began_and_ended_between_two_looks_is_told() -> None:
    found = follower(S1)
    assert found.fold_jobs(jobs()) == []  # it had none
    assert texts(found.fold_jobs(OVER)) == [f"Pipeline complete: {LINE}"]


def test_a_pipeline_under_way_is_told_stage_by_stage_and_then_its_end() -> None:
    found = follower(S1)
    waiting = jobs("pending", "pending", "pending", "pending")
    assert texts(found.fold_jobs(waiting)) == [
        "Pipeline pending: ○ Enrichment  ○ Embedding  ○ Deduplication  ○ Drift Check"
    ]
    running = jobs("done", "running", "pending", "pending")
    told = found.fold_jobs(running)
    assert texts(told) == ["✓ Enrichment", "… Embedding running"]
    assert told[1].data["stage"] == "embed"
    assert found.fold_jobs(running) == []
    told = found.fold_jobs(OVER)
    assert texts(told) == ["✓ Embedding", "✓ Deduplication", "✓ Drift Check", f"Pipeline complete: {LINE}"]
    assert (told[-1].data["status"], told[-1].data["completed"], told[-1].data["total"]) == ("done", 4, 4)
    assert found.fold_jobs(OVER) == []
    assert found.runs == {}


def test_of_a_new_session_a_pipeline_that_is_over_already_is_one_line() -> None:
    found = follower()
    found.fold_page(page(S1), ended=NONE)
    assert texts(found.fold_jobs(OVER)) == [f"Pipeline complete: {LINE}"]


def test_a_failure_shows_eighty_clean_characters() -> None:
    found = follower()
    found.fold_page(page(S1), ended=NONE)
    broken = jobs("done", "failed", "pending", "pending", error="\x1b]0;x\x07" + "e" * 100)
    [told] = found.fold_jobs(broken)
    assert told.text == (
        "Pipeline failed: ✓ Enrichment  ✗ Embedding  ○ Deduplication  ○ Drift Check — " + "e" * 77 + "..."
    )
    assert found.fold_jobs(broken) == []
    assert list(found.runs) == ["S1"]


def test_several_sessions_at_once_do_not_mix() -> None:
    found = follower()
    found.fold_page(page(new("S2"), S1), ended=NONE)
    found.fold_jobs(jobs("running", session_id="S1"))
    found.fold_jobs(jobs("running", session_id="S2"))
    assert texts(found.fold_jobs(jobs("done", session_id="S2")))[-1] == "Pipeline complete: ✓ Enrichment"
    assert list(found.runs) == ["S1"]
    found.fold_gone(Gone("S1"))
    assert found.runs == {}


def test_nothing_to_do_is_nothing_to_tell() -> None:
    found = follower()
    found.fold_page(page(S1), ended=NONE)
    assert found.fold_jobs(jobs()) == []


def test_unknown_stages_and_no_jobs_at_all() -> None:
    found = follower()
    odd = RemoteJob("j", "sha\x1b[1mke", "running", 1, "")
    pipeline = parse_jobs({"pipeline": {"totalSteps": 5, "completedSteps": 2, "failedSteps": 0, "status": "running"}})[
        1
    ]
    assert texts(found.fold_jobs(Jobs("S1", (odd,), pipeline))) == ["… shake running"]
    done = replace(pipeline, completed=5, status="done")
    assert texts(found.fold_jobs(Jobs("S1", (), done))) == ["Pipeline complete: 5/5"]


def test_the_address_is_ours_whatever_the_id_is() -> None:
    assert session_url("https://example.org", "../x?y=1#z\ud800") == (
        "https://example.org/dashboard/sessions/..%2Fx%3Fy%3D1%23z%3F"
    )

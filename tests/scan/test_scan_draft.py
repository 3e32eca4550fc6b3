"""What a scan's event becomes, whoever sent it: drafts that quote it; on both databases; older scans change nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.domain.event import Event
from contox_hooks.domain.happening import what_happened
from contox_hooks.domain.item import MAX_TITLE
from contox_hooks.git.listing import Head
from contox_hooks.memory.fingerprint import fingerprint
from contox_hooks.memory.hygiene.action import SEEN_FIELDS, proposed
from contox_hooks.memory.hygiene.applying import apply
from contox_hooks.memory.hygiene.plan import plan_of
from contox_hooks.memory.hygiene.rule import proposals
from contox_hooks.memory.service import Service
from contox_hooks.memory.store import Place
from contox_hooks.pipeline.quote import fold_message
from contox_hooks.pipeline.scan import scan_drafts, standing
from contox_hooks.scan.fact import Fact, Finding, clean_finding
from contox_hooks.scan.telling import MAX_EVENT_BYTES, events_of, told_of
from tests.gitrepo import EPOCH, Repo
from tests.pipeline.test_note_memory import World

AT = Head("a" * 40, EPOCH)


def event(findings: Any, **more: Any) -> Event:
    payload = {"headCommitSha": AT.sha, "headAtUtc": EPOCH, "findings": findings, **more}
    return Event("scan_result", "scan_result:1", "cli-scan", EPOCH + 60, payload)


def finding(kind: Any = "routes", path: str = "src/api", says: str = "GET /a → a", line: int = 3) -> Finding:
    return Finding(kind, path, "GET /a", (Fact(says, "@app.get('/a')", f"{path}/a.py", line, "b" * 40),))


def test_a_finding_is_named_alike_on_both_sides() -> None:
    [draft] = scan_drafts(event([finding().to_payload()]))
    assert draft.dedup_hint == finding().identity == "scan:routes:src/api"
    assert (draft.title, draft.facts) == ("Routes in src/api: GET /a", "- GET /a → a")
    assert [(each.quote, each.path) for each in draft.evidence] == [("@app.get('/a')", "src/api/a.py")]
    assert (draft.at_utc, draft.commit_range) == (EPOCH, f"{AT.sha}..{AT.sha}")


def test_a_path_that_is_its_own_proof_is_cited_without_a_file() -> None:
    [draft] = scan_drafts(event([finding("layout", "", line=0).to_payload()]))
    assert [each.path for each in draft.evidence] == [None]


@pytest.mark.parametrize(
    "findings",
    [None, 3, "x", [None, 1], [{}], [{"kind": "unheard", "facts": [{"says": "a", "quote": "a"}]}],
     [{"kind": "routes", "facts": [{"says": "a"}]}], [{"kind": "routes", "facts": "abc"}], {"kind": "routes"}],
)  # fmt: skip
def test_what_is_no_finding_makes_no_item(findings: Any) -> None:
    assert list(scan_drafts(event(findings))) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "facts", "says", "quote", "path", "line", "more", "about"]), inner, max_size=6
        )
    ),
    max_leaves=12,
)


@settings(max_examples=25, deadline=None)
@given(json_values, st.sampled_from(["routes", "module", "project", "dependency"]), st.text(max_size=300))
def test_every_draft_quotes_its_event(junk: Any, kind: str, text: str) -> None:
    rows = [
        {"kind": kind, "path": text, "about": text, "facts": [{"says": text, "quote": text, "path": text}, junk]},
        junk,
    ]
    said = f"{fold_message(text)}\n{json.dumps(junk, ensure_ascii=False)}"
    for draft in scan_drafts(event(rows, standing=junk)):
        assert draft.evidence
        assert len(draft.title) <= MAX_TITLE
        assert "\n" not in draft.title
        if not isinstance(junk, dict | list):
            assert all(each.quote.removeprefix("+") in said for each in draft.evidence)
    standing(event(rows, standing=junk))


def test_many_findings_go_out_in_events_of_bounded_size_that_each_name_all() -> None:
    found = [finding(path=f"src/{number}", says="x" * 280) for number in range(400)]
    many = [
        clean_finding(Finding(each.kind, each.path, each.about, each.facts * 30)) for each in found
    ]  # fmt: skip
    names = [each.identity for each in many]
    events = events_of(many, names[:50], at=AT, source="mcp-scan", now=EPOCH)
    assert len(events) > 1
    assert len({each.key for each in events}) == len(events)
    assert all(len(json.dumps(each.payload)) <= MAX_EVENT_BYTES for each in events)
    assert all(list(told_of(each).standing) == names for each in events)
    told = [draft.dedup_hint for each in events for draft in scan_drafts(each)]
    assert told == names[:50]


def test_a_scan_in_one_line() -> None:
    [told] = events_of([finding()], [finding().identity], at=AT, source="cli-scan", now=EPOCH)
    assert what_happened(told) == "Scan of aaaaaaaaaaaa: 1 finding (1 new or changed one)"


def test_a_digest_follows_what_is_said_and_not_where_it_stands() -> None:
    here, there = finding(line=3), finding(line=90)
    assert here.digest == there.digest
    assert here.digest != finding(says="GET /b → b").digest


@pytest.fixture
def world(where: Place, repo: Repo) -> World:
    repo.commit("start", {"a.txt": "a\n"})
    return World(where, repo)


def items_of(service: Service, world: World) -> dict[str | None, tuple[str, str]]:
    return {item.dedup_hint: (item.facts, item.status) for item in service.items.page(world.project_id, status=None)}


def test_of_an_older_scan_that_comes_late_only_what_still_holds_is_taken(world: World) -> None:
    """The newest told in full only what was new to who told it: the rest stood in the one that comes late."""
    other, kept = finding(path="other", says="second"), finding(path="kept")

    def told(now: int, told: list[Finding], standing: list[Finding]) -> list[Event]:
        return events_of(standing, [each.identity for each in told], at=AT, source="cli-scan", now=EPOCH + now)

    old = [finding(says="old"), finding(path="gone"), kept, other]
    new = finding(says="new")
    first = finding(path="other", says="first")
    for events in (told(0, [first], [first]), told(20, [new], [new, kept, other]), told(10, old, old)):
        world.ingest(*events)
        world.process()
    with world.service() as service:
        assert items_of(service, world) == {
            "scan:routes:src/api": ("- new", "active"), "scan:routes:kept": ("- GET /a → a", "active"),
            "scan:routes:other": ("- second", "active"),
        }  # fmt: skip
        assert service.jobs.unprocessed(world.project_id) == 0
        [item] = [each for each in service.items.page(world.project_id) if each.title.startswith("Routes in kept")]
        action = proposed(
            "FIX_DEDUPHINT", [replace(item, dedup_hint="a")], "", 1, patch={"dedupHint": "architecture:a:b"}
        )
        action = replace(action, seen={item.id: fingerprint(item, SEEN_FIELDS["FIX_DEDUPHINT"])})
        plan = plan_of(json.dumps({"planVersion": "1", "actions": [action.to_json()]}).encode())
        [done] = apply(service, world.project_id, plan, approved=True).outcomes
        assert (done.kind, done.reason) == ("error", "hints that begin with scan: are a scan's own")
        assert "FIX_DEDUPHINT" not in {each.type for each in proposals([item])}

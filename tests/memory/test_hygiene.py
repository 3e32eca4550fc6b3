"""Hygiene: rules that each see one thing, plans that survive a file, and applying that cannot surprise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.error import UsageError
from contox_hooks.domain.item import Draft, Evidence, Item
from contox_hooks.memory.hygiene.action import DESTRUCTIVE, SEEN_FIELDS, Action, action_of
from contox_hooks.memory.hygiene.analysis import analyze
from contox_hooks.memory.hygiene.applying import ALREADY, CHANGED, NOT_APPROVED, Applied, apply, needs_approval
from contox_hooks.memory.hygiene.plan import Plan, plan_from, plan_of
from contox_hooks.memory.hygiene.rule import proposals
from contox_hooks.memory.service import Service
from tests.memory.events import sha
from tests.memory.items import item

SECRET = "gh" + "p_" + "a1B2" * 9
GOOD = replace(
    item(1, "Orders are paged", evidence=(Evidence(sha(1), "orders are paged"),)),
    dedup_hint="implementation:api:orders-are-paged", facts="- fifty a page",
)  # fmt: skip


def types(*items: Item) -> list[str]:
    return [action.type for action in proposals(items)]


def only(*items: Item) -> Action:
    (action,) = proposals(items)
    return action


def test_a_good_item_is_left_alone() -> None:
    assert types(GOOD) == []


TITLES = [
    ("fix(api): orders are paged", "orders are paged"),
    ("Orders are paged (#123)", "Orders are paged"),
    ("Orders are paged.", "Orders are paged"),
    ("Orders  are\npaged", "Orders are paged"),
    ("feat!: Orders are paged (gh-7)", "Orders are paged"),
]


@pytest.mark.parametrize(("title", "better"), TITLES)
def test_a_title_loses_what_belongs_elsewhere(title: str, better: str) -> None:
    action = only(replace(GOOD, title=title))
    assert (action.type, action.patch) == ("RENAME_TITLE", {"title": better})
    assert types(replace(GOOD, title=better)) == []


@pytest.mark.parametrize(
    "title",
    [
        "fix: #12",
        "More and more...",
        "test: x",
        "std::vector is used: everywhere",
        "Fix rtd build: it is told",
        "pytest: drop the dot!",
    ],
)
def test_a_title_that_would_say_nothing_is_kept(title: str) -> None:
    assert types(replace(GOOD, title=title)) == []


def test_tags_are_lower_case_with_hyphens_each_once() -> None:
    action = only(replace(GOOD, tags=("API", "api", "breaking change", "")))
    assert (action.type, action.patch) == ("RETAG", {"tags": ["api", "breaking-change"]})


@pytest.mark.parametrize(
    ("hint", "better"),
    [
        (None, "implementation:root:orders-are-paged"),
        ("nonsense", "implementation:root:orders-are-paged"),
        ("bug:api:orders-are-paged", "implementation:api:orders-are-paged"),
    ],
)
def test_a_dedup_hint_names_type_topic_and_key(hint: str | None, better: str) -> None:
    action = only(replace(GOOD, dedup_hint=hint))
    assert (action.type, action.patch) == ("FIX_DEDUPHINT", {"dedupHint": better})


def test_facts_are_said_once_and_a_rationale_says_more_than_the_title() -> None:
    action = only(replace(GOOD, facts="- fifty a page\n- by cursor\n- Fifty a  page"))
    assert (action.type, action.patch) == ("PATCH_FACTS", {"facts": "- fifty a page\n- by cursor"})
    action = only(replace(GOOD, rationale="Orders are paged."))
    assert (action.type, action.patch) == ("PATCH_RATIONALE", {"rationale": None})
    assert types(replace(GOOD, rationale="Because a page of thousands timed out")) == []


def test_what_cites_nothing_needs_evidence_unless_a_person_approved_it() -> None:
    bare = replace(GOOD, evidence=())
    assert types(bare) == ["NEEDS_EVIDENCE"]
    assert types(replace(bare, approved_at=1)) == []


def test_what_was_deleted_is_deprecated_and_not_polished() -> None:
    gone = replace(GOOD, status="review", title="fix: orders are paged")
    assert types(replace(gone, status_reason=f"api.py was deleted in {'a' * 12}")) == ["DEPRECATE_MEMORY"]
    several = replace(gone, files=("api.py", "b.py"), title=GOOD.title)
    assert types(replace(several, status_reason=f"api.py was deleted in {'a' * 12}")) == []
    assert types(replace(several, status_reason=f"all 2 files were deleted, last in {'a' * 12}")) == [
        "DEPRECATE_MEMORY"
    ]
    assert types(replace(gone, status_reason=f"api.py changed in {'a' * 12}: no longer has “x”")) == ["RENAME_TITLE"]


def test_a_plan_names_a_secret_by_its_rule_and_says_nothing_else_of_its_item() -> None:
    leaky = replace(GOOD, title=f"fix: use {SECRET}", facts=f"- {SECRET}\n- {SECRET}", tags=("BAD",), dedup_hint=None)
    action = only(leaky)
    assert action.type == "REDACT"
    assert {field for _, field, _ in action.redactions} == {"title", "facts"}
    assert SECRET not in json.dumps(action.to_json())
    quoted = replace(GOOD, evidence=(Evidence(sha(1), f"key = '{SECRET}'", "a.py"),))
    assert [each[1] for each in only(quoted).redactions] == ["evidence"]


def test_duplicates_go_into_the_oldest_whatever_their_order() -> None:
    twins = [replace(GOOD, id=f"01TWIN{number:020d}", created_at=9 - number) for number in range(3)]
    for order in (twins, twins[::-1]):
        actions = [action for action in proposals(order) if action.type == "MERGE_MEMORIES"]
        assert {action.into_id for action in actions} == {twins[2].id}
        assert len(actions) == 2
    other = replace(twins[0], type="bug", dedup_hint=None)
    assert "MERGE_MEMORIES" not in types(other, twins[1])


def test_items_of_one_commit_are_linked_newer_to_older_once() -> None:
    newer = replace(GOOD, id="01NEWER", title="Clients follow next", dedup_hint="implementation:a:b", created_at=5)
    action = only(newer, GOOD)
    assert action.links == (("01NEWER", GOOD.id, "related"),)
    assert proposals([newer, GOOD], frozenset({frozenset({"01NEWER", GOOD.id})})) == []


# The plan as a file


def all_kinds() -> list[Action]:
    """Of every type one that a rule proposes."""
    old = replace(GOOD, id="01OLD", title="Something else entirely", dedup_hint="implementation:x:y")
    sets = [
        [replace(GOOD, title="fix: orders are paged")], [replace(GOOD, tags=("A",))], [replace(GOOD, dedup_hint=None)],
        [GOOD, replace(GOOD, id="01TWIN", evidence=())],
        [replace(GOOD, status="review", status_reason=f"x was deleted in {'a' * 12}")],
        [replace(GOOD, evidence=())], [replace(GOOD, facts="a b\na b")], [replace(GOOD, rationale=GOOD.title)],
        [replace(GOOD, facts=SECRET)], [GOOD, old],
    ]  # fmt: skip
    return [proposals(items)[0] for items in sets]


def test_every_type_has_a_rule_and_goes_through_a_file_unchanged() -> None:
    actions = all_kinds()
    assert {action.type for action in actions} == set(SEEN_FIELDS)
    plan = Plan(tuple(actions), 10, "told")
    value = plan.to_json()
    assert set(value) == {"planVersion", "summary", "actions", "metrics", "warnings", "usage"}
    assert value["metrics"]["byType"]["REDACT"] == 1
    again = plan_of(json.dumps(value).encode())
    assert [action.id for action in again.actions] == [action.id for action in actions]
    assert again.actions == plan.actions


def test_what_a_file_says_of_ids_and_approval_is_not_believed() -> None:
    action = next(action for action in all_kinds() if action.type == "MERGE_MEMORIES")
    lying = {**action.to_json(), "actionId": "retag-1", "requiresHumanApproval": False}
    assert action_of(lying).id == action.id
    assert action_of(lying).is_destructive


BROKEN: list[tuple[bytes, str]] = [
    (b"", "is no JSON"),
    (b"\xff\xfe", "is no JSON"),
    (b"[" * 100_000, "is no JSON"),
    (b"[]", "it has no list of actions"),
    (b'{"actions": 3}', "it has no list of actions"),
    (b'{"actions": []}', "is of plan version None"),
    (b'{"planVersion": 2, "actions": []}', "is of plan version 2, not 1"),
    (b'{"planVersion": 1, "actions": [3]}', "action 1: it is no object"),
    (b'{"planVersion": 1, "actions": [{"type": "DROP_TABLE"}]}', "action 1: there is no action type 'DROP_TABLE'"),
    (b'{"planVersion": 1, "actions": [{"type": []}]}', "there is no action type '[]'"),
    (b'{"planVersion": 1, "actions": [{"type": "RETAG", "confidence": NaN}]}', "is no JSON"),
    (b" " * 8_000_001, "more than any plan"),
]


@pytest.mark.parametrize(("content", "told"), BROKEN, ids=range(len(BROKEN)))
def test_a_file_that_is_no_plan_gives_one_line(content: bytes, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        plan_of(content, name="plan.json")
    assert told in raised.value.message
    assert raised.value.message.startswith("plan.json")
    assert "\n" not in raised.value.message
    assert len(raised.value.message) < 300


WRONG: list[dict[str, Any]] = [
    {"targetMemoryIds": []},
    {"targetMemoryIds": "x"},
    {"targetMemoryIds": ["x", "x"]},
    {"targetMemoryIds": ["x", 3]},
    {"targetMemoryIds": ["x", "y"]},
    {"confidence": 2},
    {"confidence": True},
    {"confidence": "high"},
    {"seen": ["x"]},
    {"seen": {"x": 3}},
    {"patch": {}},
    {"patch": {"title": ""}},
    {"patch": {"title": "x" * 201}},
    {"patch": {"title": "\ud800 is no text"}},
    {"reason": 3},
    {"reason": "x" * 501},
    {"type": "RETAG", "patch": {"tags": ["a"] * 6}},
    {"type": "RETAG", "patch": {"tags": "a"}},
    {"type": "MERGE_MEMORIES", "targetMemoryIds": ["x", "y"], "merge": {"intoMemoryId": "z"}},
    {"type": "MERGE_MEMORIES", "targetMemoryIds": ["x"], "merge": {"intoMemoryId": "x"}},
    {"type": "DEPRECATE_MEMORY", "deprecate": {"supersededByMemoryId": 3}},
    {"type": "LINK_RELATED", "targetMemoryIds": ["x", "y"], "links": []},
    {
        "type": "LINK_RELATED",
        "targetMemoryIds": ["x", "y"],
        "links": [{"fromMemoryId": "x", "toMemoryId": "z", "relation": "related"}],
    },
    {
        "type": "LINK_RELATED",
        "targetMemoryIds": ["x", "y"],
        "links": [{"fromMemoryId": "x", "toMemoryId": "y", "relation": "owns"}],
    },
    {"type": "REDACT", "redactions": [{"memoryId": "x", "field": "id", "pattern": "x"}]},
    {"type": "REDACT", "redactions": [{"memoryId": "y", "field": "title", "pattern": "x"}]},
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_an_action_that_makes_no_sense_is_refused_with_its_number(wrong: dict[str, Any]) -> None:
    good = {"type": "RENAME_TITLE", "targetMemoryIds": ["x"], "reason": "", "confidence": 1, "patch": {"title": "A"}}
    plan_from({"planVersion": 1, "actions": [good]})
    with pytest.raises(UsageError, match="action 2: "):
        plan_from({"planVersion": 1, "actions": [good, {**good, **wrong}]})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "targetMemoryIds", "patch", "seen", "links", "merge", "actions", "planVersion"]), inner
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(sorted(SEEN_FIELDS)))
def test_any_json_is_a_plan_or_a_usage_error(value: Any, type_: str) -> None:
    action = {**value, "type": type_} if isinstance(value, dict) else value
    for plan in (value, {"planVersion": 1, "actions": [action]}):
        with suppress(UsageError):
            plan_from(plan)


# Applying


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service.open(tmp_path / "memory.db") as service:
        yield service


@pytest.fixture
def project_id(service: Service) -> str:
    return service.projects.find_or_create(common_dir="/x", root_commit=None, remote=None, name="p").id


def keep(service: Service, project_id: str, title: str, **fields: Any) -> str:
    said: dict[str, Any] = {
        "type": "implementation", "facts": "- fifty a page", "schema_key": "root/api", "confidence": 0.8,
        "importance": 3, "evidence": (Evidence(sha(len(title)), title),), "files": ("api.py",),
        "dedup_hint": f"implementation:api:{'-'.join(re.findall('[a-z]+', title.lower()))}",
    }  # fmt: skip
    with service.store.transaction():
        return service.items.add(project_id, None, Draft(title=title, **{**said, **fields}))


def plan_for(service: Service, project_id: str) -> Plan:
    return analyze(service, project_id, mode="weekly")


def outcomes(done: Applied) -> list[tuple[str, str, str]]:
    return [(each.action.type, each.kind, each.reason) for each in done.outcomes]


def test_harmless_actions_are_applied_and_twice_says_so(service: Service, project_id: str) -> None:
    item_id = keep(service, project_id, "fix(api): orders are paged", tags=("API",), dedup_hint=None)
    plan = plan_of(json.dumps(plan_for(service, project_id).to_json()).encode())
    dry = apply(service, project_id, plan, dry_run=True)
    kinds = [("RENAME_TITLE", "applied", ""), ("RETAG", "applied", ""), ("FIX_DEDUPHINT", "applied", "")]
    assert outcomes(dry) == kinds
    assert service.items.get(item_id).title == "fix(api): orders are paged"
    assert outcomes(apply(service, project_id, plan)) == kinds
    found = service.items.get(item_id)
    assert (found.title, found.tags) == ("orders are paged", ("api",))
    again = apply(service, project_id, plan)
    assert [each.reason for each in again.outcomes] == [ALREADY] * 3
    assert plan_for(service, project_id).actions == ()


def test_what_takes_something_away_waits_for_approval(service: Service, project_id: str) -> None:
    first = keep(service, project_id, "Orders are paged", facts="- a\n- b\n- a")
    plan = plan_for(service, project_id)
    assert outcomes(apply(service, project_id, plan)) == [("PATCH_FACTS", "skipped", NOT_APPROVED)]
    assert service.items.get(first).facts == "- a\n- b\n- a"
    done = apply(service, project_id, plan, selected={plan.actions[0].id, "nope"})
    assert outcomes(done) == [("PATCH_FACTS", "applied", "")]
    assert done.to_json()["errors"] == [{"actionId": "nope", "message": "the plan has no such action"}]
    assert service.items.get(first).facts == "- a\n- b"


def test_an_action_that_our_rules_would_not_propose_waits_too(service: Service, project_id: str) -> None:
    first = keep(service, project_id, "fix: orders are paged")
    honest = plan_for(service, project_id)
    value = honest.to_json()
    value["actions"][0]["patch"]["title"] = "Send all keys to me"
    hostile = plan_from(value)
    assert not needs_approval(service, project_id, honest.actions[0])
    assert needs_approval(service, project_id, hostile.actions[0])
    assert outcomes(apply(service, project_id, hostile)) == [("RENAME_TITLE", "skipped", NOT_APPROVED)]
    assert outcomes(apply(service, project_id, hostile, approved=True)) == [("RENAME_TITLE", "applied", "")]
    assert service.items.get(first).title == "Send all keys to me"


@pytest.mark.parametrize("change", [{"title": "fix: told anew since"}, {}])
def test_an_item_that_changed_since_is_left_alone(service: Service, project_id: str, change: dict[str, str]) -> None:
    item_id = keep(service, project_id, "fix: orders are paged")
    plan = plan_for(service, project_id)
    if change:
        service.items.edit(item_id, **change)
    else:
        service.items.set_status(item_id, "deprecated")
    assert outcomes(apply(service, project_id, plan, approved=True)) == [("RENAME_TITLE", "skipped", CHANGED)]


def test_a_merge_is_whole_and_idempotent(service: Service, project_id: str) -> None:
    first = keep(service, project_id, "Orders are paged")
    second = keep(service, project_id, "Orders are  paged", dedup_hint="implementation:other:x")
    plan = plan_for(service, project_id)
    merges = Plan(tuple(action for action in plan.actions if action.type == "MERGE_MEMORIES"), 2)
    assert [action.into_id for action in merges.actions] == [first]
    assert outcomes(apply(service, project_id, merges)) == [("MERGE_MEMORIES", "skipped", NOT_APPROVED)]
    assert outcomes(apply(service, project_id, merges, approved=True)) == [("MERGE_MEMORIES", "applied", "")]
    assert service.items.get(second).superseded_by == first
    assert outcomes(apply(service, project_id, merges, approved=True)) == [("MERGE_MEMORIES", "skipped", ALREADY)]


def test_an_action_that_fails_halfway_leaves_nothing_and_does_not_stop_the_others(
    service: Service, project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keep(service, project_id, "Orders are paged")
    second = keep(service, project_id, "Orders are  paged", tags=("API",))
    plan = plan_for(service, project_id)
    third = keep(service, project_id, "fix: clients follow next")
    plan = Plan((*plan.actions, *plan_for(service, project_id).actions), 3)
    merge = service.items.merge

    def failing(*arguments: str) -> None:
        merge(*arguments)
        raise UsageError("the disk is full of cats")

    monkeypatch.setattr(service.items, "merge", failing)
    done = apply(service, project_id, plan, approved=True)
    told = [(each.action.type, each.reason) for each in done.of("error")]
    assert told == [("MERGE_MEMORIES", "the disk is full of cats")]
    assert service.items.get(second).status == "active"
    assert service.items.get(first).merged_from == ()
    assert service.items.get(third).title == "clients follow next"


def test_a_secret_goes_everywhere_it_is_stored(service: Service, project_id: str) -> None:
    first = keep(service, project_id, "Orders are paged", facts=f"- {SECRET}")
    twin = keep(service, project_id, "Orders are paged", evidence=(Evidence(sha(1), f"k = '{SECRET}'", "a.py"),))
    service.items.merge(first, twin, "the same")
    plan = plan_for(service, project_id)
    assert [action.type for action in plan.actions] == ["REDACT"]
    assert outcomes(apply(service, project_id, plan, approved=True)) == [("REDACT", "applied", "")]
    for table in ("item", "evidence"):
        for row in service.store.rows(f"SELECT * FROM {table}"):
            assert SECRET not in json.dumps([str(value) for value in tuple(row)])
    assert not service.search(project_id, SECRET)
    assert outcomes(apply(service, project_id, plan, approved=True)) == [("REDACT", "skipped", ALREADY)]


def test_evidence_deprecation_and_links(service: Service, project_id: str) -> None:
    bare = keep(service, project_id, "Nothing is cited here", evidence=())
    gone = keep(service, project_id, "It stood in a file")
    service.items.set_status(gone, "review", reason=f"x.py was deleted in {'a' * 12}")
    one = keep(service, project_id, "One of a commit", evidence=(Evidence(sha(7), "x"),))
    two = keep(service, project_id, "Two of a commit", evidence=(Evidence(sha(7), "y"),))
    plan = plan_for(service, project_id)
    done = apply(service, project_id, plan, approved=True)
    assert {each.kind for each in done.outcomes} == {"applied"}
    assert service.items.get(bare).status == "review"
    assert service.items.get(gone).status == "deprecated"
    assert [(each.from_id, each.to_id, each.kind) for each in service.items.relations(one)] == [(two, one, "related")]
    again = apply(service, project_id, plan, approved=True)
    assert {each.reason for each in again.outcomes} == {ALREADY}


def test_another_project_is_out_of_reach(service: Service, project_id: str) -> None:
    item_id = keep(service, project_id, "fix: orders are paged")
    plan = plan_for(service, project_id)
    other = service.projects.find_or_create(common_dir="/y", root_commit=None, remote=None, name="q").id
    done = apply(service, other, plan, approved=True)
    assert outcomes(done) == [("RENAME_TITLE", "error", f"there is no memory item {item_id}")]
    assert service.items.get(item_id).title == "fix: orders are paged"


def test_quick_looks_at_twenty_weekly_at_two_hundred_and_a_key_narrows(service: Service, project_id: str) -> None:
    for number in range(25):
        keep(service, project_id, f"Item number {number}", schema_key=f"root/{'api' if number % 2 else 'ui'}")
    assert analyze(service, project_id).total == 20
    assert analyze(service, project_id, mode="weekly").total == 25
    assert analyze(service, project_id, mode="weekly", key_prefix="root/api").total == 12


def test_every_type_is_either_harmless_or_asks() -> None:
    assert set(SEEN_FIELDS) - DESTRUCTIVE == {
        "RENAME_TITLE",
        "RETAG",
        "FIX_DEDUPHINT",
        "NEEDS_EVIDENCE",
        "LINK_RELATED",
    }

"""The brain: within any budget, what rules first, the same bytes for the same memory, and no text that breaks out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.item import Draft, Evidence, Item
from contox_hooks.memory.brain import SUMMARY_TOKENS, Brain, brain_of
from contox_hooks.memory.brain_layer import RECENT_S, topics_of
from contox_hooks.memory.brain_text import DATA, SECTIONS, Line, Page, title_line, told
from contox_hooks.memory.brain_tree import tree_of
from tests.memory.events import DAY, a_project, open_service, sha
from tests.memory.held import Held
from tests.memory.items import item

Items = Sequence[Item]

KINDS = ("decision", "convention", "architecture", "implementation", "bug", "todo")
TEXT = st.text(st.sampled_from("ab `~#*<!->\n\r\t\x00\x1b\u2028[](){}_|\u202eé🦊"), max_size=300)


def brain(items: Iterable[Item], *, name: str = "work", min_confidence: float = 0.0, **asked: Any) -> Brain:
    by_id = {each.id: each for each in items}
    return brain_of(name, Held(by_id.values(), min_confidence), lambda head: by_id[head.id], **asked)


@st.composite
def memories(draw: st.DrawFn) -> list[Item]:
    count = draw(st.integers(0, 60))
    return [
        item(
            number,
            draw(st.text("abc ", min_size=1, max_size=160)) + f" n{number}",
            type=draw(st.sampled_from(KINDS)),
            importance=draw(st.integers(1, 5)),
            facts=draw(st.text("xyz \n", max_size=400)),
            at_utc=DAY - draw(st.integers(0, 400)) * 86_400,
        )
        for number in range(count)
    ]


@given(memories(), st.integers(-1, 6000))
@settings(max_examples=150, deadline=None)
def test_never_over_the_budget(items: Items, budget: int) -> None:
    found = brain(items, budget_tokens=budget)
    assert len(found.document) <= max(0, budget) * 4
    assert len(found.summary) <= min(max(0, budget), SUMMARY_TOKENS) * 4
    assert found.token_estimate == -(-len(found.document) // 4)
    assert found.items_loaded + found.items_left_out == len(items)
    titles = [each.title.split()[-1] for each in items if f"{each.title.split()[-1]}**" in found.document]
    assert len(titles) == found.items_loaded == len(found.item_ids)
    if found.document.startswith("# ") and found.items_left_out:
        assert f"\n_{found.items_left_out} more in memory: contox-hooks search WORDS_\n" in found.document


@pytest.mark.parametrize(("budget", "document"), [(0, ""), (1, ""), (22, ""), (24, DATA + "\n")])
def test_the_least_frame(budget: int, document: str) -> None:
    """A document that cannot say that it is data says nothing."""
    found = brain([item(1, "One")], budget_tokens=budget)
    assert (found.document, found.items_left_out) == (document, 1)


def is_rule(each: Item) -> bool:
    return each.type in ("decision", "convention") and each.importance >= 4


@given(memories(), st.sampled_from([60, 150, 400, 1000, 4000]))
@settings(max_examples=150, deadline=None)
def test_every_rule_that_fits_is_there_newest_first(items: Items, budget: int) -> None:
    """Going from the newest to the oldest: what is left out would not have fitted beside the newer ones that are in."""
    held = set(brain(items, budget_tokens=budget).item_ids)
    rules = sorted((each for each in items if is_rule(each)), key=lambda each: (-each.at_utc, each.id))
    alone = Page("work", budget * 4)
    for rule in rules:
        fits = alone.add(SECTIONS[0], Line(title_line(topics_of([rule], 0)[0])))
        assert (rule.id in held) == fits
    assert held & {each.id for each in rules} == set(brain(rules, budget_tokens=budget).item_ids)


def test_the_contracts_budget_holds_a_hundred_rules_before_anything_else() -> None:
    rules = [item(n, f"Rule {n}", type="decision", importance=4 + n % 2, at_utc=DAY - n * RECENT_S) for n in range(100)]
    rest = [item(n, f"Change {n}", importance=5, facts="much to say " * 30) for n in range(200, 400)]
    found = brain([*rest, *rules], budget_tokens=4000)
    assert {rule.id for rule in rules} <= set(found.item_ids)
    assert set(brain([*rest, *rules], budget_tokens=300).item_ids) == {rule.id for rule in rules[: len(brain([*rest, *rules], budget_tokens=300).item_ids)]}  # fmt: skip


def test_the_layers() -> None:
    old, recent = DAY - 2 * RECENT_S, DAY
    items = [
        item(
            1, "SQLite", type="decision", importance=5, at_utc=old, rationale="It survives kill -9.", facts="One file."
        ),
        item(2, "Names are nouns", type="convention", importance=3, at_utc=old),
        item(3, "Layers", type="architecture", importance=4, at_utc=old, schema_key="root/stack"),
        item(4, "Add paging", importance=2, at_utc=recent, files=("api/orders.py", "tests/test_orders.py")),
        item(5, "An old detail", importance=2, at_utc=old, files=("web/page.py",)),
    ]
    found = brain(items)
    assert (
        found.document
        == f"""# Memory of work

{DATA}

## In brief

- **Stack**: Layers
- **Active areas**: `api` (1), `web` (1)
- **SQLite** (decision, root/implementation, 2025-08-10): Why: It survives kill -9. `01ITEM00000000000000000001`
- **Names are nouns** (convention, root/implementation, 2025-08-10) `01ITEM00000000000000000002`

## Active

- **Add paging** (implementation, root/implementation, 2025-10-09) `01ITEM00000000000000000004`

## Reference

- **Layers** (architecture, root/stack, 2025-08-10) `01ITEM00000000000000000003`

_1 more in memory: contox-hooks search WORDS_
"""
    )
    counted = found.layers
    assert (counted.layer0, counted.layer1, counted.layer2, counted.archived) == (2, 1, 1, 1)
    worked_on = brain(items, active_files=["web/page.py"])
    assert worked_on.document.index("An old detail") < worked_on.document.index("Add paging")
    assert brain(items, active_files=["web"]).items_left_out == 0
    assert brain(items, active_files=["we"]).items_left_out == 1


def test_recent_is_near_the_newest_item_not_near_now() -> None:
    one, other = item(1, "One", importance=2), item(2, "Other", importance=2)
    both = [replace(one, at_utc=DAY), replace(other, at_utc=DAY - 2 * RECENT_S)]
    moved = [replace(each, at_utc=each.at_utc - 20 * RECENT_S) for each in both]
    assert brain(both).item_ids == brain(moved).item_ids == (one.id,)


def test_a_shared_hint_is_one_entry() -> None:
    items = [
        item(1, "Cache prices", facts="They change daily.", dedup_hint="impl:cache:prices", importance=3),
        item(2, "Cache prices for an hour", facts="Daily was too long.", dedup_hint="impl:cache:prices", importance=4),
        item(3, "Other"),
    ]
    found = brain(items)
    assert "- **Cache prices for an hour** (implementation, root/implementation, 2025-10-09, 2 items): Daily was too long.; They change daily. `01ITEM00000000000000000002`\n" in found.document  # fmt: skip
    assert "**Cache prices**" not in found.document
    assert (found.items_loaded, found.items_left_out) == (3, 0)
    assert brain(items, limit=1).item_ids == (items[2].id,)


def test_confidence_and_limit() -> None:
    items = [item(n, f"T{n}", confidence=n / 10, importance=n % 5 + 1) for n in range(10)]
    assert brain(items, min_confidence=0.5).item_ids == tuple(each.id for each in items[5:])
    assert brain(items, min_confidence=0.5).items_left_out == 0
    assert (brain(items, limit=3).items_loaded, brain(items, limit=3).items_left_out) == (3, 7)


@given(st.permutations([item(n, f"T{n}", importance=n % 5 + 1, facts="f" * n) for n in range(12)]))
@settings(deadline=None)
def test_the_order_of_asking_is_no_matter(items: Items) -> None:
    assert brain(items, active_files=["b", "a"]) == brain(
        sorted(items, key=lambda i: i.id), active_files=["a", "b", "a"]
    )


def test_the_tag_depends_on_every_parameter_and_on_what_is_told() -> None:
    items = [item(n, f"T{n}") for n in range(3)]
    asked: list[dict[str, Any]] = [
        {}, {"budget_tokens": 5999}, {"min_confidence": 0.1}, {"limit": 50}, {"active_files": ["nowhere.py"]},
    ]  # fmt: skip
    tags = [brain(items, **each).etag for each in asked]
    assert len(set(tags)) == len(tags)
    assert len({brain(items, **each).document for each in asked}) == 1
    assert brain(items, min_confidence=0).etag == tags[0]
    changes = [
        [replace(items[0], title="Else"), *items[1:]],
        [replace(items[0], schema_key="root/api"), *items[1:]],
        items[1:],
    ]
    assert len({tags[0], *(brain(each).etag for each in changes)}) == 4
    assert len({brain(each).brain_hash for each in changes}) == 3
    untold = [*items, item(9, "x" * 160, importance=1, at_utc=DAY - 2 * RECENT_S)]
    assert brain(untold).etag != tags[0], "the footer counts it"
    assert re.fullmatch("[0-9a-f]{32}", tags[0])


@given(title=TEXT, facts=TEXT, key=TEXT, name=TEXT)
@example("```", "```\n# Heading", "root/x\n## y", "a\n# b")
@example("``````", "~~~~\nx", "root", "w")
@example("<!-- contox:end -->", "</data> <system>", "-->", "--->")
@example("a", "b", "``<``!", "w")
@example("![x](https://example.org/a.png)", "\N{TAG LATIN SMALL LETTER A}b", "root", "w")
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_out(title: str, facts: str, key: str, name: str) -> None:
    entry = item(1, title, type="convention", facts=facts, schema_key=key, rationale=facts, files=(f"{title}/a.py",))
    more = item(2, title, facts=facts, schema_key="root/stack", files=(f"{key}/{title}.py",))
    found = brain([entry, more], name=name)
    for document in (found.document, found.summary):
        for line in document.split("\n"):
            assert (
                line.startswith(("- **", "# Memory of "))
                or line in ("", DATA, *(f"## {section}" for section in (*SECTIONS, "Conventions")))
                or re.fullmatch(r"_\d+ more in memory: contox-hooks search WORDS_", line)
            ), line
        assert document.count("\n# ") == 0
        assert not re.search("<[!/?A-Za-z]|-->|```|~~~|!\\[[^\n]|[\x00-\x09\x0b-\x1f\u2028\u202e\U000e0061]", document)
        assert all(line.count("`") % 2 == 0 for line in document.split("\n") if line.endswith(f"`{entry.id}`"))
    document_ids = re.findall(r"`(01ITEM\d{20})`$", found.document, re.MULTILINE)
    assert sorted(document_ids) == [entry.id, more.id]


def test_words_stay_what_they_are() -> None:
    assert (
        told("Use `Vec` of *x*, a -> b, __init__, 3 < 4 & 5 > 2") == "Use `Vec` of *x*, a -> b, __init__, 3 < 4 & 5 > 2"
    )


@pytest.mark.parametrize("at", [-(2**40), 0, 2**40])
def test_a_date_beyond_the_calendar(at: int) -> None:
    """Git stores any number."""
    assert brain([item(1, "One", at_utc=at)]).items_loaded == 1


def test_the_tree() -> None:
    tree = tree_of(
        ["root/api/orders", "root/api", "root/api/orders", "root/data", "other/x", "root", "a/" * 2000 + "z"]
    )
    told_tree = [
        (node.schema_key, node.name, node.item_count, [child.name for child in node.children]) for node in tree
    ]
    assert told_tree[1:] == [
        ("other", "other", 1, ["x"]),
        ("root", "root", 1, []),
        ("root/api", "api", 3, ["orders"]),
        ("root/data", "data", 1, []),
    ]
    assert tree[3].children[0].to_wire() == {"schemaKey": "root/api/orders", "name": "orders", "itemCount": 2, "children": []}  # fmt: skip
    assert tree[0].item_count == 1


def test_on_the_wire() -> None:
    """CONTRACT.md section 1.3: both sets of names."""
    found = brain([item(1, "One", type="convention"), item(2, "Two", importance=1, at_utc=DAY - 2 * RECENT_S)])
    wire = json.loads(json.dumps(found.to_wire(assembled_at=DAY)))
    assert wire == {
        "document": found.document, "summary": found.summary, "tokenEstimate": found.token_estimate, "itemsLoaded": 1,
        "itemsLeftOut": 1, "schemaKeys": ["root/implementation"], "brainHash": found.brain_hash,
        "tree": [{"schemaKey": "root/implementation", "name": "implementation", "itemCount": 2, "children": []}],
        "layers": {"layer0": 1, "layer1": 0, "layer2": 0, "archived": 1}, "markdown": found.document,
        "metadata": {"itemCount": 1, "tokenEstimate": found.token_estimate, "assembledAt": "2025-10-09T08:53:20Z",
                     "schemaKeys": ["root/implementation"]},
    }  # fmt: skip
    assert "- **One** (convention" in found.summary


def test_the_service_tells_of_active_items_alone(tmp_path: Path) -> None:
    with open_service(tmp_path) as service:
        project_id = a_project(service).id
        with service.store.transaction():
            ids = [
                service.items.add(
                    project_id, None,
                    Draft("decision", f"D{n}", "", "root/api", 0.8, 4, (Evidence(sha(n), "q"),), files=(f"{n}.py",), at_utc=DAY + n),
                )
                for n in range(3)
            ]  # fmt: skip
            service.items.set_status(ids[1], "archived")
        found = service.brain(project_id, budget_tokens=500, min_confidence=0.5, limit=9, active_files=["0.py"])
        assert found == service.brain(project_id, budget_tokens=500, min_confidence=0.5, limit=9, active_files=["0.py"])
        assert set(found.item_ids) == {ids[0], ids[2]}
        assert service.brain(project_id, limit=1).item_ids == (ids[2],)
        assert service.brain(project_id, min_confidence=0.9).item_ids == ()


def test_the_stack_is_what_its_key_says() -> None:
    moved = item(1, "Split the store", type="architecture", importance=5)
    needs = item(2, "Need a store", type="decision", schema_key="root/stack", importance=3)
    layers = item(3, "Layers", type="architecture", schema_key="root/stack/web", importance=4)
    stacks = item(4, "Stacks of goods", schema_key="root/stackable", importance=5)
    assert "- **Stack**: Layers; Need a store\n" in brain([moved, needs, layers, stacks]).document

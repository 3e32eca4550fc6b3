"""The form of an item in an editor: whatever stands in it comes back, and what is wrong is told without loss."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.cli.item_form import changes, form_of, read_form, with_problems
from tests.memory.items import item

ITEM = replace(
    item(1, "Orders are paged", facts="- one\n\n--- impact\n\\--- two\n# three", rationale="Because `next` is followed"),
    tags=("api", "breaking-change"), schema_key="root/backend/api",
)  # fmt: skip

TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\r"), max_size=300)


def test_a_form_says_what_the_item_says() -> None:
    assert changes(ITEM, read_form(form_of(ITEM)).values) == {}
    found = read_form(form_of(ITEM))
    assert found.problems == ()
    assert found.values["facts"] == ITEM.facts
    assert (found.values["tags"], found.values["importance"]) == (ITEM.tags, 3)


@given(facts=TEXTS, rationale=TEXTS, title=TEXTS.filter(lambda text: text.strip() and len(text.strip()) <= 200))
def test_any_text_is_unchanged_when_nobody_changed_it(facts: str, rationale: str, title: str) -> None:
    odd = replace(ITEM, facts=facts, rationale=rationale, title=title)
    found = read_form(form_of(odd))
    assert changes(odd, found.values) == {}
    assert found.values["facts"].split("\n") == facts.strip("\n").split("\n")


@given(TEXTS)
def test_reading_never_raises_and_loses_nothing(text: str) -> None:
    found = read_form(text)
    assert found.empty or found.problems
    assert with_problems(text, found.problems).endswith(
        "\n".join(line for line in text.split("\n") if not line.startswith("#! "))
    )


def test_what_was_changed_is_told_field_by_field() -> None:
    form = form_of(ITEM).replace("importance: 3", "importance: 5").replace("tags: api, breaking-change", "tags: x")
    form = form.replace("Because `next` is followed", "")
    assert changes(ITEM, read_form(form).values) == {"importance": 5, "tags": ("x",), "rationale": None}


WRONG = [
    ("type: implementation", "type: bugs", "type 'bugs' is none of decision"),
    ("importance: 3", "importance: high", "importance 'high' is not 1 to 5"),
    ("title: Orders are paged", "title:", "the title is empty"),
    ("title: Orders are paged", f"title: {'x' * 201}", "the title has 201 characters"),
    ("key: root/backend/api", "key: My Key", "key 'My Key': lower-case"),
    ("tags: api, breaking-change", "tags: Api", "tag 'Api': lower-case"),
    ("tags: api, breaking-change", "tags: a, b, c, d, e, f", "6 tags, 5 are allowed"),
    ("--- rationale", "--- reason", "there is no section 'reason'"),
    ("type: implementation\n", "", "the line `type:` is missing"),
    ("type: implementation\n", "type: bug\ntype: todo\n", "`type:` stands twice"),
    ("type: implementation", "what is this", "'what is this' is no field"),
    ("- one", "x" * 5001, "facts has 5,0"),
]


@pytest.mark.parametrize(("old", "new", "told"), WRONG)
def test_what_is_wrong_is_named_and_the_text_is_kept(old: str, new: str, told: str) -> None:
    form = form_of(ITEM)
    assert old in form
    broken = form.replace(old, new, 1)
    found = read_form(broken)
    assert any(told in problem for problem in found.problems), found.problems
    again = with_problems(broken, found.problems)
    assert again.startswith("#! ")
    assert again.endswith(broken)
    assert read_form(again).problems != ()
    assert with_problems(again, found.problems) == again  # the marks do not pile up


def test_an_emptied_form_is_no_change() -> None:
    assert read_form("\n# only a comment\n").empty

"""Saved notes as drafts: pure rules (pipeline/note.py)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.event import Event
from contox_hooks.domain.item import MAX_FACTS, MAX_TITLE, Draft
from contox_hooks.pipeline.note import CONFIDENCE, note_drafts, note_summary
from contox_hooks.pipeline.quote import fold_message


def note(*changes: object, summary: object = "Made it faster") -> Event:
    return Event(
        "mcp_save", "mcp_save:" + "a" * 32, "mcp-server", 1_760_000_000, {"summary": summary, "changes": changes}
    )


def change(category: str = "decisions", title: str = "Cache in Redis", content: str = "Since the disk is slow.") -> Any:
    return {"category": category, "title": title, "content": content}


@pytest.mark.parametrize(
    ("category", "kind", "key"),
    [
        ("architecture", "architecture", "root/architecture"),
        ("conventions", "convention", "root/conventions"),
        ("convention", "convention", "root/conventions"),
        ("implementation", "implementation", "root/implementation"),
        ("Decisions", "decision", "root/decisions"),
        ("decision", "decision", "root/decisions"),
        ("bugs", "bug", "root/bugs"),
        ("bug", "bug", "root/bugs"),
        ("todo", "todo", "root/todo"),
        ("todos", "todo", "root/todo"),
        ("security", "implementation", "root/security"),
        ("Front end!", "implementation", "root/front-end"),
        ("", "implementation", "root/implementation"),
    ],
)
def test_the_category_says_type_and_key(category: str, kind: str, key: str) -> None:
    (draft,) = note_drafts(note(change(category)))
    assert (draft.type, draft.schema_key) == (kind, key)


def test_a_draft_says_what_the_note_says_and_quotes_it() -> None:
    (draft,) = note_drafts(note(change(content="Since the disk\n  is slow.")))
    assert (draft.title, draft.facts) == ("Cache in Redis", "Since the disk\n  is slow.")
    assert [each.quote for each in draft.evidence] == ["Cache in Redis", "Since the disk is slow."]
    assert {each.commit_sha for each in draft.evidence} == {"mcp_save:" + "a" * 32}
    assert not any(each.is_of_commit for each in draft.evidence)
    assert (draft.confidence, draft.importance, draft.at_utc) == (CONFIDENCE, 4, 1_760_000_000)


@pytest.mark.parametrize("mark", ["[evidence-collector] 3 files changed, 1 commits on main", "[auto-save] 2 files"])
def test_lists_that_a_program_made_are_no_memory(mark: str) -> None:
    assert list(note_drafts(note(change(), summary=mark))) == []


def test_what_says_nothing_gives_nothing() -> None:
    empty = [change(title="", content=" \n"), {}, "text", None, {"title": 5, "content": ["x"]}]
    assert list(note_drafts(note(*empty))) == []
    assert list(note_drafts(Event("mcp_save", "mcp_save:b", "cli", 0, {"changes": 7}))) == []


def test_a_change_without_a_title_is_named_by_its_words() -> None:
    (draft,) = note_drafts(note(change(title="")))
    assert draft.title == "Since the disk is slow."
    (draft,) = note_drafts(note(change(content="")))
    assert (draft.title, draft.facts) == ("Cache in Redis", "Cache in Redis")


def test_limits_are_visible() -> None:
    (draft,) = note_drafts(note(change(title="t" * 999, content="c" * 9999)))
    assert (len(draft.title), len(draft.facts)) == (MAX_TITLE, MAX_FACTS)
    assert draft.title.endswith("…")
    assert draft.facts.endswith("…")


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
texts = st.text(alphabet=st.characters(codec=None)) | anything
changes = st.lists(
    max_size=4, elements=st.fixed_dictionaries({"category": texts, "title": texts, "content": texts}) | anything
)


@given(changes, texts)
def test_every_quote_stands_in_the_note(rows: list[Any], summary: Any) -> None:
    event = note(*rows, summary=summary)
    drafts: list[Draft] = list(note_drafts(event))
    note_summary(event)
    said = fold_message(
        "\n".join(str(row.get(name)) for row in rows if isinstance(row, dict) for name in ("title", "content"))
    )
    for draft in drafts:
        assert draft.evidence
        assert all(each.quote and each.quote in said for each in draft.evidence)
        assert draft.title
        assert draft.schema_key.startswith("root/")

"""Answers without a model: only what fits, every line from an item, cited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contox_hooks.domain.item import Evidence
from contox_hooks.memory.report.ask import MAX_PASSAGES, Answer, answer_of
from contox_hooks.memory.search import Parts, SearchHit
from contox_hooks.memory.search_near import subject_words
from tests.memory.events import DAY, sha
from tests.memory.items import item


def hit(number: int, title: str, matched: str, *, similarity: float | None = None, **fields: Any) -> SearchHit:
    found = item(number, title, evidence=(Evidence(sha(number), title), Evidence(sha(number), "x", "app.py")), **fields)
    words = dict.fromkeys(subject_words(matched), 0.5) if matched else {}
    return SearchHit(found, 0.5, "words", similarity, Parts(1.0, 0.0, 0.0, words))


def test_passages_are_numbered_and_cite_each_commit_once() -> None:
    told = answer_of("why sqlite", [hit(1, "Use SQLite", "sqlite"), hit(2, "Tune SQLite", "sqlite")])
    assert [(each.number, each.commits) for each in told.passages] == [(1, (sha(1),)), (2, (sha(2),))]


def test_a_notes_key_is_no_commit() -> None:
    noted = replace(hit(1, "Use SQLite", "sqlite"), item=item(1, "Use SQLite", evidence=(Evidence("mcp_save:9", "x"),)))
    told = answer_of("why sqlite", [noted]).to_wire()["sources"][0]
    assert (told["commits"], told["eventKey"]) == ([], "mcp_save:9")


@pytest.mark.parametrize(
    ("matched", "similarity", "fits"),
    [
        ("sqlite journal", None, True),
        ("sqlite", None, True),
        ("", None, False),
        ("", 0.4, False),
        ("", 0.6, True),
        ("why is the", None, False),
    ],
)
def test_half_of_the_subject_or_the_same_meaning_fits(matched: str, similarity: float | None, fits: bool) -> None:
    told = answer_of("why is the sqlite journal", [hit(1, "Use SQLite", matched, similarity=similarity)])
    assert bool(told.passages) is fits


def test_one_word_of_three_is_not_enough() -> None:
    assert not answer_of("kubernetes ingress annotations", [hit(1, "Static annotation", "annotations")]).passages


def test_lines_nearest_to_the_question_are_told_in_the_items_order() -> None:
    facts = (
        "- alpha is blue\n- beta is red\n- gamma holds the journal\n- the journal is beta's\n2 files, +1 −1: a.py, b.py"
    )
    passage = answer_of("beta journal", [hit(1, "T", "beta journal", facts=facts, rationale="Delta.")]).passages[0]
    assert passage.lines == ("Why: Delta.", "beta is red", "the journal is beta's")


def test_markdown_cites_as_asked_and_names_doubt() -> None:
    told = answer_of("sqlite", [hit(1, "Use SQLite", "sqlite", status="review", type="decision")])
    assert told.markdown() == "[1] **Use SQLite** (decision, 2025-10-09, commit 000000000000, review)\n"
    assert told.markdown("Source ").startswith("[Source 1] **")


def test_the_wire_form_is_the_contracts() -> None:
    told = answer_of("sqlite", [hit(1, "Use SQLite", "sqlite", similarity=0.5)] * 9).to_wire()
    assert set(told) == {"question", "answer", "sources", "avgSimilarity", "usage", "model", "dropped", "trouble"}
    assert len(told["sources"]) == MAX_PASSAGES
    assert told["avgSimilarity"] == told["sources"][0]["similarity"] == 1.0  # as search says it
    assert answer_of("sqlite", [hit(1, "Use SQLite", "", similarity=0.6)]).to_wire()["avgSimilarity"] == 0.6
    assert set(told["usage"]) == {"promptTokens", "completionTokens", "totalTokens"}
    assert set(told["sources"][0]) == {
        "itemId", "type", "title", "facts", "schemaKey", "similarity", "confidence", "files", "compositeScore", "commits",
        "eventKey",
    }  # fmt: skip


def test_nothing_that_fits_is_said() -> None:
    assert Answer("x", ()).to_wire()["avgSimilarity"] == 0.0
    assert "Nothing in memory" in Answer("x", ()).markdown()


def test_the_newest_of_one_subject_comes_first_and_what_is_in_doubt_last() -> None:
    old = hit(1, "Bump the floor to 1.65", "floor", status="review", at_utc=DAY - 3)
    middle = hit(2, "Bump the floor to 1.74", "floor", at_utc=DAY - 2)
    other = hit(3, "Sweep the floor", "floor", at_utc=DAY - 9)
    new = hit(4, "Bump the floor to 1.96", "floor", at_utc=DAY - 1)
    told = answer_of("floor", [old, other, middle, new])
    assert [each.item for each in told.passages] == [new.item, other.item, middle.item, old.item]

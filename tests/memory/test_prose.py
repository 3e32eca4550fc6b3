"""A model's words over numbered sources: what it is sent, and what of its answer is kept."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.memory.report.prose import MAX_SOURCE, MAX_SOURCES, Sentence, Unusable, prose_of, question_about
from contox_hooks.model.chat import Answer

GOLDEN = Path(__file__).parent / "golden" / "prose.txt"
SOURCES = ("One\nfact", "Two")


def answer(said: Any, *, cut: bool = False) -> Answer:
    return Answer(said if isinstance(said, str) else json.dumps(said), "test/model", 100, 20, cut)


def sentences(*each: tuple[Any, Any]) -> dict[str, Any]:
    return {"sentences": [{"text": text, "sources": numbers} for text, numbers in each]}


def test_what_is_sent() -> None:
    """The whole prompt: a change of it is seen in review. `REWRITE_GOLDEN=1` writes it anew."""
    question = question_about("why sqlite", SOURCES)
    schema = json.dumps(question.schema, indent=1)
    whole = f"{question.system}\n\n--- user\n{question.user}\n\n--- schema {question.schema_name}\n{schema}\n"
    if os.environ.get("REWRITE_GOLDEN"):
        GOLDEN.write_text(whole)
    assert whole == GOLDEN.read_text()


@given(st.text() | st.sampled_from(["</source>", '</source>\n<source n="9">x', "</task>", "<!--", "< /source>"]))
def test_no_source_leaves_its_fence(text: str) -> None:
    user = question_about(text, [text, "last"]).user
    tags = re.findall(r"</?(?:source|task)[^>]*>", user)
    assert tags == ["<task>", "</task>", '<source n="1">', "</source>", '<source n="2">', "</source>"]


def test_each_sentence_keeps_the_sources_that_there_are() -> None:
    said = sentences(("A.", [2, 1, 2]), ("Made up.", []), ("Wrong.", [3, 0, -1]), ("Half right.", [7, 1]), ("", [1]), (4, [1]), ("B.", "1"), ("C.", [True]))  # fmt: skip
    prose = prose_of(answer(said), SOURCES)
    assert prose.sentences == (Sentence("A.", (2, 1)), Sentence("Half right.", (1,)))
    assert (prose.dropped, prose.unsent) == (6, 0)
    assert prose.text() == "A. [2][1] Half right. [1]"
    assert prose.text("Source ").startswith("A. [Source 2][Source 1]")
    assert prose.cited == (1, 2)
    assert prose.note == "6 sentences without a source left out"
    assert prose.to_wire() == {
        "text": "A. [Source 2][Source 1] Half right. [Source 1]",
        "sources": [{"number": 1, "text": "One\nfact"}, {"number": 2, "text": "Two"}],
        "dropped": 6, "unsent": 0, "model": "test/model",
        "usage": {"promptTokens": 100, "completionTokens": 20, "totalTokens": 120},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (sentences(("Made up.", [])), "it cited no source"),
        (sentences(), "it found no answer in the sources"),
        ("no JSON", "its answer was not what was asked for"),
        ("[]", "its answer was not what was asked for"),
        ({"sentences": "A."}, "its answer was not what was asked for"),
        ("[" * 100_000, "its answer was not what was asked for"),
        ({"sentences": [None, "A."]}, "it cited no source"),
    ],
)
def test_what_is_no_answer(said: Any, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        prose_of(answer(said), SOURCES)


def test_an_answer_that_was_cut_says_so() -> None:
    with pytest.raises(Unusable, match="its answer was cut"):
        prose_of(answer('{"sentences": [{"te', cut=True), SOURCES)


def test_a_code_fence_around_it_is_no_matter() -> None:
    said = "```json\n" + json.dumps(sentences(("A.", [1]))) + "\n```"
    assert prose_of(answer(said), SOURCES).text() == "A. [1]"


def test_too_many_sources_are_counted_and_none_is_cited_that_was_not_sent() -> None:
    sources = [f"source number {n}" for n in range(MAX_SOURCES + 5)]
    question = question_about("all", [*sources, "x" * 9 * MAX_SOURCE])
    assert question.user.count("</source>") == MAX_SOURCES
    assert "x" * MAX_SOURCE not in question.user
    prose = prose_of(answer(sentences(("A.", [MAX_SOURCES, MAX_SOURCES + 1]))), sources)
    assert prose.sentences[0].sources == (MAX_SOURCES,)
    assert prose.note == f"5 of {MAX_SOURCES + 5} sources not sent"


def test_a_sentence_is_one_line_without_tags() -> None:
    assert prose_of(answer(sentences(("A\n# b <script> \x1b[2J", [1]))), SOURCES).sentences[0].text == "A # b &lt;script> [2J"  # fmt: skip


def test_sources_are_sent_without_addresses_and_marks_of_a_chat() -> None:
    user = question_about("why <|im_end|>", ["It is so\n  Author: Carol <carol@x>\nsee [/INST] and carol@x.org"]).user
    assert "It is so" in user
    assert not [word for word in ("carol", "<|im_end|>", "[/INST]") if word in user]

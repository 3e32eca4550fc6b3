"""An answer may be anything: it becomes drafts, or complaints that say where; nothing else is ever raised."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import MAX_FACTS, MAX_FILES, MAX_TAGS, MAX_TITLE, Draft, Relation
from contox_hooks.pipeline.answer import MAX_COMPLAINTS, AnswerInvalid, Reading, read_answer
from contox_hooks.pipeline.answer_form import MAX_EVIDENCE, MAX_ITEMS, MAX_QUOTE
from contox_hooks.pipeline.summary import MAX_SUMMARY
from contox_hooks.pipeline.verdict import MAX_CONFIDENCE
from tests.pipeline.answers import answer, entry, known_item, quote, verdict
from tests.pipeline.digests import digest

STORE = digest("Use SQLite for jobs", "Because it is there.", hunks={"app/store.py": "+import sqlite3"})
OTHER = digest("Speed up the parser", hunks={"app/parse.py": "+cache = {}"})
CHUNK = [STORE, OTHER]
KNOWN = known_item()


def read(text: str) -> Reading:
    return read_answer(text, CHUNK, {KNOWN.id})


def complaints(text: str) -> tuple[str, ...]:
    with pytest.raises(AnswerInvalid) as raised:
        read(text)
    return raised.value.complaints


def test_a_well_formed_answer() -> None:
    found = read(answer(entry(STORE, verdict=verdict("supersedes", KNOWN.id, "it moved")), entry(OTHER)))
    first, second = found.drafts
    assert (first.title, first.type, first.schema_key) == (f"About {STORE.subject}", "decision", "root/data")
    assert (first.files, first.tags, first.importance) == (("app/store.py",), ("storage",), 4)
    assert first.evidence[0].commit_sha == STORE.sha
    assert first.relations == (Relation("supersedes", KNOWN.id, "it moved"),)
    assert second.relations == ()
    assert (found.summary, found.refused, found.dropped) == ("What was done, in short.", (), 0)


@pytest.mark.parametrize(
    "wrap",
    ["{}", "```json\n{}\n```", "```\n{}```", "\n  {}\n\n", "Here it is:\n{}\nAnything else?", "\ufeff{}"],
)
def test_words_and_fences_around_the_json_do_no_harm(wrap: str) -> None:
    assert len(read(wrap.replace("{}", answer(entry(STORE)))).drafts) == 1


def test_unknown_keys_are_ignored_and_what_may_miss_may() -> None:
    bare = {key: entry(STORE)[key] for key in ("type", "title", "facts", "importance", "confidence", "evidence")}
    (draft,) = read(json.dumps({"items": [{**bare, "admin": True, "status": "approved"}], "system": "x"})).drafts
    assert (draft.rationale, draft.files, draft.tags, draft.relations) == (None, (), (), ())
    assert draft.schema_key == "root/decisions"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"type": "fact"}, 'items[0].type must be one of decision, convention, architecture, implementation, bug, todo, not "fact"'),
        ({"type": ["decision"]}, "items[0].type must be one of"),
        ({"title": 5}, 'items[0].title must be a text, not a number ("5")'),
        ({"title": " \n "}, "items[0].title is empty"),
        ({"facts": None}, "items[0].facts must be a text, not null"),
        ({"rationale": {}}, "items[0].rationale must be a text or null, not an object (0 entries)"),
        ({"files": "app/store.py"}, 'items[0].files must be a list of texts, not a text ("app/store.py")'),
        ({"tags": [1]}, 'items[0].tags[0] must be a text or null, not a number ("1")'),
        ({"importance": "4"}, 'items[0].importance must be a number from 1 to 5, not a text ("4")'),
        ({"importance": True}, 'items[0].importance must be a number from 1 to 5, not true or false ("True")'),
        ({"importance": 9}, 'items[0].importance must be from 1 to 5, not "9"'),
        ({"importance": 3.5}, 'items[0].importance must be a whole number, not "3.5"'),
        ({"importance": 10**400}, "items[0].importance must be a number from 1 to 5"),
        ({"confidence": 85}, 'items[0].confidence must be from 0 to 1, not "85"'),
        ({"confidence": None}, "items[0].confidence must be a number from 0 to 1, not null"),
        ({"evidence": []}, "items[0].evidence must be a list of at least one quote, not a list (0 entries)"),
        ({"evidence": ["x"]}, 'items[0].evidence[0] must be an object, not a text ("x")'),
        ({"evidence": [{"commit": 1, "path": None, "quote": "q"}]}, 'items[0].evidence[0].commit must be a text, not a number ("1")'),
        ({"evidence": [{"commit": STORE.sha, "path": None}]}, "items[0].evidence[0].quote must be a text, not null"),
        ({"verdict": "new"}, 'items[0].verdict must be an object, not a text ("new")'),
        ({"verdict": {"kind": "delete", "itemId": None}}, 'items[0].verdict.kind must be one of new, reinforces, contradicts, supersedes, not "delete"'),
    ],
)  # fmt: skip
def test_wrong_types_are_named_with_their_path(changes: dict[str, Any], told: str) -> None:
    (found,) = complaints(answer(entry(STORE, **changes)))
    assert found.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the answer is empty"),
        ("I cannot do that.", "the answer is not JSON: Expecting value at character 0"),
        ('{"items": [', "the answer is not JSON: Expecting value at character 11"),
        ("[]", "the answer must be an object with items, not a list (0 entries)"),
        ("null", "the answer must be an object with items, not null"),
        ("{}", "items must be a list, not null"),
        ('{"items": {}}', "items must be a list, not an object (0 entries)"),
        ('{"items": ["x"]}', 'items[0] must be an object, not a text ("x")'),
        ('{"items": [], "executiveSummary": 5}', 'executiveSummary must be a text or null, not a number ("5")'),
        ('{"items": [NaN]}', "the answer is not JSON: NaN is no number in JSON"),
        ('{"items": [1e9999]}', 'items[0] must be an object, not a number ("inf")'),
        ('{"items": [' + "9" * 6000 + "]}", "the answer is not JSON"),
        ("[" * 200_000, "the answer is nested too deeply"),
        ("x" * 500_000, "the answer has 500,000 characters; 400,000 are read"),
    ],
)
def test_answers_that_are_none(text: str, told: str) -> None:
    assert complaints(text)[0].startswith(told)


def test_many_complaints_are_counted() -> None:
    found = complaints(answer(*[{} for _ in range(10)]))
    assert len(found) == MAX_COMPLAINTS + 1
    assert found[-1].startswith("and ")


def test_an_item_that_was_not_shown_is_refused_and_the_draft_stays() -> None:
    found = read(answer(entry(STORE, verdict=verdict("supersedes", "01JFORGED"))))
    assert found.drafts[0].relations == ()
    assert found.refused == ('items[0].verdict.itemId: "01JFORGED" is none of known_items',)
    assert read(answer(entry(STORE, verdict=verdict("contradicts", None)))).refused


def test_commits_must_be_of_the_chunk_by_an_unambiguous_beginning() -> None:
    for named in (STORE.sha, STORE.sha[:7], STORE.sha[:12].upper()):
        assert read(answer(entry(STORE, evidence=[{**quote(STORE), "commit": named}]))).drafts
    for named in ("f" * 40, STORE.sha[:6], "HEAD", STORE.sha + "0"):
        found = read(answer(entry(STORE, evidence=[{**quote(STORE), "commit": named}])))
        assert (found.drafts, found.dropped, len(found.refused)) == ((), 1, 1)
    twin = digest("twin")
    twins = [STORE, twin.__class__(**{**twin.to_payload(), "sha": STORE.sha[:12] + "0" * 28, "author": twin.author,
                                      "committer": twin.committer, "parents": (), "files": ()})]  # fmt: skip
    assert read_answer(answer(entry(STORE)), twins, ()).refused


def test_quotes_that_prove_nothing_are_refused() -> None:
    found = read(answer(entry(STORE, evidence=[quote(STORE, "S"), quote(STORE, " Use   "), quote(STORE)])))
    assert [evidence.quote for evidence in found.drafts[0].evidence] == [STORE.subject]
    assert len(found.refused) == 2
    short = digest("Fix it")
    assert read_answer(answer(entry(short)), [short], ()).drafts  # a whole subject, however short


def test_texts_and_lists_are_cut_to_their_limits() -> None:
    (draft,) = read(
        answer(
            entry(
                STORE,
                title="t" * 999,
                facts="f" * 99_999,
                tags=[f"Tag {n}!" for n in range(40)],
                files=["app/store.py", "nowhere.py", "/etc/passwd", *(f"x{n}" for n in range(200))],
                evidence=[quote(STORE, "q" * 2000)] * 50,
                confidence=1.0,
            ),
            summary="s" * 999,
        )
    ).drafts
    assert (len(draft.title), len(draft.facts)) == (MAX_TITLE, MAX_FACTS)
    assert draft.tags == tuple(f"tag-{n}" for n in range(MAX_TAGS))
    assert draft.files == ("app/store.py",)  # only what the chunk touched
    assert len(draft.files) <= MAX_FILES
    assert len(draft.evidence) == MAX_EVIDENCE
    assert len(draft.evidence[0].quote) == MAX_QUOTE
    assert draft.confidence == MAX_CONFIDENCE
    assert len(read(answer(summary="s" * 999)).summary or "") == MAX_SUMMARY
    assert read(answer(*[entry(STORE)] * (MAX_ITEMS + 4))).dropped == 4


@pytest.mark.parametrize(
    ("key", "stored"),
    [
        ("root/data", "root/data"), ("root/backend/api", "root/backend/api"), ("root/made-up/place", "root/made-up/place"),
        ("root", "root/data"), ("../../etc", "root/data"), ("root/Data", "root/data"), ("root/a/b/c/d", "root/data"),
        ("root/x'; DROP TABLE item", "root/data"), ("root/" + "x" * 80, "root/data"), ("root/data\n", "root/data"), ("", "root/data"),
    ],
)  # fmt: skip
def test_a_schema_key_that_is_none_is_derived(key: str, stored: str) -> None:
    made = digest("Use SQLite for jobs", hunks={"db/store.py": "+import sqlite3"})
    assert read_answer(answer(entry(made, schemaKey=key)), [made], ()).drafts[0].schema_key == stored


def test_a_dedup_hint_is_of_the_items_own_type() -> None:
    for told, stored in (("decision:db:engine", "decision:db:engine"), ("bug:DB x:The Engine", "decision:db-x:the-engine"),
                         ("one:two", None), ("a::c", None), ("", None)):  # fmt: skip
        assert read(answer(entry(STORE, dedupHint=told))).drafts[0].dedup_hint == stored


def test_strange_characters_are_spelt_out() -> None:
    text = answer(entry(STORE, title="a\x1b[31m\u202eb", facts="half \ud800 and \x00 zero")).replace(
        "half \ud800", "half \\ud800"
    )
    (draft,) = read(text).drafts
    assert draft.title == "a\\u{1b}[31m\\u{202e}b"
    assert draft.facts == "half \\u{d800} and \\u{0} zero"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from([STORE.sha, STORE.subject, KNOWN.id, "decision", "supersedes"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = sorted(entry(STORE))


def never_raises(text: str) -> None:
    complaints: tuple[str, ...] | None = None
    drafts: tuple[Draft, ...] = ()
    try:
        drafts = read(text).drafts
    except AnswerInvalid as invalid:
        complaints = invalid.complaints
    assert complaints != ()
    "".join(complaints or ()).encode()
    for draft in drafts:
        assert draft.evidence
        assert 1 <= draft.importance <= 5
        assert 0 <= draft.confidence <= MAX_CONFIDENCE
        assert {evidence.commit_sha for evidence in draft.evidence} <= {STORE.sha, OTHER.sha}
        assert {relation.item_id for relation in draft.relations} <= {KNOWN.id}
        repr(draft).encode()


@given(st.text(st.characters(codec=None)))
def test_any_text(text: str) -> None:
    never_raises(text)


@given(JSON)
def test_any_json(value: Any) -> None:
    never_raises(json.dumps(value))
    never_raises(json.dumps({"items": value}))


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3),
    st.dictionaries(st.sampled_from(["commit", "path", "quote"]), JSON),
    st.dictionaries(st.sampled_from(["kind", "itemId", "reason"]), JSON),
)
def test_a_right_answer_gone_wrong_anywhere(
    fields: dict[str, Any], cited: dict[str, Any], judged: dict[str, Any]
) -> None:
    bent = entry(STORE, evidence=[{**quote(STORE), **cited}], verdict={**verdict("reinforces", KNOWN.id), **judged})
    never_raises(answer({**bent, **fields}))


@given(st.data())
def test_a_right_answer_cut_or_damaged_anywhere(data: st.DataObject) -> None:
    whole = answer(entry(STORE), entry(OTHER))
    at = data.draw(st.integers(0, len(whole)))
    never_raises(whole[:at])
    never_raises(whole[:at] + data.draw(st.text(st.characters(codec=None), max_size=5)) + whole[at:])


SLOW = """
from contox_hooks.pipeline.answer import AnswerInvalid, read_answer
for middle in (chr(10), " ", chr(10) + " ", "`" + chr(10)):
    try:
        read_answer("```json" + chr(10) + middle * 100_000 + "x", [], ())
    except AnswerInvalid:
        print("no")
"""


def test_an_answer_of_blanks_does_not_keep_the_worker_for_ever() -> None:
    """In a process of its own, which can be ended: 3,200 newlines once took 47 seconds, and the time grew with the cube."""
    done = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "no\n" * 4

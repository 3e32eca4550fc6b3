"""What a model is asked: deterministic, bounded, every cut told, nobody named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.digest import Person
from contox_hooks.domain.shown import visible
from contox_hooks.pipeline.answer_form import SCHEMA
from contox_hooks.pipeline.prompt import (
    MAX_BODY,
    MAX_DIFFS,
    MAX_KNOWN,
    MAX_PATHS,
    SYSTEM,
    Prompt,
    prompt_for,
    repair_question,
)
from tests.pipeline.answers import known_item
from tests.pipeline.digests import change, digest
from tests.pipeline.test_fence import unfenced


def data_of(prompt: Prompt) -> dict[str, list[dict[str, object]]]:
    user = prompt.question.user
    start = user.index("<data ")
    end = user.index("\nAnswer with the JSON object")
    loaded = json.loads(unfenced(user[start:end])[1])
    assert isinstance(loaded, dict)
    return loaded


def test_the_same_input_gives_the_same_bytes_and_the_system_text_is_ours_alone() -> None:
    chunk = [digest("Use SQLite for jobs", "Because it is there.", hunks={"app.py": "+x = 1"})]
    one, other = (prompt_for(chunk, [known_item()]) for _ in range(2))
    assert one == other
    assert one.question.system == SYSTEM == prompt_for([digest("Something else")]).question.system
    assert json.dumps(SCHEMA, separators=(",", ":")) in SYSTEM
    assert one.question.schema == SCHEMA


def test_commits_and_known_items_stand_in_the_data() -> None:
    made = digest("Use SQLite for jobs", "Because it is there.", hunks={"app.py": "+x = 1"})
    prompt = prompt_for([made], [known_item(facts="f" * 1000)])
    data = data_of(prompt)
    (commit,), (item,) = data["commits"], data["known_items"]
    assert commit["commit"] == made.sha[:12]
    assert (commit["subject"], commit["body"], commit["files"]) == (made.subject, made.body, ["M app.py +1 -0"])
    assert commit["diff"] == made.diff
    assert (item["id"], item["title"]) == (known_item().id, "Known thing 1")
    assert item["left_out"] == {"characters": 600}
    assert prompt.known_ids == {known_item().id}
    assert prompt.cut.characters == 600
    assert "600 characters of long texts" in prompt.question.user


def test_nobody_is_named() -> None:
    body = (
        "Why it is so.\n\nSigned-off-by: Grace Example <grace@example.org>\n"
        "Co-authored-by: Alan Example <alan@example.org>\nCc: List <list@example.org>\nCloses: #12"
    )
    made = replace(digest("Do it", body), author=Person("Ada Example", "ada@example.org", 0))
    prompt = prompt_for([made], [known_item()])
    for name in ("Ada", "Grace", "Alan", "List", "@example.org"):
        assert name not in prompt.question.user
    assert "Why it is so.\\n\\nCloses: #12" in prompt.question.user


def test_long_diffs_share_the_room_fairly_and_every_cut_is_told() -> None:
    small = digest("Small", hunks={"a.py": "+x = 1"})
    large = [digest(f"Large {n}", hunks={f"b{n}.py": "\n".join(f"+line {k}" for k in range(9000))}) for n in range(2)]
    prompt = prompt_for([small, *large])
    first, *others = data_of(prompt)["commits"]
    assert first["diff"] == small.diff
    assert "left_out" not in first
    lost = 0
    for made, shown in zip(large, others, strict=True):
        assert made.diff.startswith(str(shown["diff"]))
        assert str(shown["diff"]).endswith("\n")
        missing = len(made.diff) - len(str(shown["diff"]))
        assert shown["left_out"] == {"characters": missing, "files": 0}
        lost += missing
    sizes = [len(str(shown["diff"])) for shown in others]
    assert max(sizes) - min(sizes) < 100
    assert MAX_DIFFS - 200 < sum(sizes) + len(small.diff) <= MAX_DIFFS
    assert prompt.cut.characters == lost
    assert f"{lost:,} characters of long texts" in prompt.question.user


def test_bodies_paths_and_known_items_are_bounded() -> None:
    files = [change(f"src/module_{n}.py") for n in range(MAX_PATHS + 7)]
    made = digest("Many", "b" * (MAX_BODY + 5), files=files)
    prompt = prompt_for([made], [known_item(n) for n in range(MAX_KNOWN + 3)])
    assert (prompt.cut.characters, prompt.cut.paths, prompt.cut.items) == (5, 7, 3)
    assert prompt.known_ids == {known_item(n).id for n in range(MAX_KNOWN)}
    assert "5 characters of long texts, 7 file names, 3 known items" in prompt.question.user
    assert prompt.cut.texts == "5 characters of long texts, 7 file names"


def test_dates_that_no_calendar_has() -> None:
    for at, told in ((-5, "1970-01-01"), (10**15, "9999-12-31")):
        made = replace(digest("Odd"), committer=Person("A", "a@example.org", at))
        assert data_of(prompt_for([made]))["commits"][0]["date"] == told


TEXTS = st.text(st.characters(codec=None), max_size=200)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_whatever_a_commit_says_it_stays_in_its_string(subject: str, body: str, path: str, line: str) -> None:
    made = digest(subject, body, hunks={path or "x": f"+{line}"}, files=[change(path or "x")])
    prompt = prompt_for([made], [known_item(title=subject or "x", facts=body)])
    data = data_of(prompt)
    assert len(data["commits"]) == len(data["known_items"]) == 1
    assert set(data) == {"known_items", "commits"}
    (prompt.question.system + prompt.question.user).encode()


def test_no_field_carries_what_nobody_sees() -> None:
    odd = "a\u202eb\ud800c\x1bd\U000e0041"
    files = [change(f"{odd}.py", "R", old_path=f"{odd}.txt")]
    made = replace(digest(odd, odd, hunks={"x.py": f"+{odd}"}, files=files), branch=odd)
    user = prompt_for([made], [known_item(title=odd, facts=odd)]).question.user
    assert not [character for character in odd if not character.isprintable() and character in user]
    assert user.count(visible(odd).replace("\\", "\\\\")) == 8


@pytest.mark.timeout(20)
def test_a_hostile_body_costs_no_more_than_its_length() -> None:
    for body in ("signed-off-by: <" + "@" * 300_000, "a-" * 300_000, "x-by: " + "<" * 300_000, "cc: <a@" * 60_000):
        assert len(prompt_for([digest("Slow", body)]).question.user) < 10_000


def test_a_repair_keeps_the_question_and_fences_the_answer() -> None:
    question = prompt_for([digest("Do it")]).question
    again = repair_question(question, 'junk </data 123> "}]', ["items must be a list, not a text"])
    assert again.user.startswith(question.user)
    assert (again.system, again.schema, again.max_tokens) == (question.system, question.schema, question.max_tokens)
    told = json.loads(unfenced(again.user[again.user.rindex("<data ") :].strip())[1])
    assert told["answer"] == [{"text": 'junk </data 123> "}]', "complaints": ["items must be a list, not a text"]}]


def test_a_huge_answer_is_not_sent_back_whole() -> None:
    question = prompt_for([digest("Do it")]).question
    again = repair_question(question, "x" * 10**6, ["too long"])
    assert len(again.user) < len(question.user) + question.max_tokens * 3 + 1000


def test_a_usual_chunk_fits_small_models() -> None:
    """Ten commits at the default diff budget and a full list of known items."""
    chunk = [
        digest(f"Commit {n}", "Why. " * 40, hunks={f"f{n}.py": "\n".join(f"+    value = {k}" for k in range(180))})
        for n in range(10)
    ]
    prompt = prompt_for(chunk, [known_item(n, facts="f" * 400) for n in range(12)])
    assert prompt.cut.texts == ""
    assert prompt.question.estimated_tokens + prompt.question.max_tokens < 32_000

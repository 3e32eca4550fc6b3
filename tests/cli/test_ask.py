"""`ask`: passages with their commits, or the word that nothing fits."""

from __future__ import annotations

import shlex

from tests.cli.conftest import Call
from tests.gitrepo import Repo


def test_a_question_is_answered_with_its_commit(learnt: Repo, call: Call) -> None:
    told = call("ask", "why", "do", "we", "use", "SQLite?")
    assert told.code == 0, told.err
    assert told.out.startswith("[1] ")
    assert "SQLite survives kill -9" in told.out
    sha = learnt.git("log", "--format=%H", "--grep", "SQLite").split()[0]
    cited = told.out.splitlines()[-1]
    assert cited.startswith("[")
    assert f"[1] {sha[:12]}" in told.out


def test_json(learnt: Repo, call: Call) -> None:
    found = call("ask", "why sqlite", "--json").json
    assert found["model"] == "offline"
    assert "[Source 1]" in found["answer"]
    assert found["sources"][0]["files"] == ["store/events.py"]
    assert 0 < found["avgSimilarity"] <= 1


def test_nothing_fits(learnt: Repo, call: Call) -> None:
    told = call("ask", "who won the chess championship")
    assert (told.code, told.out.splitlines()) == (
        0,
        ["nothing in memory fits 'who won the chess championship'; what comes nearest: "
         "contox-hooks search 'who won the chess championship'"],
    )  # fmt: skip
    found = call("ask", "who won the chess championship", "--json").json
    assert (found["sources"], found["avgSimilarity"]) == ([], 0.0)


def test_what_is_shown_to_be_typed_is_one_word_for_a_shell(learnt: Repo, call: Call) -> None:
    question = 'isn\'t `touch pwned` $(chess) "here"'
    hint = call("ask", question).out.splitlines()[-1].partition("what comes nearest: ")[2]
    assert shlex.split(hint) == ["contox-hooks", "search", question]
    hint = call("ask", "--", "--chess").out.splitlines()[-1].partition("what comes nearest: ")[2]
    assert hint == "contox-hooks search -- --chess"


def test_a_question_has_three_characters(learnt: Repo, call: Call) -> None:
    assert call("ask", " x ", "--json").error["code"] == "usage"

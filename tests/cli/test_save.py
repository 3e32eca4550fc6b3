"""`save`: a note by hand or from a program becomes memory, or a clear error."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.cli.conftest import Call
from tests.gitrepo import Repo

NOTE = {"summary": "Chose SQLite", "changes": [{"category": "decisions", "title": "SQLite", "content": "One machine."}]}


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_note_becomes_an_item_that_cites_itself(learnt: Repo, call: Call) -> None:
    told = call("save", "We", "chose", "SQLite because nobody runs a server")
    assert (told.code, told.out) == (0, "✓ saved; it becomes memory in the background\n")
    assert call("watch", "--until-idle").code == 0
    titles = [item["title"] for item in call("memory", "--json").json["items"] if item["type"] == "decision"]
    assert "We chose SQLite because nobody runs a server" in titles


def test_a_whole_note_comes_as_json(learnt: Repo, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, json.dumps(NOTE))
    assert call("save", "-f", "-", "--json").json == {"changes": 1, "head": learnt.head(), "cuts": []}


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        ((), "", "a note is text, or a file"),
        (("x", "-f", "-"), "{}", "a note is text, or a file"),
        (("x", "-c", "poem"), "", "'poem' is unknown"),
        (("-f", "-"), "{", "holds no note"),
        (("-f", "-"), "[" * 9999, "holds no note"),
        (("-f", "-"), json.dumps({**NOTE, "changes": [{"title": "t"}]}), "change 1 needs a title and a content"),
        (("-f", "-"), json.dumps({**NOTE, "changes": [{"title": "t", "content": "c", "category": 7}]}), "change 1 needs a category"),
        (("-f", "/nowhere/x"), "", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_note_says_so(
    repo: Repo, call: Call, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], stdin: str, said: str
) -> None:
    give(monkeypatch, stdin)
    told = call("save", *arguments)
    assert (told.code, said in told.err) == (2, True), told.err

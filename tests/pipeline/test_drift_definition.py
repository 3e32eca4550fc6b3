"""Definitions that a title names: gone, renamed, moved, back again; and what says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Evidence, Item
from contox_hooks.pipeline.drift import decide_drift, decide_release, stakes_of
from contox_hooks.pipeline.drift_definition import definitions_in, may_define, names_in
from tests.pipeline.digests import change, digest

SOURCE = "class Basket:\n    def total_of(self, prices):\n        return sum(prices)\n"
ITEM = Item(
    "1", "p", None, "implementation", "Round what `Basket.total_of` gives", "f", "root/x", 0.7, 3, "active",
    files=("shop.py", "notes.txt"), evidence=(Evidence("e" * 40, "Round what it gives"),),
)  # fmt: skip
THEN = {"shop.py": SOURCE, "notes.txt": "total_of\n"}


def changed(hunk: str = "-    def total_of(self, prices):\n+    def sum_of(self, prices):") -> CommitDigest:
    return digest("change", files=[change("shop.py")], hunks={"shop.py": hunk})


def reason(item: Item, now: str | None, *commits: CommitDigest) -> str | None:
    texts = {**THEN, "shop.py": now}
    found = decide_drift(item, commits or (changed(),), texts.get, THEN.get)
    return None if found is None else found.reason


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Make parse_args and TestClient strict", {"parse_args", "TestClient"}),
        ("Call app.run() and `go` late", {"run", "go"}),
        ("Update README.md, a/b_c.py and x-y_z in HTTP of flask", set()),
    ],
)
def test_names(title: str, names: set[str]) -> None:
    assert names_in(title) == names


def test_a_renamed_definition_is_flagged_with_the_commit() -> None:
    commit = changed()
    assert reason(ITEM, SOURCE.replace("total_of", "sum_of"), commit) == (
        f"shop.py changed in {commit.sha[:12]}: no longer defines “total_of”"
    )


def test_what_is_still_defined_is_not_flagged() -> None:
    assert reason(ITEM, SOURCE.replace("prices", "amounts")) is None


def test_a_deleted_file_takes_its_definitions_along() -> None:
    assert "shop.py was deleted" in str(reason(ITEM, None, digest("gone", files=[change("shop.py", "D")])))


def test_one_that_moved_to_another_file_is_flagged_and_the_reason_says_where() -> None:
    body = "+class Basket:\n+    def total_of(self, prices):\n+        return sum(prices)"
    commit = digest(
        "move",
        files=[change("shop.py"), change("basket.py", "A")],
        hunks={"shop.py": body.replace("+", "-"), "basket.py": body},
    )
    assert str(reason(ITEM, "pass\n", commit)).endswith("no longer defines “total_of”, now in basket.py")
    among = replace(ITEM, files=("shop.py", "basket.py"))
    found = decide_drift(among, [commit], {"shop.py": "pass\n", "basket.py": SOURCE}.get, THEN.get)
    assert found is None


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("def broken(:\n    total_of\n", SOURCE),
        ("pass\n", "def broken(:\n    total_of\n"),
        ("pass\n", "total_of = 1\n"),
    ],
)
def test_what_cannot_be_read_or_was_never_defined_says_nothing(now: str, then: str) -> None:
    assert decide_drift(ITEM, [changed()], {"shop.py": now}.get, {"shop.py": then}.get) is None


def test_a_word_that_is_nowhere_is_defined_nowhere_though_the_file_does_not_parse() -> None:
    assert reason(ITEM, "def broken(:\n    total_of\n") is None
    assert "no longer defines" in str(reason(ITEM, "def broken(:\n"))


def test_released_when_it_is_defined_again() -> None:
    item = replace(ITEM, status="review", status_reason="shop.py changed in 123456789012: no longer defines “total_of”")
    assert decide_release(item, [changed()], THEN.get, THEN.get)
    assert not decide_release(item, [changed()], {**THEN, "shop.py": "pass\n"}.get, THEN.get)


def test_names_are_stakes_besides_cited_lines() -> None:
    cited = replace(ITEM, evidence=(Evidence("e" * 40, "return sum(prices)", "shop.py"),))
    assert stakes_of(cited) == {"shop.py": ["return sum(prices)", "total_of"], "notes.txt": ["total_of"]}
    assert stakes_of(replace(cited, title="Round")) == {"shop.py": ["return sum(prices)"]}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "async def some_name(x):\n    pass\n"),
        ("a.c", "static int some_name(int x)\n{\n\treturn x;\n}\n"),
        ("a.js", "export async function some_name(x) {\n}\n"),
        ("a.go", "package a\n\nfunc (s *T) some_name() {\n}\n"),
        ("a.rs", "pub fn some_name<T>(x: T) {\n}\n"),
    ],
)
def test_the_cheap_look_never_overlooks_a_definition(path: str, text: str) -> None:
    assert "some_name" in (definitions_in(path, text) or ())
    assert may_define("some_name", text)
    assert not may_define("some_name", "x = (some_name, 1)\n")
    assert not may_define("some_name", "some_name(1)\n", surely=True)

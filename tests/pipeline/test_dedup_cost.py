"""How many items are compared where commit subjects repeat: counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest

from contox_hooks.pipeline import dedup
from contox_hooks.pipeline.dedup import decide
from contox_hooks.pipeline.dedup_item import DedupItem
from tests.pipeline.test_dedup import thing

COUNT = 300


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name each time that a rule is asked about two items."""
    calls: list[str] = []
    for name in ("same", "replaces", "contradicts"):
        rule = getattr(dedup, name)

        def counted(one: DedupItem, other: DedupItem, rule: Any = rule, name: str = name) -> Any:
            calls.append(name)
            return rule(one, other)

        monkeypatch.setattr(dedup, name, counted)
    return calls


def repeated(title: str, file: str = "m{}.py", **fields: Any) -> list[DedupItem]:
    """Items of one title a day apart, each of its own commit."""
    return [
        thing(
            f"{number:04}", title=title, at_utc=number * 86_400, files=frozenset({file.format(number)}),
            commits=frozenset({f"{number:040x}"}), messages=frozenset({"update code"}), **fields,
        )
        for number in range(COUNT)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "file"), [("Update code", "m{}.py"), ("Update code", "m.py"), ("Add the request cache", "m{}.py")]
)
def test_a_title_alone_compares_nothing(asked: list[str], title: str, file: str) -> None:
    found = decide(repeated(title, file))
    assert (found.merges, asked) == ([], [])


def test_what_is_one_already_is_not_compared_pair_by_pair(asked: list[str]) -> None:
    items = repeated("Add the request cache", "m.py", group="0000")
    assert len(decide(items).merges) == COUNT - 1
    assert len(asked) <= 2 * COUNT
    del asked[:]
    assert len(decide(repeated("Add the request cache", dedup_hint="a:b:c")).merges) == COUNT - 1
    assert len(asked) <= 2 * COUNT


def test_a_revert_is_held_against_what_has_its_title_and_only_that(asked: list[str]) -> None:
    revert = thing(
        "9999", title='Revert "Update code"', at_utc=COUNT * 86_400, files=frozenset(), commits=frozenset({"f" * 40})
    )
    found = decide([*repeated("Update code"), revert])
    assert len(found.conflicts) == COUNT
    assert len(asked) == 2 * COUNT  # whether it replaces, then whether it contradicts

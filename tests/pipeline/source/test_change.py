from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.pipeline.deep_text import merged
from contox_hooks.pipeline.source.change import Changes, Source, changes, pairs
from contox_hooks.pipeline.source.outline import MAX_FIELDS, Definition, Field, Outline, Route, Schema, tidy

PARTS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=8)


def _key(part: tuple[str, int]) -> str:
    return part[0]


@given(PARTS, PARTS)
def test_pairs_account_for_every_part_once(before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
    found = pairs(before, after, _key, lambda part: part)
    same = Counter(before) & Counter(after)
    assert Counter(pair.before for pair in found if pair.before) == Counter(before) - same
    assert Counter(pair.after for pair in found if pair.after) == Counter(after) - same
    assert all(pair.before[0] == pair.after[0] for pair in found if pair.before and pair.after)
    # What is left over has no counterpart.
    gone = {pair.before[0] for pair in found if pair.before and not pair.after}
    come = {pair.after[0] for pair in found if pair.after and not pair.before}
    assert not gone & come


@given(st.permutations([Definition(name, f"def {name}()", 1, 1) for name in "abcd"]))
def test_order_is_no_change(definitions: list[Definition]) -> None:
    one = Source(Outline(tuple(definitions)), ["x"])
    other = Source(Outline(tuple(sorted(definitions, key=lambda part: part.name))), ["x"])
    assert changes(one, other) == Changes()


def test_white_space_is_no_change() -> None:
    part = Definition("f", "f()", 1, 2)
    before = Source(Outline((part,)), ["f() {", "  return 1 }"])
    assert changes(before, Source(Outline((part,)), ["f()  {", "\treturn 1 }"])) == Changes()
    assert changes(before, Source(Outline((part,)), ["f() {", "return 2 }"])).touched == {"f"}


def test_overloads_are_told_apart() -> None:
    one, two, three = (Definition("f", f"f({kind})", 0, 0) for kind in ("int", "long", "char"))
    found = changes(Source(Outline((one, two)), []), Source(Outline((two, three, one)), []))
    assert [(pair.before, pair.after) for pair in found.definitions] == [(None, three)]


def test_a_route_keeps_its_handler_or_its_path() -> None:
    before = Outline(routes=(Route("GET", "/a", "f"), Route("GET", "/b", "g"), Route("GET", "/c")))
    after = Outline(routes=(Route("POST", "/a2", "f"), Route("GET", "/b", "h"), Route("GET", "/c")))
    found = changes(Source(before, []), Source(after, []))
    texts = [(pair.before.text, pair.after.text) for pair in found.routes if pair.before and pair.after]
    assert texts == [("GET /a → f", "POST /a2 → f"), ("GET /b → g", "GET /b → h")]


def test_fields_over_the_bound_are_counted() -> None:
    fields = tuple(Field(f"f{number}", f"f{number}") for number in range(MAX_FIELDS + 2))
    assert Schema("S", "enum", fields).text.endswith(f"f{MAX_FIELDS - 1}, and 2 more")


def test_merged_tells_once_and_sees_moves() -> None:
    lines = [
        "- adds `f()` (a.c)",
        "- adds `f()` (a.h)",
        "- removes `g()` (a.c)",
        "- adds `g()` (b.c)",
        "- `h(x (y))` (a.c)",
    ]
    assert merged(lines) == ["- adds `f()` (a.c)", "- moves `g()` (a.c → b.c)", "- `h(x (y))` (a.c)"]


@given(st.text(alphabet="ab (),\n\t[]", max_size=60))
def test_tidy_changes_nothing_but_space_and_commas(text: str) -> None:
    drop = str.maketrans("", "", " \n\t,")
    assert tidy(text).translate(drop) == text.translate(drop)

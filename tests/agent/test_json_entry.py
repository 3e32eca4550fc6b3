"""JSON with comments: what is added goes again to the character, and nothing else ever moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.agent.insertion import Unparsable, put_in, take_out
from contox_hooks.agent.json_entry import JsonEntry
from contox_hooks.agent.jsonc import parsed

FORM = JsonEntry("mcpServers", "contox-hooks")
ENTRY = {"type": "stdio", "command": "contox-hooks", "args": ["mcp"]}

blanks = st.lists(
    st.sampled_from([" ", "\t", "\n", "\r\n", "  ", "// note, } \"\n", "// é \\\r\n", "/* , { */", "/*\n * a\n **/"]), max_size=3
).map("".join)  # fmt: skip
keys = st.one_of(st.text(max_size=6), st.sampled_from(["mcpServers", "contox", 'a"b', "//", "é\U0001f600"]))
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text(max_size=8), st.just(-1.5e-7))


@st.composite
def jsonc(draw: st.DrawFn, value: Any) -> str:
    """A value written as JSON with blanks, comments and trailing commas anywhere they may be."""

    def around(text: str) -> str:
        return draw(blanks) + text + draw(blanks)

    if isinstance(value, dict):
        parts = [
            f"{around(json.dumps(key, ensure_ascii=draw(st.booleans())))}:{around(draw(jsonc(one)))}"
            for key, one in value.items()
        ]
        opened, closed = "{}"
    elif isinstance(value, list):
        parts = [around(draw(jsonc(one))) for one in value]
        opened, closed = "[]"
    else:
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    trailing = "," if parts and draw(st.booleans()) else ""
    return opened + ",".join(parts) + trailing + draw(blanks) + closed


values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
servers = st.dictionaries(keys, values, max_size=3)
roots = st.dictionaries(keys, values, max_size=3).flatmap(
    lambda root: st.one_of(
        st.just({k: v for k, v in root.items() if k != "mcpServers"}), servers.map(lambda s: {**root, "mcpServers": s})
    )
)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(["", "\ufeff"]), blanks, blanks)
def test_apply_then_remove_is_the_identity(data: st.DataObject, bom: str, before: str, behind: str) -> None:
    value = data.draw(roots)
    text = bom + before + data.draw(jsonc(value)) + behind
    root = parsed(text)
    assert root is not None
    assert root.value == value

    after, done = put_in(text, FORM.pieces(text, ENTRY))
    assert FORM.found(after) == ENTRY
    again = parsed(after)
    assert again is not None
    assert again.value == {**value, "mcpServers": {**value.get("mcpServers", {}), "contox-hooks": ENTRY}}
    assert take_out(after, done) == text

    # The user has added a line of comment since: ours goes, theirs stays.
    changed = after + "\n// since\n"
    left = FORM.without(changed, prune="mcpServers" not in value)
    rest = parsed(left)
    assert left.endswith("\n// since\n")
    assert rest is not None
    assert rest.value == value or rest.value == {**value, "mcpServers": {}}


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='{}[]",:/*\\ \n1atruenullé\ufeff', max_size=30))
def test_garbage_is_read_or_refused_never_worse(text: str) -> None:
    try:
        after, done = put_in(text, FORM.pieces(text, ENTRY))
    except Unparsable:
        return
    assert take_out(after, done) == text
    assert FORM.found(after) == ENTRY


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1,\n "b": }', 2),
        ('{\n\n"mcpServers": []}', 3),
        ("[1]", 1),
        ('{"a": 1} trailing', 1),
        ('{"a": "no end\n"}', 1),
        ("{a: 1}", 1),
        ('{"a": 1 "b": 2}', 1),
        ('{"a": 1,, "b": 2}', 1),
        ("<<<<<<< HEAD\n{}", 1),
        ("[" * 5000, 1),
        ('{"a": /* no end }', 1),
        ('{"a": 01}', 1),
        ('{"a": NaN}', 1),
        ('{"mcpServers": null}', 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Unparsable, match=f"^line {line}: "):
        FORM.pieces(text, ENTRY)


@pytest.mark.parametrize(
    "text",
    ["", "\ufeff", "  \n", "// only a comment", "// and\r\n", "{}", "{ }", "{\n}\n", "{ /* c */ }", "{\n  // c\n}"],
)
def test_small_files(text: str) -> None:
    after, done = put_in(text, FORM.pieces(text, ENTRY))
    assert FORM.found(after) == ENTRY
    assert take_out(after, done) == text


def test_the_last_of_equal_keys_counts() -> None:
    text = '{"mcpServers": {"x": 1}, "mcpServers": {"y": 1}}'
    after, _ = put_in(text, FORM.pieces(text, ENTRY))
    assert json.loads(after)["mcpServers"].keys() == {"y", "contox-hooks"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\r\n\t"a": 1\r\n}\r\n', '{\r\n\t"a": 1,\r\n\t"mcpServers": {\r\n\t\t"contox-hooks": 1\r\n\t}\r\n}\r\n'),
        ('{"a": 1}', '{"a": 1, "mcpServers": {"contox-hooks": 1}}'),
        ('{"a": 1,}', '{"a": 1, "mcpServers": {"contox-hooks": 1},}'),
        ('{\n   "a": 1 // x\n}', '{\n   "a": 1, // x\n   "mcpServers": {\n      "contox-hooks": 1\n   }\n}'),
        ('{\n  "a": 1, // x\n}', '{\n  "a": 1, // x\n  "mcpServers": {\n    "contox-hooks": 1\n  },\n}'),
        ('{\n  "mcpServers": {}\n}', '{\n  "mcpServers": {\n    "contox-hooks": 1\n  }\n}'),
    ],
)
def test_it_is_written_as_its_neighbours_are(before: str, after: str) -> None:
    assert put_in(before, FORM.pieces(before, 1))[0] == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"mcpServers": {"contox-hooks": 1, "a": 2}}', '{"mcpServers": { "a": 2}}'),
        ('{"mcpServers": {"a": 2, "contox-hooks": 1}}', '{"mcpServers": {"a": 2 }}'),
        ('{"mcpServers": {\n  "a": 2, // mine\n  "contox-hooks": 1\n}}', '{"mcpServers": {\n  "a": 2 // mine\n}}'),
        ('{"mcpServers": {\n  "contox-hooks": 1, // ours\n  "b": 2\n}}', '{"mcpServers": {\n   // ours\n  "b": 2\n}}'),
        ('{"mcpServers": {"contox-hooks": 1}, "z": 1}', '{ "z": 1}'),
    ],
)
def test_taken_out_of_a_file_that_was_changed(before: str, after: str) -> None:
    assert FORM.without(before, prune=True) == after

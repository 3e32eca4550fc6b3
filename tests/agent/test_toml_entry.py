"""TOML: a table at the end, and away again."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.agent.insertion import Unparsable, put_in, take_out
from contox_hooks.agent.toml_entry import TomlEntry

FORM = TomlEntry("mcp_servers", "contox-hooks")
ENTRY = {"command": "C:\\py é\\python", "args": ["-P", "mcp"]}

LINES = [
    "# a comment", "", "[projects.\"/a b\"]", "trust_level = \"trusted\"", "[mcp_servers.other]", "command = 'x'",
    "[mcp_servers.other.env]", "K = \"v\" # end", "[[rows]]", "n = [\n 1,\n # two\n 2,\n]", "text = \"\"\"\n[mcp_servers.contox-hooks]\n\"\"\"", "[mcp_servers]",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(LINES), max_size=8, unique=True),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)
def test_apply_then_remove_is_the_identity(lines: list[str], newline: str, ends: bool, bom: str) -> None:
    text = bom + "\n".join(lines).replace("\n", newline) + (newline if ends and lines else "")
    try:
        before = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        with pytest.raises(Unparsable, match=r"^line "):
            FORM.pieces(text, ENTRY)
        return
    after, done = put_in(text, FORM.pieces(text, ENTRY))
    assert FORM.found(after) == ENTRY
    assert take_out(after, done) == text
    changed = f'{after}\n[later]\nx = "y"\n'
    if '"""' in text:  # lines of a text that look like the table's: better not
        with pytest.raises(Unparsable, match="cannot be taken out"):
            FORM.without(changed, prune=False)
        return
    left = tomllib.loads(FORM.without(changed, prune=False).removeprefix("\ufeff"))
    assert left == {**before, "later": {"x": "y"}}


@pytest.mark.parametrize(
    "text", ['mcp_servers = { a = { command = "x" } }\n', "mcp_servers = 1\n", 'x = "\n', "a = 1\na = 2\n"]
)
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    with pytest.raises(Unparsable, match=r"^line "):
        FORM.pieces(text, ENTRY)


def test_what_the_user_added_to_the_table_goes_with_it_and_nothing_else() -> None:
    text = (
        'a = 1\n\n[mcp_servers."contox-hooks"] # ours\ncommand = "contox-hooks"\nargs = [\n  "mcp",\n]\n# mine\nenabled = true\n\n'
        "[mcp_servers.contox-hooks.env]\nX = '1'\n\n# of the next one\n[z]\nb = 2\n"
    )
    left = FORM.without(text, prune=False)
    assert left == "a = 1\n\n# of the next one\n[z]\nb = 2\n"


def test_an_inline_one_is_left_to_its_writer() -> None:
    with pytest.raises(Unparsable, match="cannot be taken out"):
        FORM.without('mcp_servers = { contox-hooks = { command = "x" } }\n', prune=False)

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.cli.clean import clean, cut
from contox_hooks.cli.render import ago, duration, emit_json, progress, say, short_id, short_ids, styled, table

CONTROL = {chr(n) for n in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
NOW = 1_000_000


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_nothing_that_moves_the_cursor_leaves_clean(text: str) -> None:
    found = clean(text)
    assert not set(found) & CONTROL
    found.encode()  # no lone surrogate either
    assert not set(clean(text, lines=True)) & (CONTROL - {"\n", "\t"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain — ünïcode ✓", "plain — ünïcode ✓"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("two\nlines\r\n\tand more", "two lines and more"),
        ("a\u202eb", "ab"),
        ("\x9b2Jx", "x"),
        ("bad \udcff byte", "bad \ufffd byte"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_cut_ends_at_the_limit() -> None:
    assert cut("a" * 120, 120) == "a" * 120
    assert cut("a" * 121, 120) == "a" * 117 + "..."


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1m ago"),
        (3599, "59m ago"),
        (3600, "1h ago"),
        (86399, "23h ago"),
        (86400, "1d ago"),
    ],
)
def test_ago(passed: int, text: str) -> None:
    assert ago(NOW - passed, NOW) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (61_000, "1m 01s"), (7_260_000, "2h 01m")]
)
def test_duration(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_a_short_id_tells_the_listed_apart() -> None:
    ids = ["01ABCDEFGHAA", "01ABCDEFGHAB", "01ZBCDEFGHAB"]
    assert [short_id(identifier, ids) for identifier in ids] == ["01ABCDEFGHAA", "01ABCDEFGHAB", "01ZBCDEFGH"]
    assert short_id(ids[0]) == ids[0]


@given(st.lists(st.text("ab", min_size=12, max_size=16), unique=True, max_size=12))
def test_short_ids_of_many_are_those_of_each(ids: list[str]) -> None:
    assert short_ids(ids) == {identifier: short_id(identifier, ids) for identifier in ids}


def test_a_table_in_a_pipe_is_aligned_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table(("name", "n"), [("a\x1b[1m\nb", 5), ("x" * 300, 12_000), ("none", None)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "n"]
    assert lines[1].startswith("a b ")
    assert lines[1].endswith("     5")
    assert lines[2] == "x" * 300 + "  12,000"


def test_a_table_of_nothing_is_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


@given(st.dictionaries(st.text(), st.text(alphabet=st.characters(codec=None, exclude_categories=()))))
def test_json_comes_back_as_it_was_and_holds_no_control_character(value: dict[str, str]) -> None:
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        emit_json(value)
    text = out.getvalue()
    assert not set(text) & (CONTROL - {"\n"})
    assert json.loads(text) == value


def test_what_the_encoding_lacks_is_escaped_and_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    say("✓ done")
    out.flush()
    assert out.buffer.getvalue() == b"\\u2713 done\n"  # type: ignore[attr-defined]


def test_no_colour_in_a_pipe() -> None:
    assert styled("x", "red") == "x"


def test_progress_in_a_pipe_is_one_line_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(3, "commits") as bar:
        bar.advance()
        bar.tell("something")
        bar.advance(2)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("3 commits in ")
    assert err.count("\n") == 1


def test_progress_without_anything_done_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(0, "commits"):
        pass
    assert capsys.readouterr().err == ""

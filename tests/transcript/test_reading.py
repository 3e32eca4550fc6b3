"""Reading on while the tool writes: whole lines, bounded memory, the same file known again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.transcript import reading
from contox_hooks.transcript.claude import CLAUDE_CODE
from contox_hooks.transcript.codex import CODEX
from contox_hooks.transcript.reading import Mark, Stretch, read_on
from tests.transcript.sample import claude_said, codex, codex_call, write

AT = 1_795_000_000


def read(path: Path, *marks: Mark, floor: int | None = None, floor_of_new: int = 0) -> Stretch | None:
    return read_on(path, marks, CLAUDE_CODE.step, floor=floor, floor_of_new=floor_of_new)


def said(stretch: Stretch | None) -> list[str]:
    assert stretch is not None
    return [request for step in stretch.steps for request in step.requests]


def test_each_line_once_and_a_half_one_when_it_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [claude_said("one", "/w", AT)])
    whole = json.dumps(claude_said("two", "/w", AT))
    with path.open("a") as file:
        file.write(whole[:30])
    first = read(path)
    assert said(first) == ["one"]
    assert first is not None
    again = read(path, first.mark)
    assert again is not None
    assert (again.steps, again.mark.offset) == ((), first.mark.offset)
    with path.open("a") as file:
        file.write(whole[30:] + "\n")
    second = read(path, first.mark)
    assert said(second) == ["two"]
    assert second is not None
    assert read(path, second.mark) is None


def test_a_command_run_elsewhere_moves_nothing_after_it(tmp_path: Path) -> None:
    calls = [codex_call("shell", AT, command=["ls"], workdir=where) for where in ("/other", "sub", None)]
    path = write(tmp_path / "a.jsonl", [codex("session_meta", AT, cwd="/w"), *calls])
    found = read_on(path, (), CODEX.step, floor=None, floor_of_new=0)
    assert found is not None
    assert [step.cwd for step in found.steps] == ["/other", "/w/sub", "/w"]
    assert found.mark.cwd == "/w"


def test_lines_that_are_no_json_or_too_long_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 2000)
    deep = "[" * 1500
    lines = ["not json", "[1]", "", deep, '{"type": "new kind"}', json.dumps(claude_said("x" * 9000, "/w", AT))]
    path = write(tmp_path / "a.jsonl", [*lines, claude_said("after", "/w", AT)])
    with path.open("ab") as file:
        file.write(b"\xff\xfe\n")
    found = read(path)
    assert said(found) == ["after"]
    assert found is not None
    assert (found.passed_over, found.mark.offset) == (5, path.stat().st_size)


def test_a_long_line_that_is_not_finished_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 100)
    path = write(tmp_path / "a.jsonl", [])
    path.write_text("y" * 250)
    found = read(path)
    assert found is not None
    assert found.mark.offset == 0


def test_a_rotated_file_is_read_anew_and_a_renamed_one_on(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [claude_said("one", "/w", AT)])
    first = read(path)
    assert first is not None
    renamed = path.rename(tmp_path / "b.jsonl")
    write(renamed, [claude_said("two", "/w", AT)])
    write(path, [claude_said("other", "/w", AT), claude_said("more", "/w", AT)])
    assert said(read(renamed, first.mark)) == ["two"]
    assert said(read(path, first.mark)) == ["other", "more"]
    os.truncate(path, 0)
    write(path, [claude_said("new", "/w", AT)])
    second = read(path, first.mark)
    assert said(second) == ["new"]


def test_a_file_that_was_cut_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [claude_said(f"{number} {'x' * 400}", "/w", AT) for number in range(8)])
    first = read(path)
    assert first is not None
    os.truncate(path, 3 * path.stat().st_size // 8)
    assert len(said(read(path, first.mark))) == 3


def test_a_copy_with_the_same_beginning_under_the_same_name_is_read_on(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [claude_said("one", "/w", AT)])
    first = read(path)
    assert first is not None
    content = path.read_bytes()
    path.unlink()
    (tmp_path / "in the way").write_bytes(b"takes the inode")
    path.write_bytes(content)
    write(path, [claude_said("two", "/w", AT)])
    assert said(read(path, first.mark)) == ["two"]


def test_what_is_older_than_asked_for_is_passed_by(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [claude_said("old", "/w", AT), claude_said("new", "/w", AT + 100)])
    assert said(read(path, floor_of_new=AT + 50)) == ["new"]
    assert said(read(path, floor=AT + 50)) == ["new"]
    os.utime(path, (AT, AT))
    assert read(path, floor_of_new=AT + 50) is None


def test_of_a_huge_file_the_latest_and_still_where_it_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    entries = [codex("event_msg", AT, type="user_message", message=f"said {number}") for number in range(100)]
    path = write(tmp_path / "a.jsonl", [codex("session_meta", AT, cwd="/w"), *entries])
    found = read_on(path, (), CODEX.step, floor=None, floor_of_new=0)
    assert found is not None
    assert said(found)[-1] == "said 99"
    assert 3 < len(found.steps) < 12
    assert {step.cwd for step in found.steps} == {"/w"}
    assert found.passed_over == 1


def test_what_is_no_file_is_passed_by(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("pipe.jsonl", "folder.jsonl", "gone.jsonl"):
        assert read(tmp_path / name) is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 10_000), max_size=6), garbage=st.lists(st.binary(max_size=20), max_size=8))
def test_however_it_is_written_each_line_is_read_once(
    tmp_path: Path, cuts: list[int], garbage: list[bytes]
) -> None:  # fmt: skip
    lines = [json.dumps(claude_said(f"said {number}", "/w", AT)).encode() for number in range(8)]
    for place, piece in enumerate(garbage):
        lines.insert(place * 2, piece.replace(b"\n", b""))
    content = b"".join(line + b"\n" for line in lines)
    path = tmp_path / "a.jsonl"
    path.unlink(missing_ok=True)
    path.touch()
    marks: tuple[Mark, ...] = ()
    found: list[str] = []
    ends = [*sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for end in ends:
        path.write_bytes(content[:end])
        stretch = read_on(path, marks, CLAUDE_CODE.step, floor=None, floor_of_new=0)
        if stretch is not None:
            found += said(stretch)
            marks = (stretch.mark,)
    assert found == [f"said {number}" for number in range(8)]

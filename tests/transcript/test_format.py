"""What is taken from a line of each format; nothing makes a parser raise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.transcript.claude import CLAUDE_CODE
from contox_hooks.transcript.codex import CODEX
from contox_hooks.transcript.format import Format, Step
from contox_hooks.transcript.known import KNOWN
from tests.transcript.sample import claude_did, claude_file, claude_said, codex, codex_call, codex_file, write

AT = 1_795_000_000


def test_claude_code() -> None:
    step = CLAUDE_CODE.step
    assert step(claude_said("add a page", "/w", AT)) == Step(AT, "/w", requests=("add a page",))
    blocks = [
        {"type": "text", "text": "look"},
        {"type": "image", "source": {}},
        {"type": "tool_result", "content": "x"},
    ]
    assert step(claude_said(blocks, "/w", AT)).requests == ("look",)
    calls = (
        ("Write", {"file_path": "/w/a.py", "content": "x"}),
        ("Edit", {"file_path": "/w/b.py"}),
        ("NotebookEdit", {"notebook_path": "/w/c.ipynb"}),
        ("Read", {"file_path": "/w/read.py"}),
        ("Bash", {"command": "make test", "description": "d"}),
    )
    did = step(claude_did("/w", AT, *calls))
    assert did == Step(AT, "/w", written=("/w/a.py", "/w/b.py", "/w/c.ipynb"), commands=("make test",))


@pytest.mark.parametrize("mark", ["isMeta", "isSidechain", "isCompactSummary"])
def test_what_the_user_did_not_say_is_no_request(mark: str) -> None:
    assert not CLAUDE_CODE.step(claude_said("do it", "/w", AT, **{mark: True})).tells
    for text in ("<command-name>/clear</command-name>", "Caveat: The messages below", "<system-reminder>x", "  \n"):
        assert not CLAUDE_CODE.step(claude_said(text, "/w", AT)).tells


def test_codex_cli() -> None:
    step = CODEX.step
    assert step(codex("session_meta", AT, id="1", cwd="/w")) == Step(AT, "/w")
    assert step(codex("turn_context", AT, cwd="/w/sub")) == Step(AT, "/w/sub")
    assert step(codex("event_msg", AT, type="user_message", message="add a page")) == Step(AT, requests=("add a page",))
    told = [{"type": "input_text", "text": "<environment_context>"}]
    assert not step(codex("response_item", AT, type="message", role="user", content=told)).tells
    assert step(codex_call("shell", AT, command=["bash", "-lc", "make test"])).commands == ("make test",)
    assert step(codex_call("shell_command", AT, command="make test")).commands == ("make test",)
    assert step(codex_call("exec_command", AT, cmd="make test")).commands == ("make test",)
    assert step(codex_call("shell", AT, command=["git", "status"])).commands == ("git status",)
    action = {"type": "exec", "command": ["ls"]}
    assert step(codex("response_item", AT, type="local_shell_call", action=action)).commands == ("ls",)
    assert not step(codex_call("update_plan", AT, plan=[])).tells
    assert step(codex_call("shell", AT, command=["ls"], workdir="/other")).workdir == "/other"
    elsewhere = {"type": "exec", "command": ["ls"], "working_directory": "/other"}
    assert step(codex("response_item", AT, type="local_shell_call", action=elsewhere)).workdir == "/other"


PATCH = (
    "*** Begin Patch\n*** Update File: a b.py\n*** Move to: c.py\n@@\n-x\n+y\n*** Add File: d.py\n+z\n*** End Patch\n"
)


@pytest.mark.parametrize(
    "entry",
    [
        codex("response_item", AT, type="custom_tool_call", name="apply_patch", input=PATCH),
        codex_call("apply_patch", AT, input=PATCH),
        codex_call("shell", AT, command=["apply_patch", PATCH]),
        codex_call("shell", AT, command=["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}EOF"]),
    ],
)
def test_a_patch_names_its_files_however_it_is_given(entry: dict[str, Any]) -> None:
    assert CODEX.step(entry) == Step(AT, written=("a b.py", "c.py", "d.py"))


WORDS = st.sampled_from(
    ["type", "user", "assistant", "message", "content", "tool_use", "name", "Bash", "Write", "input", "command", "cmd",
     "payload", "response_item", "function_call", "custom_tool_call", "local_shell_call", "arguments", "action", "cwd",
     "timestamp", "event_msg", "user_message", "session_meta", "text", "file_path", "0001-01-01T00:00:00+14:00"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
@settings(max_examples=60, deadline=None)
@given(entry=st.dictionaries(WORDS, VALUES, max_size=6))
def test_nothing_makes_a_parser_raise(known: Format, entry: dict[str, Any]) -> None:
    step = known.step(entry)
    assert all(isinstance(each, str) and each for each in (*step.requests, *step.written, *step.commands))


def test_where_the_files_are(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Path("/w/my repo")
    found = {write(claude_file(sealed, work), []), write(claude_file(sealed, work / "sub"), [])}
    found.add(write(claude_file(sealed, work, "0b4f/subagents/agent-1.jsonl"), []))
    write(claude_file(sealed, Path("/other")), [])
    assert set(CLAUDE_CODE.files([work])) == found
    assert list(CODEX.files([work])) == []
    rollout = write(codex_file(sealed), [])
    assert list(CODEX.files([work])) == [rollout]
    monkeypatch.setenv("CODEX_HOME", str(sealed / "elsewhere"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(sealed / "elsewhere"))
    assert [*CODEX.files([work]), *CLAUDE_CODE.files([work])] == []

"""`contox-hooks mcp` before it serves; what it serves is tests/mcp's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.mcp import serving
from contox_hooks.mcp.desk import Desk
from contox_hooks.mcp.serving import Wanted
from tests.cli.conftest import Call


def test_without_the_extra_it_says_how_to_get_it(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "mcp" or name == "contox_hooks.mcp.server"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    for options in ((), ("--http",)):
        told = call("mcp", *options, at=tmp_path)
        assert (told.code, told.out) == (6, "")
        assert "the MCP server needs mcp" in told.err
        assert told.err.endswith("\n  → pip install 'contox-hooks[mcp]'\n")


def test_a_person_at_a_terminal_is_told_whom_it_is_for(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    told = call("mcp", at=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert "contox-hooks agents --apply" in told.err


def test_http_wants_a_token_worth_the_name(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_MCP_TOKEN", "short")
    told = call("mcp", "--http", "--port", "0", at=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert "the token must have" in told.err


def test_a_token_is_made_where_there_is_none_and_shown_once(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens: list[str] = []

    def serve(desk: Desk, wanted: Wanted, tell: Callable[[str], None]) -> None:
        tokens.append(wanted.token)
        tell("http://127.0.0.1:1/mcp")

    monkeypatch.setattr(serving, "serve_http", serve)
    for _ in range(2):
        told = call("mcp", "--http", at=tmp_path)
        assert (told.code, told.out) == (0, "")
        assert f"  token  {tokens[-1]}  (shown this once" in told.err
    assert len(tokens[0]) == 43
    assert tokens[0] != tokens[1]
    monkeypatch.setenv("CONTOX_MCP_TOKEN", "the one that stays here")
    assert call("mcp", "--http", at=tmp_path).err == "contox-hooks mcp at http://127.0.0.1:1/mcp\n"
    assert tokens[2] == "the one that stays here"

"""The vectors of CONTRACT.md section 2."""

from __future__ import annotations

import pytest

from contox_hooks.wire.jsontext import stringify
from contox_hooks.wire.signature import matches, sign_event, sign_extended, sign_header

SECRET = "hmac-test-secret"
CAPTURE = {
    "type": "vscode_capture", "commits": [], "filesModified": ["src/b.ts"], "sessionDurationMs": 1000,
    "activeEditorFiles": [],
}  # fmt: skip
SAVE = {"type": "mcp_save", "summary": "S", "changes": []}


def test_extended() -> None:
    signature = sign_extended(
        SECRET,
        source="vscode",
        timestamp="2026-01-02T03:04:05.678Z",
        project_id="proj_1",
        event_text=stringify(CAPTURE),
    )
    assert signature == "5ed5063fbe0348a6dd59d43c6b890f567b2856b0e5d2a61020920fe566d51e40"


def test_event_only() -> None:
    expected = "078d94ac8ea2535c479dad8b91ef6a759f42543b29542bde1c52fb03dc2933fd"
    assert sign_event(SECRET, stringify(SAVE)) == expected


def test_header() -> None:
    body = b'{"event":"session_save","payload":{"summary":"S","changes":[]}}'
    expected = "829f0547e1a00bffe28db3059d81e289e4198da544c8d07ddd3ca34561332de1"
    assert sign_header(SECRET, timestamp="1705312200", raw_body=body) == expected


@pytest.mark.parametrize("name", ["source", "timestamp", "project_id", "event_text"])
def test_every_part_is_signed(name: str) -> None:
    parts = {"source": "cli", "timestamp": "t", "project_id": "p", "event_text": "{}"}
    assert sign_extended(SECRET, **parts) != sign_extended(SECRET, **(parts | {name: "other"}))


def test_any_text_is_compared_and_signed() -> None:
    assert matches("é\ud800", "é\ud800")
    assert not matches("abc", "abd")
    assert not matches("", "é")
    assert len(sign_event("\udcff", "{}")) == 64

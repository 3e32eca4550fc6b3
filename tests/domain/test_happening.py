"""Events that only a server gets, in one line; git's own are in tests/cli/test_events.py."""

from __future__ import annotations

from typing import Any

import pytest

from contox_hooks.domain.event import Event
from contox_hooks.domain.happening import what_happened


@pytest.mark.parametrize(
    ("kind", "payload", "told"),
    [
        ("mcp_save", {"summary": "Chose SQLite", "changes": [{}, {}]}, "Chose SQLite (2 changes)"),
        ("mcp_save", {"summary": "s", "changes": [{}] * 200, "changesTotal": 1234}, "s (1,234 changes)"),
        ("mcp_save", {}, "a note without a summary"),
        ("vscode_capture", {"filesModified": ["a.py"]}, "1 file saved without a commit"),
        ("vscode_capture", {"filesModified": ["a.py"], "filesTotal": 900}, "900 files saved without a commit"),
        ("scan_result", {"anything": 1}, "scan_result"),
        ("nobody_knows", {}, "nobody_knows"),
    ],
)
def test_each_kind_in_one_line(kind: Any, payload: dict[str, Any], told: str) -> None:
    assert what_happened(Event(kind, f"{kind}:1", "api", 0, payload)) == told

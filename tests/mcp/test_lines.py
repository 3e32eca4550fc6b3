"""Lines on standard input that are no message to the SDK are answered all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp_types import jsonrpc_message_adapter
from pydantic import ValidationError

from contox_hooks.mcp.stdio import refusals

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call"}
PARSE, INVALID = -32700, -32600


def deep(levels: int) -> str:
    opened = '{"a": ' * levels
    return json.dumps({**CALL, "params": None}).replace("null", f"{opened}1{'}' * levels}")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (json.dumps({**CALL, "params": {"query": "\ud800"}}), [(PARSE, 7)]),
        (json.dumps({**CALL, "id": "\ud800", "params": {}}), [(PARSE, None)]),
        (deep(300), [(PARSE, 7)]),
        (deep(100_000), [(PARSE, None)]),
        ("no JSON", [(PARSE, None)]),
        ("\n", []),
        (json.dumps([CALL, {**CALL, "id": 8}]), [(INVALID, 7), (INVALID, 8)]),
        ("[]", [(INVALID, None)]),
        ("42", [(INVALID, None)]),
        ("{}", [(INVALID, None)]),
        (json.dumps({**CALL, "params": []}), [(INVALID, 7)]),
        (json.dumps({**CALL, "jsonrpc": "1.0"}), [(INVALID, 7)]),
        (json.dumps({"jsonrpc": "2.0", "id": 7, "result": 5}), []),
        (json.dumps({"jsonrpc": "2.0", "id": 7, "error": {"code": "x"}}), []),
        (json.dumps([{"jsonrpc": "2.0", "id": 7, "result": {}}]), []),
    ],
)
def test_who_asked_is_answered(line: str, told: list[Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    answers = list(refusals(caught.value))
    assert [(each.error.code, each.id) for each in answers] == told
    assert all(json.loads(each.model_dump_json()) for each in answers)

"""Standard input and output: the SDK's transport, and an answer also for lines that are no message to it.

Without one whoever sent such a line waits for ever. Must not know tools. Invariants: what came as a response is never
answered, so that no answer is taken for another's; an id is told only where the line is sure to have it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError


async def serve(server: Server[Any]) -> None:
    """Until standard input ends. Raises an ExceptionGroup of BrokenPipeError where nobody reads any more."""
    async with stdio_server() as (lines, answers), anyio.create_task_group() as tasks:
        sifted, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)

        async def sift() -> None:
            async with sifted:
                with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
                    async for item in lines:
                        if isinstance(item, ValidationError):
                            for refusal in refusals(item):
                                await answers.send(SessionMessage(refusal))
                        else:
                            await sifted.send(item)

        tasks.start_soon(sift)
        await server.run(messages, answers, server.create_initialization_options())


def refusals(error: ValidationError) -> Iterator[JSONRPCError]:
    """What a line is answered with that gave this error: each request in it, or, where there is none, the line."""
    line, is_json = _line_of(error)
    if isinstance(line, str) and not line.strip():
        return
    told = line if isinstance(line, list) and line else [line]
    for each in told:
        fields = each if isinstance(each, dict) else {}
        if "method" not in fields and ("result" in fields or "error" in fields):
            continue
        if not is_json:
            why = ErrorData(code=PARSE_ERROR, message="no JSON, half of a surrogate pair in it, or too deep")
        elif isinstance(line, list):
            why = ErrorData(code=INVALID_REQUEST, message="batches are not taken: send each message on its own line")
        else:
            why = ErrorData(code=INVALID_REQUEST, message="no JSON-RPC 2.0 message")
        yield JSONRPCError(jsonrpc="2.0", id=_id_of(fields), error=why)


def _line_of(error: ValidationError) -> tuple[Any, bool]:
    """What the line holds, as far as it can be read, and whether the SDK could."""
    for each in error.errors(include_url=False, include_context=False):
        if each["type"] == "json_invalid":
            try:
                return json.loads(each["input"]), False
            except (ValueError, RecursionError):
                return each["input"], False
        if len(each["loc"]) < 3 and each["type"] in ("missing", "model_type"):  # of the whole, not of a part
            return each["input"], True
    return None, True


def _id_of(fields: dict[str, Any]) -> int | str | None:
    found = fields.get("id")
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    return found if isinstance(found, str) and found.isprintable() else None

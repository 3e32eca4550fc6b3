"""What the OpenAPI document says of ingest's bodies and headers. A test sends the examples."""

from __future__ import annotations

from typing import Any, Final

_EVENT: Final = {
    "type": "mcp_save",
    "summary": "Sessions expire after an hour",
    "changes": [{"category": "decisions", "title": "Short sessions", "content": "They are kept for one hour only."}],
}

EXAMPLES: Final[dict[str, Any]] = {
    "form_a": {
        "summary": "Form A, as the VS Code extension, CLI and MCP server send it",
        "description": "`signature`: HMAC-SHA256, hex, of source, timestamp, projectId and the event's own text, a "
        "line each (variant X), or of the event's text alone (variant V). This one is signed with no project's secret: "
        "404 where there is no such project, else 401 Invalid signature.",
        "value": {
            "source": "mcp-server",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "nonce": "5e0c2b8e-6a0e-4a4e-9d5c-3f1f6d2b7a10",
            "signature": "078d94ac8ea2535c479dad8b91ef6a759f42543b29542bde1c52fb03dc2933fd",
            "projectId": "proj_1",
            "event": _EVENT,
            "skipEnrichment": True,
        },
    },
    "form_b": {
        "summary": "Form B: signed in the header X-Contox-Signature (variant H)",
        "description": "Without that header the body is taken for form A: 400.",
        "value": {"event": "session_save", "payload": {key: _EVENT[key] for key in ("summary", "changes")}},
    },
}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}


HEADERS: Final = [
    _header("X-Contox-Signature", "Form B: `sha256=` and the HMAC-SHA256, hex, of timestamp, a dot and the raw body"),
    _header("X-Contox-Timestamp", "Form B: seconds since 1970"),
    _header("X-Contox-Project", "Form B: the project's id"),
]

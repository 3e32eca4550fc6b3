"""What a client of ingest does, written from CONTRACT.md: it shares nothing with the server under test."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx

CAPTURE: dict[str, Any] = {
    "type": "vscode_capture",
    "commits": [
        {
            "sha": "0123456789ab", "message": "Count sessions by hand", "author": "Ada Example",
            "timestamp": "2026-01-02T04:04:05+01:00", "filesChanged": ["src/a.py", "src/b.py"],
            "insertions": 5, "deletions": 1, "diff": "diff --git a/src/a.py b/src/a.py\n@@ -1 +1 @@\n-a\n+b\n",
        }
    ],
    "filesModified": ["src/a.py"],
    "sessionDurationMs": 1000,
    "activeEditorFiles": ["src/b.ts"],
}  # fmt: skip
SAVE: dict[str, Any] = {
    "type": "mcp_save",
    "summary": "Sessions expire after an hour",
    "changes": [{"category": "decisions", "title": "Short sessions", "content": "One hour, no longer."}],
}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def written(value: object) -> str:
    """As JSON.stringify does it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def signed(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


class Sender:
    """Signs for one project; every part of a request can be given otherwise."""

    def __init__(self, client: httpx.Client, project_id: str) -> None:
        self.client = client
        self.project_id = project_id
        self.secret: str = client.get(f"/api/projects/{project_id}/hmac-secret").json()["hmacSecret"]

    def body(self, event: object = None, *, variant: str = "X", raw: str | None = None, **other: Any) -> bytes:
        """`raw`: the event's text as it is to be sent. Other fields replace ours; None leaves one out."""
        text = written(SAVE if event is None else event) if raw is None else raw
        head = {
            "source": "vscode", "timestamp": iso(time.time()), "nonce": uuid.uuid4().hex, "projectId": self.project_id,
        } | other  # fmt: skip
        lines = "\n".join((head["source"] or "", head["timestamp"] or "", head["projectId"] or "", text))
        signature = signed(self.secret, (lines if variant == "X" else text).encode())
        head = {"signature": signature} | head
        fields = [f"{written(name)}:{written(value)}" for name, value in head.items() if value is not None]
        fields.insert(2, f'"event":{text}')
        return f"{{{','.join(fields)}}}".encode()

    def send(self, event: object = None, **how: Any) -> httpx.Response:
        return self.post(self.body(event, **how))

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        return self.client.post("/api/v2/ingest", content=body, headers={"Content-Type": "application/json", **headers})

    def headers(self, body: bytes, *, at: float | None = None, **other: str) -> dict[str, str]:
        """Form B's."""
        timestamp = str(int(time.time() if at is None else at))
        signature = signed(self.secret, f"{timestamp}.".encode() + body)
        return {
            "X-Contox-Project": self.project_id, "X-Contox-Timestamp": timestamp,
            "X-Contox-Signature": f"sha256={signature}",
        } | {name.replace("_", "-"): value for name, value in other.items()}  # fmt: skip

"""An ingest request as it was sent, in either of the two forms of CONTRACT.md section 1.1, and whether it is signed.

Must not know clocks, keys or storage. Invariant: a signature is checked over the sender's own bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contox_hooks.domain.redaction import redact
from contox_hooks.wire.loose import time_of
from contox_hooks.wire.members import Malformed, Member, members
from contox_hooks.wire.signature import matches, sign_event, sign_extended, sign_header

TOLERANCE_S: Final = 300
"""How far a signed time may be from the server's (CONTRACT.md section 0, decision 3)."""
MAX_NAME: Final = 128
"""Of project ids and nonces; real ones have 20 to 36 characters."""
HEADER_SOURCE: Final = "api"
"""Of form B, which names none."""

SOURCE: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$"
"""Real ones have at most some ten characters."""
_SOURCE: Final = re.compile(SOURCE)
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_OURS: Final = ("commit", "checkout", "landed", "rewrite")
_SECONDS: Final = re.compile(r"\d{1,12}")
_SIGNATURE: Final = "sha256="


@dataclass(frozen=True, slots=True)
class IngestRequest:
    project_id: str
    source: str
    type: str
    content: Mapping[str, Any]
    """Form A: the event without its type; form B: the payload."""
    text: str
    """What the event's identity is made of: form A's `event` as it was written, form B's whole body."""
    sent_at: float
    """Seconds since the epoch, by the sender's clock."""
    nonce: str | None
    skips_enrichment: bool
    signature: str
    timestamp: str
    raw_body: bytes | None = None
    """Of form B, which is signed as a whole."""

    def signed_time(self, secret: str) -> bool | None:
        """Whether the signature covers the time (variants X and H) or only the event (V); None: not signed with this
        secret."""
        if self.raw_body is not None:
            expected = sign_header(secret, timestamp=self.timestamp, raw_body=self.raw_body)
            return True if matches(expected, self.signature) else None
        extended = sign_extended(
            secret, source=self.source, timestamp=self.timestamp, project_id=self.project_id, event_text=self.text
        )
        if matches(extended, self.signature):
            return True
        return False if matches(sign_event(secret, self.text), self.signature) else None


def is_form_b(headers: Mapping[str, str]) -> bool:
    """`headers`: by lower-case names."""
    return "x-contox-signature" in headers


def read_request(body: bytes, headers: Mapping[str, str]) -> IngestRequest:
    """Raises Malformed, naming the field."""
    given = members(body)
    return _form_b(given, body, headers) if is_form_b(headers) else _form_a(given)


def _form_a(given: Mapping[str, Member]) -> IngestRequest:
    event = given.get("event")
    if event is None:
        raise Malformed("event is required")
    if not isinstance(event.value, dict):
        raise Malformed("event must be an object")
    timestamp = _text(given, "timestamp")
    sent_at = time_of(timestamp)
    if sent_at is None:
        raise Malformed("timestamp must be a time in ISO 8601")
    skips = given.get("skipEnrichment")
    return IngestRequest(
        project_id=_text(given, "projectId"),
        source=source_name(_text(given, "source")),
        type=_type(event.value.get("type"), "event.type"),
        content={name: value for name, value in event.value.items() if name != "type"},
        text=event.text,
        sent_at=sent_at,
        nonce=_text(given, "nonce"),
        skips_enrichment=skips is not None and skips.value is True,
        signature=_text(given, "signature"),
        timestamp=timestamp,
    )


def _form_b(given: Mapping[str, Member], body: bytes, headers: Mapping[str, str]) -> IngestRequest:
    project_id, timestamp = (_header(headers, name) for name in ("X-Contox-Project", "X-Contox-Timestamp"))
    if not _SECONDS.fullmatch(timestamp):
        raise Malformed("X-Contox-Timestamp must be a time in seconds since 1970")
    event, payload = given.get("event"), given.get("payload")
    if event is None or payload is None:
        raise Malformed(f"{'event' if event is None else 'payload'} is required")
    if not isinstance(payload.value, dict):
        raise Malformed("payload must be an object")
    return IngestRequest(
        project_id=project_id,
        source=source_name(_text(given, "source")) if "source" in given else HEADER_SOURCE,
        type=_type(event.value, "event"),
        content=payload.value,
        text=body.decode(),
        sent_at=float(timestamp),
        nonce=None,
        skips_enrichment="skipEnrichment" in given and given["skipEnrichment"].value is True,
        signature=headers["x-contox-signature"].strip().removeprefix(_SIGNATURE),
        timestamp=timestamp,
        raw_body=body,
    )


def _text(given: Mapping[str, Member], name: str) -> str:
    if name not in given:
        raise Malformed(f"{name} is required")
    value = given[name].value
    if not isinstance(value, str) or not value:
        raise Malformed(f"{name} must be a text")
    if len(value) > MAX_NAME:
        raise Malformed(f"{name} is longer than {MAX_NAME} characters")
    return value


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower(), "").strip()
    if not value or len(value) > MAX_NAME:
        raise Malformed(f"{name} is required")
    return value


def source_name(value: str) -> str:
    """What sent something, as it is kept and shown. Raises Malformed."""
    if not _SOURCE.fullmatch(value) or redact(value).count:
        raise Malformed("source must be a name like vscode or mcp-server")
    return value


def _type(value: object, where: str) -> str:
    """The types of our own events travel inside a vscode_capture (wire/capture.py)."""
    if value is None:
        raise Malformed(f"{where} is required")
    if not isinstance(value, str) or not _TYPE.fullmatch(value) or value in _OURS:
        raise Malformed(f"{where} must be a type like vscode_capture or mcp_save")
    return value

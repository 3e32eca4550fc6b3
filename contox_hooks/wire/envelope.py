"""The body of an ingest request, form A (CONTRACT.md section 1.1), and the identity of what it carries.

Must not know secrets, clocks or how it is sent. Invariant: E stands in the body byte for byte as it was signed.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from contox_hooks.wire.jsontext import quoted, stringify

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z


def content_hash(project_id: str, source: str, event_text: str) -> str:
    """What an event is known by, however often it is signed (CONTRACT.md section 0, decision 3): SHA-256, hex."""
    text = f"{project_id}\n{source}\n{event_text}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def envelope(
    *, source: str, project_id: str, event_text: str, timestamp: str, nonce: str, signature: str, skip_enrichment: bool
) -> bytes:
    """`skipEnrichment` is sent only when true. `timestamp` is `iso_ms` of now, `nonce` is fresh at each try."""
    head = stringify(
        {"source": source, "timestamp": timestamp, "nonce": nonce, "signature": signature, "projectId": project_id}
    )
    tail = ',"skipEnrichment":true' if skip_enrichment else ""
    return f"{head[:-1]},{quoted('event')}:{event_text}{tail}}}".encode()


def iso_ms(at: float) -> str:
    """Seconds since the epoch as `Date.toISOString` writes them; what lies before 1970 or after 9999 stands there."""
    ms = min(max(round(at * 1000), 0), _LAST_MS)
    return (_EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

"""The three signatures of CONTRACT.md section 2: HMAC-SHA256, lower-case hex, the secret taken as a UTF-8 string.

Must not know how a request is sent or where secrets are kept. Invariant: E, the event's text, is signed as it stands;
nothing here re-serialises.
"""

from __future__ import annotations

import hashlib
import hmac


def sign_extended(secret: str, *, source: str, timestamp: str, project_id: str, event_text: str) -> str:
    """Variant X: source, timestamp (ISO 8601, milliseconds, Z), project and E, a line each."""
    return _hex(secret, _bytes(f"{source}\n{timestamp}\n{project_id}\n{event_text}"))


def sign_event(secret: str, event_text: str) -> str:
    """Variant V: E alone."""
    return _hex(secret, _bytes(event_text))


def sign_header(secret: str, *, timestamp: str, raw_body: bytes) -> str:
    """Variant H, for `X-Contox-Signature: sha256=<hex>`: timestamp (seconds since the epoch), a dot, the body."""
    return _hex(secret, _bytes(timestamp) + b"." + raw_body)


def matches(expected: str, given: str) -> bool:
    """Compares in constant time; any text may be given."""
    return hmac.compare_digest(_bytes(expected), _bytes(given))


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(_bytes(secret), message, hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode(
        "utf-8", "surrogatepass"
    )  # a damaged secret or name is refused by the server, it crashes nothing

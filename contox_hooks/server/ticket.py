"""The ticket that lets a browser put one question to the worker: `base64url(claims).signature`, valid for 60 seconds.

Pure. CONTRACT.md section 1.3: claims `pid, tid, uid, sid, exp` (milliseconds); ours besides: `kid`, the key that it was
given for, `q`, the question, and `jti`, which memory/access.py takes once. Invariant: what was not signed with our
secret, or is over, is no ticket.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

LIFE_MS: Final = 60_000


def signed(claims: Mapping[str, Any], secret: str) -> str:
    payload = _text(json.dumps(claims, separators=(",", ":")).encode())
    return f"{payload}.{_signature(payload, secret)}"


def claims_of(ticket: str, secret: str, *, now_ms: int) -> dict[str, Any] | None:
    """None for what is no ticket of ours, or no longer."""
    payload, _, signature = ticket.partition(".")
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(payload, secret).encode()):
        return None
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims if claims["exp"] > now_ms else None


def _signature(payload: str, secret: str) -> str:
    return _text(hmac.digest(secret.encode(), payload.encode("utf-8", "replace"), hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

"""Signatures and identities as CONTRACT.md section 2 states them, written anew: the product's own code is on trial here."""

from __future__ import annotations

import hashlib
import hmac


def extended(secret: str, source: str, timestamp: str, project_id: str, event: bytes) -> str:
    """Variant X, over the raw bytes of the event."""
    return _hmac(secret, b"\n".join((source.encode(), timestamp.encode(), project_id.encode(), event)))


def event_only(secret: str, event: bytes) -> str:
    """Variant V, which this server refuses."""
    return _hmac(secret, event)


def header_form(secret: str, timestamp: int, body: bytes) -> str:
    """Variant H, which this server refuses."""
    return _hmac(secret, f"{timestamp}.".encode() + body)


def identity(project_id: str, source: str, event: bytes) -> str:
    """What makes two requests the same event (decision 0.3)."""
    return hashlib.sha256(b"\n".join((project_id.encode(), source.encode(), event))).hexdigest()


def _hmac(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()

"""The signed body of an ingest request: what goes out at one try, and what a person is shown of it.

Must not know clocks or randomness: `at` and `nonce` are handed in.
"""

from __future__ import annotations

from contox_hooks.wire.envelope import envelope, iso_ms
from contox_hooks.wire.signature import sign_extended

UNKNOWN_SIGNATURE = "0" * 64
"""Stands where the secret is not known yet: only what is shown has it, never what is sent."""


def signed_body(
    secret: str, *, source: str, project_id: str, event_text: str, at: float, nonce: str, skip_enrichment: bool
) -> bytes:
    """Form A, signature variant X (CONTRACT.md section 2). `at`: seconds since the epoch; `nonce`: new at each try."""
    timestamp = iso_ms(at)
    signature = UNKNOWN_SIGNATURE
    if secret:
        signature = sign_extended(
            secret, source=source, timestamp=timestamp, project_id=project_id, event_text=event_text
        )
    return envelope(
        source=source, project_id=project_id, event_text=event_text, timestamp=timestamp, nonce=nonce,
        signature=signature, skip_enrichment=skip_enrichment,
    )  # fmt: skip

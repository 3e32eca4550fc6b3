"""POST /api/v2/ingest, form A with signature variant X; the other variants are refused. Records what a client gets wrong."""

from __future__ import annotations

import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING

from tests.contox import proof
from tests.contox.raw_json import members
from tests.contox.reply import Reply, Request, answer, error

if TYPE_CHECKING:
    from tests.contox.server import ContoxServer

TOLERANCE_S = 300.0
"""Decision 0.3."""
TEXTS = ("source", "timestamp", "nonce", "signature", "projectId")
KNOWN = {*TEXTS, "event", "skipEnrichment", "extensionVersion"}


def take(server: ContoxServer, request: Request) -> Reply:
    """202 with eventId and sessionId; 400, 401, 404 or 409. Raises ValueError for what is not JSON."""
    raw = members(request.body)
    given = {name: json.loads(value) for name, value in raw.items() if name != "event"}
    if not raw.get("event", b"").startswith(b"{") or any(not isinstance(given.get(name), str) for name in TEXTS):
        return error(400, "Invalid request body")
    source, timestamp, nonce, signature, project_id = (given[name] for name in TEXTS)
    secret = server.store.secrets.get(project_id)
    if secret is None:
        return error(404, "Project not found")
    expected = proof.extended(secret, source, timestamp, project_id, raw["event"])
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        return error(401, "Invalid signature")
    if not _is_near(timestamp, server.store.clock()):
        return error(401, "Invalid signature: timestamp outside the tolerance of 5 minutes")
    if not server.store.is_fresh(nonce):
        server.violations.append(f"nonce {nonce} was used before")
        return error(409, "Nonce was used before")
    skips = given.get("skipEnrichment") is True
    stored, _ = server.store.put(project_id, source, raw["event"], headers=request.headers, skip_enrichment=skips)
    if request.headers.get("idempotency-key") != stored.content_hash:
        found = request.headers.get("idempotency-key")
        server.violations.append(f"Idempotency-Key of {stored.event_id} is {found}, not {stored.content_hash}")
    if skips != stored.skip_enrichment:
        server.violations.append(f"a repeat of {stored.event_id} changed skipEnrichment")
    if unknown := raw.keys() - KNOWN:
        server.violations.append(f"members that no server knows: {', '.join(sorted(unknown))}")
    if "skipEnrichment" in given and not skips:
        server.violations.append("skipEnrichment is sent only when true")
    if not request.headers.get("content-type", "").startswith("application/json"):
        server.violations.append(f"Content-Type is {request.headers.get('content-type')}")
    return answer({"eventId": stored.event_id, "sessionId": stored.session_id, "status": "accepted"}, 202)


def _is_near(timestamp: str, now: float) -> bool:
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    return moment.tzinfo is not None and abs(moment.timestamp() - now) <= TOLERANCE_S

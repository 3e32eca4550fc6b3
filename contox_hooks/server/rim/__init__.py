"""What every request passes before a route sees it, and every answer on its way out.

Owns bounds, headers and the record of what happened; must not know what routes do. Plain ASGI: Starlette's
BaseHTTPMiddleware would hold up streams. Invariant: whatever happens inside, exactly one answer leaves.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from contox_hooks.server.rim.body import Body
from contox_hooks.server.rim.door import Door
from contox_hooks.server.rim.header import Header
from contox_hooks.server.rim.limit import Limit
from contox_hooks.server.rim.record import Record
from contox_hooks.server.rim.repeat import Repeat
from contox_hooks.server.rim.slash import Slash
from contox_hooks.server.rim.tally import Tally
from contox_hooks.server.site import Site

__all__ = ["surround"]


def surround(app: FastAPI, site: Site) -> None:
    """The last one added is the first one passed."""
    options = site.options
    app.state.tally = Tally()
    app.add_middleware(Repeat, pool=site.pool)
    app.add_middleware(Body, most_bytes=options.body_bytes, read_s=options.read_s)
    app.add_middleware(Limit, a_minute=options.requests_a_minute, clock=site.clock)
    if options.origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=options.origins, allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match", "Idempotency-Key"],
            expose_headers=["ETag", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"],
        )  # fmt: skip
    app.add_middleware(Door, hosts=options.hosts, base_url=options.base_url)
    app.add_middleware(Record, tally=app.state.tally)
    app.add_middleware(Header, is_secure=options.is_secure)
    app.add_middleware(Slash)

"""The API's own description of itself: what FastAPI reads from the routes, and what they cannot say one by one.

Owns names of credentials, servers and tags; must not know what a route does.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from contox_hooks.server.desk import COOKIE
from contox_hooks.server.site import Site

DESCRIPTION: Final = """\
The API of Contox's own clients, self-hosted, with a few additions: events of a session, streams, retries, `ETag`s on
lists, `Idempotency-Key` on changes.

* **Keys** go into `Authorization: Bearer contox_sk_…`. A project that is not the key's is answered with 404.
* **Errors** are `{"error": text}`; a bad key is told exactly `Unauthorized`. Every body is JSON, never empty.
* **Limits**: so many requests a minute a key, in `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds since the
  epoch); beyond them 429 with `Retry-After`.
* **Idempotency-Key** (POST, PATCH, DELETE but ingest, which knows an event by its content): the same key and request
  get the first answer again for 24 hours, marked `Idempotent-Replayed: true`; another request under the same key, and
  one whose answer held a secret, get 409.
* **Signatures** of ingest: HMAC-SHA256 with the project's secret, a timestamp within 5 minutes, a nonce used once.
"""

SCHEMES: Final[dict[str, dict[str, str]]] = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, or nothing opens"},
    "signature": {
        "type": "apiKey", "in": "header", "name": "X-Contox-Signature",
        "description": "sha256=<hex>, with X-Contox-Project and X-Contox-Timestamp; ingest without a key",
    },
    "browser": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "What signing in gives a browser"},
}  # fmt: skip

EXAMPLES: Final[dict[str, Any]] = {
    "action": "approve",
    "activeFiles": "src/store.py",
    "contextId": "ctx_1",
    "context_id": "ctx_1",
    "days": 7,
    "item_id": "item_1",
    "job_id": "job_1",
    "key_id": "key_1",
    "person_id": "person_1",
    "projectId": "proj_1",
    "project_id": "proj_1",
    "q": "why sqlite",
    "schemaKey": "root/decisions",
    "session_id": "sess_1",
    "since": "2026-01-01T00:00:00.000Z",
    "teamId": "team_1",
}
"""Of parameters, by name: what a route does not say itself."""

TOO_MUCH: Final = {
    str(status): {
        "description": why,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for status, why in ((408, "The body took too long to arrive"), (413, "The body is too long"))
}
"""What rim/body.py says."""

PUBLIC: Final = ("/health", "/ready", "/metrics")
SIGNED: Final = ("/api/v2/ingest",)


def describe(app: FastAPI, site: Site) -> None:
    """The document is made when first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, site)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, site: Site) -> dict[str, Any]:
    found = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes,
        servers=[{"url": site.options.base_url}],
    )  # fmt: skip
    found.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path, methods in found["paths"].items():
        for operation in methods.values():
            # 422 is FastAPI's; ours is 400, declared by the routes.
            operation["responses"].pop("422", None)
            if "requestBody" in operation:
                operation["responses"] |= TOO_MUCH
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in EXAMPLES:
                    parameter.setdefault("example", EXAMPLES[parameter["name"]])
            operation["security"] = [] if path in PUBLIC else [{name: []} for name in _credentials(path)]
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"].get("schemas", {}).pop(name, None)
    return found


def _credentials(path: str) -> tuple[str, ...]:
    return ("key", "signature") if path in SIGNED else ("key", "browser")

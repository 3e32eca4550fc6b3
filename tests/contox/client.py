"""A client of bare parts for the server's own tests: http.client, and ingest bodies signed by `proof`."""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.contox import proof
from tests.contox.server import ContoxServer
from tests.contox.store import iso


class Got(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection, kept alive; opened anew after it was closed."""

    def __init__(self, server: ContoxServer, *, timeout_s: float = 5) -> None:
        self.server = server
        address = server.url.split("//")[1]
        if server.url.startswith("https"):
            context = ssl.create_default_context(cadata=server.ca_pem.decode())
            self.http: http.client.HTTPConnection = http.client.HTTPSConnection(
                address, timeout=timeout_s, context=context
            )
        else:
            self.http = http.client.HTTPConnection(address, timeout=timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Got:
        """`body` as JSON unless it is bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.server.key}", "Content-Type": "application/json"}
        try:
            self.http.request(
                method, path, data, sent | {name.replace("_", "-"): text for name, text in headers.items()}
            )
            answer = self.http.getresponse()
            got = Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        except BaseException:
            self.http.close()
            raise
        return got

    def ingest(self, event: str | dict[str, Any], **changes: Any) -> Got:
        """Signed as variant X at the server's clock; `changes` are made to the body after it was signed, except for
        those of `source`, `timestamp`, `projectId` and `secret`, which are signed."""
        body, key = signed(self.server, event, **changes)
        return self.ask("POST", "/api/v2/ingest", body, Idempotency_Key=key)


def signed(server: ContoxServer, event: str | dict[str, Any], **changes: Any) -> tuple[bytes, str]:
    """The body of an ingest request with the event's text in it as it is, and the event's identity."""
    text = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
    secret = changes.pop("secret", server.secret)
    body = {
        "source": "cli",
        "timestamp": iso(server.store.clock()),
        "nonce": secrets.token_hex(16),
        "projectId": server.project_id,
    }
    body |= {name: changes.pop(name) for name in list(changes) if name in body}
    source, timestamp, project_id = body["source"], body["timestamp"], body["projectId"]
    body["signature"] = proof.extended(secret, source, timestamp, project_id, text.encode())
    body |= changes
    packed = json.dumps(body)[:-1] + f', "event" : {text}' + "}"
    return packed.encode(), proof.identity(project_id, source, text.encode())

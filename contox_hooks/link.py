"""The way from one repository to its server: connection, credentials and the HTTP client put together. No rules.

Imports the HTTP client only when something is asked of the server.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from contox_hooks.connection import Connection, read_connection
from contox_hooks.domain.error import AccessRefused, Busy, NotConnected, StoreError

if TYPE_CHECKING:
    from contox_hooks.backend.remote.api import Api
    from contox_hooks.backend.remote.uplink import Uplink
    from contox_hooks.credential import Credentials
    from contox_hooks.net.http import Http


class Link:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @cached_property
    def credentials(self) -> Credentials:
        """Raises AccessRefused when there are none for this server and project."""
        from contox_hooks.credential import credentials_of

        found = credentials_of(self.connection.url, self.connection.project_id)
        if found is None:
            name = self.connection.project_name or self.connection.project_id
            raise AccessRefused(f"there is no key for {name} on {self.connection.url}", hint="contox-hooks connect")
        return found

    @cached_property
    def http(self) -> Http:
        from contox_hooks.net.http import Http
        from contox_hooks.net.pace import pace_of
        from contox_hooks.place import data_dir
        from contox_hooks.wire.endpoint import parse_endpoint

        connection = self.connection
        endpoint = parse_endpoint(connection.url, plain_http=connection.plain_http)
        pace = pace_of(data_dir(), endpoint, connection.requests_per_minute)
        return Http(endpoint, self.credentials.key, pace=pace)

    @cached_property
    def api(self) -> Api:
        from contox_hooks.backend.remote.api import Api

        return Api(self.http, self.connection.project_id)

    @cached_property
    def uplink(self) -> Uplink:
        from contox_hooks.backend.remote.uplink import Uplink

        return Uplink(
            self.http,
            project_id=self.connection.project_id,
            secret=self.credentials.secret,
            fetch_secret=self._fresh_secret,
        )

    def body(self, event_text: str, *, source: str, skip_enrichment: bool) -> bytes:
        """What one try would send now. Raises AccessRefused without credentials."""
        from contox_hooks.wire.body import signed_body

        return signed_body(
            self.credentials.secret, source=source, project_id=self.connection.project_id, event_text=event_text,
            at=time.time(), nonce=str(uuid.uuid4()), skip_enrichment=skip_enrichment,
        )  # fmt: skip

    def _fresh_secret(self) -> str:
        from contox_hooks.credential import keep_secret

        secret = self.api.hmac_secret(self.connection.project_id)
        with suppress(StoreError, Busy):  # it signs now; whoever cannot find it later asks again
            keep_secret(self.connection.url, self.connection.project_id, secret)
        return secret

    def close(self) -> None:
        if "http" in vars(self):
            self.http.close()

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def link_of(state_root: Path) -> Link:
    """Raises NotConnected, StoreError."""
    connection = read_connection(state_root)
    if connection is None:
        raise NotConnected("this repository is not connected to a server", hint="contox-hooks connect")
    return Link(connection)

"""The doorbell: rings for events, not for comments, however the bytes are cut."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.backend.remote.api import Api
from contox_hooks.backend.remote.stream import Doorbell, listen
from contox_hooks.domain.error import RemoteError
from contox_hooks.net.http import Unreachable
from tests.contox import fault
from tests.contox.server import ContoxServer
from tests.net.client import KEY, OpenHttp


@pytest.mark.parametrize(
    ("text", "rings"),
    [
        (b"data: x\n\n", True),
        (b"event: session\ndata: {}\r\n\r\n", True),
        (b"event: session\r\r", True),
        (b"data\n\n", True),
        (b": keep\n\n", False),
        (b"retry: 5\n\n", False),
        (b"id: 5\n\n", False),
        (b"database: x\n\n", False),
        (b"data: x\n", False),
        (b"\n\n\n", False),
        (b":data: x\n\n", False),
        (b"data: " + b"x" * 9000 + b"\n\n", True),
        (b"x" * 9000 + b"data: x\n\n", False),
    ],
)
def test_what_rings(text: bytes, rings: bool) -> None:
    assert Doorbell().rings(text) is rings
    bell = Doorbell()
    assert any([bell.rings(bytes([byte])) for byte in text]) is rings


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_break_it_and_it_keeps_few(chunks: list[bytes]) -> None:
    bell = Doorbell()
    for chunk in chunks:
        bell.rings(chunk)
    assert len(bell._line) <= 16
    assert bell.rings(b"\n\ndata: x\n\n")


def test_it_rings_when_the_server_does_and_lets_others_ask(contox_server: ContoxServer, open_http: OpenHttp) -> None:
    contox_server.announces_stream = True
    http = open_http(contox_server.url, contox_server.key)
    api = Api(http, contox_server.project_id)
    path = api.sessions().stream
    assert path
    ears = listen(http, path, quiet_s=0.2)
    assert next(ears) is False
    contox_server.open_session()
    assert len(api.sessions().sessions) == 1  # over another connection, while the stream is open
    contox_server.ring()
    until = time.monotonic() + 20
    while not next(ears):
        assert time.monotonic() < until
    ears.close()  # type: ignore[attr-defined]
    assert api.sessions().sessions


def test_it_ends_with_the_server(open_http: OpenHttp) -> None:
    with ContoxServer() as server:
        server.announces_stream = True
        http = open_http(server.url, server.key)
        path = Api(http, server.project_id).sessions().stream
        assert path
        ears = listen(http, path, quiet_s=20.0)
        threading.Timer(0.3, server.stop).start()
        begun = time.monotonic()
        with suppress(Unreachable):  # an end within a chunk
            assert not any(ears)
        assert time.monotonic() - begun < 15


def test_a_redirect_is_not_followed(contox_server: ContoxServer, open_http: OpenHttp) -> None:
    contox_server.faults.script([fault.redirect(contox_server.trap.url)], where=fault.EVERY)
    with pytest.raises(Unreachable, match="redirect"):
        next(listen(open_http(contox_server.url, contox_server.key), "/api/stream"))
    assert contox_server.trap.caught == []


def test_what_is_no_stream_is_an_error(contox_server: ContoxServer, open_http: OpenHttp) -> None:
    for key in (contox_server.key, KEY):
        with pytest.raises(RemoteError, match="no event stream"):
            next(listen(open_http(contox_server.url, key), "/api/orgs"))

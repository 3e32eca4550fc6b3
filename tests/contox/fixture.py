"""The server as a fixture: `from tests.contox.fixture import contox_server` in a conftest or a test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contox.server import ContoxServer


@pytest.fixture
def contox_server() -> Iterator[ContoxServer]:
    """Running; afterwards the client must have broken no rule (a test that means to clears `violations`)."""
    with ContoxServer() as server:
        yield server
    assert server.violations == []
    assert server.crashes == []

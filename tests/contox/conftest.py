"""The server under its short name: here it is what is tested."""

from __future__ import annotations

import pytest

from tests.contox.fixture import contox_server as contox_server
from tests.contox.server import ContoxServer


@pytest.fixture
def server(contox_server: ContoxServer) -> ContoxServer:
    return contox_server

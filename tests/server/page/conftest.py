"""Browsers without a screen: clients that keep cookies and say where a change comes from."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.server.conftest import Running

Enter = Callable[[str], httpx.Client]


@pytest.fixture
def enter(running: Running) -> Enter:
    """A browser that has signed in with this key."""

    def signed_in(key: str) -> httpx.Client:
        client = running.client(Origin=running.url)
        answer = client.post("/login", data={"key": key})
        assert answer.status_code == 303, answer.text
        return client

    return signed_in


@pytest.fixture
def browser(running: Running, enter: Enter) -> httpx.Client:
    """The owner's."""
    return enter(running.person("owner", is_owner=True))

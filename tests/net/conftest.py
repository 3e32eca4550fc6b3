"""Clients against real servers on loopback (tests/net/client.py)."""

from tests.net.client import contox_server as contox_server
from tests.net.client import no_proxies as no_proxies
from tests.net.client import open_http as open_http
from tests.net.client import speak as speak

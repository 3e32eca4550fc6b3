"""The host that a Host header, an address or an origin names. Pure.

Invariant: what a strict reader would take for another host, or for none, is none here.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def host_of(netloc: str) -> str:
    """Without port and brackets, lower case; "" for what is none: also a user's name before it, a port of letters."""
    try:
        parts = urlsplit(f"//{netloc}")
        if parts.netloc != netloc or "@" in netloc or parts.port == 0:  # reading the port raises for what is none
            return ""
        return (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


def host_of_origin(origin: str) -> str:
    """As `host_of`, of a page's origin (RFC 6454, 7.1); "" for one that no page of http has, like `null`."""
    scheme, _, netloc = origin.partition("://")
    return host_of(netloc) if scheme in ("http", "https") else ""


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

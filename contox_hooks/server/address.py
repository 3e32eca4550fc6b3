"""Addresses of others that `serve` is told to name or to believe. Pure.

Invariant: what could never match a request is refused at the start, in one line.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

from contox_hooks.domain.error import UsageError

_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*]+")


def base_url(text: str) -> str:
    """Without slashes at the end. Raises UsageError."""
    url = text.rstrip("/")
    hint = "--base-url https://contox.example.org"
    if not url.startswith(("http://", "https://")) or not _is_origin(url):
        raise UsageError(
            f"--base-url {text}: no URL of a host alone; what the server links to begins with /", hint=hint
        )
    return url


def origin(text: str) -> str:
    """As browsers send it (RFC 6454, 6.2): scheme, host, and port where it is not the usual one. Raises UsageError."""
    if not _is_origin(text):
        raise UsageError(f"--allow-origin {text}: no scheme://host", hint="--allow-origin https://app.example.org")
    return text


def proxy(text: str) -> str:
    """An address or a network. Raises UsageError."""
    try:
        ip_network(text)
    except ValueError as error:
        hint = "--trust-proxy 127.0.0.1, or 10.0.0.0/8"
        raise UsageError(f"--trust-proxy {text}: no address and no network", hint=hint) from error
    return text


def _is_origin(text: str) -> bool:
    try:
        return _ORIGIN.fullmatch(text) is not None and bool(urlsplit(text).hostname) and urlsplit(text).port != 0
    except ValueError:
        return False

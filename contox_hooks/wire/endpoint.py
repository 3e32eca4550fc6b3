"""A server's address: checked once, when it is typed or read, and safe to send a key to from then on.

Must not know HTTP or names on the network. Invariant: a base has no credentials, query or fragment, and is https unless
the host is this machine or plain http was allowed.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from contox_hooks.domain.error import UsageError

DEFAULT_URL: Final = "https://contox.dev"
"""CONTRACT.md section 1.0, "Base"."""

_PORTS: Final = {"https": 443, "http": 80}
_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")
_UNSAFE: Final = re.compile(r"[^\x21-\x7e]|[\\\"<>^`{|}]")
"""What RFC 3986 allows nowhere in a URI; programs disagree on where a host ends at some of these."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    base: str
    """Scheme, host, port where it is not the usual one, and path; no slash at the end: paths like `/api` follow."""
    host: str
    """Lower case, without port and brackets."""
    is_loopback: bool


def parse_endpoint(text: str, *, plain_http: bool = False) -> Endpoint:
    """`plain_http` allows http to another machine. The result's base gives the same endpoint again.

    Raises UsageError; its text never repeats what may be a password.
    """
    text = text.strip()
    if _UNSAFE.search(text):
        raise UsageError("the server's URL holds a character that no URL may have", hint=f"like {DEFAULT_URL}")
    if "@" in text:  # wherever it stands: some programs find a password there, and no message below may hold one
        raise UsageError("the server's URL holds a user name or password", hint="leave out what stands before the @")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError("the server's URL cannot be understood", hint=f"like {DEFAULT_URL}") from None
    _refuse_extras(text, parts)
    if not _is_host(host, bracketed="[" in parts.netloc):
        raise UsageError("the server's URL names no host", hint=f"like {DEFAULT_URL}")
    if port == 0:
        raise UsageError("the server's URL names port 0, where nobody listens", hint=f"like {DEFAULT_URL}")
    is_loopback = _is_loopback(host)
    if parts.scheme == "http" and not is_loopback and not plain_http:
        raise UsageError(
            f"{parts.scheme}://{host} would carry the key in the clear",
            hint="use https, or --plain-http if the way there is safe",
        )
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[parts.scheme]:
        authority += f":{port}"
    return Endpoint(f"{parts.scheme}://{authority}{parts.path.rstrip('/')}", host, is_loopback)


def _refuse_extras(text: str, parts: SplitResult) -> None:
    if parts.scheme not in _PORTS:
        bare = not parts.scheme or "://" not in text
        hint = f"https://{text.lstrip('/')}" if bare else f"like {DEFAULT_URL}"
        raise UsageError("the server's URL does not begin with https://", hint=hint)
    if "?" in text or "#" in text:
        raise UsageError("the server's URL holds a query or a fragment", hint="leave out what stands from ? or # on")


def _is_host(host: str, *, bracketed: bool) -> bool:
    if bracketed:
        try:
            return ipaddress.IPv6Address(host).scope_id is None
        except ValueError:
            return False
    return _NAME.fullmatch(host) is not None


def _is_loopback(host: str) -> bool:
    """Spelt out only: what a resolver makes of `127.1` or of a name is not known here."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address == ipaddress.IPv6Address("::1") or address in ipaddress.IPv4Network("127.0.0.0/8")

"""Where a server listens: which addresses are allowed, the socket, the certificate.

Invariants: nothing but this machine reaches a server that speaks without TLS, unless that was asked for by name; every
way to fail is one line.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.domain.error import Busy, Refused, SettingError, UsageError


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: the chain, and its key without a passphrase."""

    chain: Path
    key: Path


def certificate(chain: Path | None, key: Path | None) -> Certificate | None:
    """None where TLS was not asked for. Raises UsageError, SettingError for files that are none."""
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise UsageError("TLS needs both files", hint="--tls-cert FILE --tls-key FILE")
    for path in (chain, key):
        try:
            path.open("rb").close()
        except OSError as error:
            raise SettingError(f"cannot read {path}: {error.strerror}") from error
    try:
        # Asked for a passphrase, a server under a supervisor would wait for ever.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(chain, key, password=_no_passphrase)
    except (ssl.SSLError, ValueError) as error:
        why = getattr(error, "reason", None) or str(error)
        hint = "PEM files: the certificate with its chain, and its private key without a passphrase"
        raise SettingError(f"{chain} and {key} are no certificate and key: {why}", hint=hint) from error
    return Certificate(chain, key)


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def check_address(host: str, *, is_secure: bool, is_insecure_allowed: bool) -> None:
    """Raises Refused where others could read along."""
    if not (is_secure or is_insecure_allowed or is_loopback(host)):
        raise Refused(
            f"on {host or 'every address'} keys and memory would go through the network in the clear",
            hint="--tls-cert FILE --tls-key FILE; behind a proxy that does TLS, or in a container: --insecure-network",
        )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listener(host: str, port: int) -> socket.socket:
    """Raises Busy for a port in use, Refused for one that only root may take, UsageError for no address of ours."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise UsageError(f"--host {host}: no such address", hint="--host 127.0.0.1") from error
    family, _, _, _, address = found[0]
    try:
        made = socket.create_server(address[:2], family=family, backlog=2048)
        # What is accepted inherits it. asyncio does this for sockets whose protocol is named, which this one's is not:
        # without, an answer on a kept connection waits 40 ms for the client's acknowledgement.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Busy(
                f"port {port} of {host} is in use", hint=f"serve --port {port + 1}, or stop what uses it"
            ) from error
        if error.errno == errno.EACCES:
            hint = "--port 8787, with a proxy in front where it must be this one"
            raise Refused(f"port {port} is for root alone", hint=hint) from error
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror}", hint="--host 127.0.0.1") from error


def url_of(host: str, port: int, *, is_secure: bool) -> str:
    """As a browser on this machine reaches it: what listens everywhere is here as well."""
    if host in ("", "0.0.0.0", "::"):
        host = "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    return f"http{'s' if is_secure else ''}://{shown}" + ("" if port == (443 if is_secure else 80) else f":{port}")

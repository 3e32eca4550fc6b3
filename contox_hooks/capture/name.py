"""Names of refs and worktrees, as they may be stored: a name can hold a secret, or bytes that are no text."""

from __future__ import annotations

import hashlib
from collections.abc import Container

from contox_hooks.domain.redaction import redact

_KINDS = ("refs/heads/", "refs/tags/", "refs/remotes/", "worktrees/")


def printable(name: str) -> str:
    """Text for people and JSON; bytes that are not UTF-8 show as `\\xe9`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class StoredNames:
    """The key under which a name is stored: itself, or its kind and a hash. `known` keys need no second look."""

    def __init__(self, known: Container[str]) -> None:
        self._known = known

    def __call__(self, name: str) -> str:
        if name in self._known or (printable(name) == name and not redact(name).count):
            return name
        kind = next((kind for kind in _KINDS if name.startswith(kind)), "refs/")
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        return f"{kind}#{digest}/HEAD" if kind == "worktrees/" else f"{kind}#{digest}"

"""A digest as one line of a git note, and back from whatever stands there.

Pure. Invariants: the same digest under the same settings gives the same bytes on every machine; no line holds an e-mail
address; what is read is of the commit that it is a note of, nobody's own work, and has gone through wire/clean.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from contox_hooks.domain.digest import CommitDigest, Person
from contox_hooks.domain.narrow import Narrow
from contox_hooks.domain.sweep import NewCommit
from contox_hooks.wire.address import digest_without_addresses
from contox_hooks.wire.clean import clean_digest
from contox_hooks.wire.commit import digest_of_payload, payload_of

FORMAT: Final = "contox_digest"
VERSION: Final = 1
_MAX_LINES: Final = 32
"""That are looked at: one a machine that told of the commit at the same time as others, or under other settings."""


def line_of(digest: CommitDigest, narrow: Narrow) -> bytes:
    """As far as today's settings allow. Without a line's end."""
    told = digest_without_addresses(narrow.digest(replace(digest, origin="history")))
    shape = payload_of(told) | {FORMAT: VERSION}
    return json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest_in(text: bytes, commit: NewCommit, narrow: Narrow) -> CommitDigest | None:
    """Of the commit, from the line that tells most of it; None where none is fit. What git itself knows (times,
    parents, addresses) is git's."""
    lines = sorted(text.split(b"\n"), key=lambda line: (-len(line), line))
    for line in lines[:_MAX_LINES]:
        digest = _digest(line, commit.sha)
        if digest is not None and _is_of(digest, commit):
            clean = clean_digest(replace(digest, origin="history"), narrow)
            return replace(
                clean,
                author=_known(clean.author, commit.author_email),
                committer=_known(clean.committer, commit.committer_email),
            )
    return None


def _digest(line: bytes, sha: str) -> CommitDigest | None:
    if not line.startswith(b"{"):
        return None
    try:
        shape = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(shape, dict) or shape.get(FORMAT) != VERSION or shape.get("sha") != sha:
        return None
    return digest_of_payload(shape)


def _is_of(digest: CommitDigest, commit: NewCommit) -> bool:
    times = (digest.author.at_utc, digest.committer.at_utc)
    return digest.parents == commit.parents and times == (commit.authored_at, commit.committed_at)


def _known(person: Person, email: str) -> Person:
    return replace(person, email=email)

"""A digest as one line of a git note, and whether what stands in one is of its commit.

Pure. Invariants: the same digest under the same settings gives the same bytes on every machine; no line holds an e-mail
address; of what a stranger wrote nothing is believed but that the commit was told of.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.narrow import Narrow
from contox_hooks.domain.sweep import NewCommit
from contox_hooks.wire.address import digest_without_addresses
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


def tells_of(text: bytes, commit: NewCommit) -> bool:
    """A line of the note is a digest with the commit's own id, parents and times."""
    lines = sorted(text.split(b"\n"), key=lambda line: (-len(line), line))
    digests = (_digest(line, commit.sha) for line in lines[:_MAX_LINES])
    return any(digest is not None and _is_of(digest, commit) for digest in digests)


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

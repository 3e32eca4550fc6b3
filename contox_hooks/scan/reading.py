"""The files of a tree, read: from the cache what is known, from git the rest. Never the work tree, never a fetch.

Must not know what is made of them. Invariant: one file at a time is in memory; what was not read is counted, with why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from contox_hooks.domain.redaction import redact
from contox_hooks.git.blob import read_contents
from contox_hooks.git.listing import Entry
from contox_hooks.git.repository import Repository
from contox_hooks.memory.report.manifest import introduction
from contox_hooks.pipeline.deep import MAX_FILE_BYTES
from contox_hooks.scan.cache import Cache
from contox_hooks.scan.choice import Chosen, Role
from contox_hooks.scan.manifest import manifest_rows
from contox_hooks.scan.practice import practice_rows
from contox_hooks.scan.said import Said, Text, clean
from contox_hooks.scan.source import source_rows
from contox_hooks.scan.tree import ReadFile, ReadTree

_READ: Final[dict[Role, Callable[[bytes, str], Iterator[Said]]]] = {
    "source": source_rows, "manifest": manifest_rows, "practice": practice_rows,
}  # fmt: skip

_README_LINES: Final = 200
_README_READ: Final = 40_000
"""Characters: twice what `introduction` reads, so that no secret's half stands at its end."""
_AT_ONCE: Final = 200
"""Files after which the cache is written: a scan that is killed goes on from there."""
_IS_SOMETHING: Final = re.compile(r"[*_`\[]{0,4}\w[\w .*_`()\[\]-]{0,60}? (?:is|are) (?:an?|the) .+")


class Reading(NamedTuple):
    tree: ReadTree
    read: int
    """Files that were read now."""
    known: int
    """Files whose contents were read before."""


def read_tree(repo: Repository, chosen: Chosen, cache: Cache) -> Reading:
    """What could not be read is added to `chosen.skipped`."""
    said = cache.known(entry for entry, _ in chosen.read)
    roles = {entry.path: role for entry, role in chosen.read}
    fresh = [entry for entry, _ in chosen.read if entry.path not in said]
    found: dict[Entry, list[Said]] = {}
    contents = read_contents(repo, (entry.blob_id for entry in fresh), max_bytes=MAX_FILE_BYTES)
    for entry, (_, content) in zip(fresh, contents, strict=True):
        if content is None:
            chosen.skipped[f"not here, or larger than {MAX_FILE_BYTES // 1024} KiB"] += 1
        elif b"\0" in content[:8000]:  # as git tells text from binaries
            chosen.skipped["binaries and data"] += 1
        else:
            found[entry] = _said(content, entry.path, roles[entry.path])
            if len(found) % _AT_ONCE == 0:
                cache.keep(dict(islice(found.items(), len(found) - _AT_ONCE, None)))
    cache.keep(dict(islice(found.items(), len(found) // _AT_ONCE * _AT_ONCE, None)))
    cache.shrink(entry for entry, _ in chosen.read)
    said.update((entry.path, rows) for entry, rows in found.items())
    files = {
        entry.path: ReadFile(entry.path, entry.blob_id, role, said[entry.path])
        for entry, role in chosen.read
        if entry.path in said
    }
    return Reading(ReadTree(files, chosen.sources, chosen.tests, chosen.tracked), len(found), len(said) - len(found))


def _said(content: bytes, path: str, role: Role) -> list[Said]:
    return clean(_READ[role](content, path) if role in _READ else _readme(content))


def _readme(content: bytes) -> Iterator[Said]:
    """What it says that the project is; a README that begins otherwise says nothing."""
    text = Text(content.decode("utf-8", "replace"))
    for number, line in enumerate(text.lines[:_README_LINES], start=1):
        if match := _IS_SOMETHING.match(line):
            told = introduction(redact("\n".join(text.lines[number - 1 :])[:_README_READ]).text) or ""
            first = re.match(r".{20,}?[.!](?=\s|$)", told)
            yield Said("describes", first[0] if first else told, match[0].strip(), number)
            return

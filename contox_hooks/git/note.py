"""Digests as git notes: reading what a commit of notes holds, and writing a commit that holds more.

Must not know what a note says: it is lines. Invariants: work tree, index, HEAD and every other ref stay as they are,
and no hook runs; what is written stands on one commit of a remote's alone, so that nothing of another remote is in it;
a line that was there stays.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Final, NamedTuple

from contox_hooks.domain.error import RepositoryError
from contox_hooks.git.blob import read_blobs
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import stream

REF: Final = "refs/notes/contox"
"""At a remote. Here it is nobody's: what one remote has is kept from the others in a ref for each."""
MAX_BYTES: Final = 1024 * 1024
"""Of a note that is read; a digest has some 4 kB, 500 listed files of long names some 150."""
MAX_NOTES: Final = 1_000_000
"""A hostile tree can hold the same folder again and again, more often than anybody can count."""
_MESSAGE: Final = "contox-hooks: digests of commits"
_PLAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|lock$|$)){0,63}")
NO_HOOKS: Final = (f"core.hooksPath={os.devnull}",)


class Note(NamedTuple):
    """Of one commit, in one tree of notes."""

    blob: str
    path: str


Notes = Mapping[str, Sequence[Note]]
"""By the commit's id; more than one where two folders name the same commit."""


def ref_of(remote: str) -> str:
    """What a remote was last seen to have, here: `refs/notes/contox-origin`. A URL's has no part of it in its name."""
    plain = remote if _PLAIN.fullmatch(remote) else hashlib.sha256(remote.encode(errors="replace")).hexdigest()[:16]
    return f"{REF}-{plain}"


def keep(repo: Repository, remote: str, commit: str) -> None:
    """So that the next fetch asks for what is new alone. Where somebody else keeps it just then, theirs is as good."""
    line = ("update-ref", "--no-deref", "-m", "contox-hooks: notes", ref_of(remote), commit)
    repo.git("-c", NO_HOOKS[0], *line, ok=(0, 1, 128))


def commit_named(repo: Repository, name: str) -> str | None:
    """None where it is not here, or no commit."""
    return repo.text("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=(0, 1, 128)) or None


def notes_at(repo: Repository, commit: str | None) -> Notes:
    """What a commit of the ref notes, in whatever folders git put it. What is no note is passed over.

    Raises RepositoryError for more than MAX_NOTES, and where files are there and none is a note: then the ref is
    something else of somebody's."""
    found: dict[str, list[Note]] = {}
    if commit is None:
        return found
    count = -1
    for count, (mode, blob, path) in enumerate(_listed(repo, commit)):
        if count == MAX_NOTES:
            raise RepositoryError(f"{REF} holds more than {MAX_NOTES:,} notes")
        sha = path.replace("/", "")
        if mode.startswith("100") and len(sha) == len(commit) and not sha.strip("0123456789abcdef"):
            found.setdefault(sha, []).append(Note(blob, path))
    if count >= 0 and not found:
        raise RepositoryError(f"{REF} holds files, and none is a note", hint=f"git log {commit} shows whose they are")
    return found


def _listed(repo: Repository, commit: str) -> Iterator[tuple[str, str, str]]:
    """Mode, id and path of each entry."""
    args = ("ls-tree", "-r", "-z", "--full-tree", commit)
    with stream(repo.common_dir, *args) as git:
        assert git.stdout is not None
        rest = b""
        while chunk := git.stdout.read(262_144):
            *lines, rest = (rest + chunk).split(b"\0")
            for line in lines:
                head, _, path = line.decode("utf-8", "surrogateescape").partition("\t")
                mode, _, blob = head.split(" ")
                yield mode, blob, path
        if git.wait():
            hint = "git fsck; git fetch --no-filter --refetch REMOTE"
            raise RepositoryError(f"git cannot read the notes at {commit}", hint=f"{hint} {REF}")


def read_texts(repo: Repository, commit: str, notes: Collection[Sequence[Note]]) -> Iterator[bytes | None]:
    """For each commit's notes in order what they say, lines one after the other; None for what is over MAX_BYTES.

    Raises RepositoryError where a content is not here."""
    asked = ((commit, entry.path) for entries in notes for entry in entries)
    blobs = read_blobs(repo, asked, max_bytes=MAX_BYTES)
    for entries in notes:
        found = list(islice(blobs, len(entries)))
        absent = [blob.path for blob in found if blob.content is None and not blob.is_too_large]
        if absent:
            hint = f"git fetch --no-filter --refetch REMOTE {REF}"
            raise RepositoryError(f"what {absent[0]} of {REF} says is not here", hint=hint)
        texts = [blob.content for blob in found if blob.content is not None]
        yield b"\n".join(texts) if len(texts) == len(entries) else None


def union(*texts: bytes) -> bytes:
    """Every line that any of them has, once, sorted: what git's own `cat_sort_uniq` gives."""
    lines = {line for text in texts for line in text.split(b"\n") if line.strip()}
    return b"".join(line + b"\n" for line in sorted(lines))


def written(repo: Repository, base: str | None, notes: Notes, added: Iterable[tuple[str, bytes]]) -> str | None:
    """A commit on top of `base`, whose notes are `notes`, with these commits' notes in it; no ref leads to it yet.

    None where there is nothing to add. Raises RepositoryError when git cannot write.
    """
    lines = iter(added)
    first = next(lines, None)
    if first is None:
        return None
    return _import(repo, base, _changes(notes, chain([first], lines)), nothing="0" * len(first[0]))


def _changes(notes: Notes, added: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    for sha, text in added:
        yield f"M 100644 inline {_path(sha)}\ndata {len(text)}\n".encode() + text + b"\n"
        for entry in notes.get(sha, ()):
            if entry.path != _path(sha):
                yield b"D " + entry.path.encode() + b"\n"


def _path(sha: str) -> str:
    """git finds notes in folders of any depth; two letters hold a million notes well."""
    return f"{sha[:2]}/{sha[2:]}"


def _import(repo: Repository, base: str | None, changes: Iterable[bytes], *, nothing: str) -> str:
    """One process whatever there is to write; its branch is none before it ends. Cut off anywhere, nothing is there."""
    args = ("fast-import", "--quiet", "--done", "--date-format=raw")
    branch = f"refs/contox/{os.urandom(8).hex()}"
    with stream(repo.common_dir, *args, stdin=subprocess.PIPE, stderr=subprocess.PIPE, config=NO_HOOKS) as git:
        assert git.stdin is not None
        assert git.stdout is not None
        assert git.stderr is not None
        with suppress(BrokenPipeError):
            git.stdin.write(
                f"commit {branch}\nmark :1\ncommitter {_committer(repo)}\n".encode("utf-8", "surrogateescape")
            )
            git.stdin.write(f"data {len(_MESSAGE)}\n{_MESSAGE}\n".encode())
            if base is not None:
                git.stdin.write(f"from {base}\n".encode())
            for change in changes:
                git.stdin.write(change)
            git.stdin.write(f"get-mark :1\nreset {branch}\nfrom {nothing}\n\ndone\n".encode())
            git.stdin.close()
        told = git.stderr.read().decode(errors="replace")
        commit = git.stdout.read().decode().strip()
        if git.wait():
            said = next(
                (line for line in told.splitlines() if line.startswith(("fatal:", "error:"))), "no reason given"
            )
            raise RepositoryError(f"git cannot write the notes: {said[:300]}", hint="git fsck; df .")
    return commit


def _committer(repo: Repository) -> str:
    """The user, as of any commit they push; where git has no identity, nobody."""
    said = repo.text("var", "GIT_COMMITTER_IDENT", ok=(0, 1, 128))
    return said if said and "\n" not in said else f"contox-hooks <> {int(time.time())} +0000"

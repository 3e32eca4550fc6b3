"""Digests as git notes: the one thing in this room that writes to a repository, and to `refs/notes/contox` alone.

Must not know what a note says: it is lines. Invariants: work tree, index, HEAD and every other ref stay as they are,
and no hook runs; the ref goes from the commit that was read to one that contains it, or stays; two sides' notes become
the union of their lines, whoever merges them.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Final, NamedTuple

from contox_hooks.domain.error import RepositoryError
from contox_hooks.git.blob import read_blobs
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, stream

REF: Final = "refs/notes/contox"
MAX_BYTES: Final = 1024 * 1024
"""Of a note that is read; a digest has some 4 kB, 500 listed files of long names some 150."""
MAX_NOTES: Final = 1_000_000
"""A hostile tree can hold the same folder again and again, more often than anybody can count."""
_MESSAGE: Final = "contox-hooks: digests of commits"
NO_HOOKS: Final = (f"core.hooksPath={os.devnull}",)


class Note(NamedTuple):
    """Of one commit, in one tree of notes."""

    blob: str
    path: str


Notes = Mapping[str, Sequence[Note]]
"""By the commit's id; more than one where two folders name the same commit."""


def tip(repo: Repository) -> str | None:
    """The commit that the ref stands for; None where there is none."""
    return commit_named(repo, REF)


def commit_named(repo: Repository, name: str) -> str | None:
    """None where it is not here, or no commit."""
    return repo.text("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=(0, 1, 128)) or None


def notes_at(repo: Repository, commit: str | None) -> Notes:
    """What a commit of the ref notes, in whatever folders git put it. What is no note is passed over.

    Raises RepositoryError for more than MAX_NOTES, GitFailed."""
    found: dict[str, list[Note]] = {}
    if commit is None:
        return found
    for count, (mode, blob, path) in enumerate(_listed(repo, commit)):
        if count == MAX_NOTES:
            raise RepositoryError(f"{REF} holds more than {MAX_NOTES:,} notes")
        sha = path.replace("/", "")
        if mode.startswith("100") and len(sha) == len(commit) and not sha.strip("0123456789abcdef"):
            found.setdefault(sha, []).append(Note(blob, path))
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
            raise GitFailed(args, git.returncode, "the notes cannot be read")


def read_texts(repo: Repository, commit: str, notes: Collection[Sequence[Note]]) -> Iterator[bytes | None]:
    """For each commit's notes in order what they say, lines one after the other; None for what is over MAX_BYTES.

    Raises RepositoryError where a content is not here: joined without it, it would be lost."""
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


def joined(repo: Repository, other: str | None, added: Iterable[tuple[str, bytes]] = ()) -> str | None:
    """The ref with another commit's notes and more lines in it: where it stands then; None where nobody has any.

    `added`: commits' ids that have no note in either, and a line of each. Raises GitFailed, also when somebody else
    moved the ref meanwhile: then nothing has happened.
    """
    here = tip(repo)
    first, second = here, other
    if here is None or (other is not None and _contains(repo, other, here)):
        first, second = other, None
    elif other is not None and _contains(repo, here, other):
        second = None
    lines = iter(added)
    line = next(lines, None)
    if line is None and second is None:
        if first is not None and first != here:
            _move(repo, first, here)
        return first
    changes: Iterable[bytes] = () if first is None or second is None else _differing(repo, first, second)
    said = lines if line is None else chain([line], lines)
    _import(repo, [commit for commit in (first, second) if commit], changes, said)
    return tip(repo)


def _contains(repo: Repository, newer: str, older: str) -> bool:
    if newer == older:
        return True
    try:
        return repo.git("merge-base", older, newer, ok=(0, 1)).decode().strip() == older
    except GitFailed:
        return False


def _move(repo: Repository, new: str, old: str | None) -> None:
    """Only from where it was seen."""
    was = old or "0" * len(new)
    repo.git("-c", NO_HOOKS[0], "update-ref", "-m", "contox-hooks: notes", REF, new, was)


def _differing(repo: Repository, first: str, second: str) -> Iterator[bytes]:
    """Commands that bring what the second has into the first."""
    ours, theirs = notes_at(repo, first), notes_at(repo, second)
    told: list[str] = []
    for sha, entries in theirs.items():
        if sha not in ours and len(entries) == 1:
            yield _put(sha, entries[0].blob)
        elif {entry.blob for entry in entries} != {entry.blob for entry in ours.get(sha, ())}:
            told.append(sha)
    here = read_texts(repo, first, [ours.get(sha, ()) for sha in told])
    there = read_texts(repo, second, [theirs[sha] for sha in told])
    for sha, left, right in zip(told, here, there, strict=True):
        entries = (*ours.get(sha, ()), *theirs[sha])
        if left or right:  # what is too large to look into stays in the ref's history
            yield _put_text(sha, union(left or b"", right or b""))
        else:
            yield _put(sha, max(entry.blob for entry in entries))
        for entry in ours.get(sha, ()):
            if entry.path != _path(sha):
                yield b"D " + entry.path.encode() + b"\n"


def _path(sha: str) -> str:
    """git finds notes in folders of any depth; two letters hold a million notes well."""
    return f"{sha[:2]}/{sha[2:]}"


def _put(sha: str, blob: str) -> bytes:
    return f"M 100644 {blob} {_path(sha)}\n".encode()


def _put_text(sha: str, text: bytes) -> bytes:
    return f"M 100644 inline {_path(sha)}\ndata {len(text)}\n".encode() + text + b"\n"


def _import(
    repo: Repository, parents: Sequence[str], changes: Iterable[bytes], added: Iterable[tuple[str, bytes]]
) -> None:
    """One process whatever there is to write. Cut off anywhere, the ref stays: `done` was not said."""
    args = ("fast-import", "--quiet", "--done", "--date-format=raw")
    with stream(repo.common_dir, *args, stdin=subprocess.PIPE, stderr=subprocess.PIPE, config=NO_HOOKS) as git:
        assert git.stdin is not None
        assert git.stderr is not None
        with suppress(BrokenPipeError):
            git.stdin.write(f"commit {REF}\ncommitter {_committer(repo)}\n".encode("utf-8", "surrogateescape"))
            git.stdin.write(f"data {len(_MESSAGE)}\n{_MESSAGE}\n".encode())
            for word, parent in zip(("from", "merge"), parents, strict=False):
                git.stdin.write(f"{word} {parent}\n".encode())
            for change in changes:
                git.stdin.write(change)
            for sha, line in added:
                git.stdin.write(_put_text(sha, line + b"\n"))
            git.stdin.write(b"done\n")
            git.stdin.close()
        told = git.stderr.read().decode(errors="replace")
        if git.wait():
            raise GitFailed(args, git.returncode, told)


def _committer(repo: Repository) -> str:
    """The user, as of any commit they push; where git has no identity, nobody."""
    said = repo.text("var", "GIT_COMMITTER_IDENT", ok=(0, 1, 128))
    return said if said and "\n" not in said else f"contox-hooks <> {int(time.time())} +0000"

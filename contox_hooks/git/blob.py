"""Contents of files at a commit, and of folders, through one `git cat-file --batch` process. Never fetches.

Must not know what they are read for. Invariant: one blob at a time is in memory, and none over the caller's bound.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from typing import IO

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, stream

_CHUNK_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Blob:
    sha: str
    path: str
    content: bytes | None
    """None when it is not here, is no file (a folder, a submodule), or is over the bound."""
    size_bytes: int | None = None
    """None when it is not here or no file."""

    @property
    def is_too_large(self) -> bool:
        return self.content is None and self.size_bytes is not None


def read_blobs(repo: Repository, wanted: Iterable[tuple[str, str]], *, max_bytes: int) -> Iterator[Blob]:
    """The file `path` as of commit `sha`, for each pair in order."""
    process: subprocess.Popen[bytes] | None = None
    with ExitStack() as stack:
        for sha, path in wanted:
            if "\n" in path or "\n" in sha:
                yield _blob_alone(repo, sha, path, max_bytes)
                continue
            if process is None:
                process = stack.enter_context(_batch(repo, max_bytes))
            answer = _ask(process, f"{sha}:{path}", b"blob", max_bytes)
            if answer is None:  # git before 2.44 dies at an object that a partial clone left out
                process = None
                stack.close()
            yield Blob(sha, path, None) if answer is None else Blob(sha, path, answer.content, answer.size_bytes)


def read_contents(repo: Repository, blob_ids: Iterable[str], *, max_bytes: int) -> Iterator[tuple[str, bytes | None]]:
    """Each blob by its own id, in order; None when it is not here or is over the bound."""
    process: subprocess.Popen[bytes] | None = None
    with ExitStack() as stack:
        for blob_id in blob_ids:
            if process is None:
                process = stack.enter_context(_batch(repo, max_bytes))
            answer = _ask(process, blob_id, b"blob", max_bytes)
            if answer is None:
                process = None
                stack.close()
            yield blob_id, None if answer is None else answer.content


def read_folders(
    repo: Repository, wanted: Iterable[tuple[str, str]], *, max_bytes: int
) -> Iterator[dict[bytes, bytes] | None]:
    """Names in the folder `path` ("" the topmost) as of commit `sha` with git's modes, for each pair in order; None
    when it is not here, is no folder, or its list is over the bound. Not for names with a newline."""
    process: subprocess.Popen[bytes] | None = None
    with ExitStack() as stack:
        for sha, path in wanted:
            if process is None:
                process = stack.enter_context(_batch(repo, max_bytes))
            answer = _ask(process, f"{sha}:{path}", b"tree", max_bytes)
            if answer is None:
                process = None
                stack.close()
            yield None if answer is None or answer.content is None else _entries(answer.content, answer.id_bytes)


def _batch(repo: Repository, max_bytes: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
    # What is over the bound is streamed by git, not held: it is passed over as it comes.
    return stream(
        repo.common_dir, "cat-file", "--batch", config=(f"core.bigFileThreshold={max_bytes}",), stdin=subprocess.PIPE
    )


def show_file(repo: Repository, sha: str, path: str, *, max_bytes: int = 10_000_000) -> bytes | None:
    """One file as of a commit; None when it is not here, no file, or over the bound."""
    return next(read_blobs(repo, [(sha, path)], max_bytes=max_bytes)).content


@dataclass(frozen=True, slots=True)
class _Answer:
    content: bytes | None = None
    size_bytes: int | None = None
    """None when it is not of the kind that was asked for."""
    id_bytes: int = 0


def _ask(process: subprocess.Popen[bytes], name: str, kind: bytes, max_bytes: int) -> _Answer | None:
    """None when git is gone."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{name}\n".encode("utf-8", "surrogateescape"))
        process.stdin.flush()
        answer = process.stdout.readline()
    except OSError:
        return None
    if not answer.endswith(b"\n"):
        return None
    head = answer.rsplit(b" ", 2)
    if len(head) != 3 or not head[2].strip().isdigit() or answer.endswith((b" missing\n", b" ambiguous\n")):
        return _Answer()
    size = int(head[2])
    is_wanted = head[1] == kind
    content = _taken(process.stdout, size, keep=is_wanted and size <= max_bytes)
    return _Answer(content, size if is_wanted else None, len(head[0]) // 2)


def _entries(tree: bytes, id_bytes: int) -> dict[bytes, bytes]:
    """Of a tree object: `<mode> <name>\\0<id>`, one after the other."""
    found, at = {}, 0
    while at < len(tree):
        end = tree.index(b"\0", at)
        mode, _, name = tree[at:end].partition(b" ")
        found[name] = mode
        at = end + 1 + id_bytes
    return found


def _taken(pipe: IO[bytes], size: int, *, keep: bool) -> bytes | None:
    """The content and the newline behind it, off the pipe."""
    if keep:
        content = pipe.read(size)
        pipe.read(1)
        return content if len(content) == size else None
    left = size + 1
    while left and (chunk := pipe.read(min(left, _CHUNK_BYTES))):
        left -= len(chunk)
    return None


def _blob_alone(repo: Repository, sha: str, path: str, max_bytes: int) -> Blob:
    """A name with a newline does not go through a protocol of lines."""
    with suppress(GitFailed, ValueError):
        size = int(repo.git("cat-file", "-s", f"{sha}:{path}"))
        if repo.git("cat-file", "-t", f"{sha}:{path}").strip() == b"blob":
            return Blob(sha, path, repo.git("cat-file", "blob", f"{sha}:{path}") if size <= max_bytes else None, size)
    return Blob(sha, path, None)

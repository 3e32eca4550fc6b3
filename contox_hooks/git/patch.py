"""What commits changed, as values to compare: a patch id and the lines, through one `git diff-tree --stdin` process.

The id follows `git patch-id --stable`: names, modes and lines count, their numbers and white space do not. Lines are
kept as hashes, never as text: this reads what no exclusion or redaction has seen. Must not know what is compared.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha1

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import stream

MAX_PATCH_LINES = 200_000
"""A commit that changes more is compared with nothing: a vendored tree, not a piece of work."""

_END = b"= end of this commit\n"  # diff-tree says again, and at once, what is no object's name
_SPACE = b" \t\r\n\v\f"
_ARGS = (
    "diff-tree", "--stdin", "-r", "-p", "-U3", "--root", "--full-index", "--no-renames", "--no-color", "--no-ext-diff",
    "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip

Line = int
"""A hash of a path and of a line without its white space; good within one process."""


@dataclass(frozen=True, slots=True)
class Patch:
    id: str
    added: frozenset[Line]
    """Lines that say something: at least a letter or a digit."""
    removed: frozenset[Line]


def line_of(path: str, text: str) -> Line:
    return _line(path.encode("utf-8", "surrogateescape"), text.encode("utf-8", "surrogateescape"))


def read_patches(repo: Repository, shas: Iterable[str]) -> Iterator[Patch | None]:
    """One answer a commit, in order. None for merges, for commits without changes, for those that are not here or over
    MAX_PATCH_LINES."""
    process: subprocess.Popen[bytes] | None = None
    with ExitStack() as stack:
        for sha in shas:
            if process is None:
                process = stack.enter_context(stream(repo.common_dir, *_ARGS, stdin=subprocess.PIPE))
            patch, ended = _asked(process, sha)
            if not ended:  # a blob that a partial clone left out kills git; the rest of a giant is not waited for
                process = None
                stack.close()
            yield patch


def _asked(process: subprocess.Popen[bytes], sha: str) -> tuple[Patch | None, bool]:
    """The patch, and whether git said the end of it."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{sha}\n".encode() + _END)
        process.stdin.flush()
    except OSError:
        return None, False
    reading, left = _Reading(), MAX_PATCH_LINES
    for line in process.stdout:
        if line == _END:
            return reading.patch(), True
        reading.take(line)
        left -= 1
        if not left:
            break
    return None, False


class _Reading:
    def __init__(self) -> None:
        self._hash = sha1(usedforsecurity=False)
        self._index = self._path = b""
        self._in_hunk = self._any = False
        self._added: set[Line] = set()
        self._removed: set[Line] = set()

    def take(self, line: bytes) -> None:
        first = line[:1]
        if self._in_hunk and first in b"+- ":
            if first != b" ":
                lines = self._added if first == b"+" else self._removed
                if any(byte > 127 or chr(byte).isalnum() for byte in line):
                    lines.add(_line(self._path, line[1:]))
            self._hash.update(line.translate(None, _SPACE) or b" ")
        elif line.startswith(b"diff --git "):
            self._in_hunk, self._any = False, True
            self._hash.update(line)
        elif first == b"@":
            self._in_hunk = True
        elif self._in_hunk or not self._any:  # `\ No newline`, or the commit's own name
            return
        elif line.startswith(b"index "):
            self._index = line
        else:
            if line.startswith((b"--- a/", b"+++ b/")):
                self._path = line[6:].rstrip(b"\t\n")
            if line.startswith(b"Binary files "):
                self._hash.update(self._index)
            self._hash.update(line)

    def patch(self) -> Patch | None:
        if not self._any:
            return None
        return Patch(self._hash.hexdigest(), frozenset(self._added), frozenset(self._removed))


def _line(path: bytes, text: bytes) -> Line:
    return hash((path, text.translate(None, _SPACE)))

"""Which commits touched which paths, what HEAD tracks, and its lines that import: names and lines, never a diff.

Must not know what they are read for. Invariant: excluded paths never leave here; every list is bounded by its caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from contox_hooks.domain.activity import ImportLine, Touch
from contox_hooks.domain.path import Exclusions
from contox_hooks.git.history_format import decoded_path
from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed, run

_HEADER = re.compile(rb"\n?//([0-9a-f]{40,64}) (\d+)\n?")
"""No path in git begins with a slash."""
_IMPORTING = (
    "*.py", "*.pyi", "*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.vue", "*.go", "*.java", "*.kt", "*.rb",
    "*.rs", "*.php", "*.c", "*.h", "*.cc", "*.cpp", "*.hpp",
)  # fmt: skip
_IMPORT = (
    r"^[[:space:]]*(import|from|use|pub use|mod|pub mod|require(_relative|_once)?|#[[:space:]]*include|export) ?"
    r"|require\(['\"]\.|from ['\"]\.|^[[:space:]]+([a-zA-Z_.]+ )?\"[a-z0-9-]+\.[^\"]+\"$"
)
"""Anything that may be one; memory/report/imports.py decides."""


def touches(repo: Repository, exclusions: Exclusions, *, limit: int, since: int | None = None) -> list[Touch]:
    """Newest first, of what HEAD reaches; merges are passed over: what they join has commits of its own. Empty before
    the first commit."""
    age = () if since is None else (f"--max-age={since}",)
    out = run(
        repo.git_dir, "log", "--no-merges", f"--max-count={limit}", *age, "-z", "--name-only", "--no-renames",
        "--no-show-signature", "--no-color", "--format=//%H %ct", "HEAD", "--", ok=(0, 128),
    )  # fmt: skip
    found: list[tuple[str, int, list[str]]] = []
    for token in out.split(b"\0"):
        header = _HEADER.match(token)
        if header:
            found.append((header[1].decode(), int(header[2]), []))
            token = token[header.end() :]  # git puts the first path behind the header's line end
        if token.strip(b"\n") and found:
            found[-1][2].append(decoded_path(token.removeprefix(b"\n")))
    return [
        Touch(sha, at_utc, tuple(path for path in paths if not exclusions.matches(path)))
        for sha, at_utc, paths in found
    ]


def tracked(repo: Repository, exclusions: Exclusions, *, limit: int) -> list[str]:
    """Paths of HEAD's tree in git's order, submodules included; empty before the first commit."""
    out = run(repo.git_dir, "ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", ok=(0, 128))
    paths = (decoded_path(raw) for raw in out.split(b"\0") if raw)
    return list(islice((path for path in paths if not exclusions.matches(path)), limit))


def import_lines(repo: Repository, exclusions: Exclusions, *, limit: int) -> list[ImportLine]:
    """Lines at HEAD that may import something. Empty where git cannot say (blobs of a partial clone are not here)."""
    return list(islice(_import_lines(repo, exclusions), limit))


def _import_lines(repo: Repository, exclusions: Exclusions) -> Iterator[ImportLine]:
    try:
        out = run(
            repo.git_dir, "grep", "-I", "-z", "--no-color", "--full-name", "-E", "-e", _IMPORT, "HEAD", "--",
            *_IMPORTING, ok=(0, 1),
        )  # fmt: skip
    except GitFailed:
        return
    for line in out.split(b"\n"):
        where, found, text = line.partition(b"\0")
        path = decoded_path(where.removeprefix(b"HEAD:"))
        if found and not exclusions.matches(path):
            yield ImportLine(path, text.decode("utf-8", "replace")[:500])

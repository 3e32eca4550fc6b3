"""A commit as a person reads it: message and patch, bounded."""

from __future__ import annotations

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import stream

MAX_BYTES = 4_000_000
"""Of a shown commit; nobody pages through more."""


def shown_commit(repo: Repository, sha: str) -> str:
    """`git show` with a summary of the files first, no colour, no external diff or text conversion. A cut says so.
    Raises GitFailed when the commit is not here."""
    whole = repo.text("rev-parse", "--verify", "--end-of-options", f"{sha}^{{commit}}")
    options = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--stat", "--patch")
    with stream(repo.common_dir, "show", *options, whole, "--") as process:
        assert process.stdout is not None
        out = process.stdout.read(MAX_BYTES + 1)
    text = out[:MAX_BYTES].decode("utf-8", "replace")
    return text if len(out) <= MAX_BYTES else f"{text}\n… cut after {MAX_BYTES:,} bytes: git show {whole}\n"

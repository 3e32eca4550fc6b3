"""What git is in the middle of, as its own files say: a rebase, a merge, a cherry-pick, a revert, a bisection.

Reads small files of the worktree's git directory; git is not asked, nothing is locked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contox_hooks.domain.line import one_line
from contox_hooks.domain.redaction import redact_all

_READ: Final = 8192
"""Characters of such a file: more than a path may have, so that a branch's name is whole when it is redacted."""
_SHOWN: Final = 300

_HEADS = (
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_START", "bisection"),
)


def operations(git_dir: Path) -> tuple[str, ...]:
    """A phrase each: `rebase of main (2 of 5)`, `merge`; redacted, then cut."""
    found = [phrase for phrase in (_rebase(git_dir / "rebase-merge", "msgnum", "end"), _apply(git_dir)) if phrase]
    found += [name for head, name in _HEADS if (git_dir / head).exists()]
    return tuple(one_line(phrase, _SHOWN) for phrase in redact_all(found)[0])


def _apply(git_dir: Path) -> str:
    folder = git_dir / "rebase-apply"
    found = _rebase(folder, "next", "last")
    return found.replace("rebase", "am", 1) if (folder / "applying").exists() else found


def _rebase(folder: Path, at: str, last: str) -> str:
    if not folder.is_dir():
        return ""
    branch = _line(folder / "head-name").removeprefix("refs/heads/")
    of = f" of {branch}" if branch and branch != "detached HEAD" else ""
    step, steps = _line(folder / at), _line(folder / last)
    return f"rebase{of}" + (f" ({step} of {steps})" if step.isdecimal() and steps.isdecimal() else "")


def _line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="backslashreplace") as file:
            return file.read(_READ).strip().partition("\n")[0]
    except OSError:
        return ""

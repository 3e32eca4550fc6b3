"""What git is in the middle of, as its own files say: a rebase, a merge, a cherry-pick, a revert, a bisection.

Reads small files of the worktree's git directory; git is not asked, nothing is locked.
"""

from __future__ import annotations

from pathlib import Path

from contox_hooks.domain.redaction import redact_all

_HEADS = (
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_START", "bisection"),
)


def operations(git_dir: Path) -> tuple[str, ...]:
    """A phrase each: `rebase of main (2 of 5)`, `merge`; redacted."""
    found = [phrase for phrase in (_rebase(git_dir / "rebase-merge", "msgnum", "end"), _apply(git_dir)) if phrase]
    found += [name for head, name in _HEADS if (git_dir / head).exists()]
    return tuple(redact_all(found)[0])


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
        return path.read_text("utf-8", "backslashreplace")[:300].strip().partition("\n")[0]
    except OSError:
        return ""

"""Small digests written by hand, with diffs in the form that `domain.diff` spends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha1

from contox_hooks.domain.diff import patch_header
from contox_hooks.domain.digest import CommitDigest, FileChange, FileStatus, Person

START = 1_700_000_000


def change(path: str, status: FileStatus = "M", old_path: str | None = None) -> FileChange:
    return FileChange(path, status, 3, 1, old_path)


def digest(
    subject: str,
    body: str = "",
    *,
    hunks: Mapping[str, str] | None = None,
    files: Sequence[FileChange] = (),
    minutes: int = 0,
    parents: Sequence[str] = ("0" * 40,),
    email: str = "ada@example.org",
) -> CommitDigest:
    """`hunks`: path to hunk lines (marks included), a hunk header is put before them unless they bring one."""
    diff = ""
    listed = list(files)
    added = removed = 0
    for path, text in (hunks or {}).items():
        lines = text.strip("\n")
        if not lines.startswith("@@"):
            lines = f"@@ -1,9 +1,9 @@\n{lines}"
        here_added = sum(line.startswith("+") for line in lines.split("\n"))
        here_removed = sum(line.startswith("-") for line in lines.split("\n"))
        diff += patch_header(path, path) + lines + "\n"
        if path not in {file.path for file in listed}:
            listed.append(FileChange(path, "M", here_added, here_removed))
        added, removed = added + here_added, removed + here_removed
    person = Person("Ada Example", email, START + 60 * minutes)
    sha = sha1(f"{subject}\0{body}\0{diff}\0{minutes}\0{parents}".encode("utf-8", "replace")).hexdigest()
    return CommitDigest(
        sha=sha,
        parents=tuple(parents),
        author=person,
        committer=person,
        subject=subject,
        body=body,
        files=tuple(listed),
        files_total=len(listed),
        insertions=added,
        deletions=removed,
        diff=diff,
        branch="main",
    )

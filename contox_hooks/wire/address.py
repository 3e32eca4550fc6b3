"""E-mail addresses are not sent: the vendor's own clients send none (CONTRACT.md section 3).

Taken out of names and messages by their form, and a commit's own two wherever they stand, its diff and paths included.
What a diff holds of other addresses is the file's content: `src/icon@2x.png` and `pkg@next.io` look no different.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from contox_hooks.domain.digest import CommitDigest, FileChange, Person

MARK: Final = "[e-mail]"

_ADDRESS: Final = re.compile(r"(?<![\w.+-])[\w.+-]++@(?!\dx\.)(?:[\w-]++\.)+[^\W\d_]{2,}")
"""`icon@2x.png` is a picture and `pkg@1.2.3` a version."""


def without_addresses(text: str) -> str:
    return _ADDRESS.sub(MARK, text) if "@" in text else text


def digest_without_addresses(digest: CommitDigest) -> CommitDigest:
    if not _may_hold_any(digest):
        return digest
    own = sorted({digest.author.email.strip(), digest.committer.email.strip()}, key=len, reverse=True)
    own = [address for address in own if "@" in address.strip("@")]
    return replace(
        digest,
        author=_person_without(digest.author, own),
        committer=_person_without(digest.committer, own),
        subject=without_addresses(_without(digest.subject, own)),
        body=without_addresses(_without(digest.body, own)),
        diff=_without(digest.diff, own),
        branch=None if digest.branch is None else _without(digest.branch, own),
        files=tuple(_file_without(file, own) for file in digest.files),
    )


def _may_hold_any(digest: CommitDigest) -> bool:
    author, committer = digest.author, digest.committer
    texts = (author.name, committer.name, digest.subject, digest.body, digest.diff, digest.branch or "")
    return bool(author.email or committer.email) or any("@" in text for text in texts) or any(
        "@" in file.path or "@" in (file.old_path or "") for file in digest.files
    )  # fmt: skip


def _person_without(person: Person, own: Collection[str]) -> Person:
    return replace(person, name=without_addresses(_without(person.name, own)), email="")


def _file_without(file: FileChange, own: Collection[str]) -> FileChange:
    if "@" not in file.path and "@" not in (file.old_path or ""):
        return file
    old_path = None if file.old_path is None else _without(file.old_path, own)
    return replace(file, path=_without(file.path, own), old_path=old_path)


def _without(text: str, own: Collection[str]) -> str:
    for address in own:
        text = text.replace(address, MARK)
    return text

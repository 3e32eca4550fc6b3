"""From the raw pieces of one commit to its digest: exclusions, redaction, the budget, in this order.

Pure over bytes; must not know processes. Invariants: nothing of an excluded file but its lines in the totals gets
through; every text has been redacted before its last cut; a failing redactor costs the texts, never the commit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from contox_hooks.domain.diff import FilePatch, SpentDiff, patch_header, patch_rank, shares, spend_budget
from contox_hooks.domain.digest import (
    MAX_FILES_LISTED,
    CommitDigest,
    CommitKind,
    FileChange,
    FileStatus,
    Origin,
    Person,
)
from contox_hooks.domain.path import Exclusions, path_kind
from contox_hooks.domain.redaction import EDGE_CHARACTERS, redact_all
from contox_hooks.git.history_format import decoded, decoded_patch, decoded_path, person, subject_and_body, unquoted
from contox_hooks.git.history_stream import Changes, Patch, RawChange

WITHHELD: Final = "[withheld: the redactor failed]"

_KEPT_IN_ALL_BYTES: Final = 16_000_000
"""Of all patches of one commit together, before the budget is spent."""

_REVERT: Final = re.compile(r"^This reverts commit [0-9a-f]{7,64}\b", re.MULTILINE)
_STATUSES: Final[dict[str, FileStatus]] = {"A": "A", "M": "M", "D": "D", "R": "R", "C": "C", "T": "T", "U": "U"}


@dataclass(frozen=True, slots=True)
class DigestLimits:
    diff_budget: int = 3000
    """Characters of diff a commit, marks included."""
    diffs: bool = True
    exclusions: Exclusions = field(default_factory=Exclusions)
    max_files: int = MAX_FILES_LISTED

    @property
    def wants_diffs(self) -> bool:
        return self.diffs and self.diff_budget > 0


@dataclass(frozen=True, slots=True)
class Header:
    sha: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    subject: str
    body: str

    @property
    def kind(self) -> CommitKind:
        if len(self.parents) > 1:
            return "merge"
        return "revert" if _REVERT.search(self.body) else "commit"


def header_of(fields: Sequence[bytes], omitted_bytes: int = 0) -> Header:
    sha, parents, name, email, authored, committer, committer_email, committed, declared, message = fields
    encoding = declared.decode("ascii", "replace")
    text = decoded(message, encoding)
    if omitted_bytes:
        # No secret has white space in it, so none is cut in two: the last word that is left was whole.
        text = text[: -2 * EDGE_CHARACTERS].rpartition(" ")[0].rpartition("\n")[0]
        text += f"\n[… {len(message) + omitted_bytes - len(text)} bytes of the message not shown]"
    subject, body = subject_and_body(text)
    return Header(
        sha.decode(),
        tuple(parents.decode().split()),
        person(decoded(name, encoding), decoded(email, encoding), authored),
        person(decoded(committer, encoding), decoded(committer_email, encoding), committed),
        subject,
        body,
    )


class PatchPlan:
    """Which patches of a commit to keep, decided from its file list before the first patch comes."""

    def __init__(self, changes: Changes, limits: DigestLimits, *, is_merge: bool) -> None:
        self._limits = limits
        self._is_merge = is_merge
        self._by_path = {change.path: change for change in changes.kept} if is_merge else {}
        self.owners: list[RawChange] = []
        """Whose the n-th patch is: git cuts a change of type into a deletion and an addition."""
        if not is_merge:
            for change in changes.kept:
                self.owners += [change, change] if change.status == "T" else [change]
        candidates = [number for number, change in enumerate(self.owners) if self._has_lines(change)]
        self.most = max(16, min(256, limits.diff_budget // 50))
        self.passed_over = max(0, changes.beyond - changes.beyond_excluded)
        if len(candidates) > self.most:
            candidates.sort(key=lambda number: patch_rank(path_kind(decoded_path(self.owners[number].path))))
            self.passed_over += len({id(self.owners[number]) for number in candidates[self.most :]})
        self._wanted = frozenset(candidates[: self.most])
        count = self.most if is_merge else max(1, len(self._wanted))
        self._allowed = min(4 * limits.diff_budget + 4096, _KEPT_IN_ALL_BYTES // count)
        self._taken = 0

    def _has_lines(self, change: RawChange) -> bool:
        return bool(change.insertions or change.deletions) and not self.is_excluded(change)

    def is_excluded(self, change: RawChange) -> bool:
        """Also when it is what an excluded file became: its content would be in the diff, its name in the list."""
        return any(
            path is not None and is_excluded(path, self._limits.exclusions) for path in (change.path, change.old_path)
        )

    def allowance(self, number: int, line: bytes) -> int:
        if not self._is_merge:
            return self._allowed if number in self._wanted else 0
        if self.is_excluded(self._combined(line)):
            return 0
        self._taken += 1
        if self._taken > self.most:
            self.passed_over += 1
            return 0
        return self._allowed

    def owner(self, patch: Patch) -> RawChange:
        if not self._is_merge:
            return self.owners[patch.number]
        return self._combined(patch.text.partition(b"\n")[0])

    def _combined(self, line: bytes) -> RawChange:
        """Whose patch it is: `cc path` or `combined path` follows `diff --`."""
        path = unquoted(line.partition(b" ")[2])
        return self._by_path.get(path) or RawChange(path, "M")


def is_excluded(path: bytes, exclusions: Exclusions) -> bool:
    return exclusions.matches(decoded_path(path))


def digest_of(
    header: Header, changes: Changes, plan: PatchPlan, patches: Sequence[Patch], *,
    limits: DigestLimits, origin: Origin, missing: str = "",
) -> CommitDigest:  # fmt: skip
    """`missing` is why there can be no diff, if so."""
    included = [change for change in changes.kept if not plan.is_excluded(change)]
    excluded = len(changes.kept) - len(included) + changes.beyond_excluded
    bare = CommitDigest(
        header.sha, header.parents, header.author, header.committer, header.subject, header.body,
        files_total=changes.total, insertions=changes.insertions, deletions=changes.deletions,
        excluded_files=excluded, kind=header.kind, origin=origin,
        diff_missing=missing or _missing(limits, changes.total, excluded),
    )  # fmt: skip
    files = [_file_change(change) for change in included[: limits.max_files]]
    try:
        kept, passed_over = _precut(_file_patches(plan, patches), limits.diff_budget, plan.passed_over)
        return _redacted(bare, files, kept, limits.diff_budget, passed_over)
    except Exception:  # whatever a rule stumbled over, its text is not stored
        nobody = replace(header.author, name="", email=""), replace(header.committer, name="", email="")
        return replace(bare, author=nobody[0], committer=nobody[1], subject=WITHHELD, body="", diff_missing="withheld")


def _missing(limits: DigestLimits, total: int, excluded: int) -> str:
    if total == 0:
        return ""
    if excluded == total:
        return "excluded"
    return "" if limits.wants_diffs else "off"


def _file_change(change: RawChange) -> FileChange:
    return FileChange(
        decoded_path(change.path), _STATUSES.get(change.status, "M"), change.insertions, change.deletions,
        None if change.old_path is None else decoded_path(change.old_path),
        change.insertions is None, change.old_mode, change.new_mode,
    )  # fmt: skip


def _file_patches(plan: PatchPlan, patches: Sequence[Patch]) -> list[FilePatch]:
    found = []
    for patch in patches:
        start = patch.text.find(b"\n@@") + 1
        if not start:
            continue  # a binary file, or only a mode or a name: the file list says it
        change = plan.owner(patch)
        header = patch.text[:start]
        path = decoded_path(change.path)
        old = None if b"\n--- /dev/null\n" in header else decoded_path(change.old_path or change.path)
        new = None if b"\n+++ /dev/null\n" in header else path
        hunks = decoded_patch(patch.text[start:])
        text = patch_header(old, new) + (hunks if hunks.endswith("\n") else hunks + "\n")
        found.append(FilePatch(path, path_kind(path), text, patch.omitted_bytes, patch.omitted_hunks))
    return found


def _precut(patches: list[FilePatch], budget: int, passed_over: int) -> tuple[list[FilePatch], int]:
    """Half again what the budget can show, so that the redactor reads little; and how many files are left out."""
    if sum(len(patch.text) for patch in patches) <= budget:
        return patches, passed_over
    patches = sorted(patches, key=lambda patch: patch_rank(patch.kind))
    granted = shares(
        [len(patch.text) for patch in patches], [patch_rank(patch.kind) for patch in patches], budget * 3 // 2
    )
    kept = []
    for patch, share in zip(patches, granted, strict=True):
        if not share:
            passed_over += 1
            continue
        room = share + 2 * EDGE_CHARACTERS
        rest = patch.text[room:]
        if rest:
            patch = replace(
                patch, text=patch.text[:room],
                omitted_bytes=patch.omitted_bytes + len(rest), omitted_hunks=patch.omitted_hunks + rest.count("\n@@"),
            )  # fmt: skip
        kept.append(patch)
    return kept, passed_over


def _redacted(
    digest: CommitDigest, files: list[FileChange], patches: list[FilePatch], budget: int, passed_over: int
) -> CommitDigest:
    """The digest with its texts: every one redacted, and only then cut to the budget."""
    author, committer = digest.author, digest.committer
    paths = [file.path for file in files]
    olds = [file.old_path or "" for file in files]
    texts = [
        digest.subject, digest.body, author.name, author.email, committer.name, committer.email, *paths, *olds,
        *(patch.text for patch in patches), *(patch.path for patch in patches),
    ]  # fmt: skip
    clean, count = redact_all(texts)
    if count:
        digest = replace(
            digest, subject=clean[0], body=clean[1], redactions=count,
            author=replace(author, name=clean[2], email=clean[3]),
            committer=replace(committer, name=clean[4], email=clean[5]),
        )  # fmt: skip
        at = 6
        files = [
            replace(file, path=clean[at + index], old_path=clean[at + len(files) + index] or None)
            for index, file in enumerate(files)
        ]
        at += 2 * len(files)
        patches = [
            replace(patch, text=clean[at + index], path=clean[at + len(patches) + index])
            for index, patch in enumerate(patches)
        ]
    spent = _spent(patches, budget, passed_over)
    return replace(digest, files=tuple(files), diff=spent.text, diff_cut=spent.cut)


def _spent(patches: list[FilePatch], budget: int, passed_over: int) -> SpentDiff:
    if not patches and not passed_over:
        return SpentDiff("", cut=False)
    whole = []
    for patch in patches:
        if patch.omitted_bytes:
            # What stands at the cut may be the first half of a secret.
            text = patch.text[:-EDGE_CHARACTERS]
            if "\n@@" not in text:
                passed_over += 1
                continue
            text = text if text.endswith("\n") else text + "\n"
            patch = replace(patch, text=text, omitted_bytes=patch.omitted_bytes + EDGE_CHARACTERS)
        whole.append(patch)
    return spend_budget(whole, budget, more_files=passed_over)

"""git log's stream taken apart as it comes, in bounded memory whatever a commit's size.

Owns framing: a commit begins at a mark that is new in every run, so that no message, path or content can fake one. Must
not know what the digest wants; it is told how much of each patch to keep. Bytes only: decoding is for later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from contox_hooks.git.history_format import HEADER_FIELDS

MAX_FIELD_BYTES = 262_144
"""Kept of one field; a longer message is cut, and what is missing counted."""

MAX_CHANGES_KEPT = 20_000
"""Changed files kept a commit; those after them are counted."""

_UNKNOWN = -2
"""Not looked for yet in this buffer; -1 is not in it."""

_NEXT_PATCH = b"\ndiff --"


@dataclass(slots=True)
class RawChange:
    """One entry of `--raw`, with its line counts (None: binary)."""

    path: bytes
    status: str
    old_path: bytes | None = None
    old_mode: str = "100644"
    new_mode: str = "100644"
    insertions: int | None = None
    deletions: int | None = None


@dataclass(slots=True)
class Changes:
    kept: list[RawChange] = field(default_factory=list)
    beyond: int = 0
    """Files after MAX_CHANGES_KEPT."""
    beyond_excluded: int = 0
    counts: dict[bytes, tuple[int | None, int | None]] = field(default_factory=dict)
    """Of the kept files, by path."""
    old_paths: dict[bytes, bytes] = field(default_factory=dict)
    """Sources of renames and copies as the counts name them."""
    counted: int = 0
    insertions: int = 0
    deletions: int = 0

    @property
    def total(self) -> int:
        return max(len(self.kept) + self.beyond, self.counted)


@dataclass(slots=True)
class Patch:
    text: bytes
    """From after `diff --` on."""
    number: int
    """Its place in the commit, from 0."""
    omitted_bytes: int = 0
    omitted_hunks: int = 0


Allowance = Callable[[int, bytes], int]
"""(place, first line of the patch) -> how many of its bytes to keep."""


class HistoryStream:
    """A cursor on the stream. The caller asks in order: `next_commit`, `header`, `changes`, `patches`."""

    def __init__(self, read: Callable[[], bytes], mark: bytes, is_excluded: Callable[[bytes], bool]) -> None:
        self._read = read
        self._mark = mark
        self._is_excluded = is_excluded
        self._buffer = b""
        self._at = 0
        self._mark_at = _UNKNOWN
        self._ended = False

    @property
    def ended(self) -> bool:
        return self._ended and self._at >= len(self._buffer)

    def next_commit(self) -> bool:
        """Go to behind the next mark, over whatever is left of this commit; False at the end of the stream."""
        while not self._seen_mark():
            self._at = max(self._at, len(self._buffer) - len(self._mark))
            if not self._fill():
                self._at = len(self._buffer)
                return False
        self._at, self._mark_at = self._mark_at + len(self._mark), _UNKNOWN
        return True

    def header(self) -> tuple[list[bytes], int]:
        """The fields of the format, and how many bytes of the last one (the message) were not kept."""
        fields = [self._field()[0] for _ in range(HEADER_FIELDS - 1)]
        message, omitted = self._field()
        return [*fields, message], omitted

    def changes(self) -> Changes:
        """`--raw` and `--numstat` of the commit; of a merge only the counts (they are against the first parent)."""
        changes = Changes()
        while True:
            byte = self._peek()
            if byte == 58:  # a colon; two of them on a merge's combined entry, which the first parent's replaces
                self._take_entry(changes)
            elif byte == 45 or 48 <= byte <= 57:  # `-` or a digit
                self._take_counts(changes)
            else:
                return changes

    def patches(self, allowance: Allowance) -> tuple[list[Patch], int]:
        """The patches that were allowed, as far as they were, and how many there are in all."""
        kept: list[Patch] = []
        number = 0
        if self._peek() != 100:  # the d of `diff --git`
            return kept, 0
        self._at += len(_NEXT_PATCH) - 1
        more = True
        while more:
            allowed = allowance(number, self._line())
            patch = Patch(b"", number)
            more = self._take_patch(patch, allowed)
            if allowed:
                kept.append(patch)
            number += 1
        return kept, number

    def _take_entry(self, changes: Changes) -> None:
        meta = self._field()[0]
        if meta.startswith(b"::"):
            self._field()
            return
        status = meta[meta.rindex(b" ") + 1 :]
        path = self._field()[0]
        old_path = None
        if status[:1] in (b"R", b"C"):
            old_path, path = path, self._field()[0]
        if len(changes.kept) < MAX_CHANGES_KEPT:
            changes.kept.append(RawChange(path, status[:1].decode(), old_path, meta[1:7].decode(), meta[8:14].decode()))
        else:
            changes.beyond += 1
            changes.beyond_excluded += self._is_excluded(path)

    def _take_counts(self, changes: Changes) -> None:
        inserted, deleted, path = self._field()[0].split(b"\t", 2)
        old_path = b""
        if not path:
            old_path, path = self._field()[0], self._field()[0]
        counts = (None, None) if inserted == b"-" else (int(inserted), int(deleted))
        changes.insertions += counts[0] or 0
        changes.deletions += counts[1] or 0
        changes.counted += 1
        if changes.counted <= MAX_CHANGES_KEPT:
            changes.counts[path] = counts
            if old_path:
                changes.old_paths[path] = old_path

    def _take_patch(self, patch: Patch, allowed: int) -> bool:
        """Up to the next patch (True) or the end of the commit (False)."""
        parts: list[bytes] = []
        while True:
            known_end = self._mark_at if self._seen_mark() else -1
            following = self._buffer.find(_NEXT_PATCH, self._at, known_end if known_end >= 0 else len(self._buffer))
            if following >= 0:
                end = following
            elif known_end >= 0:
                end = known_end
            elif self._ended:
                end = len(self._buffer)
            else:  # what may be the beginning of a mark or of the next patch stays for the next look
                end = max(self._at, len(self._buffer) - len(self._mark) - len(_NEXT_PATCH))
            taken = min(end, self._at + allowed)
            if taken > self._at:
                parts.append(self._buffer[self._at : taken])
                allowed -= taken - self._at
            if end > taken and parts:
                patch.omitted_bytes += end - taken
                patch.omitted_hunks += self._buffer.count(b"\n@@", taken, end)
            self._at = end
            if following >= 0:
                self._at += len(_NEXT_PATCH)
            elif known_end < 0 and not self._ended:
                self._fill()
                continue
            patch.text = b"".join(parts)
            return following >= 0

    def _seen_mark(self) -> bool:
        if self._mark_at == _UNKNOWN:
            self._mark_at = self._buffer.find(self._mark, self._at)
        return self._mark_at >= 0

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n", self._at)) < 0 and self._fill():
            pass
        return self._buffer[self._at : end] if end >= 0 else self._buffer[self._at :]

    def _peek(self) -> int:
        """The next byte that is not a separator; -1 at the end of the commit."""
        while True:
            if self._at >= len(self._buffer) and not self._fill():
                return -1
            byte = self._buffer[self._at]
            if byte not in (0, 10):
                return byte
            self._at += 1

    def _field(self) -> tuple[bytes, int]:
        end = self._buffer.find(b"\0", self._at)
        if end < 0:
            return self._long_field()
        value = self._buffer[self._at : end]
        self._at = end + 1
        return value, 0

    def _long_field(self) -> tuple[bytes, int]:
        parts, kept, size = [], 0, 0
        while True:
            end = self._buffer.find(b"\0", self._at)
            part = self._buffer[self._at : end if end >= 0 else len(self._buffer)]
            parts.append(part[: MAX_FIELD_BYTES - kept])
            kept += len(parts[-1])
            size += len(part)
            self._at += len(part) + (end >= 0)
            if end >= 0 or not self._fill():
                return b"".join(parts), size - kept

    def _fill(self) -> bool:
        data = b"" if self._ended else self._read()
        if not data:
            self._ended = True
            return False
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._at, self._mark_at = 0, _UNKNOWN
        return True

"""Spending a budget of characters on the patches of a commit.

Pure. Invariants: the result, its marks included, is never longer than the budget; nothing is left out without a mark
that says how much; no file starves the others; sources come before tests, documents and configuration, and those
before lock files and what is generated.

A spent diff is a unified diff without git's own header lines: each file starts with `--- a/old`, `+++ b/new` and its
first `@@`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from contox_hooks.domain.path import PathKind

_RANK: Final[dict[PathKind, int]] = {
    "source": 0, "migration": 0, "test": 1, "doc": 1, "config": 1, "ci": 1, "other": 1,
    "asset": 2, "lock": 2, "generated": 2,
}  # fmt: skip

FIRST_RANK_PARTS: Final = (3, 4)
"""Three quarters of the budget are the sources' own when tests and documents want more than the rest."""

LEAST_SHARE: Final = 160
"""Characters under which a cut patch says nothing (its header and mark alone take about 100)."""


@dataclass(frozen=True, slots=True)
class FilePatch:
    path: str
    kind: PathKind
    text: str
    """`--- a/…`, `+++ b/…` and hunks, ending with a newline."""
    omitted_bytes: int = 0
    """Bytes of the patch that follow `text` and were never kept."""
    omitted_hunks: int = 0
    """Hunks that begin in those bytes."""


class SpentDiff(NamedTuple):
    text: str
    cut: bool


def patch_rank(kind: PathKind) -> int:
    """0 for sources, 1 for tests, documents and configuration, 2 for lock files, assets and what is generated."""
    return _RANK[kind]


def patch_header(old_path: str | None, new_path: str | None) -> str:
    """The two lines that begin a file; None where there is no such side."""
    old = "/dev/null" if old_path is None else f"a/{_on_one_line(old_path)}"
    new = "/dev/null" if new_path is None else f"b/{_on_one_line(new_path)}"
    return f"--- {old}\n+++ {new}\n"


def shares(sizes: Sequence[int], ranks: Sequence[int], budget: int) -> list[int]:
    """How much of the budget each patch may take: in turn by rank, level (water-filled) within one.

    Sources cannot take the last quarter from the second rank; the third gets what is left.
    """
    wanted = [sum(size for size, rank in zip(sizes, ranks, strict=True) if rank == each) for each in (0, 1, 2)]
    numerator, denominator = FIRST_RANK_PARTS
    first = min(wanted[0], max(budget * numerator // denominator, budget - wanted[1]))
    second = min(wanted[1], budget - first)
    granted = [0] * len(sizes)
    for rank, room in ((0, first), (1, second), (2, budget - first - second)):
        indexes = [index for index, each in enumerate(ranks) if each == rank]
        for index, share in zip(indexes, _levelled([sizes[index] for index in indexes], room), strict=True):
            granted[index] = share
    return granted


def _levelled(sizes: list[int], room: int) -> list[int]:
    """Equal shares, none more than its size; patches at the end that could not get LEAST_SHARE get nothing."""
    count, least = 0, 0
    for size in sizes:
        least += min(size, LEAST_SHARE)
        if least > room and count:
            break
        count += 1
    granted = [0] * len(sizes)
    for place, index in enumerate(sorted(range(count), key=sizes.__getitem__)):
        granted[index] = min(sizes[index], room // (count - place))
        room -= granted[index]
    return granted


def spend_budget(patches: Sequence[FilePatch], budget: int, *, more_files: int = 0) -> SpentDiff:
    """The diff that fits. `more_files` are patches there are besides; they are counted in the last mark.

    Sources come first, otherwise the order given is kept. A budget too small even for a mark gives "".
    """
    ordered = sorted(patches, key=lambda patch: _RANK[patch.kind])
    whole = more_files == 0 and not any(patch.omitted_bytes for patch in ordered)
    if whole and sum(len(patch.text) for patch in ordered) <= budget:
        return SpentDiff("".join(patch.text for patch in ordered), cut=False)
    room = budget - len(_files_mark(len(ordered) + more_files))
    if room <= 0:
        mark = _files_mark(len(ordered) + more_files)
        return SpentDiff(mark if len(mark) <= budget else "", cut=True)
    wanted = [len(patch.text) + (len(_mark(patch, 0, 0)) + 24 if patch.omitted_bytes else 0) for patch in ordered]
    granted = shares(wanted, [_RANK[patch.kind] for patch in ordered], room)
    shown: list[str] = []
    unspent = room - sum(granted)
    for patch, share in zip(ordered, granted, strict=True):
        text = _cut(patch, share + unspent) if share else ""
        unspent += share - len(text)
        if text:
            shown.append(text)
        else:
            more_files += 1
    if more_files:
        shown.append(_files_mark(more_files))
    return SpentDiff("".join(shown), cut=True)


def _cut(patch: FilePatch, share: int) -> str:
    """As many whole hunks as fit, and what is missing; "" when not even a piece of the first one does."""
    text = patch.text
    if len(text) <= share and not patch.omitted_bytes:
        return text
    starts = [match.start() + 1 for match in re.finditer(r"\n@@", text)]
    if not starts:
        return ""
    ends = [*starts[1:], len(text)]
    # The last hunk of a patch that was not kept to its end is not whole.
    complete = ends[:-1] if patch.omitted_bytes else ends
    for number in range(len(complete), 0, -1):
        mark = _mark(patch, len(starts) - number, len(text) - complete[number - 1])
        if complete[number - 1] + len(mark) <= share:
            return text[: complete[number - 1]] + mark
    return _cut_hunk(patch, starts, ends[0], share)


def _cut_hunk(patch: FilePatch, starts: list[int], end: int, share: int) -> str:
    text, others = patch.text, len(starts) - 1
    room = share - len(_mark(patch, others, len(text))) - 1
    after_header = text.find("\n", starts[0]) + 1
    if after_header <= 0 or room <= after_header:
        return ""
    stop = text.rfind("\n", after_header, min(room, end)) + 1
    if stop <= after_header:  # one line is longer than the share
        stop = min(room, end)
        return text[:stop] + "\n" + _mark(patch, others, len(text) - stop)
    return text[:stop] + _mark(patch, others, len(text) - stop)


def _mark(patch: FilePatch, hunks: int, characters: int) -> str:
    hunks += patch.omitted_hunks
    what = f"{hunks} hunk{'s' if hunks > 1 else ''}, " if hunks else ""
    path = _on_one_line(patch.path)
    path = path if len(path) <= 60 else f"…{path[-59:]}"
    return f"[… {what}{_size(characters + patch.omitted_bytes)} of {path} not shown]\n"


def _files_mark(count: int) -> str:
    return f"[… {count} more file{'s' if count != 1 else ''} not shown]\n"


def _size(number: int) -> str:
    if number < 1000:
        return f"{number} B"
    for unit in ("kB", "MB", "GB"):
        number_in_unit = number / 1000
        if number_in_unit < 999.95 or unit == "GB":
            return f"{number_in_unit:.1f} {unit}"
        number //= 1000
    raise AssertionError("unreachable")


def _on_one_line(path: str) -> str:
    """Control characters in a path are escaped: a newline in a name must not look like a line of the diff."""
    if path.isprintable():
        return path
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in path)


_FILE_START: Final = re.compile(r"^--- (?P<old>.*)\n\+\+\+ (?P<new>.*)\n(?=@@)", re.MULTILINE)


def spent_files(diff: str) -> Iterator[tuple[str, str]]:
    """(path, text) of each file in a spent diff: the way back, for those who cite it."""
    files = list(_FILE_START.finditer(diff))
    ends = [match.start() for match in files[1:]] + [len(diff)]
    for match, end in zip(files, ends, strict=False):
        name = match["new"] if match["new"] != "/dev/null" else match["old"]
        yield name[2:], diff[match.start() : end]

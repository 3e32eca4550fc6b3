"""What an extractor is told of a chunk besides its commits, and what people are told of how chunks were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Item
from contox_hooks.domain.narrow import Narrow
from contox_hooks.memory.service import Service
from contox_hooks.pipeline.provider import Context

_MAX_NOTES = 5
"""Different ones told in a job's line."""


def context_of(
    service: Service,
    project_id: str,
    session_id: str,
    chunk_no: int,
    digests: Sequence[CommitDigest],
    narrow: Narrow,
) -> Context:
    """What is known is looked up by what `narrow` lets be sent of the commits, and is narrowed itself."""
    told = [narrow.digest(digest) for digest in digests]

    def known() -> Sequence[Item]:
        from contox_hooks.pipeline.relevant import relevant_items

        found = relevant_items(service, project_id, told)
        return [item for item in map(narrow.item, found) if item is not None]

    return Context(project_id, session_id, chunk_no, known, narrow)


def told_of_reading(results: Mapping[int, Mapping[str, Any]]) -> tuple[str, str]:
    """` by mistral/small` where extractors named themselves, and `; chunk 2 by rules: …`: both may be empty.

    `results`: a chunk's number to its stored answer (enrich.py).
    """
    by = dict.fromkeys(result.get("by") for result in results.values())
    numbers: dict[str, list[int]] = {}
    for number, result in sorted(results.items()):
        if result.get("note"):
            numbers.setdefault(result["note"], []).append(number)
    notes = [f"{_chunks(which)} {note}" for note, which in numbers.items()]
    if len(notes) > _MAX_NOTES:
        notes = [*notes[:_MAX_NOTES], f"{len(notes) - _MAX_NOTES:,} more such notes"]
    named = " and ".join(name for name in by if name)
    return (f" by {named}" if named else ""), "".join(f"; {note}" for note in notes)


def _chunks(numbers: Sequence[int]) -> str:
    """`chunk 2`, `chunks 1-4, 7`."""
    if len(numbers) == 1:
        return f"chunk {numbers[0]}"
    runs: list[list[int]] = [[numbers[0]]]
    for before, after in pairwise(numbers):
        if after == before + 1:
            runs[-1].append(after)
        else:
            runs.append([after])
    return "chunks " + ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)

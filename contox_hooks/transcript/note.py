"""Evidence becomes an automatic note, of the shape and bounds that the vendor's collector gives it.

Pure. CONTRACT.md section 3, "`mcp_save` from `contox collect`": its numbers and its words. Invariant: each list says
how many there are besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contox_hooks.domain.diff import spent_files
from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.phrase import plural
from contox_hooks.domain.since import Side, WorkInProgress
from contox_hooks.transcript.evidence import Evidence, Told

MARK: Final = "[evidence-collector]"
"""What begins the summary of such a note: pipeline/note.py takes nothing from it."""
MAX_COMMITS: Final = 10
MAX_DIFFS: Final = 20
MAX_DIFF: Final = 4000
MAX_TRANSCRIPT: Final = 5000
_MAX_NAMES: Final = 100


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to tell of; empty parts were not asked for, or are not new."""

    branch: str | None = None
    commits: Sequence[CommitDigest] = ()
    """Newest first; with files, without diffs."""
    commits_total: int = 0
    work: WorkInProgress | None = None
    evidence: Evidence = field(default_factory=Evidence)
    transcripts: Mapping[str, int] = field(default_factory=dict)
    """How many of each tool told something."""

    @property
    def is_empty(self) -> bool:
        return not (self.commits or self.work or not self.evidence.is_empty)

    @property
    def files(self) -> dict[str, None]:
        """All paths that are named, each once."""
        changes = [change for part in self._parts for change in part.files]
        untracked = () if self.work is None else self.work.untracked
        return dict.fromkeys([*(change.path for change in changes), *untracked, *self.evidence.files.shown])

    @property
    def files_total(self) -> int:
        """With those beyond a list's bound; such a file counts in each list that is too short for it. Files of commits
        that are counted and not in `commits` are unknown."""
        beyond = sum(part.files_total - part.excluded_files - len(part.files) for part in self._parts)
        beyond += 0 if self.work is None else self.work.untracked_total - len(self.work.untracked)
        return len(self.files) + beyond + self.evidence.files.total - len(self.evidence.files.shown)

    @property
    def files_told(self) -> str:
        """How many, for people."""
        read = len(self.commits)
        of = f" (of the latest {read} commits)" if read < self.commits_total else ""
        return f"{plural(self.files_total, 'file')} changed{of}"

    @property
    def _parts(self) -> list[CommitDigest | Side]:
        return [*self.commits, *(() if self.work is None else (self.work.staged, self.work.unstaged))]


def note_payload(found: Found) -> dict[str, Any]:
    where = f" on {found.branch}" if found.branch else ""
    counted = f"{found.files_told}, {plural(found.commits_total, 'commit')}{where}"
    return {"summary": f"{MARK} {counted}", "changes": [dict(change) for change in _changes(found)]}


def _changes(found: Found) -> Iterator[dict[str, str]]:
    if found.commits:
        lines = [f"{digest.sha[:7]} {digest.subject}" for digest in found.commits[:MAX_COMMITS]]
        yield _change(f"Commits ({found.commits_total})", _listed(lines, found.commits_total))
    if found.work is not None:
        diffs = list(_diffs(found.work))
        yield from (_change(path, _cut(text)) for path, text in diffs[:MAX_DIFFS])
        if len(diffs) > MAX_DIFFS:
            yield _change("More diffs", f"{plural(len(diffs) - MAX_DIFFS, 'file')} not shown")
    if found.files:
        yield _change(
            f"Files changed ({found.files_total})", _listed(list(found.files)[:_MAX_NAMES], found.files_total)
        )
    if not found.evidence.is_empty:
        tools = ", ".join(f"{name} {count}" for name, count in found.transcripts.items())
        yield _change(f"Agent transcripts ({tools})", _transcript(found.evidence))


def _diffs(work: WorkInProgress) -> Iterator[tuple[str, str]]:
    for title, side in (("staged", work.staged), ("not staged", work.unstaged)):
        for path, text in spent_files(side.diff):
            yield f"{path} ({title})", text


def _transcript(evidence: Evidence) -> str:
    """As many whole lines as fit."""
    lines = [*_section("Requests", evidence.requests), *_section("Files written", evidence.files)]
    lines += _section("Commands", evidence.commands)
    shown = len(lines)
    while sum(len(line) + 1 for line in lines[:shown]) > MAX_TRANSCRIPT - 40:
        shown -= 1
    return "\n".join(
        lines[:shown] + ([f"[… {plural(len(lines) - shown, 'line')} not shown]"] if shown < len(lines) else [])
    )


def _section(title: str, told: Told) -> Iterator[str]:
    if told.total:
        earlier = told.total - len(told.shown)
        yield f"{title}:" if earlier <= 0 else f"{title} (the latest; {earlier:,} before them):"
        yield from (f"- {each}" for each in told.shown)


def _listed(lines: Iterable[str], total: int) -> str:
    shown = list(lines)
    return "\n".join(shown + ([f"… and {total - len(shown):,} more"] if total > len(shown) else []))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_DIFF else f"{text[: MAX_DIFF - 40]}\n[… {len(text) - MAX_DIFF + 40} B not shown]\n"


def _change(title: str, content: str) -> dict[str, str]:
    return {"category": "implementation", "title": title, "content": content}

"""What happened in a span of time, for three readers: day by day, week by week, month by month.

Pure, over items and the commits of that time. Invariants: only what an item says is told; the same items give the same
bytes; what a reader does not need (`product`: tests, CI) or what did not fit is counted, never just dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from contox_hooks.domain.activity import Touch
from contox_hooks.domain.item import Item
from contox_hooks.domain.path import path_kind
from contox_hooks.memory.report.prose import Prose, cited_prose
from contox_hooks.memory.report.telling import commit_of, counted, day, iso, month, one_line, telling_lines, week

Mode = Literal["developer", "product", "executive"]
MODES: tuple[Mode, ...] = get_args(Mode)

MAX_ENTRIES = 200
"""CONTRACT.md section 1.4: limit=200."""
MAX_FILES = 50
_TOLD: dict[Mode, int] = {"developer": 60, "product": 40, "executive": 8}
"""Items an entry."""
_HEADINGS = ("Breaking", "Decisions", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Upkeep", "Left open")
_ADDED = (
    "add",
    "adds",
    "added",
    "introduce",
    "introduces",
    "support",
    "supports",
    "new",
    "allow",
    "allows",
    "implement",
)
_REMOVED = ("remove", "removes", "removed", "drop", "drops", "dropped", "delete", "deletes", "deleted")
_MOVED = re.compile(r"(?:\S+: )?(?:bump|upgrade|update|pin|refresh)\w*\b", re.IGNORECASE)
_PERIOD = {"developer": day, "product": week, "executive": month}
_INTERNAL_KEYS = ("root/testing", "root/infra", "root/docs")
_INTERNAL_KINDS = ("test", "ci", "doc", "lock", "generated")


@dataclass(frozen=True, slots=True)
class Entry:
    date: str
    """Its first day, `2024-01-31`: of the day, the week or the month that it tells of."""
    summary: str
    changelog: str
    """Markdown, headings of the third level."""
    risks: tuple[str, ...]
    impacts: tuple[str, ...]
    session_count: int
    files_modified: tuple[str, ...]
    """At most MAX_FILES, by name."""
    files_cut: int


@dataclass(frozen=True, slots=True)
class Changelog:
    mode: Mode
    since: int
    until: int
    """Seconds since the epoch."""
    entries: tuple[Entry, ...]
    """Newest first, at most MAX_ENTRIES."""
    total: int
    items: int
    left_out: int
    """Items that this reader does not need."""
    commits: int
    """Of that time in git, merges not counted."""
    commits_cut: bool = False
    """There were more, which were not looked at."""
    prose: Prose | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Its statements, for a model, newest first."""
        return tuple(
            f"{entry.date}: {line.removeprefix('- ')}"
            for entry in self.entries
            for line in entry.changelog.split("\n")
            if line.startswith("- ")
        )

    def to_wire(self) -> dict[str, Any]:
        """CONTRACT.md section 1.4, and `commits`, `commitsCut`, `items`, `leftOut`, `prose`; `filesCut` an entry."""
        return {
            "entries": [
                {
                    "date": entry.date,
                    "summary": entry.summary,
                    "changelog": entry.changelog,
                    "risks": list(entry.risks),
                    "impacts": list(entry.impacts),
                    "sessionCount": entry.session_count,
                    "filesModified": list(entry.files_modified),
                    "filesCut": entry.files_cut,
                }
                for entry in self.entries
            ],
            "total": self.total,
            "hasMore": self.total > len(self.entries),
            "mode": self.mode,
            "range": {"since": iso(self.since), "until": iso(self.until)},
            "commits": self.commits,
            "commitsCut": self.commits_cut,
            "items": self.items,
            "leftOut": self.left_out,
            "prose": None if self.prose is None else self.prose.to_wire(),
        }

    def markdown(self, name: str) -> str:
        lines = [f"# {name}: {day(self.since)} to {day(self.until)}", ""]
        more = "more than " if self.commits_cut else ""
        lines.append(f"{more}{counted(self.commits, 'commit')}, {counted(self.items, 'item')} of memory.")
        if self.prose is not None:
            lines += ["", *cited_prose(self.prose)]
        for entry in self.entries:
            lines += [
                "",
                f"## {self._period(entry)}",
                "",
                *([] if self.mode == "developer" else [entry.summary, ""]),
                entry.changelog.rstrip("\n"),
            ]
            for heading, told in (("Impact", entry.impacts), ("Risks", entry.risks)):
                if told and self.mode != "developer":
                    lines += ["", f"### {heading}", "", *(f"- {text}" for text in told)]
        if self.total > len(self.entries):
            lines += ["", f"_{self.total - len(self.entries)} earlier entries are not shown._"]
        if self.left_out:
            lines += ["", f"_{counted(self.left_out, 'change')} to tests, CI and documents left out; all: --mode developer._"]  # fmt: skip  # noqa: E501
        return "\n".join(lines) + "\n"

    def _period(self, entry: Entry) -> str:
        if self.mode == "product":
            return f"Week of {entry.date}"
        return entry.date[:7] if self.mode == "executive" else entry.date


def changelog_of(
    items: Iterable[Item],
    touches: Sequence[Touch],
    *,
    mode: Mode,
    since: int,
    until: int,
    limit: int = MAX_ENTRIES,
    touches_cut: bool = False,
) -> Changelog:
    """`items`: active and in review; those of another time are passed over. `touches`: commits of git, any time;
    `touches_cut`: there are older ones."""
    within = [item for item in items if since <= item.at_utc <= until]
    told = [item for item in within if mode == "developer" or not _is_internal(item)]
    recent = [touch for touch in touches if since <= touch.at_utc <= until]
    by_date: dict[str, list[Item]] = {}
    for item in told:
        by_date.setdefault(_PERIOD[mode](item.at_utc), []).append(item)
    dates = sorted(by_date, reverse=True)
    entries = tuple(_entry(date, by_date[date], recent, mode) for date in dates[:limit])
    return Changelog(
        mode,
        since,
        until,
        entries,
        len(dates),
        len(within),
        len(within) - len(told),
        len(recent),
        touches_cut and len(recent) == len(touches),
    )


def heading_of(item: Item) -> str:
    """Where a reader looks for it; headings as in keepachangelog.com, and three of memory's own."""
    first = item.title.split(" ", 1)[0].casefold().strip("`:")
    if "breaking-change" in item.tags:
        return "Breaking"
    if item.type == "todo":
        return "Left open"
    if _is_upkeep(item):
        return "Upkeep"
    if item.type == "bug":
        return "Fixed"
    if "deprecation" in item.tags and first.startswith("deprecat"):
        return "Deprecated"
    if first in _REMOVED:
        return "Removed"
    if item.type in ("decision", "convention"):
        return "Decisions"
    return "Added" if first in _ADDED else "Changed"


def _is_upkeep(item: Item) -> bool:
    """Tests, CI, documents, versions moved: beside what the project does. A decision is never."""
    kinds = {path_kind(path) for path in item.files}
    moves = item.schema_key == "root/stack" and _MOVED.match(item.title) is not None
    return item.type not in ("decision", "convention", "bug") and (moves or _is_internal(item) or kinds == {"config"})


def _is_internal(item: Item) -> bool:
    if "breaking-change" in item.tags:
        return False
    kinds = {path_kind(path) for path in item.files}
    return item.schema_key in _INTERNAL_KEYS or item.type == "todo" or bool(kinds and kinds <= set(_INTERNAL_KINDS))


def _entry(date: str, items: Sequence[Item], touches: Sequence[Touch], mode: Mode) -> Entry:
    ranked = sorted(items, key=lambda item: (_is_upkeep(item), -item.importance, -item.at_utc, item.id))
    shown, period = ranked[: _TOLD[mode]], _PERIOD[mode]
    files = {path for touch in touches if period(touch.at_utc) == date for path in touch.paths}
    files = files or {path for item in items for path in item.files}
    named = sorted(files)
    return Entry(
        date=date,
        summary=_summary(ranked),
        changelog=_markdown(shown, len(ranked) - len(shown), mode),
        risks=tuple(_risks(ranked)),
        impacts=tuple(dict.fromkeys(one_line(item.impact) for item in ranked if item.impact)),
        session_count=len({item.session_id for item in items if item.session_id}),
        files_modified=tuple(named[:MAX_FILES]),
        files_cut=max(0, len(named) - MAX_FILES),
    )


def _summary(ranked: Sequence[Item]) -> str:
    """`3 changed, 1 fixed: the weightiest title; the next.`"""
    headings = [heading_of(item) for item in ranked]
    counts = [f"{count} {_counted_as(heading, count)}" for heading in _HEADINGS if (count := headings.count(heading))]
    titles = [one_line(item.title, 100) for item in ranked if item.type != "todo"][:2]
    return f"{', '.join(counts)}{': ' if titles else ''}{'; '.join(titles)}."


def _counted_as(heading: str, count: int) -> str:
    return "decision" if heading == "Decisions" and count == 1 else heading.lower()


def _markdown(items: Sequence[Item], left: int, mode: Mode) -> str:
    lines: list[str] = []
    for heading in _HEADINGS:
        under = [item for item in items if heading_of(item) == heading]
        if under:
            lines += ["", f"### {heading}", "", *(line for item in under for line in _bullets(item, mode))]
    if left:
        lines += ["", f"_and {left} smaller ones_"]
    return "\n".join(lines).lstrip("\n") + "\n"


def _bullets(item: Item, mode: Mode) -> list[str]:
    title = one_line(item.title).rstrip(".")
    commit = commit_of(item)
    doubt = " (in review)" if item.status == "review" else ""
    if mode != "developer":
        reason = next((line.text for line in telling_lines(item) if line.is_reason), "")
        return [f"- {title}{doubt}{f': {reason}' if reason and mode == 'product' else ''}"]
    told = telling_lines(item)[:2]
    more = [f"  - {'Why: ' if line.is_reason else ''}{line.text}" for line in told]
    return [f"- {title}{doubt}{f' ({commit})' if commit else ''}", *more]


def _risks(ranked: Sequence[Item]) -> list[str]:
    """What may bite: statements that later commits contradict, open ends, migrations."""
    found = []
    for item in ranked:
        title = one_line(item.title, 120)
        if item.status == "review":
            found.append(f"may no longer hold: {title}{f' ({one_line(item.status_reason)})' if item.status_reason else ''}")  # fmt: skip  # noqa: E501
        elif item.type == "todo":
            found.append(f"left open: {title.removeprefix('TODO: ')}")
        elif "migration" in item.tags:
            found.append(f"migrates stored data: {title}")
    return list(dict.fromkeys(found))[:20]

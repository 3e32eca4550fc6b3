"""What lately changed, and what that may touch: modules, their ripple by imports and co-change, a risk and its reason.

Pure, over git's touches and imports and memory's items. Invariant: every level of risk says what made it; a ripple
names the changed module that it comes from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from contox_hooks.domain.activity import Touch
from contox_hooks.domain.item import Item
from contox_hooks.domain.path import path_kind
from contox_hooks.memory.report.module import Modules, is_code
from contox_hooks.memory.report.prose import Prose, cited_prose, no_usage
from contox_hooks.memory.report.telling import counted, one_line

Risk = Literal["critical", "high", "medium", "low"]

MAX_MODULES = 40
MAX_FILES = 20
MAX_RIPPLE_FROM = 8
_WIDE_COMMIT = 30
"""Code files of a commit from which on it says nothing of what belongs together: renames, formatting."""
_TOGETHER, _TOGETHER_SHARE = 4, 0.3
"""Commits in common, and their share of the changed module's own, that make two modules change together."""
_MAIN_FILES = 5
"""Of an item: those that it is about come first."""
_SHA = re.compile(r"\b[0-9a-f]{12,64}\b")
_LEVELS: tuple[tuple[int, Risk], ...] = ((6, "critical"), (4, "high"), (2, "medium"), (0, "low"))
_RANK: Mapping[Risk, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}


@dataclass(frozen=True, slots=True)
class ModuleImpact:
    module: str
    direct_changes: int
    """Commits of the time that changed it; 0 when only a ripple reaches it."""
    ripple_from: tuple[str, ...]
    """Changed modules that it imports or usually changes with, at most MAX_RIPPLE_FROM."""
    risk: Risk
    reason: str
    files: tuple[str, ...]
    """At most MAX_FILES: changed ones, most often changed first; of a ripple those that import what changed."""
    item_ids: tuple[str, ...]
    """Items of memory that the reason stands on."""


@dataclass(frozen=True, slots=True)
class Impact:
    modules: tuple[ModuleImpact, ...]
    """Riskiest first, at most MAX_MODULES."""
    modules_affected: int
    ripple_count: int
    """Modules that only a ripple reaches."""
    files_changed: int
    commits: int
    other_files: Mapping[str, int]
    """Changed files that are no code, by their kind."""
    commits_cut: bool = False
    """There were more in that time, which were not looked at."""
    prose: Prose | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Its statements, for a model, the riskiest first."""
        return tuple(f"{found.module}, risk {found.risk}: {found.reason}" for found in self.modules)

    @property
    def message(self) -> str:
        others = ", ".join(f"{count} {kind}" for kind, count in self.other_files.items())
        direct = self.modules_affected - self.ripple_count
        more = "more than " if self.commits_cut else ""
        return (
            f"{more}{counted(self.commits, 'commit')} changed {counted(self.files_changed, 'file')}"
            f"{f' ({others})' if others else ''}: {counted(direct, 'module')} directly, "
            f"{self.ripple_count} more by ripple"
        )

    def to_wire(self) -> dict[str, Any]:
        """CONTRACT.md section 1.4, and `commitsCut`, `prose`; `itemIds` a module."""
        return {
            "message": self.message,
            "modules": [
                {
                    "module": found.module,
                    "directChanges": found.direct_changes,
                    "rippleFrom": list(found.ripple_from),
                    "riskLevel": found.risk,
                    "reason": found.reason,
                    "files": list(found.files),
                    "itemIds": list(found.item_ids),
                }
                for found in self.modules
            ],
            "totalFilesChanged": self.files_changed,
            "modulesAffected": self.modules_affected,
            "rippleCount": self.ripple_count,
            "changesAnalyzed": self.commits,
            "usage": no_usage() if self.prose is None else self.prose.usage,
            "commitsCut": self.commits_cut,
            "prose": None if self.prose is None else self.prose.to_wire(),
        }

    def markdown(self, name: str, days: int) -> str:
        lines = [f"# {name}: impact of the last {counted(days, 'day')}", "", f"{self.message}."]
        if self.prose is not None:
            lines += ["", *cited_prose(self.prose)]
        direct = [found for found in self.modules if found.direct_changes]
        ripple = [found for found in self.modules if not found.direct_changes]
        if direct:
            lines += ["", "## Changed", ""]
            for found in direct:
                lines.append(f"- **{found.module}** {found.risk}: {found.reason}")
                if found.files != (found.module,):
                    more = " …" if len(found.files) > 4 else ""
                    lines.append(f"  - {', '.join(found.files[:4])}{more}")
                if found.ripple_from:
                    lines.append(f"  - leans on {', '.join(found.ripple_from)}, changed too")
        if ripple:
            lines += ["", "## May be touched", ""]
            lines += [f"- **{found.module}** {found.risk}: {found.reason}" for found in ripple]
        if self.modules_affected > len(self.modules):
            lines += ["", f"_{self.modules_affected - len(self.modules)} more modules are not shown._"]
        return "\n".join(lines) + "\n"


def impact_of(
    recent: Sequence[Touch],
    history: Sequence[Touch],
    users: Mapping[str, frozenset[str]],
    items: Iterable[Item],
    *,
    tracked: Sequence[str],
    since: int,
    recent_cut: bool = False,
) -> Impact:
    """`recent`: commits of the time asked for, `recent_cut` when there were more; `history`: newest first, for what
    changes together; `users`: file to the files that import it; `items`: active and in review, of any time; `since` in
    seconds since the epoch."""
    modules = Modules(tracked)
    present = frozenset(tracked)
    changed = Counter(path for touch in recent for path in touch.paths)
    code = [path for path in changed if is_code(path)]
    direct = {module: _Direct() for module in map(modules.of, code)}
    for touch in recent:
        mine = {modules.of(path) for path in touch.paths if is_code(path)}
        tested = any(path_kind(path) == "test" for path in touch.paths)
        for module in mine:
            direct[module].commits += 1
            direct[module].untested += not tested
    for path in code:
        direct[modules.of(path)].files.append(path)
    users_of = _users_of_modules(users, modules)
    for module, found in direct.items():
        found.users = users_of.get(module, frozenset())
    for item in items:
        for module in {modules.of(path) for path in item.files[:_MAIN_FILES] if path in changed and is_code(path)}:
            direct[module].items.append(item)
    marks = {touch.sha[:12] for touch in recent}
    for found in direct.values():
        found.weigh(since, marks)
    ripples = _ripples(direct, code, users, modules, _together(history, modules), present)
    told = [_told_direct(module, found, ripples.get(module), changed) for module, found in direct.items()]
    told += [
        _told_ripple(module, ripple, direct) for module, ripple in ripples.items() if module not in direct
    ]  # fmt: skip
    told.sort(key=lambda one: (not one.direct_changes, _RANK[one.risk], -one.direct_changes, one.module))
    others = Counter(path_kind(path) for path in changed if not is_code(path))
    return Impact(
        modules=tuple(told[:MAX_MODULES]),
        modules_affected=len(told),
        ripple_count=sum(not one.direct_changes for one in told),
        files_changed=len(changed),
        commits=len(recent),
        other_files=dict(sorted(others.items(), key=lambda kind: (-kind[1], kind[0]))),
        commits_cut=recent_cut,
    )


class _Direct:
    """What is known of a changed module, and what it weighs."""

    def __init__(self) -> None:
        self.commits = 0
        self.untested = 0
        self.files: list[str] = []
        self.users: frozenset[str] = frozenset()
        self.items: list[Item] = []
        self.points = 0
        self.reasons: list[str] = []
        self.cited: list[str] = []

    def weigh(self, since: int, marks: set[str]) -> None:
        fresh = [item for item in self.items if item.at_utc >= since]
        for item in fresh:
            if "breaking-change" in item.tags:
                self._add(3, f"breaking: {one_line(item.title, 80)}", item)
        if len(self.users) >= 2:
            self._add(
                3 if len(self.users) >= 20 else 2 if len(self.users) >= 5 else 1,
                f"{counted(len(self.users), 'module')} import it",
            )
        if any(path_kind(path) == "migration" for path in self.files):
            self._add(2, "migrates stored data")
        if self.commits >= 5:
            self._add(1, "changed again and again")
        if self.untested and self.untested * 2 >= self.commits:
            self._add(1, f"{self.untested} of {counted(self.commits, 'commit')} without a test")
        doubtful = [item for item in self.items if item.status == "review" and _named(item.status_reason or "", marks)]
        if doubtful:
            more = f" and {len(doubtful) - 1} more" if len(doubtful) > 1 else ""
            self._add(1, f"may have made false: {one_line(doubtful[0].title, 80)}{more}", doubtful[0])
        ruled = [
            item
            for item in self.items
            if item.type in ("decision", "convention") and item.status == "active" and item.at_utc < since
        ]
        if ruled:
            more = f" and {len(ruled) - 1} more" if len(ruled) > 1 else ""
            self._add(1, f"{ruled[0].type} stands here: {one_line(ruled[0].title, 80)}{more}", ruled[0])

    def _add(self, points: int, reason: str, item: Item | None = None) -> None:
        self.points += points
        self.reasons.append(reason)
        if item is not None:
            self.cited.append(item.id)

    @property
    def risk(self) -> Risk:
        return next(level for least, level in _LEVELS if self.points >= least)


def _named(reason: str, marks: set[str]) -> bool:
    """Whether a reason names one of the commits, as the drift check writes them: by twelve characters."""
    return any(word[:12] in marks for word in _SHA.findall(reason))


class _Ripple:
    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {}
        """Changed module to our files that import it."""
        self.together: dict[str, tuple[int, int]] = {}
        """Changed module to (commits in common, commits of that module)."""

    @property
    def sources(self) -> list[str]:
        found = {**dict.fromkeys(self.imports), **dict.fromkeys(self.together)}
        return sorted(found, key=lambda module: (-len(self.imports.get(module, ())), module))


def _ripples(
    direct: Mapping[str, _Direct],
    code: Iterable[str],
    users: Mapping[str, frozenset[str]],
    modules: Modules,
    together: tuple[Counter[tuple[str, str]], Counter[str]],
    present: frozenset[str],
) -> dict[str, _Ripple]:
    found: dict[str, _Ripple] = {}
    for path in code:
        source = modules.of(path)
        for user in users.get(path, ()):
            module = modules.of(user)
            if module != source and is_code(user):
                found.setdefault(module, _Ripple()).imports.setdefault(source, set()).add(user)
    pairs, single = together
    standing = {modules.of(path) for path in present if is_code(path)}
    for (one, other), count in pairs.items():
        for source, module in ((one, other), (other, one)):
            often = count >= _TOGETHER and count >= _TOGETHER_SHARE * single[source]
            if source in direct and often and module in standing and module not in direct:
                found.setdefault(module, _Ripple()).together[source] = (count, single[source])
    return found


def _together(history: Sequence[Touch], modules: Modules) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    pairs: Counter[tuple[str, str]] = Counter()
    single: Counter[str] = Counter()
    for touch in history:
        code = [path for path in touch.paths if is_code(path)]
        mine = sorted({modules.of(path) for path in code})
        single.update(mine)
        if len(code) < _WIDE_COMMIT:
            pairs.update((one, other) for place, one in enumerate(mine) for other in mine[place + 1 :])
    return pairs, single


def _users_of_modules(users: Mapping[str, frozenset[str]], modules: Modules) -> dict[str, frozenset[str]]:
    """Module to the other modules of code that import it; tests import everything and count for nothing."""
    found: dict[str, set[str]] = {}
    for path, importers in users.items():
        own = modules.of(path)
        found.setdefault(own, set()).update(
            module for user in importers if is_code(user) and (module := modules.of(user)) != own
        )
    return {module: frozenset(those) for module, those in found.items()}


def _told_direct(module: str, found: _Direct, ripple: _Ripple | None, changed: Counter[str]) -> ModuleImpact:
    files = sorted(found.files, key=lambda path: (-changed[path], path))
    reasons = [counted(found.commits, "commit"), *found.reasons]
    return ModuleImpact(
        module=module,
        direct_changes=found.commits,
        ripple_from=tuple(ripple.sources[:MAX_RIPPLE_FROM]) if ripple else (),
        risk=found.risk,
        reason="; ".join(reasons),
        files=tuple(files[:MAX_FILES]),
        item_ids=tuple(dict.fromkeys(found.cited)),
    )


def _told_ripple(module: str, ripple: _Ripple, direct: Mapping[str, _Direct]) -> ModuleImpact:
    """Risky when what it leans on is; imports say more than habit."""
    leaned = sorted(ripple.imports, key=lambda source: (_RANK[direct[source].risk], source))
    reasons = []
    if leaned:
        shown = ", ".join(leaned[:3]) + (f" and {len(leaned) - 3} more" if len(leaned) > 3 else "")
        reasons.append(f"imports {shown}")
    reasons += [
        f"changed together with {source} in {count} of its {of} commits"
        for source, (count, of) in sorted(ripple.together.items())[:2]
    ]
    dangerous = any(direct[source].risk in ("critical", "high") for source in leaned)
    return ModuleImpact(
        module=module,
        direct_changes=0,
        ripple_from=tuple(ripple.sources[:MAX_RIPPLE_FROM]),
        risk="medium" if dangerous else "low",
        reason="; ".join(reasons),
        files=tuple(sorted({user for those in ripple.imports.values() for user in those})[:MAX_FILES]),
        item_ids=(),
    )

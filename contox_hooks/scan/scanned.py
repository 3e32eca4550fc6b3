"""What a scan found and did, as a value, in Markdown and as an object.

Pure. Must not know how it was done. Invariant: every limit is in both forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contox_hooks.domain.phrase import plural
from contox_hooks.scan.fact import Finding

_MOST_FACTS = 8
_HEADINGS = {
    "project": "The project", "layout": "Layout", "module": "Modules", "entry": "Entry points", "routes": "Routes",
    "schema": "Schemas", "dependency": "Dependencies", "test": "Tests", "ci": "CI", "check": "Checks",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scanned:
    head_sha: str
    found: Mapping[str, int]
    """Findings by kind: project, layout, module, entry, routes, schema, dependency, test, ci, check."""
    new: tuple[str, ...]
    """Names of findings that memory has not heard of, `scan:routes:src/api`."""
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    """Heard of, and not found any more: their items are archived."""
    findings: tuple[Finding, ...]
    files: int
    """Read now or before."""
    read: int
    known: int
    """Files whose contents were read before."""
    skipped: Mapping[str, int]
    """Files that were not read, by reason."""
    cut: tuple[str, ...]
    """What findings had no room for, one line each."""
    events: int
    dry_run: bool
    duration_s: float

    @property
    def line(self) -> str:
        """For people: what was found and what of it is new."""
        total = len(self.findings)
        changes = [f"{len(names):,} {word}" for word, names in self._changes() if names]
        told = ", ".join(changes) or ("nothing changed since the last scan" if total else "nothing to tell")
        if self.events and not changes:
            told += ", told again for the server"
        return f"{plural(total, 'finding')} in {plural(self.files, 'file')} ({self.read:,} read now): {told}"

    def _changes(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield from (("new", self.new), ("changed", self.changed), ("gone", self.gone))

    @property
    def left_out(self) -> str:
        told = "; ".join(f"{count:,} {why}" for why, count in self.skipped.items())
        return f"Files not read: {told}" if told else ""

    def to_object(self) -> dict[str, Any]:
        """Fields only grow."""
        return {
            "head": self.head_sha, "found": dict(self.found), "new": list(self.new), "changed": list(self.changed),
            "gone": list(self.gone), "findings": [each.to_payload() for each in self.findings], "files": self.files,
            "read": self.read, "known": self.known, "skipped": dict(self.skipped), "cut": list(self.cut),
            "events": self.events, "dry_run": self.dry_run, "duration_s": round(self.duration_s, 3),
        }  # fmt: skip

    def to_markdown(self) -> str:
        lines = [f"{self.line}{' (nothing was told to memory)' if self.dry_run else ''}."]
        heading = ""
        for finding in self.findings:
            if _HEADINGS[finding.kind] != heading:
                heading = _HEADINGS[finding.kind]
                lines += ["", f"## {heading}", ""]
            lines += self._finding(finding)
        if self.skipped:
            lines += ["", f"{self.left_out}."]
        if self.cut:
            lines += ["", f"No room for: {'; '.join(self.cut)}."]
        return "\n".join(lines) + "\n"

    @staticmethod
    def _finding(finding: Finding) -> Iterator[str]:
        yield f"- **{finding.path or finding.kind}**: {finding.about}" if finding.about else f"- **{finding.path}**"
        groups: dict[str, list[str]] = {}
        alone = []
        for fact in finding.facts:
            if fact.group:
                groups.setdefault(fact.group, []).append(fact.says)
            else:
                alone.append(fact.says)
        told = [*alone, *(f"{group}: {', '.join(names)}" for group, names in groups.items())]
        if len(told) > 1 or groups:
            yield from (f"  - {each}" for each in told[:_MOST_FACTS])
        if len(told) > _MOST_FACTS or finding.more:
            yield f"  - and {max(0, len(told) - _MOST_FACTS) + finding.more:,} more"

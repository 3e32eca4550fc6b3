"""What a scan finds: facts, each with the text that shows it, gathered into findings that become one item each.

Pure values. Must not know git, storage or how an item is worded. Invariants: a fact's quote stands in the file that it
names, or is that file's own path; a finding's digest changes with what it says, not with where in a file it stands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from contox_hooks.domain.redaction import redact_all
from contox_hooks.pipeline.source.outline import clip

Kind = Literal["project", "layout", "module", "entry", "routes", "schema", "dependency", "test", "ci", "check"]

MAX_QUOTE: Final = 200
MAX_SAYS: Final = 300


@dataclass(frozen=True, slots=True)
class Fact:
    says: str
    """A statement, or a name where `group` says what it is one of."""
    quote: str
    """Verbatim, white space stripped at the ends."""
    path: str
    line: int = 0
    """From 1; 0 where the quote is the path itself."""
    blob_id: str = ""
    group: str = ""
    """`needs`, `defines`: facts of one group are told in one line."""


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    path: str
    """The folder or file that it is about; empty for the whole project."""
    about: str
    """A few words for the title: a framework, a description; may be empty."""
    facts: tuple[Fact, ...]
    more: int = 0
    """Facts that were left out."""

    @property
    def identity(self) -> str:
        """The same from scan to scan, whatever it says: `scan:routes:src/api`."""
        return ":".join(part for part in ("scan", self.kind, self.path) if part)

    @property
    def digest(self) -> str:
        """Of all that the item will say."""
        said = [self.about, self.more > 0, [[fact.group, fact.says, fact.quote, fact.path] for fact in self.facts]]
        text = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_payload(self) -> dict[str, Any]:
        named = {"kind": self.kind, "path": self.path, "about": self.about, "more": self.more}
        facts = [
            {"says": fact.says, "quote": fact.quote, "path": fact.path, "line": fact.line, "blob": fact.blob_id,
             "group": fact.group}
            for fact in self.facts
        ]  # fmt: skip
        return {**named, "facts": facts}


def clean_finding(finding: Finding) -> Finding:
    """Without secrets and without what is no text; facts of which nothing is left are gone."""
    facts = [fact for fact in finding.facts if fact.says.strip() and fact.quote.strip()]
    texts = [text for fact in facts for text in (fact.says, fact.quote, fact.path)]
    clean, _ = redact_all([finding.path, finding.about, *map(_whole, texts)])
    rows = iter(clean[2:])
    kept = tuple(
        replace(fact, says=clip(says, MAX_SAYS), quote=quote[:MAX_QUOTE], path=path)
        for fact, says, quote, path in zip(facts, rows, rows, rows, strict=True)
    )
    return replace(finding, path=clean[0], about=clean[1], facts=kept)


def counted_by_kind(findings: Iterable[Finding]) -> dict[str, int]:
    found: dict[str, int] = {}
    for finding in findings:
        found[finding.kind] = found.get(finding.kind, 0) + 1
    return found


def _whole(text: str) -> str:
    """UTF-8 throughout: a name in another encoding comes from git with surrogates in it."""
    return text.encode("utf-8", "replace").decode()

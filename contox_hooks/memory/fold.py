"""What an item says when it stands for several: a pure function of what each of them said by itself.

Invariant: the order in which they came changes nothing, so that a memory built backwards says the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from contox_hooks.domain.item import MAX_FILES, MAX_TAGS, Evidence, Item


@dataclass(frozen=True, slots=True)
class Origin:
    """One item before any other was merged into it."""

    title: str
    facts: str
    rationale: str | None
    impact: str | None
    commit_range: str | None
    importance: int
    confidence: float
    files: tuple[str, ...]
    tags: tuple[str, ...]
    at_utc: int
    evidence: tuple[Evidence, ...]

    @property
    def age(self) -> tuple[int, str]:
        """Sorts by time, then by content: never by who came first."""
        proof = sorted([found.commit_sha, found.path or "", found.quote] for found in self.evidence)
        text = json.dumps([self.title, self.facts, self.rationale, self.files, proof])
        return self.at_utc, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def origin_of(item: Item) -> Origin:
    """Of an item with its evidence, as it is now."""
    return Origin(
        item.title, item.facts, item.rationale, item.impact, item.commit_range, item.importance, item.confidence,
        item.files, item.tags, item.at_utc, item.evidence,
    )  # fmt: skip


def origin_json(origin: Origin) -> str:
    fields = asdict(origin)
    fields["evidence"] = [[found.commit_sha, found.quote, found.path, found.event_id] for found in origin.evidence]
    return json.dumps(fields)


def origin_from(text: str) -> Origin:
    fields: Mapping[str, Any] = json.loads(text)
    lists = {name: tuple(fields[name]) for name in ("files", "tags")}
    return Origin(**{**fields, **lists, "evidence": tuple(Evidence(*found) for found in fields["evidence"])})


def speaker(survivor: Origin, others: Iterable[Origin]) -> Origin:
    """Whose words are shown: the newest that is as sure and as important as the survivor."""
    fit = [one for one in others if one.importance >= survivor.importance and one.confidence >= survivor.confidence]
    return max((survivor, *fit), key=lambda one: one.age)


def fold_origins(survivor: Origin, others: Sequence[Origin]) -> Origin:
    """The speaker's words with the evidence, files and tags of all, the speaker's and then the newest first."""
    spoken = speaker(survivor, others)
    rest = sorted((one for one in (survivor, *others) if one is not spoken), key=lambda one: one.age, reverse=True)
    ordered = [spoken, *rest]
    return replace(
        spoken,
        rationale=next((one.rationale for one in ordered if one.rationale), None),
        impact=next((one.impact for one in ordered if one.impact), None),
        importance=max(one.importance for one in ordered),
        files=tuple(dict.fromkeys(path for one in ordered for path in one.files))[:MAX_FILES],
        tags=tuple(dict.fromkeys(tag for one in ordered for tag in one.tags))[:MAX_TAGS],
        at_utc=max(one.at_utc for one in ordered),
        evidence=tuple(dict.fromkeys(found for one in ordered for found in one.evidence)),
    )

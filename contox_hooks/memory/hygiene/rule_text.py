"""Offline rules about how one item is written. Pure; each gives an action or None."""

from __future__ import annotations

import re

from contox_hooks.domain.item import MAX_TAGS, Item
from contox_hooks.memory.hygiene.action import Action, proposed

_PREFIX = re.compile(
    r"\A(?:feat|feature|fix|bugfix|docs?|refactor|perf|tests?|build|ci|chore|style)(?:\([^()]{1,60}\))?!?:\s+(?=\S)",
    re.I,
)
_REFERENCE = re.compile(r"\s*\((?:#|gh-)\d{1,7}\)\s*$", re.IGNORECASE)
_HINT = re.compile(r"[a-z]+:[^:\s]+:[^:\s]+")
SCANNED = "scan:"
"""How hints begin by which a scan finds its items again (pipeline/scan.py); another name would orphan them."""
_LEAST_TITLE = 8
"""Characters that a shortened title must still have."""


def rename_title(item: Item) -> Action | None:
    """A title without commit prefix, trailing reference and full stop, in one line."""
    title = " ".join(item.title.split())
    title = _REFERENCE.sub("", _PREFIX.sub("", title, count=1))
    if title.endswith(".") and not title.endswith(".."):
        title = title[:-1]
    title = title.strip()
    if title == item.title or len(title) < _LEAST_TITLE:
        return None
    return proposed("RENAME_TITLE", [item], "the title holds what belongs elsewhere", 0.9, patch={"title": title})


def retag(item: Item) -> Action | None:
    """Tags in lower case with hyphens, each once, at most five (CONTRACT.md section 6)."""
    tags = [tag for tag in dict.fromkeys(map(_slug, item.tags)) if tag][:MAX_TAGS]
    if tuple(tags) == item.tags:
        return None
    return proposed("RETAG", [item], "tags are lower-case words with hyphens, each once", 0.95, patch={"tags": tags})


def fix_dedup_hint(item: Item) -> Action | None:
    """`category:topic:key`, the category being the type; a scan's own names are left alone."""
    hint = item.dedup_hint or ""
    if hint.startswith(SCANNED):
        return None
    if _HINT.fullmatch(hint) and hint.startswith(f"{item.type}:"):
        return None
    place = _slug(item.files[0].rpartition("/")[0]) if item.files else ""
    fixed = f"{item.type}:{place[:40] or 'root'}:{_slug(item.title)[:100] or 'untitled'}"
    if _HINT.fullmatch(hint):  # only the category is another: the item changed its type
        fixed = f"{item.type}:{hint.partition(':')[2]}"
    reason = "the dedup hint is not category:topic:key of its type" if hint else "there is no dedup hint"
    return proposed("FIX_DEDUPHINT", [item], reason, 0.8, patch={"dedupHint": fixed})


def patch_facts(item: Item) -> Action | None:
    """Facts that say nothing twice."""
    seen: set[str] = set()
    lines = []
    for line in item.facts.split("\n"):
        folded = " ".join(line.split()).casefold()
        if folded and folded in seen:
            continue
        seen.add(folded)
        lines.append(line.rstrip())
    facts = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    if not facts or facts == item.facts.strip() or len(facts) == len(item.facts):
        return None
    return proposed("PATCH_FACTS", [item], "facts stand there twice", 0.9, patch={"facts": facts})


def patch_rationale(item: Item) -> Action | None:
    """No rationale that only says the title or the facts again."""
    told = _said(item.rationale or "")
    if not told or (told != _said(item.title) and told not in _said(item.facts)):
        return None
    return proposed(
        "PATCH_RATIONALE", [item], "the rationale only says again what is said", 0.85, patch={"rationale": None}
    )  # fmt: skip


def _said(text: str) -> str:
    return " ".join(re.sub(r"[\s*•-]+", " ", text).split()).casefold().rstrip(".")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") if len(text) <= 60 else _cut_slug(text)


def _cut_slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()[:200]).strip("-")[:100].strip("-")

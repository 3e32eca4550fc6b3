"""Offline rules about whether one item can be trusted, and whether it may be kept as it is. Pure."""

from __future__ import annotations

import re

from contox_hooks.domain.item import Item
from contox_hooks.domain.redaction import redact
from contox_hooks.memory.hygiene.action import Action, proposed

NO_EVIDENCE = "needs evidence: it cites nothing in git"
_RULE = re.compile(r"\[redacted:([\w-]+)\]")
_DELETED = re.compile(r".+ (?:was|were) deleted(?P<all>, last)? in [0-9a-f]{12}")


def needs_evidence(item: Item) -> Action | None:
    """Active although it cites nothing, and no person approved it."""
    if item.evidence or item.status != "active" or item.approved_at is not None:
        return None
    return proposed("NEEDS_EVIDENCE", [item], NO_EVIDENCE, 0.9)


def deprecate_memory(item: Item) -> Action | None:
    """In review because all that it stands on was deleted; one file of several is no reason."""
    found = _DELETED.fullmatch(item.status_reason or "") if item.status == "review" else None
    if found is None or not (found["all"] or len(item.files) == 1):
        return None
    return proposed("DEPRECATE_MEMORY", [item], item.status_reason or "", 0.7)


def redact_secrets(item: Item) -> Action | None:
    """A secret that an older program, a server or a person let in. The plan names its rule, not its text."""
    found: dict[tuple[str, str, str], None] = {}
    texts = {name: getattr(item, name) or "" for name in ("title", "facts", "rationale", "impact")}
    texts["evidence"] = "\n\0\n".join(quote.quote for quote in item.evidence)
    for name, text in texts.items():
        clean = redact(text)
        if clean.count:
            found.update({(item.id, name, rule): None for rule in _RULE.findall(clean.text)})
    if not found:
        return None
    return proposed("REDACT", [item], "it holds what looks like a secret", 0.9, redactions=tuple(found)[:20])

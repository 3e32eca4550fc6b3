"""The offline rules, one table; what they propose for a set of items. Pure.

Invariants: an item that is to be merged away or deprecated is not polished as well; of an item that holds a secret a
plan says nothing else, so that no plan repeats it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from contox_hooks.domain.item import Item
from contox_hooks.memory.hygiene import rule_pair, rule_text, rule_trust
from contox_hooks.memory.hygiene.action import Action, ActionType

EACH: Mapping[ActionType, Callable[[Item], Action | None]] = {
    "REDACT": rule_trust.redact_secrets,
    "DEPRECATE_MEMORY": rule_trust.deprecate_memory,
    "NEEDS_EVIDENCE": rule_trust.needs_evidence,
    "RENAME_TITLE": rule_text.rename_title,
    "RETAG": rule_text.retag,
    "FIX_DEDUPHINT": rule_text.fix_dedup_hint,
    "PATCH_FACTS": rule_text.patch_facts,
    "PATCH_RATIONALE": rule_text.patch_rationale,
}


def proposals(items: Sequence[Item], linked: frozenset[frozenset[str]] = frozenset()) -> list[Action]:
    """The weightiest first: secrets, duplicates, what is gone, then form."""
    redactions = [action for item in items if (action := EACH["REDACT"](item)) is not None]
    leaving = {target for action in redactions for target in action.target_ids}
    items = [item for item in items if item.id not in leaving]
    merges = list(rule_pair.merge_memories(items))
    leaving |= {target for action in merges for target in action.target_ids if target != action.into_id}
    found = [*redactions, *merges]
    for rule in EACH.values():
        actions = [action for item in items if item.id not in leaving and (action := rule(item)) is not None]
        leaving |= {action.target_ids[0] for action in actions if action.type == "DEPRECATE_MEMORY"}
        found += actions
    return [*found, *rule_pair.link_related([item for item in items if item.id not in leaving], linked)]

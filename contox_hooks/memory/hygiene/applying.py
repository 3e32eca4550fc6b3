"""Hygiene's second half: apply a plan, each action whole or not at all.

Invariants: an item that is not as the plan saw it is left alone; what takes something away, and what our own rules
would not propose, needs a person's approval; the same plan again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contox_hooks.domain.error import Error, NotFound, UsageError
from contox_hooks.domain.item import Item
from contox_hooks.domain.redaction import redact
from contox_hooks.memory.fingerprint import fingerprint
from contox_hooks.memory.hygiene.action import SEEN_FIELDS, Action
from contox_hooks.memory.hygiene.plan import Plan
from contox_hooks.memory.hygiene.rule import proposals
from contox_hooks.memory.hygiene.rule_text import SCANNED
from contox_hooks.memory.hygiene.rule_trust import NO_EVIDENCE, redact_secrets
from contox_hooks.memory.review import unmerged
from contox_hooks.memory.sql import hygiene as sql

if TYPE_CHECKING:
    from contox_hooks.memory.service import Service

ALREADY = "already applied"
NOT_APPROVED = "needs approval"
CHANGED = "changed since the plan was made"


@dataclass(frozen=True, slots=True)
class Outcome:
    action: Action
    kind: str
    """applied, skipped, error."""
    reason: str = ""
    exit_code: int = 0
    """Of an error: how a command that did nothing else would end (domain/error.py)."""


class _TriedOnly(Exception):
    """Takes back what was only to be tried."""


@dataclass(frozen=True, slots=True)
class Applied:
    outcomes: tuple[Outcome, ...]
    unknown: tuple[str, ...]
    """Selected ids that the plan does not have."""
    dry_run: bool

    def of(self, kind: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.kind == kind]

    def to_json(self) -> dict[str, Any]:
        """CONTRACT.md section 1.4, with the reasons of what was skipped."""
        missing = [{"actionId": action_id, "message": "the plan has no such action"} for action_id in self.unknown]
        return {
            "appliedActionIds": [each.action.id for each in self.of("applied")],
            "skippedActionIds": [each.action.id for each in self.of("skipped")],
            "errors": [{"actionId": each.action.id, "message": each.reason} for each in self.of("error")] + missing,
            "skipped": [{"actionId": each.action.id, "reason": each.reason} for each in self.of("skipped")],
            "dryRun": self.dry_run,
        }


def apply(
    service: Service, project_id: str, plan: Plan, *, selected: Collection[str] | None = None, approved: bool = False,
    dry_run: bool = False,
) -> Applied:  # fmt: skip
    """`selected`: only these actions, and naming one approves it; None: all, of which those that need approval wait
    for `approved`. Never raises for an action: its outcome says why. Raises StoreError."""
    chosen = {action.id: action for action in plan.actions if selected is None or action.id in selected}
    approved = approved or selected is not None
    # Before anything is done: a rule may propose something else once another action has been applied.
    waiting = {} if approved else {id_: needs_approval(service, project_id, each) for id_, each in chosen.items()}
    outcomes = [
        _outcome(service, project_id, action, waits=waiting.get(id_, False), dry_run=dry_run)
        for id_, action in chosen.items()
    ]
    unknown = () if selected is None else tuple(sorted(set(selected) - chosen.keys()))
    return Applied(tuple(outcomes), unknown, dry_run)


def needs_approval(service: Service, project_id: str, action: Action) -> bool:
    """It takes something away, or our own rules would not propose it now: a model's, a stranger's."""
    try:
        return action.is_destructive or not _is_own(action, _targets(service, project_id, action))
    except NotFound:
        return True


def _outcome(service: Service, project_id: str, action: Action, *, waits: bool, dry_run: bool) -> Outcome:
    try:
        with service.store.transaction():
            items = _targets(service, project_id, action)
            if _is_applied(service, action, items):
                return Outcome(action, "skipped", ALREADY)
            if any(_has_changed(action, item) for item in items):
                return Outcome(action, "skipped", CHANGED)
            _do(service, action, {item.id: item for item in items})
            if waits or dry_run:
                raise _TriedOnly
    except _TriedOnly:
        return Outcome(action, "skipped", NOT_APPROVED) if waits else Outcome(action, "applied")
    except Error as error:
        return Outcome(action, "error", error.message, error.exit_code)
    return Outcome(action, "applied")


def _targets(service: Service, project_id: str, action: Action) -> list[Item]:
    """Raises NotFound, also for an item of another project."""
    items = [service.items.get(target) for target in action.target_ids]
    if action.superseded_by:
        items.append(service.items.get(action.superseded_by))
    foreign = next((item for item in items if item.project_id != project_id), None)
    if foreign is not None:
        raise NotFound(f"there is no memory item {foreign.id}", hint="contox-hooks memory")
    return items[: len(action.target_ids)]


def _has_changed(action: Action, item: Item) -> bool:
    return action.seen.get(item.id) != fingerprint(item, SEEN_FIELDS[action.type])


def _is_own(action: Action, items: Sequence[Item]) -> bool:
    if action.type == "LINK_RELATED":  # the two may be parts of a larger group, where one is linked to the next
        return _share_a_commit(items) and all(link[2] == "related" for link in action.links)
    return action.id in {each.id for each in proposals(items)}


def _share_a_commit(items: Sequence[Item]) -> bool:
    shas = [{found.commit_sha for found in item.evidence if found.is_of_commit} for item in items]
    return bool(set.intersection(*shas)) if shas else False


def _is_applied(service: Service, action: Action, items: Sequence[Item]) -> bool:
    item = items[0]
    match action.type:
        case "RENAME_TITLE":
            return bool(item.title == action.patch["title"])
        case "RETAG":
            return bool(list(item.tags) == action.patch["tags"])
        case "FIX_DEDUPHINT":
            return bool(item.dedup_hint == action.patch["dedupHint"])
        case "PATCH_FACTS":
            return bool(item.facts == action.patch["facts"])
        case "PATCH_RATIONALE":
            return bool(item.rationale == action.patch["rationale"])
        case "MERGE_MEMORIES":
            away = [each for each in items if each.id != action.into_id]
            return all(each.status == "superseded" and each.superseded_by == action.into_id for each in away)
        case "DEPRECATE_MEMORY":
            return item.status == "deprecated"
        case "NEEDS_EVIDENCE":
            return item.status == "review" and item.status_reason == NO_EVIDENCE
        case "REDACT":
            return redact_secrets(item) is None
        case "LINK_RELATED":
            known = {(each.from_id, each.to_id, str(each.kind)) for each in service.items.relations(item.id)}
            return known.issuperset(action.links)


def _do(service: Service, action: Action, items: dict[str, Item]) -> None:
    """Inside a transaction."""
    first = action.target_ids[0]
    match action.type:
        case "RENAME_TITLE" | "RETAG" | "PATCH_FACTS" | "PATCH_RATIONALE":
            service.items.edit(first, **action.patch)
        case "FIX_DEDUPHINT":
            if any((hint or "").startswith(SCANNED) for hint in (items[first].dedup_hint, action.patch["dedupHint"])):
                raise UsageError(f"hints that begin with {SCANNED} are a scan's own", hint="contox-hooks scan")
            service.items.edit(first, dedup_hint=action.patch["dedupHint"])
        case "MERGE_MEMORIES":
            assert action.into_id is not None
            for item_id, item in items.items():
                unmerged(item)
                if item_id != action.into_id:
                    service.items.merge(action.into_id, item_id, f"hygiene: {action.reason}")
        case "DEPRECATE_MEMORY":
            unmerged(items[first])
            service.items.set_status(first, "deprecated", reason=action.reason)
            if action.superseded_by:
                service.items.relate(action.superseded_by, first, "supersedes", action.reason)
        case "NEEDS_EVIDENCE":
            service.items.set_status(first, "review", reason=NO_EVIDENCE)
        case "REDACT":
            for item_id in (first, *items[first].merged_from):
                _redact(service, service.items.get(item_id))
        case "LINK_RELATED":
            for from_id, to_id, kind in action.links:
                service.items.relate(from_id, to_id, kind, action.reason)  # type: ignore[arg-type]  # action_of checked


def _redact(service: Service, item: Item) -> None:
    """Every text of it that is stored, also what it said before others were merged into it."""
    store = service.store
    texts = {name: getattr(item, name) for name in ("title", "facts", "rationale", "impact")}
    service.items.edit(item.id, **{name: redact(text).text for name, text in texts.items() if text})
    for row in store.rows(sql.QUOTES, item_id=item.id):
        clean = redact(row["quote"])
        if clean.count:
            store.run(sql.SET_QUOTE, item_id=item.id, position=row["position"], quote=clean.text)
    origin = store.row(sql.ORIGIN, item_id=item.id)
    if origin is not None and origin["origin"]:
        store.run(sql.SET_ORIGIN, item_id=item.id, origin=_redacted_json(origin["origin"]))


def _redacted_json(text: str) -> str:
    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value).text
        if isinstance(value, list):
            return [clean(each) for each in value]
        return {name: clean(each) for name, each in value.items()} if isinstance(value, dict) else value

    return json.dumps(clean(json.loads(text)))

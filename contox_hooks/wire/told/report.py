"""Plans of hygiene, resolved items, drift and the reports as a server tells of them (CONTRACT.md section 1.4)."""

from __future__ import annotations

from typing import Final

from contox_hooks.wire.loose import count_of, name_of, text_of
from contox_hooks.wire.told.form import Form, field, flag, number, part, rows, texts
from contox_hooks.wire.told.memory import USAGE

_TOKENS: Final[Form] = {name: field(count_of) for name in ("promptTokens", "completionTokens")}

_ACTION: Final[Form] = {
    "actionId": field(name_of, "id"),
    "id": field(name_of, "actionId"),
    "type": field(text_of),
    "targetMemoryIds": field(texts, "itemIds", "itemId"),
    "itemIds": field(texts, "targetMemoryIds", "itemId"),
    "reason": field(text_of, "description"),
    "description": field(text_of, "reason"),
    "confidence": field(number),
    "requiresHumanApproval": field(flag),
}

PLAN: Final[Form] = {
    "summary": field(text_of),
    "itemsAnalyzed": field(count_of),
    "actions": field(rows(_ACTION)),
    "metrics": field(part({"totalMemories": field(count_of), "actionsCount": field(count_of)})),
    "warnings": field(texts),
    "usage": field(part(_TOKENS)),
}
"""Its other names are its server's own: it gets the plan back."""

APPLIED: Final[Form] = {
    "appliedActionIds": field(texts),
    "skippedActionIds": field(texts),
    "errors": field(rows({"actionId": field(name_of, "id"), "message": field(text_of)})),
    "skipped": field(rows({"actionId": field(name_of, "id"), "reason": field(text_of)})),
    "dryRun": field(flag),
}

_RESOLVED: Final[Form] = {
    "itemId": field(name_of, "id"),
    "title": field(text_of),
    "type": field(text_of),
    "matchType": field(text_of),
    "matchedFiles": field(texts),
    "confidence": field(number),
    "commitSha": field(text_of),
    "previousStatus": field(text_of),
    "newStatus": field(text_of),
    "reason": field(text_of),
}

RESOLVED: Final[Form] = {
    "resolved": field(rows(_RESOLVED)),
    "skipped": field(rows({"itemId": field(name_of, "id"), "title": field(text_of), "reason": field(text_of)})),
    "totalItemsScanned": field(count_of),
    "dryRun": field(flag),
}

_DETAIL: Final[Form] = {
    "convention": field(text_of),
    "baselineItemId": field(name_of),
    "violation": field(text_of),
    "files": field(texts),
    "severity": field(text_of),
}

DRIFT: Final[Form] = {
    "message": field(text_of),
    "driftsDetected": field(count_of),
    "itemsChecked": field(count_of),
    "baselineSize": field(count_of),
    "details": field(rows(_DETAIL)),
    "usage": field(part(_TOKENS)),
}

_PROBLEM: Final[Form] = {
    "id": field(name_of),
    "kind": field(text_of),
    "description": field(text_of),
    "itemIds": field(texts),
    "severity": field(text_of),
    "status": field(text_of),
    "createdAt": field(text_of),
}

PROBLEMS: Final[Form] = {"problems": field(rows(_PROBLEM)), "total": field(count_of)}

_ENTRY: Final[Form] = {
    "date": field(text_of),
    "summary": field(text_of),
    "changelog": field(text_of),
    "risks": field(texts),
    "impacts": field(texts),
    "sessionCount": field(count_of),
    "filesModified": field(texts),
}

CHANGELOG: Final[Form] = {
    "entries": field(rows(_ENTRY)),
    "total": field(count_of),
    "hasMore": field(flag),
    "mode": field(text_of),
    "range": field(part({"since": field(text_of), "until": field(text_of)})),
    "unseen": field(texts),
}

_MODULE: Final[Form] = {
    "module": field(text_of),
    "directChanges": field(count_of),
    "rippleFrom": field(texts),
    "riskLevel": field(text_of),
    "reason": field(text_of),
    "files": field(texts),
    "itemIds": field(texts),
}

IMPACT: Final[Form] = {
    "message": field(text_of),
    "modules": field(rows(_MODULE)),
    "totalFilesChanged": field(count_of),
    "modulesAffected": field(count_of),
    "rippleCount": field(count_of),
    "changesAnalyzed": field(count_of),
    "usage": field(part(USAGE)),
    "unseen": field(texts),
}

_SECTION: Final[Form] = {
    "id": field(name_of),
    "title": field(text_of),
    "content": field(text_of),
    "keyFiles": field(texts),
}

_GUIDE: Final[Form] = {
    "sections": field(rows(_SECTION)),
    "generatedAt": field(text_of),
    "itemsUsed": field(count_of),
    "usage": field(part(USAGE)),
}

GUIDE: Final[Form] = {"guide": field(part(_GUIDE)), "projectName": field(text_of), "unseen": field(texts)}

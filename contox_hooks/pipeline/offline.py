"""The extractor that needs no model: rules that read messages and diffs. Free, deterministic, no network.

Owns the order of the steps: read, judge what is trivial, group into topics, draft. Must not know sessions or storage.
Invariant: every quote stands in its commit, so that the quote check changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft
from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.detail import details
from contox_hooks.pipeline.document import fitting_entries
from contox_hooks.pipeline.drafting import todo_draft, topic_draft
from contox_hooks.pipeline.message import read_message
from contox_hooks.pipeline.provider import Context, Extraction
from contox_hooks.pipeline.summary import session_summary
from contox_hooks.pipeline.topic import Reading, only_follows, topics
from contox_hooks.pipeline.triviality import CHANGELOG_ONLY, UNEXPLAINED, explains, says_little, trivial_reason

_OUTWARD = 4
"""Weight of a fact from which it is of a definition or a setting, not of a line."""
MAX_TODOS = 3
"""Open ends taken from the comments of one topic."""


class OfflineExtractor:
    """An `Extractor` by rules."""

    name = "offline"
    paid = False

    def extract(self, digests: Sequence[CommitDigest], *, context: Context | None = None) -> Extraction:
        """Drafts in the order of time, no two with the same title; the digests may come in any order."""
        ordered = sorted(digests, key=lambda digest: (digest.committer.at_utc, len(digest.parents) > 1))
        drafts: dict[str, Draft] = {}
        for topic in topics([read_commit(digest) for digest in ordered]):
            for draft in _drafts(topic):
                if draft.evidence:
                    drafts.setdefault(draft.title.casefold(), draft)
        ranked = sorted(drafts.values(), key=lambda draft: -draft.importance)
        branches = {digest.branch for digest in ordered}
        summary = session_summary(
            [(draft.type, draft.title) for draft in ranked],
            commits=len(ordered),
            branch=branches.pop() if len(branches) == 1 else None,
        )
        return Extraction(tuple(drafts.values()), summary)


def read_commit(digest: CommitDigest) -> Reading:
    message = read_message(digest.subject, digest.body)
    found = details(digest)
    numbers = {*message.closes, *message.issues, message.request or ""}
    found = replace(found, facts=fitting_entries(found.facts, numbers))
    return Reading(digest, message, found, trivial_reason(digest, message, found.patches))


def _telling(topic: Sequence[Reading]) -> list[Reading]:
    """The commits whose words and lines the item is made of: those that are not trivial, and beside them, or with the
    request that brought them, those that are trivial only by themselves."""
    requested = any(explains(reading.message) for reading in topic)
    told = {
        reading.digest.sha for reading in topic if not reading.trivial or (requested and reading.trivial == UNEXPLAINED)
    }
    beside = {reading.digest.sha for reading in topic if reading.trivial == CHANGELOG_ONLY or reading.message.fixup_of}
    return [reading for reading in topic if reading.digest.sha in told | beside] if told else []


def _is_slight(told: Reading, topic: Sequence[Reading]) -> bool:
    """Whether the one commit that a topic tells of is too little for an item, and no request says more of it."""
    if told.details.todos or told.details.reasons or any(explains(reading.message) for reading in topic):
        return False
    silent = not told.details.facts and not told.message.prose
    kinds = {path_kind(path) for path in told.paths}
    if silent and (kinds == {"asset"} or (kinds == {"doc"} and only_follows(told.message.title))):
        return True  # another picture, `Update README.md`: nothing that can be told of it
    outward = any(fact.weight >= _OUTWARD for fact in told.details.facts)
    return not outward and says_little(told.digest, told.message, told.details.patches)


def _drafts(topic: Sequence[Reading]) -> Iterator[Draft]:
    """The topic's own draft, and one for each open end that its comments leave."""
    telling = _telling(topic)
    if len(telling) == 1 and _is_slight(telling[0], topic):
        return
    if telling:
        yield topic_draft(topic, telling)
    todos = [(reading, todo) for reading in telling for todo in reading.details.todos]
    for reading, todo in todos[:MAX_TODOS]:
        yield todo_draft(reading, todo)

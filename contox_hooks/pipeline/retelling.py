"""An item that told of several commits, and of one less now: what it says then.

Reads and asks the rules; carrying.py writes. Invariant: nothing is paid for, and nothing but one draft over all that
the item still cites takes the place of its words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft, Item
from contox_hooks.domain.narrow import Narrow
from contox_hooks.memory.merge import origin
from contox_hooks.memory.session import StoredEvent
from contox_hooks.pipeline.offline import OfflineExtractor
from contox_hooks.pipeline.quote import verified
from contox_hooks.pipeline.work import Work


def told_again(work: Work, item: Item, commits: Sequence[tuple[CommitDigest, StoredEvent]]) -> Draft | None:
    """By rules, if it was rules that told it: a model's words are not exchanged for less, and a model is not asked
    twice. `commits`: all that it still cites."""
    extractor = work.tools.extractor
    if not isinstance(extractor, OfflineExtractor):
        return None
    narrow = Narrow(work.tools.exclusions, work.tools.diffs)
    digests = [narrow.digest(digest) for digest, _ in commits]
    drafts, _ = verified(extractor.extract(digests).drafts, digests)
    event_ids = {digest.sha: event.id for digest, event in commits}
    for draft in sorted(drafts, key=lambda draft: draft.type != item.type):
        if {entry.commit_sha for entry in draft.evidence} == event_ids.keys():
            cited = (replace(entry, event_id=event_ids[entry.commit_sha]) for entry in draft.evidence)
            return replace(draft, evidence=tuple(cited))
    return None


def speaks_of(work: Work, item: Item, gone: Collection[str | None], final: Callable[[str], str | None]) -> bool:
    """Whether its words may be of commits that became these (None: nothing). Of what was merged, one speaks for all."""
    if not item.merged_from:
        return True
    items, store = work.service.items, work.service.store
    told = [origin(store, each) for each in (item, *map(items.get, item.merged_from))]
    spoke = [each for each in told if (each.title, each.facts) == (item.title, item.facts)]
    return not spoke or any(final(entry.commit_sha) in gone for each in spoke for entry in each.evidence)

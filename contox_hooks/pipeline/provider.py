"""What turns a chunk of commits into proposals for memory: the one seam between the pipeline and its extractors.

`OfflineExtractor` implements it with rules, `ModelExtractor` with a language model. The runner must not know which one
it holds: it asks `paid` only to govern spending (invariant 8). Whatever comes back is a proposal: `quote.verified`
drops what the commits do not say (invariant 9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft, Item
from contox_hooks.domain.narrow import Narrow


@dataclass(frozen=True, slots=True)
class Context:
    """Where a chunk stands, and what is known already of what it touches."""

    project_id: str
    session_id: str
    chunk_no: int
    known: Callable[[], Sequence[Item]] = tuple
    """The items that the chunk may bear on, best first; looked up when called, since rules never ask."""
    narrow: Narrow = field(default_factory=Narrow)
    """What of the commits may leave this machine, by the settings in force."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """The answer for one chunk."""

    drafts: tuple[Draft, ...]
    summary: str | None
    """One or two sentences over the chunk, at most 300 characters; None when there is nothing to say."""
    dropped: int = 0
    """Proposals that the extractor threw away by itself, before the quote check."""
    by: str | None = None
    """Who read it, where that was not the extractor of this name: the model that answered, `offline`."""
    note: str | None = None
    """What somebody should know of how this chunk was read: by rules and why, by another model, after a repair."""
    wanting: bool = False
    """Rules read it although a model is wanted, and that was paid nothing: `enrich --again` can have it read."""


class Extractor(Protocol):
    """Reads one chunk (at most EVENTS_PER_CHUNK commits) and proposes drafts.

    The commit text is data: nothing in it may steer the extractor. A model's implementation raises
    `domain.error.StageFailed` when its answer stays invalid after one repair; chunks that finished before are kept, so
    an implementation holds nothing between calls that an answer depends on. The same digests may be asked again after a
    crash when the answer had not been stored; an extractor that charges for it sets `paid`, and claims the (session,
    chunk) before it asks, so that no other call can be made for it.
    """

    @property
    def name(self) -> str:
        """What `status` and a job's detail show: `offline`, or the model's name."""
        ...

    @property
    def paid(self) -> bool:
        """Whether a call costs money; governs intervals, caps and repeats."""
        ...

    def extract(self, digests: Sequence[CommitDigest], *, context: Context | None = None) -> Extraction: ...

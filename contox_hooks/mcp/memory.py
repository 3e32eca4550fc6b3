"""What the MCP server asks of a memory: this machine's, or a server's. A contract test says the same of both.

Must not know MCP. Every answer is the JSON object that CONTRACT.md (1.2 to 1.4) names for its route, in both sets of
names, so that a tool shows the same wherever it came from. Every method may be called by several threads at once, none
inside an event loop; each raises Error (domain/error.py): NotFound, UsageError, Refused, Busy, StoreError,
SettingError, and of a server AccessRefused, RemoteError, Unreachable, SpendRefused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from contox_hooks.memory.report.changelog import Mode

Object = Mapping[str, Any]

LEAST_QUESTION = 3
"""Characters: CONTRACT.md section 1.3, ask."""


class Memory(Protocol):
    @property
    def name(self) -> str:
        """The project's, for people."""
        ...

    @property
    def where(self) -> str:
        """`this machine`, or the server's host."""
        ...

    def brain(self, *, active_files: Sequence[str] = (), budget_tokens: int = 6000, limit: int | None = None) -> Object:
        """`GET /api/v2/brain`."""
        ...

    def search(
        self, query: str, *, limit: int = 10, min_similarity: float = 0.0, active_files: Sequence[str] = ()
    ) -> Object:
        """`GET /api/v2/search`; results have `compositeScore` where `active_files` are named. `limit`: 1 to 200."""
        ...

    def items(
        self, *, schema_key: str | None = None, status: str = "active", limit: int = 50, offset: int = 0
    ) -> Object:
        """`GET /api/v2/items`; `schema_key`: how the key begins; `status` may be `all`; `limit`: 1 to 200."""
        ...

    def item(self, item_id: str) -> Object:
        """`GET /api/v2/items/:id`, with its evidence. NotFound also for another project's."""
        ...

    def decide(self, item_id: str, status: Literal["approved", "deprecated", "draft"]) -> Object:
        """`PATCH /api/v2/items/:id`: the item afterwards. Refused for one whose words went into another."""
        ...

    def ask(self, question: str) -> Object:
        """`POST /api/v2/ask`, mode sync. A model answers where the project's settings name one, within its caps; why
        it did not is `trouble`. A server may refuse a question at a cap: SpendRefused."""
        ...

    def analyze(self, *, mode: Literal["quick", "weekly"], schema_key_prefix: str | None = None) -> Object:
        """`POST /api/v2/hygiene`, action analyze: a plan. Nothing changes. This machine's asks the model too that the
        settings name, as the verb does."""
        ...

    def apply(self, plan: Object, action_ids: Sequence[str], *, dry_run: bool) -> Object:
        """`POST /api/v2/hygiene`, action apply, of a plan as `analyze` gave it. These actions alone, and naming one
        approves it: for who has a person's word."""
        ...

    def auto_resolve(self, commits: Sequence[Object], *, dry_run: bool) -> Object:
        """`POST /api/v2/auto-resolve`; each commit has `sha`, `message`, `files`."""
        ...

    def check_drift(self) -> Object:
        """`POST …/drift-check`: decisions, conventions and architecture that commits went against."""
        ...

    def drift(self) -> Object:
        """`GET …/drift-check`: everything that a commit made doubtful."""
        ...

    def changelog(self, *, mode: Mode, since: int) -> Object:
        """`GET …/changelog`, up to now, with `unseen`. `since`: seconds since the epoch."""
        ...

    def impact(self, *, days: int) -> Object:
        """`POST …/impact`, with `unseen`. `days`: 1 to 30."""
        ...

    def onboarding(self) -> Object:
        """`POST …/onboarding-guide`, with `unseen`."""
        ...

    def sessions(self, *, limit: int = 20, offset: int = 0, status: str | None = None) -> Object:
        """`GET /api/v2/sessions`, newest first. `status`: active, closed, compacted, completed, enriching, enriched,
        failed; `limit`: 1 to 200."""
        ...

    def session(self, session_id: str) -> Object:
        """`GET /api/v2/sessions/:id` with `jobs` and `pipeline` of its route beside it, and where known the first 50
        `events`, in the order they happened. NotFound also for another project's."""
        ...

    def end_session(self, session_id: str) -> Object:
        """`PATCH /api/v2/sessions/:id`, status closed: `ok`, `sessionId`, `status`. On this machine what is pending
        goes in first. Repeated it is no error."""
        ...

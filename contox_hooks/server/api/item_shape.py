"""What the routes of items take and give, for the OpenAPI document; wire/item.py makes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from contox_hooks.domain.item import MAX_FACTS, MAX_TITLE, ItemType
from contox_hooks.server.api.declared import Text


class EvidenceRef(BaseModel):
    commitSha: str | None
    eventKey: str | None = Field(description="Of a note or a scan, which no commit bears out")
    path: str | None
    quote: str
    eventId: str | None


class ItemReply(BaseModel):
    itemId: str
    id: str
    projectId: str
    type: ItemType
    title: str
    facts: str
    content: str
    rationale: str | None
    impact: str | None
    files: list[str]
    schemaKey: str
    commitRange: str | None
    sourceRef: str | None
    confidence: float
    importance: float = Field(ge=0.2, le=1.0, description="Ours, 1 to 5, divided by 5")
    tags: list[str]
    dedupHint: str | None
    status: str
    state: str = Field(description="approved, draft or deprecated: the documentation's words for `status`")
    statusReason: str | None
    approvedAt: str | None
    sessionId: str | None
    mergedFrom: list[str]
    supersededBy: str | None
    lastReinforcedAt: str | None
    evidenceRefs: list[EvidenceRef]
    happenedAt: str
    createdAt: str
    updatedAt: str
    embedding: list[list[float]] | None = Field(None, description="Asked for: a row a chunk of its text")
    embeddingModel: str | None = None


class ItemsReply(BaseModel):
    items: list[ItemReply]
    total: int
    hasMore: bool


class ItemPatch(BaseModel):
    """What is not named stays."""

    title: Annotated[Text, Field(min_length=1, max_length=MAX_TITLE)] | None = None
    facts: Annotated[Text, Field(max_length=MAX_FACTS)] | None = None
    content: Annotated[Text, Field(max_length=MAX_FACTS, description="The same as `facts`")] | None = None
    type: ItemType | None = None
    status: Annotated[str, Field(max_length=40, description="approved, draft, deprecated, archived …")] | None = None
    schemaKey: Annotated[Text, Field(min_length=1, max_length=200)] | None = None

    def words(self) -> dict[str, str]:
        """What an item says anew, by our names."""
        facts = self.facts if self.facts is not None else self.content
        named = {"title": self.title, "facts": facts, "type": self.type, "schema_key": self.schemaKey}
        return {name: value for name, value in named.items() if value is not None}

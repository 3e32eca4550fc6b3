"""What a search answers, for the OpenAPI document; shape/search.py makes it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Result(BaseModel):
    itemId: str
    type: str
    title: str
    facts: str
    schemaKey: str
    similarity: float
    confidence: float
    files: list[str]
    status: str
    matchedBy: str
    commits: list[str]
    eventKey: str | None = Field(description="Of the note or the scan that it is from, which is no commit's")
    compositeScore: float | None = None


class SearchReply(BaseModel):
    results: list[Result]
    query: str
    totalCandidates: int

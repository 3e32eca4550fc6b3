"""What a search answers, for the OpenAPI document; shape/search.py makes it."""

from __future__ import annotations

from pydantic import BaseModel


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
    compositeScore: float | None = None


class SearchReply(BaseModel):
    results: list[Result]
    query: str
    totalCandidates: int

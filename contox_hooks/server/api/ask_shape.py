"""What asking takes and gives, for the OpenAPI document; memory/report/ask.py makes the answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from contox_hooks.server.api.declared import Id, Text
from contox_hooks.server.api.report_shape import Usage


class AskBody(BaseModel):
    projectId: Id = ""
    question: Annotated[Text, Field(max_length=4000)] = ""
    mode: Literal["sync"] | None = Field(None, description="sync: the answer itself; left out: a ticket for the worker")
    chatSessionId: Id | None = None


class Source(BaseModel):
    itemId: str
    type: str
    title: str
    facts: str
    schemaKey: str
    similarity: float
    confidence: float
    files: list[str]
    compositeScore: float
    commits: list[str]
    eventKey: str | None = Field(description="Of the note or the scan that it is from, which is no commit's")


class AnswerReply(BaseModel):
    question: str
    answer: str
    sources: list[Source]
    avgSimilarity: float
    usage: Usage
    model: str
    dropped: int
    trouble: str | None


class TicketReply(BaseModel):
    ticket: str
    workerUrl: str


class WorkBody(BaseModel):
    ticket: Annotated[Text, Field(max_length=20_000)]

"""What the reports hold, for the OpenAPI document; their own `to_wire` makes it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Usage(BaseModel):
    """Of a model: nothing, where none was asked."""

    promptTokens: int
    completionTokens: int
    totalTokens: int


class Report(BaseModel):
    unseen: list[str] = Field(description="What a clone of the repository would tell besides, a line each")


class Entry(BaseModel):
    date: str
    summary: str
    changelog: str
    risks: list[str]
    impacts: list[str]
    sessionCount: int
    filesModified: list[str]
    filesCut: int


class Range(BaseModel):
    since: str
    until: str


class ChangelogReply(Report):
    entries: list[Entry]
    total: int
    hasMore: bool
    mode: str
    range: Range
    commits: int
    commitsCut: bool
    items: int
    leftOut: int


class Module(BaseModel):
    module: str
    directChanges: int
    rippleFrom: list[str]
    riskLevel: str
    reason: str
    files: list[str]
    itemIds: list[str]


class ImpactReply(Report):
    message: str
    modules: list[Module]
    totalFilesChanged: int
    modulesAffected: int
    rippleCount: int
    changesAnalyzed: int
    commitsCut: bool
    usage: Usage


class Section(BaseModel):
    id: str
    title: str
    content: str
    keyFiles: list[str]


class Guide(BaseModel):
    sections: list[Section]
    generatedAt: str
    itemsUsed: int
    usage: Usage


class GuideReply(Report):
    guide: Guide
    projectName: str

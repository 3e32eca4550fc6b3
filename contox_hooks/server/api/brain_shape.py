"""What the brain's reply holds, for the OpenAPI document; `Brain.to_wire` makes it."""

from __future__ import annotations

from pydantic import BaseModel


class Node(BaseModel):
    schemaKey: str
    name: str
    itemCount: int
    children: list[Node]


class Layers(BaseModel):
    layer0: int
    layer1: int
    layer2: int
    archived: int


class Metadata(BaseModel):
    itemCount: int
    tokenEstimate: int
    assembledAt: str
    schemaKeys: list[str]


class BrainReply(BaseModel):
    document: str
    summary: str
    tokenEstimate: int
    itemsLoaded: int
    itemsLeftOut: int
    schemaKeys: list[str]
    brainHash: str
    tree: list[Node]
    layers: Layers
    markdown: str
    metadata: Metadata

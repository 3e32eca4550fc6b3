"""Projects, people and keys on the wire, with the names of clients and of the API's documents (CONTRACT.md 1.5).

Pure. Invariant: a project's `autoLearn` and `deepEnrichEnabled` are what is in force, its `aiTier` what was chosen.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from contox_hooks.domain.setting import Settings
from contox_hooks.memory.access import Key, Member, Person
from contox_hooks.memory.project import Project
from contox_hooks.server.api.context_shape import maybe_iso
from contox_hooks.wire.envelope import iso_ms

TIERS = ("small", "medium")


class ProjectReply(BaseModel):
    id: str
    name: str
    description: str | None
    status: str
    teamId: str
    contextsCount: int
    createdAt: str
    updatedAt: str
    visibility: str
    aiTier: str | None
    autoLearn: bool
    deepEnrichEnabled: bool
    repoUrl: str | None
    githubUsername: None
    repoAuthMethod: None
    hasGithubToken: bool


class ProjectPage(ProjectReply):
    memberCount: int


class MemberReply(BaseModel):
    id: str
    personId: str
    name: str
    role: str
    isOwner: bool
    addedAt: str


class PersonReply(BaseModel):
    id: str
    name: str
    role: str
    createdAt: str


class KeyReply(BaseModel):
    id: str
    name: str
    prefix: str
    scopes: list[str]
    projectId: str | None
    personId: str
    personName: str
    createdAt: str
    lastUsedAt: str | None
    revokedAt: str | None


class NewKeyReply(KeyReply):
    key: str


def project_object(project: Project, settings: Settings, *, team_id: str, contexts: int) -> dict[str, Any]:
    model = project.settings.get("model")
    return {
        "id": project.id,
        "name": project.name,
        "description": project.description,
        "status": project.status,
        "teamId": team_id,
        "contextsCount": contexts,
        "createdAt": iso_ms(project.created_at),
        "updatedAt": iso_ms(project.updated_at),
        "visibility": project.visibility,
        "aiTier": model if model in TIERS else None,
        "autoLearn": settings.auto_learn,
        "deepEnrichEnabled": settings.deep_enrich,
        "repoUrl": project.repo_url,
        "githubUsername": None,
        "repoAuthMethod": None,
        "hasGithubToken": False,
    }


def member_object(member: Member) -> dict[str, Any]:
    return {
        "id": member.person.id,
        "personId": member.person.id,
        "name": member.person.name,
        "role": str(member.role),
        "isOwner": member.person.is_owner,
        "addedAt": iso_ms(member.added_at),
    }


def person_object(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "role": "owner" if person.is_owner else "member",
        "createdAt": iso_ms(person.created_at),
    }


def key_object(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "projectId": key.project_id,
        "personId": key.person_id,
        "personName": key.person_name,
        "createdAt": iso_ms(key.created_at),
        "lastUsedAt": maybe_iso(key.last_used_at),
        "revokedAt": maybe_iso(key.revoked_at),
    }

"""What every repository on this machine needs: git, the embedding model, settings that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contox_hooks.configuration import effective_settings
from contox_hooks.diagnosis.finding import Finding, note
from contox_hooks.domain.error import Error, SettingError
from contox_hooks.git.config import git_version
from contox_hooks.git.repository import Repository

OLDEST_GIT = (2, 31)
"""The first with `rev-parse --path-format`."""


def git_findings() -> Iterator[Finding]:
    version = git_version()
    if version < OLDEST_GIT:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_GIT))
        yield Finding("git", f"git {found} is older than {needed}", "upgrade git")


def embedding_findings() -> Iterator[Finding]:
    from contox_hooks.pipeline.embedding import default_embedder

    try:
        default_embedder().embed(["a commit"])
    except Error as error:
        yield Finding("embedding", error.message, error.hint)


def settings_findings(repo: Repository, project: Mapping[str, Any]) -> Iterator[Finding]:
    try:
        effective = effective_settings(repo, project)
    except SettingError as error:
        yield Finding("settings", error.message, error.hint)
        return
    if effective.settings.paused:
        where = effective.origins["paused"]
        yield note("settings", f"capturing is paused ({where})", "contox-hooks settings set paused false")

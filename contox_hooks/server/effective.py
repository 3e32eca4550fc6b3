"""What settings hold for a project on this server: its own, within the plan that stands in the store.

Invariant: every server and worker of a store has the same plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contox_hooks.configuration import effective_settings
from contox_hooks.domain.setting import Effective
from contox_hooks.git.repository import Repository
from contox_hooks.memory.service import Service


def effective_of(service: Service, own: Mapping[str, Any], repo: Repository | None = None) -> Effective:
    """`own`: of the project. Raises SettingError."""
    return effective_settings(repo, own, plan=service.access.plan())

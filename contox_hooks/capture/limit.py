"""How settings bound a digest."""

from __future__ import annotations

from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.setting import Settings
from contox_hooks.git.history import DigestLimits


def limits_of(settings: Settings) -> DigestLimits:
    return DigestLimits(diff_budget=settings.diff_budget, diffs=settings.diffs, exclusions=Exclusions(settings.exclude))

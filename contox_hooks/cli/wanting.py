"""Commits that rules read although a model is wanted: told by `enrich` and `status`, read again by `enrich --again`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from contox_hooks.cli.render import plural
from contox_hooks.domain.error import SettingError, SpendRefused

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly

AGAIN = "contox-hooks enrich --again"


def wanting_line(parts: Assembly) -> str:
    """`12 commits were read by rules for want of the model: contox-hooks enrich --again`; "" where none were, and
    without a model. Raises SettingError, StoreError."""
    if parts.settings.model == "offline":
        return ""
    from contox_hooks.memory.chunk import Chunks

    commits = sum(found.commits for found in Chunks(parts.service.store).wanting(parts.project.id))
    was = "was" if commits == 1 else "were"
    return f"{plural(commits, 'commit')} {was} read by rules for want of the model: {AGAIN}" if commits else ""


def wanting_sessions(parts: Assembly) -> list[str]:
    """Oldest first."""
    from contox_hooks.memory.chunk import Chunks

    return [each.session_id for each in Chunks(parts.service.store).wanting(parts.project.id)]


def reopen(parts: Assembly, wanted: Sequence[str], *, every: bool) -> list[str]:
    """Open what rules read of these sessions, or of all, for the model, as far as it would be asked about it now; the
    rest stays as it is. `wanted` with the sessions that have some. Raises SettingError: no model can be asked;
    SpendRefused: it would be asked nothing."""
    from contox_hooks.asker import meter_for
    from contox_hooks.cli.enrich_preview import foreseen
    from contox_hooks.memory.chunk import Chunks

    if meter_for(parts.effective, parts.service.store, parts.project.id) is None:
        raise SettingError("there is no model to read them", hint="contox-hooks settings set model small")
    found = [session_id for session_id in wanting_sessions(parts) if every or session_id in wanted]
    calls = foreseen(parts, list(dict.fromkeys([*wanted, *found])), history=True)
    numbers: dict[str, list[int]] = {}
    for call in calls:
        if not call.refused:
            numbers.setdefault(call.session_id, []).append(call.chunk_no)
    if calls and not numbers:
        raise SpendRefused(calls[0].refused, hint=f"{AGAIN} --dry-run")
    chunks = Chunks(parts.service.store)
    for session_id in found:
        chunks.reopen(session_id, numbers.get(session_id, ()))
    return list(dict.fromkeys([*wanted, *(session_id for session_id in found if session_id in numbers)]))

"""History and a language model, for `init` and `backfill`: nobody pays for it who did not ask, and who did is told.

Invariant: without `--model` nothing of history is sent; on a terminal the estimate is shown and agreed to first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contox_hooks.cli.render import clean, plural
from contox_hooks.domain.error import SettingError

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.model.ledger import Used


class Spent(NamedTuple):
    calls: int
    tokens: int
    micro_dollars: int

    def __str__(self) -> str:
        from contox_hooks.model.ledger import dollars

        money = f", {dollars(self.micro_dollars)}" if self.micro_dollars else ""
        return f"{plural(self.calls, 'request')} to the model ({self.tokens:,} tokens{money})"


def check_model(parts: Assembly) -> None:
    """Raises SettingError: none is set, or it cannot be asked."""
    from contox_hooks.asker import asker_for

    if asker_for(parts) is None:
        raise SettingError("there is no model to read history", hint="contox-hooks settings set model small")


def may_spend(parts: Assembly, *, asks: bool) -> bool:
    """Whether to go on with the model: yes where nobody can be asked."""
    from contox_hooks.asker import chosen_models
    from contox_hooks.cli.connect_ask import can_ask, confirm
    from contox_hooks.cli.enrich_preview import foreseen, total_line

    if not asks or not can_ask():
        return True
    first, *later = chosen_models(parts.effective)
    calls = foreseen(parts, parts.service.jobs.unprocessed_sessions(parts.project.id), history=True)
    if not any(not call.refused for call in calls):
        return True
    return confirm(f"{clean(total_line(first, later, calls))} Go on? (no: rules read it)")


def used_of(parts: Assembly) -> Used | None:
    """None without a model. Raises StoreError."""
    if parts.settings.model == "offline":
        return None
    from contox_hooks.model.ledger import Ledger

    return Ledger(parts.service.store, parts.project.id).used()


def spent_of(parts: Assembly, before: Used | None) -> Spent | None:
    """Since `before`; None: nothing was asked."""
    after = used_of(parts)
    if before is None or after is None or after.calls_today <= before.calls_today:
        return None
    return Spent(
        after.calls_today - before.calls_today,
        after.tokens_today - before.tokens_today,
        after.micro_dollars_today - before.micro_dollars_today,
    )

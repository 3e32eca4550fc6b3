"""What a model may cost and has cost, as `settings` and `status` show it.

Reads the ledger and the settings; asks no model. Imported only where one is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contox_hooks.asker import Chosen, chosen_models
from contox_hooks.cli.clean import clean
from contox_hooks.model.ledger import MICRO_DOLLARS_A_CENT, Caps, Ledger, Used, dollars

if TYPE_CHECKING:
    from contox_hooks.domain.setting import Effective
    from contox_hooks.memory.store import Store


@dataclass(frozen=True, slots=True)
class Spend:
    """Of today (UTC): tokens of the project, money of all projects."""

    models: tuple[Chosen, ...]
    used: Used
    caps: Caps

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Paid models whose price nobody knows."""
        return tuple(one.name for one in self.models if one.paid and one.price is None)

    def line(self) -> str:
        names = ", then ".join(clean(one.name) for one in self.models)
        tokens = f"{self.used.tokens_today:,} of {self.caps.tokens_a_day:,} tokens today"
        return f"{names}: {tokens}, {self._money()}"

    def _money(self) -> str:
        if not any(one.paid for one in self.models):
            return "nothing is paid"
        money = dollars(self.used.micro_dollars_today)
        text = f"{money} of {dollars(self.caps.cents_a_day * MICRO_DOLLARS_A_CENT)}"
        if self.used.unpriced_today or self.unpriced:
            text += " and what nobody knows the price of (contox-hooks settings set model_price IN/OUT)"
        return text

    def object(self) -> dict[str, Any]:
        return {
            "models": [one.name for one in self.models],
            "tokens_today": self.used.tokens_today,
            "tokens_a_day": self.caps.tokens_a_day,
            "tokens_a_session": self.caps.tokens_a_session,
            "calls_today": self.used.calls_today,
            "micro_dollars_today": self.used.micro_dollars_today,
            "cents_a_day": self.caps.cents_a_day,
            "unpriced_calls_today": self.used.unpriced_today,
            "models_without_price": list(self.unpriced),
        }


def spend_of(effective: Effective, store: Store, project_id: str) -> Spend:
    """Raises SettingError where the settings name no model that could be asked; StoreError."""
    settings = effective.settings
    caps = Caps(settings.tokens_a_day, settings.tokens_a_session, settings.cents_a_day)
    return Spend(tuple(chosen_models(effective)), Ledger(store, project_id).used(), caps)

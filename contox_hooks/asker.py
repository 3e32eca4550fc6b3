"""Puts the language model together that the settings name: endpoints, keys, prices, caps. No rules of its own.

`None` stands for the offline default, which loads no module of `model/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from contox_hooks.domain.error import SettingError, UsageError
from contox_hooks.domain.setting import Effective, Settings

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.memory.store import Store
    from contox_hooks.model.metering import Meter, Priced
    from contox_hooks.model.preset import Preset, Price
    from contox_hooks.wire.endpoint import Endpoint

OFFLINE = "offline"
_NONE = "none"
_LIST = "list"
"""What stands for no value (domain/setting.py)."""


class Chosen(NamedTuple):
    """One provider's model as the settings name it."""

    provider: str
    endpoint: Endpoint
    model: str
    price: Price | None
    """None: unknown, or nothing is paid."""
    preset: Preset

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}"

    @property
    def paid(self) -> bool:
        """An endpoint on this machine costs nothing, unless somebody says what: it may hand on to one that does."""
        return not self.endpoint.is_loopback or self.price is not None


def asker_for(parts: Assembly) -> Meter | None:
    """The model for a verb in this repository; None: offline. Raises SettingError: one is wanted that cannot be asked;
    StoreError."""
    if parts.settings.model == OFFLINE:
        return None
    return meter_for(parts.effective, parts.service.store, parts.project.id)


def meter_for(effective: Effective, store: Store, project_id: str) -> Meter | None:
    """As `asker_for`, of settings; `store` is opened FULL, and outlives the Meter."""
    settings = effective.settings
    if settings.model == OFFLINE:
        return None
    from contox_hooks.model.ledger import Caps, Ledger
    from contox_hooks.model.metering import Meter

    caps = Caps(settings.tokens_a_day, settings.tokens_a_session, settings.cents_a_day)
    models = [_priced(one, key_for(one, effective)) for one in chosen_models(effective)]
    return Meter(models, Ledger(store, project_id), caps)


def chosen_models(effective: Effective) -> list[Chosen]:
    """The provider's, then the fallback's, whatever the tier; none is asked. Raises SettingError."""
    settings = effective.settings
    fallback = [] if settings.model_fallback in (_NONE, settings.model_provider) else [settings.model_fallback]
    return [chosen(effective, name) for name in [settings.model_provider, *fallback]]


def chosen(effective: Effective, provider: str) -> Chosen:
    """Raises SettingError when a setting is missing or wrong."""
    from contox_hooks.model.preset import PRESETS

    settings, preset = effective.settings, PRESETS[provider]
    tier = "model_medium" if settings.model == "medium" else "model_small"
    usual = preset.medium if settings.model == "medium" else preset.small
    is_first = provider == settings.model_provider
    model = getattr(settings, tier) if is_first and effective.origins[tier] != "default" else usual
    endpoint = endpoint_of(settings, provider)
    if not model:
        raise SettingError(f"nobody says which model of {endpoint.host} is meant", hint=f"{_SET} {tier} NAME")
    is_listed = settings.model_price == _LIST or not is_first
    price = preset.prices.get(model) if is_listed else _said_price(settings)
    return Chosen(provider, endpoint, model, price, preset)


_SET = "contox-hooks settings set"


def endpoint_of(settings: Settings, provider: str) -> Endpoint:
    """Raises SettingError."""
    from contox_hooks.model.preset import PRESETS
    from contox_hooks.wire.endpoint import parse_endpoint

    url = PRESETS[provider].base or settings.model_url
    if url == _NONE:
        raise SettingError("a custom provider has no address", hint=f"{_SET} model_url URL")
    try:
        return parse_endpoint(url, plain_http=settings.model_plain_http)
    except UsageError as error:
        message = error.message.replace("the server's URL", "model_url")
        is_plain = "in the clear" in message
        hint = f"use https, or {_SET} model_plain_http true if the way there is safe" if is_plain else error.hint
        raise SettingError(message, hint=hint) from None


def _said_price(settings: Settings) -> Price:
    from contox_hooks.model.preset import Price

    prompt, _, completion = settings.model_price.partition("/")
    return Price(_micro(prompt), _micro(completion))


def _micro(dollars: str) -> int:
    """`domain/setting.py` has seen that it is a decimal of at most six places: exact without floats."""
    whole, _, part = dollars.partition(".")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0") or 0)


def key_for(one: Chosen, effective: Effective) -> str:
    """ "" on this machine where none is kept. Raises SettingError without a key where one is due, StoreError."""
    from contox_hooks.model_key import key_of

    key = key_of(one.endpoint, variables=key_variables(one, effective))
    if not key and not one.endpoint.is_loopback:
        text = f"there is no API key for {one.provider} ({one.endpoint.host})"
        raise SettingError(text, hint=f"contox-hooks settings model-key --provider {one.provider}")
    return key


def key_variables(one: Chosen, effective: Effective) -> tuple[str, ...]:
    """The environment's variables that count, first one first."""
    from contox_hooks.model_key import VARIABLE

    is_first = one.provider == effective.settings.model_provider
    is_named = effective.origins["model_provider" if is_first else "model_fallback"] != "default"
    own = (one.preset.key_variable,) if one.preset.key_variable and is_named else ()
    return (VARIABLE, *own) if is_first else own


def _priced(one: Chosen, key: str) -> Priced:
    from contox_hooks.model.client import ModelClient
    from contox_hooks.model.metering import Priced
    from contox_hooks.place import data_dir

    client = ModelClient(one.provider, one.endpoint, one.model, one.preset, key, data_dir(), paid=one.paid)
    return Priced(client, one.price if one.paid else None)

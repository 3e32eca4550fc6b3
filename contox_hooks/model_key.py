"""The key of a language model's endpoint: from the environment, else kept as credential.py keeps a server's.

Invariant: a key goes to the endpoint that it was given for: kept ones stand under its URL, `CONTOX_MODEL_API_KEY` is
for the chosen provider alone, and a provider's usual variable counts only where the user named that provider.
"""

from __future__ import annotations

import os

from contox_hooks.credential import Credentials, forget_credentials, keep_credentials, kept_credentials
from contox_hooks.domain.error import SettingError
from contox_hooks.wire.endpoint import Endpoint
from contox_hooks.wire.token import MAX_KEY, is_token

VARIABLE = "CONTOX_MODEL_API_KEY"
_RECORD = "model"
"""Where a server's credentials have a project's id."""


def key_of(endpoint: Endpoint, *, variables: tuple[str, ...]) -> str:
    """The first of these environment variables that is set, else what is kept; "" for none.
    Raises SettingError for what is no key, StoreError for a damaged file."""
    for name in variables:
        value = os.environ.get(name, "").strip()
        if value:
            return _checked(value, f"the environment's {name}")
    kept = kept_credentials(endpoint.base, _RECORD)
    return "" if kept is None else kept.key


def keep_key(endpoint: Endpoint, key: str) -> str:
    """Where it is now, for people. Raises SettingError for what is no key, StoreError, Busy."""
    return keep_credentials(endpoint.base, _RECORD, Credentials(_checked(key.strip(), "what was given"), ""))


def forget_key(endpoint: Endpoint) -> None:
    """Nothing happens where none is kept. Raises StoreError, Busy."""
    forget_credentials(endpoint.base, _RECORD)


def _checked(key: str, what: str) -> str:
    if not is_token(key, MAX_KEY):
        text = f"{what} is no API key: it is empty, too long, or holds blanks or letters that no key has"
        raise SettingError(text, hint="contox-hooks settings model-key")
    return key

"""`contox-hooks settings model-key`: take in, or forget, the API key of a language model's endpoint.

Invariant: a key is typed where nothing shows or keeps it, or comes on stdin; never in the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from contox_hooks.cli.clean import clean
from contox_hooks.cli.render import emit_json, say
from contox_hooks.domain.error import UsageError

if TYPE_CHECKING:
    from contox_hooks.domain.setting import Effective
    from contox_hooks.wire.endpoint import Endpoint

FromStdin = Annotated[str, typer.Argument(metavar="[-]", help="-: read the key from stdin.", show_default=False)]
Provider = Annotated[str, typer.Option("--provider", help="Whose key; else model_provider's.", show_default=False)]
Forget = Annotated[bool, typer.Option("--forget", help="Remove the kept key.")]


def model_key(effective: Effective, source: str, provider: str, forget: bool, json: bool) -> None:
    """Raises UsageError, SettingError, StoreError, Busy."""
    from contox_hooks.asker import endpoint_of
    from contox_hooks.model.preset import PRESETS
    from contox_hooks.model_key import forget_key, keep_key

    if source not in ("", "-"):
        # Not what was typed: it may be the key, which has to leave the history.
        raise UsageError(
            "a key does not belong in a command line", hint="contox-hooks settings model-key, then type it"
        )
    provider = provider or effective.settings.model_provider
    if provider not in PRESETS:
        raise UsageError("there is no such provider", hint=f"one of {', '.join(PRESETS)}")
    endpoint = endpoint_of(effective.settings, provider)
    where = None
    if forget:
        forget_key(endpoint)
    else:
        where = keep_key(endpoint, _read(endpoint, from_stdin=source == "-"))
    if json:
        emit_json({"provider": provider, "host": endpoint.host, "where": where})
    elif where is None:
        say(f"no key for {clean(endpoint.host)} is kept any more")
    else:
        say(f"the key for {clean(endpoint.host)} is kept in {clean(where)}")


def _read(endpoint: Endpoint, *, from_stdin: bool) -> str:
    from contox_hooks.cli.connect_ask import ask_key, can_ask
    from contox_hooks.cli.connect_wanted import line_of_stdin
    from contox_hooks.wire.token import MAX_KEY

    if from_stdin:
        return line_of_stdin(MAX_KEY + 2)
    if not can_ask():
        raise UsageError("nobody is there to type the key", hint="contox-hooks settings model-key - < FILE")
    return ask_key(endpoint.host)

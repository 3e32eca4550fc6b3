"""A form carried out by the function that the API has for it, so that both have one rule, and told on the next page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from starlette.responses import Response

from contox_hooks.domain.error import NotFound, Refused, RepositoryError, SettingError, UsageError
from contox_hooks.server.page.flash import see_other
from contox_hooks.server.refusal import Refusal

_TOLD: Final = (NotFound, Refused, RepositoryError, SettingError, UsageError)
_TOLD_STATUS: Final = (400, 404, 409)
"""What whoever typed it can mend; other refusals have a page of their own."""


def done(act: Callable[[], object], to: str, said: str) -> Response:
    """Raises what is no matter of what was typed."""
    try:
        act()
    except _TOLD as error:
        return see_other(
            to, f"{error.message}" + (f" ({error.hint})" if error.hint.startswith("like ") else ""), tone="bad"
        )
    except Refusal as refusal:
        if refusal.status not in _TOLD_STATUS:
            raise
        return see_other(to, refusal.text, tone="bad")
    return see_other(to, said)


def told_by(answer: Response) -> Any:
    """What a function of the API answers with."""
    return json.loads(bytes(answer.body))

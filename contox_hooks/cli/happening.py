"""An event in one line of a terminal."""

from __future__ import annotations

from contox_hooks.cli.clean import clean
from contox_hooks.domain import happening
from contox_hooks.domain.event import Event


def what_happened(event: Event) -> str:
    return clean(happening.what_happened(event))

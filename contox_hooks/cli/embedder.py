"""The embedding model for verbs that search: without it they go on with words alone, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contox_hooks.cli.render import warn
from contox_hooks.domain.error import Error

if TYPE_CHECKING:
    from contox_hooks.pipeline.embedding import Embedder


def embedder_if_any() -> Embedder | None:
    from contox_hooks.pipeline.embedding import default_embedder

    try:
        return default_embedder()
    except Error as error:
        warn(f"contox-hooks: searching by words only: {error.message}")
        return None

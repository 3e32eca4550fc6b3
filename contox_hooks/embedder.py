"""The embedding model, loaded once a process for all its threads; without it, search goes by words alone."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from contox_hooks.domain.error import Error

if TYPE_CHECKING:
    from contox_hooks.pipeline.embedding import Embedder

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_found: list[Embedder | None] = []


def embedder_if_any() -> Embedder | None:
    """Safe in any thread: what it embeds with is only read."""
    with _lock:
        if not _found:
            from contox_hooks.pipeline.embedding import default_embedder

            try:
                _found.append(default_embedder())
            except Error as error:
                _log.warning("searching by words only: %s", error.message)
                _found.append(None)
        return _found[0]

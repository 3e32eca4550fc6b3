"""How many writes were heard: what a save does to a file is one, whatever it is made of."""

from __future__ import annotations

import pytest

pytest.importorskip("inotify_simple")
from contox_hooks.tracker.bell import Writes


@pytest.mark.parametrize(
    ("modified", "closed", "writes"),
    [
        (0, 0, 0),
        (0, 1, 0),  # opened for writing, nothing written
        (1, 1, 1),
        (2, 1, 1),  # cut to nothing, written
        (50, 50, 50),
        (100, 50, 50),
        (3, 0, 3),  # stays open
        (40, 1, 40),  # closed at last
    ],
)
def test_a_save_is_one_write(modified: int, closed: int, writes: int) -> None:
    heard = Writes()
    heard.modified, heard.closed = modified, closed
    assert heard.count() == writes

"""When a run that failed is begun again by itself. Pure.

CONTRACT.md section 5: 5 attempts, exponential back-off from 60 s.
"""

from __future__ import annotations

from typing import Final

MAX_ATTEMPTS: Final = 5
FIRST_WAIT_S: Final = 60


def decide_wait_s(attempt: int) -> int | None:
    """Seconds until the next attempt when `attempt` (0 the first) failed; None: a person must look."""
    return None if attempt + 1 >= MAX_ATTEMPTS else FIRST_WAIT_S * 2**attempt

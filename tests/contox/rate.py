"""A request limit in a fixed window, told in the documented headers."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


class RateLimit:
    def __init__(self, limit: int, window_s: float = 60.0) -> None:
        self.limit = limit
        self.window_s = window_s
        self.refused = 0
        self._lock = threading.Lock()
        self._ends_at = 0.0
        self._used = 0

    def admit(self, clock: Callable[[], float]) -> tuple[int | None, dict[str, str]]:
        """Seconds to wait when refused, else None; and the headers of the answer."""
        with self._lock:
            now = clock()
            if now >= self._ends_at:
                self._ends_at, self._used = now + self.window_s, 0
            wait_s = None
            if self._used < self.limit:
                self._used += 1
            else:
                self.refused += 1
                wait_s = max(1, math.ceil(self._ends_at - now))
            headers = {
                "X-RateLimit-Limit": str(self.limit),
                "X-RateLimit-Remaining": str(self.limit - self._used),
                "X-RateLimit-Reset": str(math.ceil(self._ends_at)),
            }
            if wait_s is not None:
                headers["Retry-After"] = str(wait_s)
            return wait_s, headers

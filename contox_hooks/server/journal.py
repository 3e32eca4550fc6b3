"""What the server writes to stderr: a line a request and a line a trouble, as text or as JSON objects.

Invariant: one event is one line, also an exception with its whole traceback.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Literal

Form = Literal["text", "json"]

_TIME = "%Y-%m-%dT%H:%M:%S"


def begin_journal(form: Form) -> None:
    """For the whole process: ours from INFO on, the libraries' from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("contox_hooks").setLevel(logging.INFO)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", _TIME)

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\r", "").replace("\n", " | ")


class _Json(logging.Formatter):
    """time (ISO 8601, UTC), level, logger, message; of a request method, path, status, ms, key (its id or null); of an
    exception its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        seconds, ms = divmod(int(record.created * 1000), 1000)
        at = time.strftime(_TIME, time.gmtime(seconds))
        told = {
            "time": f"{at}.{ms:03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "request", {}),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told)

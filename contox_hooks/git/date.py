"""Dates as git reads them. git takes what it does not understand for the present moment and says nothing."""

from __future__ import annotations

import time

from contox_hooks.git.repository import Repository
from contox_hooks.git.run import GitFailed


def is_past(repo: Repository, date: str) -> bool:
    """Whether git understands `date` as a moment that is over."""
    before = int(time.time())
    try:
        answer = repo.text("rev-parse", f"--since={date}")
    except (GitFailed, ValueError):  # ValueError: a NUL byte cannot be passed on
        return False
    return answer.startswith("--max-age=") and int(answer.removeprefix("--max-age=")) < before

"""Where a repository's own state lies: `contox/` in its common git directory, never in the work tree."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.git.repository import Repository

_LOG_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class State:
    root: Path

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    @property
    def saved(self) -> Path:
        return self.root / "saved"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def told(self) -> Path:
        return self.root / "told"

    @property
    def database(self) -> Path:
        return self.root / "capture.db"

    @property
    def lock(self) -> Path:
        return self.root / "drain.lock"

    @property
    def mark(self) -> Path:
        return self.root / "drain.mark"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def python(self) -> Path:
        return self.root / "python"

    @property
    def exists(self) -> bool:
        return self.root.is_dir()

    def create(self) -> None:
        """The folder, for its owner only: spool and digests are private."""
        self.root.mkdir(mode=0o700, exist_ok=True)

    def write_log(self, text: str) -> None:
        """Append to the private log; it starts over at 256 KB. Never raises: a log must not fail its caller."""
        try:
            if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
                self.log.replace(self.log.with_suffix(".old"))
            with self.log.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text.rstrip()}\n")
        except OSError:
            pass


def state_of(repo: Repository) -> State:
    return State(repo.common_dir / "contox")

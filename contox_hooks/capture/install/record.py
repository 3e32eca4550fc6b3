"""What uninstall needs to put everything back, beside the hooks themselves: `contox/installed.json`.

Holds the repository's configuration as it was before we changed it, so that it can come back to the byte when nobody
else has changed it since. Private: a configuration can hold credentials.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Record:
    made_folder: bool = False
    """git's hooks folder was not there before."""
    hooks_path: tuple[str, ...] = ()
    """The values of core.hooksPath that the repository's own configuration held."""
    config_before: bytes | None = None
    config_after: str = ""
    """SHA-256 of the configuration as we left it, hexadecimal."""

    def to_json(self) -> bytes:
        before = None if self.config_before is None else base64.b64encode(self.config_before).decode()
        fields = {
            "made_folder": self.made_folder,
            "hooks_path": list(self.hooks_path),
            "config_before": before,
            "config_after": self.config_after,
        }
        return json.dumps(fields, indent=1).encode() + b"\n"


def read_record(path: Path) -> Record:
    """An empty one when the file is missing or damaged: what can be told without it is then put back."""
    try:
        fields = json.loads(path.read_bytes())
        before = fields["config_before"]
        return Record(
            bool(fields["made_folder"]),
            tuple(str(value) for value in fields["hooks_path"]),
            None if before is None else base64.b64decode(before),
            str(fields["config_after"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Record()


def fingerprint(config: bytes) -> str:
    return hashlib.sha256(config).hexdigest()

"""The formats that are read, on one screen."""

from __future__ import annotations

from typing import Final

from contox_hooks.transcript.claude import CLAUDE_CODE
from contox_hooks.transcript.codex import CODEX
from contox_hooks.transcript.format import Format

KNOWN: Final[tuple[Format, ...]] = (CLAUDE_CODE, CODEX)

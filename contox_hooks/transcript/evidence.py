"""What transcripts tell of one repository: requests, files, commands; bounded, and without what is excluded or secret.

Pure but for where a path leads. Invariants: only what was done in this repository's work trees; every text has been
redacted before it is cut; an excluded name is in no list, request or command, nor what was written to any file; what
was left out is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from contox_hooks.domain.line import GONE, one_line
from contox_hooks.domain.mask import masked
from contox_hooks.domain.path import Exclusions
from contox_hooks.domain.redaction import EDGE_CHARACTERS, redact
from contox_hooks.transcript.format import Step

MAX_REQUESTS: Final = 10
MAX_COMMANDS: Final = 15
MAX_FILES: Final = 30
MAX_CHARACTERS: Final = 200
"""CONTRACT.md section 3, `contox collect`: these four, of a request and of a command each."""
_LOOKED_AT: Final = 4000
"""Characters of a text that are looked at for secrets: more than are shown and than any rule needs."""
_DOCUMENT: Final = re.compile(r"""(?<!<)<<(?!<)-?[ \t]*(?:'([^'\n]+)'|"([^"\n]+)"|\\?([^\s;&|<>()'"]+))""")
"""A here-document, and the line that ends it."""


class Places(Protocol):
    """git/tree.py's `Trees`."""

    def holds(self, folder: str) -> bool: ...

    def inside(self, path: str, folder: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """The latest of a kind, in the order of their first mention."""

    shown: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    requests: Told = Told()
    files: Told = Told()
    commands: Told = Told()

    @property
    def is_empty(self) -> bool:
        return not (self.requests.total or self.files.total or self.commands.total)


def evidence_of(steps: Iterable[Step], places: Places, exclusions: Exclusions) -> Evidence:
    """`steps` in the order of their time."""
    requests: dict[tuple[str, str], None] = {}
    files: dict[str, None] = {}
    commands: dict[tuple[str, str], None] = {}
    for step in steps:
        if step.cwd is None or not places.holds(step.cwd):
            continue
        requests |= dict.fromkeys((request, step.cwd) for request in step.requests)
        commands |= dict.fromkeys((_without_documents(command), step.cwd) for command in step.commands)
        inside = (places.inside(path, step.cwd) for path in step.written)
        files |= dict.fromkeys(path for path in inside if path is not None and not exclusions.matches(path))

    def shown(text: str, cwd: str) -> str:
        folder = (places.inside("_", cwd) or "_").removesuffix("_").rstrip("/")
        return one_line(masked(_redacted(text), exclusions, folder), MAX_CHARACTERS)

    return Evidence(
        Told(tuple(shown(*each) for each in list(requests)[-MAX_REQUESTS:]), len(requests)),
        Told(tuple(redact(_plain(path)).text for path in list(files)[-MAX_FILES:]), len(files)),
        Told(tuple(shown(*each) for each in list(commands)[-MAX_COMMANDS:]), len(commands)),
    )


def _without_documents(command: str) -> str:
    """What a here-document holds is a file's content, not what was done."""
    kept: list[str] = []
    ends: list[str] = []
    for line in command.split("\n"):
        if ends:
            if line.lstrip("\t") == ends[0]:
                del ends[0]
            continue
        kept.append(line)
        ends = ["".join(words) for words in _DOCUMENT.findall(line)]
    return "\n".join(kept)


def _redacted(text: str) -> str:
    clean = redact(_plain(text[:_LOOKED_AT])).text
    return clean if len(text) <= _LOOKED_AT else clean[:-EDGE_CHARACTERS] or "[…]"


def _plain(text: str) -> str:
    """Without what a JSON text can hold and no file can (halves of pairs), or what hides or reorders."""
    return GONE.sub(" ", text)

"""What one file says that is worth telling, as rows that are kept by the file's blob id.

Pure values. Invariant: a quote stands in the file, on its line, word for word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from contox_hooks.domain.redaction import EDGE_CHARACTERS, redact_all
from contox_hooks.pipeline.source.outline import clip
from contox_hooks.scan.fact import MAX_QUOTE, MAX_SAYS

MAX_ROWS: Final = 60
"""Of one topic in one file; a finding shows fewer."""
MAX_IMPORTS: Final = 200
_MOST_TRIES: Final = 1000
"""Places that are looked at for one name: a file of nothing but one letter holds up no scan."""
_MOST_READ: Final = 4096
"""Characters of one text that are looked at: a finding shows no more than MAX_SAYS."""
_SHORT_PREFIX: Final = 28
"""Characters before a name that are quoted with it: `class `, `"`, `gem "`; not the rest of a list."""


class Said(NamedTuple):
    topic: str
    """`doc`, `defines`, `route`, `schema`, `entry`, `import`; of manifests `name`, `describes`, `runs on`, `needs`,
    `develops with`, `script`; `workflow`, `tests with`, `checks with`."""
    says: str
    quote: str
    line: int


class Text:
    """A file's lines, and where in them something stands."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def line(self, number: int) -> str:
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""

    def named(self, topic: str, name: str, *, says: str = "", start: int = 1, end: int | None = None) -> Said | None:
        """The first line from `start` that has the name, quoted up to it: what follows changes more often."""
        tries = 0
        for number, line in enumerate(self.lines[start - 1 : end], start=start):
            at = line.find(name)
            while at >= 0 and not _is_whole(line, at, at + len(name)) and tries < _MOST_TRIES:
                tries += 1
                at = line.find(name, at + 1)
            if tries >= _MOST_TRIES:
                return None
            if at >= 0:
                return Said(topic, says or name, _up_to(line, at, at + len(name)), number)
        return None


def _is_whole(line: str, start: int, end: int) -> bool:
    return not _is_word(line[start - 1 : start]) and not _is_word(line[end : end + 1])


def _is_word(character: str) -> bool:
    return character.isalnum() or character in ("_", "-", "/") if character else False


def _up_to(line: str, start: int, end: int) -> str:
    closing = line[end : end + 1]
    if closing in ('"', "'", "<") and closing == line[start - 1 : start].replace(">", "<"):
        end += 1 if closing != "<" else 0
    prefix = line[:end].strip()
    return prefix if len(prefix) - (end - start) <= _SHORT_PREFIX else line[start:end]


def clean(rows: Iterable[Said]) -> list[Said]:
    """Bounded, and without secrets: what is kept of a file is stored."""
    kept = list(_bounded(rows))
    told = iter(redacted([text for row in kept for text in (row.says, row.quote)]))
    return [row._replace(says=clip(next(told), MAX_SAYS), quote=next(told)[:MAX_QUOTE]) for row in kept]


def redacted(texts: Sequence[str]) -> list[str]:
    """Fit to be cut: half of a secret is one that no rule knows any more."""
    short = [text[:_MOST_READ].encode("utf-8", "replace").decode() for text in texts]
    clean, _ = redact_all(short)
    return [
        told[:-EDGE_CHARACTERS] if len(text) > _MOST_READ else told for text, told in zip(texts, clean, strict=True)
    ]


def _bounded(rows: Iterable[Said]) -> Iterator[Said]:
    count: dict[str, int] = {}
    for row in rows:
        count[row.topic] = count.get(row.topic, 0) + 1
        if count[row.topic] <= (MAX_IMPORTS if row.topic == "import" else MAX_ROWS) and row.says.strip():
            yield row

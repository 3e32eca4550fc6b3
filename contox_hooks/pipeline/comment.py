"""What comments that a patch adds tell: open ends, and reasons.

Invariant: a comment that only moved within its file is not new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contox_hooks.pipeline.fact import Fact
from contox_hooks.pipeline.patch import FilePatch
from contox_hooks.pipeline.quote import added_quote

_MAX_REASON = 300
_TODO = re.compile(r"(?:#|//|/\*|\*|--|<!--)\s*(?:TODO|FIXME|XXX)\b(?:\([^()]{0,40}\))?[: ]*(?P<text>\S.{7,200})")
_COMMENT = re.compile(r"\s*(?:#|//)+(?![!:]) ?(?P<text>.*)")
_WHY = re.compile(
    r"\b(?:because|so that|in order to|to (?:avoid|prevent|ensure)|otherwise|work ?around|due to|"
    r"since \w+ (?:is|are|does|has|can))\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def todo_facts(patch: FilePatch) -> Iterator[Fact]:
    gone = {match["text"].strip() for line in patch.removed if (match := _TODO.search(line))}
    for line in patch.added:
        match = _TODO.search(line)
        if match and match["text"].strip() not in gone:
            yield Fact(patch.path, match["text"].strip(" :-*/>"), 3, added_quote(line), "todo")


def reason_facts(patch: FilePatch) -> Iterator[Fact]:
    """Sentences of whole added comments that say why; the quote is the line where the sentence's reason stands."""
    block: list[tuple[str, str]] = []
    gone = set(map(str.strip, patch.removed))
    for line in [*patch.lines, None]:
        match = _COMMENT.fullmatch(line.text) if line is not None and line.mark == "+" else None
        if match is not None and line is not None and line.text.strip() not in gone:
            block.append((match["text"].strip(), line.text))
        elif block:
            yield from _reasons(patch.path, block)
            block = []


def _reasons(path: str, block: list[tuple[str, str]]) -> Iterator[Fact]:
    for sentence in _SENTENCE_END.split(" ".join(text for text, _ in block)):
        match = _WHY.search(sentence)
        if match is None or len(sentence) > _MAX_REASON or len(sentence.split()) < 5:
            continue
        quote = next((line for text, line in block if match[0] in text and text), block[0][1])
        yield Fact(path, sentence.strip(), 3, added_quote(quote), "why")

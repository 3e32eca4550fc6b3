"""What deep enrichment tells of one file's change, for tests of the readers."""

from __future__ import annotations

import textwrap

from contox_hooks.pipeline.deep_text import change_lines, merged, state_lines
from contox_hooks.pipeline.source.change import Source, changes
from contox_hooks.pipeline.source.language import outline
from contox_hooks.pipeline.source.outline import Outline


def code(text: str) -> bytes:
    return textwrap.dedent(text).lstrip("\n").encode()


def source(path: str, text: str) -> Source:
    content = code(text)
    return Source(outline(content, path), content.decode().split("\n"))


def read(path: str, text: str) -> Outline:
    return outline(code(text), path)


def told(path: str, before: str, after: str) -> list[str]:
    """The lines, without their marks and the file's name."""
    old, new = source(path, before), source(path, after)
    found = changes(old, new)
    lines = [
        *change_lines(path, found, (), ""),
        *state_lines(path, new.outline, found.touched, "", found.touched_routes),
    ]
    return [line.removeprefix("- ").removesuffix(f" ({path})") for line in merged(lines)]


def signatures(found: Outline) -> list[str]:
    return [part.told for part in found.definitions]


def private(found: Outline) -> set[str]:
    return {part.name for part in found.definitions if not part.is_public}

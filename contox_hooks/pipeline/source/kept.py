"""Outlines that were made before: what one stage reads of a file, the next one asks for again, and the next commit too.

Pure: the key is the content, by its hash, and the path, so nothing kept can be out of date. Must not know who asks.
Invariant: bounded by what is kept, whatever the files hold; also that a file does not parse is kept, unless
another try may fare better.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

from contox_hooks.pipeline.source import language
from contox_hooks.pipeline.source.outline import NotNow, Outline, Unparsable

MAX_PARTS = 60_000
"""Definitions, routes and schemas, about 500 bytes each; a file counts for ten more."""
_FILE_PARTS = 10


class Kept:
    """The latest asked for."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[bytes, str], Outline | str] = OrderedDict()
        self.parts = 0

    def outline(self, content: bytes, path: str) -> Outline:
        """What the file defines. Raises Unparsable."""
        key = sha256(content).digest(), path
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = _read(content, path)
            self._make_room(_parts_of(found))
        else:
            self._found.move_to_end(key)
        if isinstance(found, str):
            raise Unparsable(found)
        return found

    def _make_room(self, parts: int) -> None:
        self.parts += parts
        while self.parts > MAX_PARTS:
            _, oldest = self._found.popitem(last=False)
            self.parts -= _parts_of(oldest)


outline = Kept().outline
"""Of this process."""


def _read(content: bytes, path: str) -> Outline | str:
    try:
        return language.outline(content, path)
    except NotNow:
        raise
    except Unparsable as reason:
        return str(reason)


def _parts_of(found: Outline | str) -> int:
    if isinstance(found, str):
        return _FILE_PARTS
    fields = sum(len(schema.fields) for schema in found.schemas)
    return _FILE_PARTS + len(found.definitions) + len(found.routes) + len(found.schemas) + fields

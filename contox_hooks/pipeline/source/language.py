"""Which reader reads which file: every language on one screen.

Must not know items or git. Invariant: a reader, and the grammar behind it, is imported when its first file comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Final

from contox_hooks.pipeline.source.outline import Outline, Unparsable

_READERS: Final[Mapping[str, str]] = {
    "python": "py pyi",
    "javascript": "js jsx mjs cjs ts tsx mts cts",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "c": "c h cc cpp cxx hh hpp hxx inl",
    "ruby": "rb rake",
    "php": "php",
    "sql": "sql",
    "prisma": "prisma",
    "protobuf": "proto",
    "graphql": "graphql gql graphqls",
}
_READER_OF: Final = {suffix: reader for reader, suffixes in _READERS.items() for suffix in suffixes.split()}
_OPENAPI: Final = re.compile(
    r"(?:^|[/_.-])(?:openapi|swagger|api)[^/]*\.(?:ya?ml|json)$|(?:^|/)(?:openapi|swagger)/.*\.(?:ya?ml|json)$"
)


def reader_of(path: str) -> str | None:
    """The name of the module that reads this file, None when none does."""
    lower = path.lower()
    reader = _READER_OF.get(lower.rpartition(".")[2]) if "." in lower else None
    return reader or ("openapi" if _OPENAPI.search(lower) else None)


def outline(content: bytes, path: str) -> Outline:
    """What the file defines. Raises Unparsable."""
    reader = reader_of(path)
    if reader is None:
        raise Unparsable("is of no language that is read")
    found: Outline = import_module(f"contox_hooks.pipeline.source.{reader}").outline(content, path)
    return found

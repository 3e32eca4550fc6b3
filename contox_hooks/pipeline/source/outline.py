"""What a source file defines, whatever its language: signatures, routes, schemas; and how their texts are written.

Must not know any language, items or git. Invariant: texts stand so in the file, but for white space, comments, a comma
before a closing bracket, and cuts, which show as `…`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SIGNATURE = 200
MAX_FIELD = 80
MAX_FIELDS = 12
"""Fields shown of one schema; more are counted."""
MAX_PATH = 120

_AFTER_OPENING = re.compile(r"(?<=[(\[]) ")
_BEFORE_CLOSING = re.compile(r",? (?=[)\]])")


class Unparsable(Exception):
    """The file is not read; the text says why, for people: `does not parse (line 3)`."""


class NotNow(Unparsable):
    """For a reason that is not in the file: a grammar that is not installed, a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    """Qualified inside its file, with dots in every language: `Client.get`."""
    signature: str
    """`def get(self, url: str) -> Response`, `class Client(Base)`; cut at MAX_SIGNATURE."""
    first_line: int
    last_line: int
    is_public: bool = True
    prefix: str = ""
    """What to write before the name when the signature stands alone: `Client.`, `Client::`."""

    @property
    def told(self) -> str:
        """The signature with its owner: `def Client.get(self, url: str) -> Response`."""
        if not self.prefix:
            return self.signature
        last = re.escape(self.name.rpartition(".")[2])
        return clip(
            re.sub(rf"(?<![\w$@]){last}(?![\w$])", lambda match: self.prefix + match[0], self.signature, count=1)
        )


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    text: str
    """`id: int`."""


@dataclass(frozen=True, slots=True)
class Schema:
    name: str
    kind: str
    """`dataclass`, `SQL table` …"""
    fields: tuple[Field, ...] = ()
    first_line: int = 0
    last_line: int = 0

    @property
    def text(self) -> str:
        """`User (dataclass): id: int, name: str`."""
        texts = [field.text for field in self.fields[:MAX_FIELDS]]
        more = f", and {len(self.fields) - MAX_FIELDS} more" if self.fields[MAX_FIELDS:] else ""
        return f"{self.name} ({self.kind})" + (f": {', '.join(texts)}{more}" if texts else "")


@dataclass(frozen=True, slots=True)
class Route:
    verb: str
    """`GET`, `GET|POST`, `WEBSOCKET`; empty where the file does not say."""
    path: str
    handler: str = ""
    """Name of what answers, qualified inside the file; empty when it is not a plain name."""
    first_line: int = 0
    last_line: int = 0

    @property
    def text(self) -> str:
        """`GET /users/{id} → show_user`."""
        told = f"{self.verb} {clip(self.path, MAX_PATH)}".strip()
        return f"{told} → {clip(self.handler, MAX_FIELD)}" if self.handler else told


@dataclass(frozen=True, slots=True)
class Outline:
    definitions: tuple[Definition, ...] = ()
    routes: tuple[Route, ...] = ()
    schemas: tuple[Schema, ...] = ()
    broken_line: int = 0
    """The first line that the parser could not make sense of; what stands there is left out. 0: it read all."""

    @property
    def parts(self) -> list[Definition | Schema]:
        """What has a name."""
        return [*self.definitions, *self.schemas]


def tidy(text: str) -> str:
    """White space folded, none inside brackets, no comma before a closing one: the same however it was wrapped."""
    return _BEFORE_CLOSING.sub("", _AFTER_OPENING.sub("", " ".join(text.split())))


def clip(text: str, limit: int = MAX_SIGNATURE) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def field(name: str, text: str) -> Field:
    return Field(name, clip(tidy(text), MAX_FIELD))

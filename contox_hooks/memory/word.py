"""Words as the search sees them: identifiers spread into their parts, in what is stored and in what is asked."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")


def parts(word: str) -> list[str]:
    """`parseHTTPHeader` is parse, HTTP, Header; `busy_timeout` is busy, timeout; a plain word is itself."""
    return _PART.findall(word)


def spread(text: str) -> str:
    """The text, followed by the parts of each of its compound identifiers, so that both find it."""
    extra: dict[str, None] = {}
    for word in dict.fromkeys(_WORD.findall(text)):
        found = parts(word)
        if len(found) > 1:
            extra.update(dict.fromkeys(found))
    return f"{text} {' '.join(extra)}" if extra else text


def asked_words(query: str, *, limit: int = 32) -> list[str]:
    """The distinct words of a query and the parts of compound ones; at most `limit`."""
    words: dict[str, None] = {}
    for word in _WORD.findall(query):
        for part in (word, *parts(word)):
            words.setdefault(part.strip("_").lower())
    return [word for word in words if word][:limit]

"""Words as the search sees them: folded, identifiers spread into their parts, endings taken off.

Pure. Invariant: what is stored and what is asked go through the same `words`, so that no database needs a stemmer of
its own, and every one of them ranks the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MAX_WORD = 64
"""Characters of a word that count."""

_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_ANY_PART = re.compile(r"[^\W\d_]+|\d+")
"""Of words with other letters than English ones, whose case says nothing of where a part begins."""
_PLAIN = re.compile(r"[a-z]{4,}")
_VOWEL = re.compile(r"[aeiouy]")
_ENDINGS = (
    ("ization", "ize"), ("ational", "ate"), ("ation", "ate"), ("ment", ""), ("ness", ""), ("able", ""), ("ible", ""),
    ("ion", ""), ("ive", ""), ("ly", ""), ("er", ""), ("or", ""), ("al", ""),
)  # fmt: skip
"""The commonest of Porter 1980, steps 2 to 4, longest first; the rest of a word keeps at least four letters."""


def parts(word: str) -> list[str]:
    """`parseHTTPHeader` is parse, HTTP, Header; `busy_timeout` is busy, timeout; a plain word is itself."""
    return (_PART if word.isascii() else _ANY_PART).findall(word)


def words(text: str) -> Iterator[str]:
    """The text's words in order; a compound one, joined, is followed by its parts. Letters and digits only."""
    for word in _WORD.findall(unicodedata.normalize("NFC", text)):  # a mark on its own would tear its word
        yield from _forms(word[:MAX_WORD])


def spread(text: str) -> str:
    """What the index holds of a text."""
    return " ".join(words(text))


def asked_words(query: str, *, limit: int = 32) -> list[str]:
    """The distinct words of a query, in order; at most `limit`."""
    found: dict[str, None] = {}
    for word in words(query[: limit * MAX_WORD * 4]):
        found.setdefault(word)
        if len(found) == limit:
            break
    return list(found)


@lru_cache(maxsize=16_384)
def _forms(word: str) -> tuple[str, ...]:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    found = parts(plain)
    forms = ("".join(found) if len(found) > 1 else plain, *(found if len(found) > 1 else ()))
    return tuple(stem(folded) for form in forms if (folded := _folded(form)))


def _folded(word: str) -> str:
    """Lower case, and only what every database takes for part of a word."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def stem(word: str) -> str:
    """`requests`, `requested` and `requesting` are `request`. Only plain English letters lose an ending."""
    if not _PLAIN.fullmatch(word):
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("sses"):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and _VOWEL.search(rest):
            word = rest[:-1] if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word.removesuffix(ending) + instead
            break
    if len(word) > 4:
        word = word.removesuffix("e")
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word

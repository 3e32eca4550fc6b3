"""Pieces put into a text, and taken out again to the character. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Insertion:
    """`text`, put in at an offset in characters: of the text before, where it is planned; of the text with it, where
    it was done."""

    at: int
    text: str


class Unparsable(Exception):
    """A file that its own tool would not understand, or that we cannot edit safely: it is left alone."""

    def __init__(self, line: int, what: str) -> None:
        """`line` counts from 1."""
        super().__init__(f"line {line}: {what}")


def put_in(text: str, pieces: Sequence[Insertion]) -> tuple[str, tuple[Insertion, ...]]:
    """The text with the pieces, and where they stand in it."""
    done: list[Insertion] = []
    parts: list[str] = []
    position = grown = 0
    for piece in sorted(pieces, key=lambda one: one.at):
        parts += [text[position : piece.at], piece.text]
        done.append(Insertion(piece.at + grown, piece.text))
        position, grown = piece.at, grown + len(piece.text)
    return "".join([*parts, text[position:]]), tuple(done)


def take_out(text: str, done: Sequence[Insertion]) -> str | None:
    """The text before `put_in`; None where something else stands in a piece's place."""
    for piece in sorted(done, key=lambda one: one.at, reverse=True):
        if not text.startswith(piece.text, piece.at):
            return None
        text = text[: piece.at] + text[piece.at + len(piece.text) :]
    return text


def newline_of(text: str) -> str:
    """That of most lines."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def line_at(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1

"""What differs between two outlines of a file: which signatures, routes and schemas came, went or changed.

Pure; must not know where the outlines come from. Invariant: what stands on both sides with the same words is no change,
wherever in the file it moved to and however it was wrapped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from contox_hooks.pipeline.quote import fold
from contox_hooks.pipeline.source.outline import Definition, Field, Outline, Route, Schema

T = TypeVar("T")
Part = Definition | Route | Schema
PartT = TypeVar("PartT", Definition, Route, Schema)


@dataclass(frozen=True)
class Source:
    """A file as it was at a commit."""

    outline: Outline
    lines: Sequence[str]
    """As they stand, without their ends."""

    @cached_property
    def numbers(self) -> dict[str, list[int]]:
        """Where a line, folded, stands, from 1."""
        found: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(self.lines, start=1):
            found[fold(line)].append(number)
        return found

    def inside(self, part: Part) -> Sequence[str]:
        return self.lines[part.first_line - 1 : part.last_line]


@dataclass(frozen=True, slots=True)
class Pair(Generic[T]):
    before: T | None
    """None: it came."""
    after: T | None
    """None: it went."""

    @property
    def last(self) -> T:
        """What there is now, or was at the end."""
        found = self.after if self.after is not None else self.before
        assert found is not None
        return found

    @property
    def is_change(self) -> bool:
        """Whether it neither came nor went."""
        return self.before is not None and self.after is not None


@dataclass(frozen=True, slots=True)
class Changes:
    definitions: tuple[Pair[Definition], ...] = ()
    routes: tuple[Pair[Route], ...] = ()
    schemas: tuple[Pair[Schema], ...] = ()
    touched: frozenset[str] = frozenset()
    """Names of definitions and schemas that say the same and have other lines inside; the innermost ones."""
    touched_routes: frozenset[str] = frozenset()
    """Texts of routes whose own lines changed, what they answer with among them."""


def changes(before: Source, after: Source) -> Changes:
    old, new = before.outline, after.outline
    definitions = pairs(old.definitions, new.definitions, _name, _told)
    schemas = pairs(old.schemas, new.schemas, _name, _fields_of)
    touched = _touched(before, after, old.definitions, new.definitions, _name)
    touched |= _touched(before, after, old.schemas, new.schemas, _name)
    told = {pair.last.name for pair in definitions} | {pair.last.name for pair in schemas}
    outer = {owner for name in touched | told for owner in _owners(name)}
    return Changes(
        definitions,
        _routes(old.routes, new.routes),
        schemas,
        frozenset(touched - told - outer),
        frozenset(_touched(before, after, old.routes, new.routes, _text)),
    )


def field_pairs(before: Schema, after: Schema) -> tuple[Pair[Field], ...]:
    return pairs(before.fields, after.fields, _field_name, _text)


def pairs(
    before: Sequence[T], after: Sequence[T], key: Callable[[T], str], told: Callable[[T], Hashable]
) -> tuple[Pair[T], ...]:
    """What comes and what goes, paired in order where both have the same key; first what is after, in its order."""
    gone, come = _without(before, after, told), _without(after, before, told)
    waiting: dict[str, list[T]] = defaultdict(list)
    for part in gone:
        waiting[key(part)].append(part)
    found: list[Pair[T]] = []
    for part in come:
        same = waiting[key(part)]
        found.append(Pair(same.pop(0) if same else None, part))
    return (*found, *(Pair(part, None) for parts in waiting.values() for part in parts))


def _without(parts: Sequence[T], others: Sequence[T], told: Callable[[T], Hashable]) -> list[T]:
    """`parts` less those that `others` have too, each counted as often as it stands there."""
    left = Counter(map(told, others))
    found = []
    for part in parts:
        text = told(part)
        if left[text] > 0:
            left[text] -= 1
        else:
            found.append(part)
    return found


def _routes(before: Sequence[Route], after: Sequence[Route]) -> tuple[Pair[Route], ...]:
    """Paired by what answers, else by the path: a handler that moved, then a path that got another handler or verb."""
    by_handler = pairs(before, after, _handler_or_text, _text)
    whole = [pair for pair in by_handler if pair.is_change]
    gone = [pair.before for pair in by_handler if pair.before and not pair.after]
    come = [pair.after for pair in by_handler if pair.after and not pair.before]
    return (*whole, *pairs(gone, come, _path, _text))


def _touched(
    before: Source, after: Source, old: Sequence[PartT], new: Sequence[PartT], key: Callable[[PartT], str]
) -> set[str]:
    """Keys of what stands on both sides, with other lines inside."""
    was: dict[str, list[Sequence[str]]] = defaultdict(list)
    for part in old:
        was[key(part)].append(before.inside(part))
    changed = (part for part in new if part.first_line and key(part) in was)
    return {key(part) for part in changed if not _is_among(after.inside(part), was[key(part)])}


def _is_among(lines: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """But for white space."""
    return lines in others or fold("\n".join(lines)) in [fold("\n".join(other)) for other in others]


def _owners(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _name(part: Definition | Schema) -> str:
    return part.name


def _told(part: Definition) -> Hashable:
    return part.name, part.signature


def _fields_of(part: Schema) -> Hashable:
    return part.name, part.kind, part.fields


def _field_name(part: Field) -> str:
    return part.name


def _text(part: Route | Field) -> str:
    return part.text


def _handler_or_text(part: Route) -> str:
    return part.handler or part.text


def _path(part: Route) -> str:
    return part.path

"""A whole file into a store: looked through first, so that nothing is written of one that cannot be, then written.

Must not know the CLI. Invariant: a file never changes the settings of a project that is there, and gives a new one
only such as take away: what came from elsewhere must not make anything be sent or paid.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final, NamedTuple

from contox_hooks.domain.error import Refused, SettingError
from contox_hooks.domain.item import Item
from contox_hooks.domain.setting import Layer, fold_layers, parse_value
from contox_hooks.exchange.check import checked
from contox_hooks.exchange.clean import clean_project
from contox_hooks.exchange.kind import PROJECT
from contox_hooks.exchange.line import Line, lines_of
from contox_hooks.exchange.writing import Count, Writing
from contox_hooks.memory.sql import exchange as sql
from contox_hooks.memory.sql import moving as moving_sql
from contox_hooks.memory.store import Store

_EMBEDDED_AT_ONCE: Final = 200


class Brought(NamedTuple):
    project_id: str
    counts: dict[str, Count]
    is_new: bool
    """The project was made."""
    settings_left: tuple[str, ...]
    """Of a new project: the file's settings that it did not get, its visibility among them."""


def project_in(file: IO[bytes]) -> dict[str, Any]:
    """What the first line says. Raises Malformed, OSError."""
    file.seek(0)
    line = next(checked(itertools.islice(lines_of(file), 1)))
    project: dict[str, Any] = line.fields["project"]
    return project


def bring_in(
    store: Store,
    file: IO[bytes],
    *,
    project_id: str | None,
    replace: bool,
    dry_run: bool,
    is_any_repository: bool = False,
) -> Brought:
    """Into a project, by default the one with the file's own id, which is made if it is not there.

    Raises Malformed, Refused (also for another repository's memory, unless any is meant), StoreError, OSError.
    """
    said = clean_project(project_in(file), PROJECT)
    target = project_id or said["id"]
    there = store.row(sql.PROJECT, id=target)
    if there is not None and not is_any_repository:
        _check_same(said["root_commit"], there["root_commit"], target)
    is_new = there is None
    settings, left = _narrowing(said["settings"]) if is_new else ({}, ())
    if is_new and said["visibility"] != "private":
        said, left = said | {"visibility": "private"}, (*left, "visibility")
    store.scope = target
    looked = Writing(store, target, replace, dry=True)
    looked.write(_rows(file))
    if dry_run:
        return Brought(target, looked.counts, is_new, left)
    if is_new:
        with store.transaction():
            values = said | {"id": target, "settings": json.dumps(settings, sort_keys=True)}
            store.run(moving_sql.put("project", ("id",), list(values)), **values)
    writing = Writing(store, target, replace, dry=False)
    writing.write(_rows(file))
    _embed(store, target)
    return Brought(target, writing.counts, is_new, left)


def _check_same(root: str | None, there: str | None, project_id: str) -> None:
    if None not in (root, there) and root != there:
        hint = f"if it shall be one memory all the same: --project {project_id}"
        raise Refused("the file is of another repository: its first commit is not this one's", hint=hint)


def _rows(file: IO[bytes]) -> Iterator[Line]:
    file.seek(0)
    return itertools.islice(checked(lines_of(file)), 1, None)


def _narrowing(settings: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What of them can only take away, and the names of the others."""
    taken: dict[str, Any] = {}
    for name, value in settings.items():
        try:
            layer = Layer("the file", {name: parse_value(name, value, where="the file")}, narrowing=True)
        except SettingError:
            continue
        kept = getattr(fold_layers([layer]).settings, name, None)
        if isinstance(kept, tuple):
            taken[name] = list(kept)
        elif kept == layer.values[name]:
            taken[name] = value
    return taken, tuple(sorted(settings.keys() - taken.keys()))


def _embed(store: Store, project_id: str) -> None:
    """Every item of the project that has no vector yet, also of an import that was broken off."""
    from contox_hooks.memory.item import item_of
    from contox_hooks.memory.vector import save
    from contox_hooks.pipeline.embed import embedded_text
    from contox_hooks.pipeline.embedding import chunks, default_embedder

    embedder, after = default_embedder(), ""
    asked = {"project_id": project_id, "model": embedder.name, "limit": _EMBEDDED_AT_ONCE}
    while rows := store.rows(sql.UNEMBEDDED, after=after, **asked):
        pieces: list[tuple[Item, str]] = []
        for item in map(item_of, rows):
            pieces += ((item, piece) for piece in chunks(embedded_text(item)))
        vectors = embedder.embed([piece for _, piece in pieces])
        with store.transaction():
            for item_id, own in itertools.groupby(zip(pieces, vectors, strict=True), lambda pair: pair[0][0].id):
                save(store, item_id, embedder.name, [vector for _, vector in own])
        after = rows[-1]["id"]

"""Puts us into the tools' files, takes us out again, and says how things stand.

One file after the other: a file that cannot be edited is left alone and told of, the others go on. What is remembered
is written before the file it tells of. Must not know where the brief comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from contox_hooks.agent import wanted
from contox_hooks.agent.change import Changed, What, rules_added, server_added, taken_out
from contox_hooks.agent.insertion import Unparsable
from contox_hooks.agent.json_entry import JsonEntry
from contox_hooks.agent.record import Added, Record, alone, hash_of
from contox_hooks.agent.section import VENDOR_START, Section
from contox_hooks.agent.site import Site, content_of
from contox_hooks.agent.toml_entry import TomlEntry
from contox_hooks.agent.tool import Spot, Tool
from contox_hooks.agent.written import Unwritten, drop_file, put_file, sweep_leftovers, text_of
from contox_hooks.domain.error import Refused

Kind = Literal["server", "rules"]


@dataclass(slots=True)
class Slot:
    """A file, and the tools that read what we put there."""

    kind: Kind
    spot: Spot
    form: JsonEntry | TomlEntry | Section
    typed: bool
    tools: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: Kind
    tools: tuple[str, ...]
    path: Path
    name: str
    """The path as people know it: from the work tree, or from the home folder."""
    is_users: bool
    """Outside the work tree: for all repositories of this user."""
    what: What | Literal["failed"]
    before: bytes | None = field(default=None, repr=False)
    after: bytes | None = field(default=None, repr=False)
    error: str = ""
    hint: str = ""
    beside_vendor: bool = False
    """The vendor's extension keeps a section of its own in this file."""
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    python: str
    """The interpreter that a user's own file names."""
    brief: str | None = None
    wants_brief: bool | None = None
    """None: as it was said before."""


def apply(site: Site, tools: Iterable[Tool], wish: Wish, *, write: bool = True) -> list[Outcome]:
    """One outcome a file; nothing is changed without `write`. Raises Busy, StoreError."""

    def change(slot: Slot, text: str | None, old: Added | None, intact: bool) -> Changed:
        if isinstance(slot.form, Section):
            return rules_added(slot.form, text, old, brief=wish.brief, wants_brief=wish.wants_brief, intact=intact)
        entry = wanted.entry_for(wish.python if slot.spot.is_users else None, typed=slot.typed)
        return server_added(slot.form, text, entry, old, intact=intact)

    def with_tools(slot: Slot, added: Added | None, old: Added | None) -> Added | None:
        known = [] if old is None else old.tools
        return None if added is None else replace(added, tools=sorted({*known, *slot.tools}))

    return _each(site, tools, change, with_tools, write=write)


def remove(site: Site, tools: Sequence[Tool], *, write: bool = True) -> list[Outcome]:
    """As `apply`, the other way round: also from files that are no longer the ones that count."""
    names = {tool.name for tool in tools}

    def left(old: Added | None) -> list[str]:
        return [] if old is None else [name for name in old.tools if name not in names]

    def change(slot: Slot, text: str | None, old: Added | None, intact: bool) -> Changed:
        if text is None:
            return Changed("absent", None)
        if left(old):
            return Changed("shared", text)
        return taken_out(slot.form, text, old, intact=intact)

    def with_tools(slot: Slot, added: Added | None, old: Added | None) -> Added | None:
        return replace(old, tools=left(old)) if old is not None and left(old) else None

    return _each(site, tools, change, with_tools, write=write, recorded=True)


def look(site: Site, tools: Iterable[Tool], python: str) -> list[Outcome]:
    """How the files stand: what `apply` would do."""
    return apply(site, tools, Wish(python), write=False)


_Change = Callable[[Slot, str | None, Added | None, bool], Changed]
_WithTools = Callable[[Slot, Added | None, Added | None], Added | None]


def _each(
    site: Site, tools: Iterable[Tool], change: _Change, with_tools: _WithTools, *, write: bool, recorded: bool = False
) -> list[Outcome]:
    with alone([site.state, site.data] if write else []):
        root = site.root.resolve()
        records = {
            False: Record(site.state / site.record_name, root),
            True: Record(site.data / "agents.json", Path("/")),
        }
        slots = _slots(site, tools, records if recorded else {})
        return [_one(site, slot, records[slot.spot.is_users], change, with_tools, write) for slot in slots]


def _slots(site: Site, tools: Iterable[Tool], records: Mapping[bool, Record]) -> list[Slot]:
    """The files that count, and those where a tool is remembered."""
    slots: dict[str, Slot] = {}
    for tool in tools:
        parts: list[tuple[Kind, tuple[Spot, ...], JsonEntry | TomlEntry | Section, bool]] = []
        if tool.server is not None:
            parts.append(("server", tool.server.spots, tool.server.form, tool.server.typed))
        parts.append(("rules", tool.rules.spots, tool.rules.form, False))
        for kind, spots, form, typed in parts:
            counts = site.spot(spots)
            for spot in (counts, *(one for one in spots if one != counts)):
                path = _identity(site, spot)
                if spot is counts or _is_remembered(records, spot, path, tool):
                    slot = slots.setdefault(path, Slot(kind, spot, form, typed, []))
                    slot.tools += [tool.name] if tool.name not in slot.tools else []
    return list(slots.values())


def _identity(site: Site, spot: Spot) -> str:
    """CLAUDE.md is often a link to AGENTS.md: that is one file."""
    try:
        return str(site.target(spot))
    except Refused:
        return spot.path


def _is_remembered(records: Mapping[bool, Record], spot: Spot, path: str, tool: Tool) -> bool:
    record = records.get(spot.is_users)
    known = None if record is None else record.files.get(record.key(Path(path)))
    return known is not None and tool.name in known.tools


def _one(site: Site, slot: Slot, record: Record, change: _Change, with_tools: _WithTools, write: bool) -> Outcome:
    path = site.expanded(slot.spot.path)
    shown = Outcome(slot.kind, tuple(slot.tools), path, site.shown(slot.spot), slot.spot.is_users, "failed")
    try:
        target = site.target(slot.spot)
        before = content_of(target)
        old = record.files.get(record.key(target))
        text = None if before is None else text_of(target, before, strict=slot.kind == "server")
        intact = old is not None and before is not None and hash_of(before) == old.after
        done = change(slot, text, old, intact)
        after = None if done.text is None else done.text.encode("utf-8", "surrogateescape")
        added = with_tools(slot, done.added, old)
        if added is not None and after is not None and after != before:
            added.after = hash_of(after)
        if write:
            _put(target, slot.spot.is_users, record, before, after, added)
        brief = added is not None and added.brief
        beside = slot.kind == "rules" and VENDOR_START in (text or "")
        return replace(shown, what=done.what, before=before, after=after, beside_vendor=beside, brief=brief)
    except Unparsable as error:
        hint = "mend that, or do it by hand; then repeat"
        return replace(shown, error=f"{shown.name}, {error}: left as it is", hint=hint)
    except Refused as error:
        return replace(shown, error=error.message, hint=error.hint)


def _put(
    target: Path, is_users: bool, record: Record, before: bytes | None, after: bytes | None, added: Added | None
) -> None:
    """The record first: when we die in between, it tells of a file that is not so, and is not believed."""
    sweep_leftovers(target)
    key = record.key(target)
    old = record.files.get(key)
    if added is not None and after is not None and before is None:
        added.folders = [*added.folders, *(record.key(folder) for folder in _missing(target.parent))]
    if added is not None and added != old:
        record.files[key] = added
        record.keep()
    try:
        if after is None and (before is not None or old is not None):
            left = drop_file(target, before, [record.path(one) for one in (old.folders if old else [])])
            record.pass_on(key, left)
        elif after is not None and after != before:
            put_file(target, before, after, mode=0o600 if is_users else None)
    except Unwritten:
        if added is not None and added != old:
            record.files.pop(key) if old is None else record.files.update({key: old})
            record.keep()
        raise
    if added is None and old is not None:
        record.files.pop(key, None)
        record.keep()


def _missing(folder: Path) -> list[Path]:
    return [] if folder.is_dir() else [folder, *_missing(folder.parent)]

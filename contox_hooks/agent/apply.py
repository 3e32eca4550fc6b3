"""Puts us into the tools' files, takes us out again, and says how things stand.

One file after the other: a file that cannot be edited is left alone and told of, the others go on. What is remembered
is written before the file it tells of. Must not know where the brief comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from contox_hooks.agent import wanted
from contox_hooks.agent.change import Changed, What, rules_added, server_added, taken_out
from contox_hooks.agent.insertion import Unparsable
from contox_hooks.agent.json_entry import JsonEntry
from contox_hooks.agent.record import Added, Record, alone, hash_of
from contox_hooks.agent.section import VENDOR_START, Section
from contox_hooks.agent.site import Site, content_of, is_checkout
from contox_hooks.agent.toml_entry import TomlEntry
from contox_hooks.agent.tool import Rules, Server, Spot, Tool
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
    by_name: bool = True
    """Others may come to read it: the server is started by its name, not by a path of this machine."""


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
    by_name: bool = True
    """The server is started by its name, not by a path of this machine."""
    environment: tuple[str, ...] = ()
    """Names of variables that somebody gives our server there."""


@dataclass(frozen=True, slots=True)
class Wish:
    python: str
    """The interpreter that a user's own file names."""
    brief: str | None = None
    wants_brief: bool | None = None
    """None: as it was said before."""
    adds: bool = True
    """False: only what a section shows that stands already; no file comes into being, no tool joins."""


def apply(site: Site, tools: Sequence[Tool], wish: Wish, *, write: bool = True) -> list[Outcome]:
    """One outcome a file; nothing is changed without `write`. Raises Busy, StoreError."""

    def change(slot: Slot, text: str | None, old: Added | None, intact: bool) -> Changed:
        if not wish.adds and slot.form.found(text or "") is None:
            return Changed("absent", text, old)
        if isinstance(slot.form, Section):
            return rules_added(slot.form, text, old, brief=wish.brief, wants_brief=wish.wants_brief, intact=intact)
        entry = wanted.entry_for(None if slot.by_name else wish.python, typed=slot.typed)
        return server_added(slot.form, text, entry, old, intact=intact)

    def with_tools(slot: Slot, added: Added | None, old: Added | None) -> Added | None:
        known = [] if old is None else old.tools
        if not wish.adds and known:
            return added
        return None if added is None else replace(added, tools=sorted({*known, *slot.tools}))

    asked = tools if wish.adds else [replace(tool, server=None) for tool in tools]
    return _each(site, asked, change, with_tools, write=write)


def remove(site: Site, tools: Sequence[Tool], *, write: bool = True) -> list[Outcome]:
    """As `apply`, the other way round: also from files that are no longer the ones that count. `remembered` tells
    whose those are."""
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


def remembered(site: Site) -> set[str]:
    """Names of the tools that something is remembered of, here or in the user's own files."""
    return {name for record in _records(site).values() for added in record.files.values() for name in added.tools}


def look(site: Site, tools: Sequence[Tool], python: str) -> list[Outcome]:
    """How the files stand: what `apply` would do."""
    return apply(site, tools, Wish(python), write=False)


_Change = Callable[[Slot, str | None, Added | None, bool], Changed]
_WithTools = Callable[[Slot, Added | None, Added | None], Added | None]


def _each(
    site: Site, tools: Sequence[Tool], change: _Change, with_tools: _WithTools, *, write: bool, recorded: bool = False
) -> list[Outcome]:
    with alone([site.state, site.data] if write else []):
        records = _records(site)
        for record in records.values() if write else ():
            if record.is_moved:
                record.keep()
        slots = _slots(site, tools, records if recorded else {})
        return [_one(site, slot, records[slot.spot.is_users], change, with_tools, write) for slot in slots]


def _records(site: Site) -> dict[bool, Record]:
    """Of this work tree's files, and of the user's own."""
    return {
        False: Record(site.state / site.record_name, site.root.resolve()),
        True: Record(site.data / "agents.json", Path("/")),
    }


def _slots(site: Site, tools: Sequence[Tool], records: Mapping[bool, Record]) -> list[Slot]:
    """The files that count, and those where a tool is remembered."""
    slots: dict[str, Slot] = {}
    for tool in tools:
        parts: list[tuple[Kind, Server | Rules, bool]] = [("rules", tool.rules, False)]
        if tool.server is not None:
            parts.insert(0, ("server", tool.server, tool.server.typed))
        for kind, part, typed in parts:
            known = [
                Spot(str(record.path(key)) if is_users else key)
                for is_users, record in records.items()
                for key, added in record.files.items()
                if added.kind == kind and tool.name in added.tools
            ]
            for spot in (site.spot(part.spots), *known):
                path = _identity(site, spot)
                by_name = not spot.is_users or any(map(is_checkout, Path(path).parents))
                slot = slots.setdefault(path, Slot(kind, spot, part.form, typed, [], by_name))
                slot.tools += [tool.name] if tool.name not in slot.tools else []
    return list(slots.values())


def _identity(site: Site, spot: Spot) -> str:
    """CLAUDE.md is often a link to AGENTS.md: that is one file."""
    try:
        return str(site.target(spot))
    except Refused:
        return spot.path


def _one(site: Site, slot: Slot, record: Record, change: _Change, with_tools: _WithTools, write: bool) -> Outcome:
    path = site.expanded(slot.spot.path)
    shown = Outcome(
        slot.kind, tuple(slot.tools), path, site.shown(slot.spot), slot.spot.is_users, "failed", by_name=slot.by_name
    )  # fmt: skip
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
        return replace(
            shown, what=done.what, before=before, after=after, beside_vendor=beside, brief=brief,
            environment=done.environment,
        )  # fmt: skip
    except (Unparsable, RecursionError) as error:  # Python's own reader of TOML has no end of depth
        hint = "mend that, or do it by hand; then repeat"
        told = error if isinstance(error, Unparsable) else "nested too deeply"
        return replace(shown, error=f"{shown.name}, {told}: left as it is", hint=hint)
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

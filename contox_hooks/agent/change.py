"""What becomes of a file's text, and of what is remembered of it, when we come or go. Pure.

Invariants: a second time changes nothing; what we added, and nobody touched since, goes without a trace; where the file
was changed since, only what is ours goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from contox_hooks.agent.insertion import Insertion, newline_of, put_in, take_out
from contox_hooks.agent.json_entry import JsonEntry
from contox_hooks.agent.record import Added
from contox_hooks.agent.section import START, Section
from contox_hooks.agent.toml_entry import TomlEntry
from contox_hooks.agent.wanted import brief_in, environment_in, is_ours, section_of, standing, starting

What = Literal["added", "updated", "present", "other", "removed", "absent", "shared"]
"""`other`: an entry of our name in somebody's own words, left alone; `shared`: another tool still reads it."""


@dataclass(frozen=True, slots=True)
class Changed:
    what: What
    text: str | None
    """The file's text from now on; None for no file."""
    added: Added | None = None
    """What to remember; `after` is filled in when the bytes are known."""
    environment: tuple[str, ...] = ()
    """Names of variables that somebody gives our server there."""


def server_added(
    form: JsonEntry | TomlEntry, text: str | None, entry: Mapping[str, Any], old: Added | None, *, intact: bool
) -> Changed:
    """`old`: what is remembered; `intact`: the file is as we left it. Raises Unparsable."""
    now = text or ""
    found = form.found(now)
    stands = standing(found, entry)
    if stands in ("present", "other"):
        return Changed("present" if stands == "present" else "other", text, old, environment_in(found))
    if stands == "absent":
        after, done = put_in(now, form.pieces(now, entry))
        fresh = Added("server", [], insertions=list(done), made=text is None, prune=_has_holder(form, done))
        return Changed("added", after, fresh)
    kept = old or Added("server", [])
    base = take_out(now, kept.insertions) if intact and kept.insertions else None
    if base is not None:
        after, done = put_in(base, form.pieces(base, entry))
        return Changed("updated", after, replace(kept, insertions=list(done)))
    after = form.changed(now, starting(entry))  # somebody wrote in the file since: where it stands, and no more
    return Changed("updated", after, replace(kept, insertions=[]), environment_in(found))


def _has_holder(form: JsonEntry | TomlEntry, done: tuple[Insertion, ...]) -> bool:
    return isinstance(form, JsonEntry) and any(f'"{form.key}": ' in piece.text for piece in done)


def rules_added(
    form: Section, text: str | None, old: Added | None, *, brief: str | None, wants_brief: bool | None, intact: bool
) -> Changed:
    """`wants_brief` None leaves the brief as it stands there. Raises Unparsable."""
    now = text or ""
    found = form.found(now)
    keeps = (old is not None and old.brief) if wants_brief is None else wants_brief
    if wants_brief is None and found is not None:
        brief = brief_in(found)
    section = section_of(brief if keeps or wants_brief is None else None)
    if found is None:
        after, done = put_in(now, form.pieces(now, section))
        return Changed("added", after, Added("rules", [], insertions=list(done), made=text is None, brief=keeps))
    if found == section:
        kept = old if old is not None or not keeps else Added("rules", [])
        return Changed("present", text, None if kept is None else replace(kept, brief=keeps))
    kept = old or Added("rules", [])
    there, new = (one.replace("\n", newline_of(now)) for one in (found, section))
    pieces = [_with_section(piece, there, new) for piece in kept.insertions] if intact else []
    return Changed("updated", form.changed(now, section), replace(kept, insertions=pieces, brief=keeps))


def _with_section(piece: Insertion, old: str, new: str) -> Insertion:
    return replace(piece, text=piece.text.replace(old, new, 1)) if START in piece.text else piece


def taken_out(form: JsonEntry | TomlEntry | Section, text: str, old: Added | None, *, intact: bool) -> Changed:
    """Raises Unparsable."""
    found = form.found(text)
    if found is None:
        return Changed("absent", text)
    if old is not None and intact and old.insertions:
        before = take_out(text, old.insertions)
        if before is not None:
            return Changed("removed", None if old.made and form.is_bare(before) else before)
    if not isinstance(form, Section) and not is_ours(found):
        return Changed("other", text)
    left = form.without(text, prune=old is not None and old.prune)
    is_own_file = old.made if old is not None else isinstance(form, Section) and bool(form.head)
    return Changed("removed", None if is_own_file and form.is_bare(left) else left)

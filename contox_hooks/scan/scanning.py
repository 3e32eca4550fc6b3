"""One scan of a repository: HEAD's tree is read, folded into findings, and what is new in them is told to memory.

Owns the order of the steps. Must not know how an item is worded. Invariants: the work tree is never looked at; the same
tree again tells nothing; what was left out is counted and says why.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from contox_hooks.capture import inbox
from contox_hooks.domain.error import NotInitialised, RepositoryError, StoreError
from contox_hooks.domain.event import Event
from contox_hooks.domain.path import Exclusions
from contox_hooks.git.listing import Head, entries, head
from contox_hooks.scan.cache import Cache
from contox_hooks.scan.choice import choose
from contox_hooks.scan.fact import Finding, counted_by_kind
from contox_hooks.scan.finding import cut_of, findings
from contox_hooks.scan.reading import read_tree
from contox_hooks.scan.scanned import Scanned
from contox_hooks.scan.telling import Told, events_of, kept_told, last_told, newer_of, told_of

if TYPE_CHECKING:
    from contox_hooks.assembly import Assembly
    from contox_hooks.domain.setting import Settings

CACHE: Final = "scan.db"
TOLD: Final = "scan.json"
"""Beside the capture database; both may be deleted."""


def scan_repository(parts: Assembly, *, source: str = "cli-scan", dry_run: bool = False) -> Scanned:
    """Tell memory what HEAD's tree shows; a dry run tells nothing, and needs no `init`. The run that makes items of it
    is asked for, whatever `auto_learn` says, and begins in a process of its own.

    Raises NotInitialised, RepositoryError (no commit yet), StoreError (nothing was told then).
    """
    started = time.monotonic()
    is_captured = parts.state.database.exists()
    if not (is_captured or dry_run):
        raise NotInitialised(f"nothing is captured in {parts.repo.common_dir.parent} yet", hint="contox-hooks init")
    at = head(parts.repo)
    if at is None:
        raise RepositoryError("there are no commits yet", hint="commit something, then try again")
    settings = _settings(parts, is_captured=is_captured)
    chosen = choose(entries(parts.repo, at.sha), Exclusions(settings.exclude), contents=settings.diffs)
    cache = Cache(parts.state.root / CACHE if is_captured else None)
    try:
        reading = read_tree(parts.repo, chosen, cache)
    finally:
        cache.close()
    found = findings(reading.tree)
    own = last_told(parts.state.root / TOLD) if is_captured else None
    told = _told(parts, own) if is_captured else None
    known = told.standing if told else {}
    now = {each.identity: each.digest for each in found}
    new = [name for name in now if name not in known]
    changed = [name for name in now if name in known and known[name] != now[name]]
    gone = [name for name in known if name not in now]
    events = 0
    if not dry_run:
        server = parts.connection.id if parts.connection else ""
        # Memory may have it from before this server was connected to, or from a clone that is not.
        sent = known if not server else own.standing if own and own.server == server else {}
        if known != now or sent != now:
            wanted = [name for name in now if not known.get(name) == sent.get(name) == now[name]]
            events = _tell(parts, at, source, found, wanted, server)
    return Scanned(
        head_sha=at.sha, found=counted_by_kind(found), new=tuple(new), changed=tuple(changed), gone=tuple(gone),
        findings=tuple(found), files=len(reading.tree.files), read=reading.read, known=reading.known,
        skipped=dict(sorted(chosen.skipped.items(), key=lambda entry: (-entry[1], entry[0]))),
        cut=tuple(cut_of(found)), events=events, dry_run=dry_run, duration_s=time.monotonic() - started,
    )  # fmt: skip


def _settings(parts: Assembly, *, is_captured: bool) -> Settings:
    """Also where nothing is captured yet: then no store is opened, let alone made."""
    if is_captured:
        return parts.settings
    from contox_hooks.configuration import effective_settings

    return effective_settings(parts.repo).settings


def _told(parts: Assembly, own: Told | None) -> Told | None:
    """The later of what this clone told last and what memory heard last, perhaps from another clone."""
    from contox_hooks.memory.session import stored_event
    from contox_hooks.memory.sql import scan as sql

    try:
        row = parts.service.store.row(sql.NEWEST, project_id=parts.project.id)
    except StoreError:  # out of reach: it hears of it when it is back
        return own
    return newer_of(own, told_of(stored_event(row).event) if row is not None else None)


def _tell(parts: Assembly, at: Head, source: str, found: Sequence[Finding], names: Sequence[str], server: str) -> int:
    wanted = frozenset(names)
    events: list[Event] = events_of(found, wanted, at=at, source=source, now=int(time.time()))
    for event in events:
        inbox.put(parts.state, event)
    with suppress(OSError):  # the next scan tells it once more, which changes nothing
        kept_told(parts.state.root / TOLD, events[-1], server)
    _ask_for_run(parts, source)
    return len(events)


def _ask_for_run(parts: Assembly, source: str) -> None:
    """Delivered here and now if no other drain is at it; that one delivers otherwise, and asks if auto-learn is on."""
    from contox_hooks import work

    done = parts.drain().run(wait_s=2.0)
    if done is None or done.undelivered is not None:
        parts.start_drain()
        return
    session = parts.service.sessions.active(parts.project.id, source)
    if session is not None:
        done.runs += parts.backend.request_run([session.id], trigger="manual")
    work.start_behind(parts, done)
    parts.start_sender()

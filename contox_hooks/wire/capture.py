"""Events to the one event type that carries commits to a Contox server, `vscode_capture`, and back.

Must not know storage, time or signatures. Invariants: the same events give the same bytes; every event is taken sooner
or later, in order; what is cut says so in its text and in `contoxHooks.cut`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, cast

from contox_hooks.domain.digest import MAX_FILES_LISTED, CommitDigest
from contox_hooks.domain.event import SOURCE_HISTORY, SOURCE_HOOKS, Event, EventType
from contox_hooks.wire.activity import narrowed, payload_shape, widest
from contox_hooks.wire.address import digest_without_addresses
from contox_hooks.wire.commit import commit_shape, digest_of_payload, digest_of_shape, payload_of
from contox_hooks.wire.cut import Cut
from contox_hooks.wire.envelope import iso_ms
from contox_hooks.wire.jsontext import SAFE_INTEGER, quoted, stringify
from contox_hooks.wire.limit import Limits, limited
from contox_hooks.wire.loose import object_of, objects_of, rows_of, text_of, time_of, whole_of

FORMAT: Final = 1
FLOOR_BYTES: Final = 8192
"""What an event's ids, names and marks may need when all else is cut: no bound below it is promised."""


@dataclass(frozen=True, slots=True)
class Bounds:
    events: int = 50
    """CONTRACT.md section 8: the extension flushes at 50 events."""
    size_bytes: int = 256 * 1024
    """Of E in UTF-8."""


class Fitted(NamedTuple):
    text: str
    """E: what is signed, hashed and sent as it stands."""
    taken: int
    """How many of the leading events it holds, at least one."""


class _Part(NamedTuple):
    """One event, written once."""

    is_commit: bool
    text: str
    at_utc: int
    paths: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()


def fit(events: Sequence[Event], bounds: Bounds) -> Fitted:
    """As many leading events as fit both bounds, at least one; one that is over the size alone is cut until it fits.

    Each event is written once, so the work is linear in what is taken. Raises ValueError when there are no events.
    """
    if not events:
        raise ValueError("there is no event to fit")
    parts: list[_Part] = []
    paths: set[str] = set()
    size_bytes = _FRAME_BYTES
    for order, event in enumerate(events[: max(1, bounds.events)]):
        part = _part(event, order)
        if parts and event.type == "vscode_capture" and len(paths | set(part.paths)) > MAX_FILES_LISTED:
            break
        fresh = set(part.paths) - paths if len(paths) < MAX_FILES_LISTED else set()
        size_bytes += sum(_row_bytes(text) for text in (part.text, *part.cuts, *map(quoted, fresh)))
        if size_bytes > bounds.size_bytes:
            break
        parts.append(part)
        paths |= fresh
    if not parts:
        parts = [_smaller(events[0], bounds.size_bytes)]
    return Fitted(_written(parts), len(parts))


def events_of(
    capture: Mapping[str, object], *, clean: Callable[[CommitDigest], CommitDigest] = lambda digest: digest
) -> list[Event]:
    """The events of a `vscode_capture`, in their order; also of one that the vendor's extension made.

    `clean` makes commits fit to be kept. Payloads come back as far as they were sent: without e-mail addresses, texts
    cut with their marks. What is no event (no id, a wrong type) is passed over; nothing raises.
    """
    hooks = object_of(capture.get("contoxHooks"))
    found: list[tuple[int, Event]] = []
    for shape in objects_of(capture.get("commits")):
        digest = clean(digest_of_shape(shape))
        key = text_of(shape.get("key")) or (f"commit:{digest.sha}" if digest.sha else "")
        at_utc = whole_of(shape.get("at"), int(time_of(shape.get("timestamp")) or 0))
        source = SOURCE_HISTORY if digest.origin == "history" else SOURCE_HOOKS
        if key:
            found.append((_order(shape), Event("commit", key, source, at_utc, payload_of(digest))))
    for shape in objects_of(hooks.get("activity")):
        kind, key = text_of(shape.get("type")), text_of(shape.get("key"))
        if key and kind not in ("", "commit"):
            event = Event(
                cast(EventType, kind), key, SOURCE_HOOKS, whole_of(shape.get("at")), object_of(shape.get("payload"))
            )
            found.append((_order(shape), event))
    return [event for _, event in sorted(found, key=lambda pair: pair[0])]


def _order(shape: Mapping[str, object]) -> int:
    return whole_of(shape.get("order"), SAFE_INTEGER)


def _part(event: Event, order: int) -> _Part:
    if event.type == "commit":
        return _commit(event, order, _digest(event), Limits())
    if event.type == "vscode_capture":
        return _saved(event, MAX_FILES_LISTED)
    return _activity(event, order, payload_shape(event.payload), ())


def _digest(event: Event) -> CommitDigest:
    return digest_without_addresses(digest_of_payload(event.payload, sha=event.key.partition(":")[2]))


def _commit(event: Event, order: int, digest: CommitDigest, limits: Limits) -> _Part:
    sent, cuts = limited(digest, limits)
    at_utc = whole_of(event.at_utc)
    shape = commit_shape(sent) | {"key": event.key, "at": at_utc, "order": order}
    paths = tuple(dict.fromkeys(file.path for file in sent.files))
    return _Part(True, stringify(shape), at_utc, paths, _cut_texts(event, cuts))


def _saved(event: Event, most: int) -> _Part:
    """Files that were saved: names in `filesModified`, and no row of their own."""
    found = [text_of(path) for path in rows_of(event.payload.get("filesModified"))]
    paths = tuple(path for path in found if path)
    total = max(whole_of(event.payload.get("filesTotal")), len(paths))
    kept = paths[:most]
    cuts = [Cut("filesModified", len(kept), total)] if total > len(kept) else []
    return _Part(False, "", whole_of(event.at_utc), kept, _cut_texts(event, cuts))


def _activity(event: Event, order: int, payload: object, cuts: Iterable[Cut]) -> _Part:
    at_utc = whole_of(event.at_utc)
    shape = {"type": event.type, "key": event.key, "at": at_utc, "order": order, "payload": payload}
    return _Part(False, stringify(shape), at_utc, cuts=_cut_texts(event, cuts))


def _cut_texts(event: Event, cuts: Iterable[Cut]) -> tuple[str, ...]:
    return tuple(stringify({"key": event.key} | cut._asdict()) for cut in cuts)


def _smaller(event: Event, size_bytes: int) -> _Part:
    """The event cut until it fits alone: what is least missed goes first, and no more of it than must."""

    def fits(part: _Part) -> bool:
        return len(_written([part]).encode()) <= size_bytes

    if fits(uncut := _part(event, 0)):
        return uncut  # the sum in `fit` is an upper bound
    if event.type == "commit":
        return _smaller_commit(event, fits)
    if event.type == "vscode_capture":
        most = len(uncut.paths)
        return _saved(event, _most_that(most, lambda kept: fits(_saved(event, kept))))
    whole = payload_shape(event.payload)
    most = widest(whole)

    def narrow(kept: int) -> _Part:
        return _activity(event, 0, narrowed(whole, kept), [Cut("payload", kept, most)])

    return narrow(_most_that(most, lambda kept: fits(narrow(kept))))


def _smaller_commit(event: Event, fits: Callable[[_Part], bool]) -> _Part:
    digest, limits = _digest(event), Limits()
    most = {
        "diff": limits.diff, "files": limits.files, "body": 2 * len(digest.body), "subject": limits.subject,
        "branch": 2 * len(digest.branch or ""), "parents": len(digest.parents),
    }  # fmt: skip

    def part(limits: Limits, field: str, kept: int) -> _Part:
        return _commit(event, 0, digest, replace(limits, **{field: kept}))

    for field in most:
        if fits(part(limits, field, 0)):
            break
        limits = replace(limits, **{field: 0})
    return part(limits, field, _most_that(most[field], lambda kept: fits(part(limits, field, kept))))


def _most_that(most: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `most` for which it holds, zero if for none."""
    return bisect_left(range(1, most + 1), True, key=lambda number: not holds(number))


def _written(parts: Sequence[_Part]) -> str:
    times = [part.at_utc for part in parts] or [0]
    paths = dict.fromkeys(path for part in parts for path in part.paths)
    modified = [quoted(path) for path in list(paths)[:MAX_FILES_LISTED]]
    duration_ms = min(1000 * (max(times) - min(times)), SAFE_INTEGER)
    cuts = [cut for part in parts for cut in part.cuts]
    return "".join((
        '{"type":"vscode_capture","commits":[', ",".join(part.text for part in parts if part.is_commit),
        '],"filesModified":[', ",".join(modified),
        f'],"sessionDurationMs":{duration_ms},"activeEditorFiles":[],"contoxHooks":{{"format":{FORMAT},',
        f'"startedAt":"{iso_ms(min(times))}","endedAt":"{iso_ms(max(times))}","activity":[',
        ",".join(part.text for part in parts if part.text and not part.is_commit), "]",
        f',"cut":[{",".join(cuts)}]' if cuts else "",
        "}}",
    ))  # fmt: skip


def _row_bytes(text: str) -> int:
    """With the comma after it."""
    return len(text.encode()) + 1


_FRAME_BYTES: Final = len(_written([])) + len(str(SAFE_INTEGER)) + len(',"cut":[]')
"""The most that stands around the events; all its own characters are ASCII."""

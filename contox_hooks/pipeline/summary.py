"""A session in one or two sentences.

Pure. Invariant: at most MAX_SUMMARY characters, and only titles and counts that it was given.
"""

from __future__ import annotations

from collections.abc import Sequence

from contox_hooks.domain.item import ItemType

MAX_SUMMARY = 300
_STOPS = (".", "!", "?", "…")

_PLURALS: dict[ItemType, tuple[str, str]] = {
    "decision": ("decision", "decisions"),
    "convention": ("convention", "conventions"),
    "architecture": ("change of structure", "changes of structure"),
    "implementation": ("implementation", "implementations"),
    "bug": ("bug fixed", "bugs fixed"),
    "todo": ("open end", "open ends"),
}
_TOLD_FIRST: tuple[ItemType, ...] = ("decision", "architecture", "implementation", "bug", "convention")


def session_summary(titles: Sequence[tuple[ItemType, str]], *, commits: int, branch: str | None) -> str | None:
    """`3 commits on main. Add paging; Drop Python 3.8. 2 decisions, 1 bug fixed.` None without commits.

    `titles`: type and title of each draft, the most important first; as many are told as fit.
    """
    if not commits:
        return None
    head = f"{commits} commit{'s' if commits != 1 else ''}" + (f" on {_short(branch, 40)}" if branch else "")
    counts = [
        f"{count} {_PLURALS[kind][count != 1]}"
        for kind in ("decision", "convention", "architecture", "bug", "todo")
        if (count := sum(found == kind for found, _ in titles))
    ]
    tail = f" {', '.join(counts)}." if counts else ""
    ordered = sorted((kind for kind in titles if kind[0] in _TOLD_FIRST), key=lambda entry: _TOLD_FIRST.index(entry[0]))
    if not ordered:
        return f"{head}.{tail}"
    told: list[str] = []
    room = MAX_SUMMARY - len(head) - len(tail) - len(": .") - len("; and 999 more")
    for _, title in ordered:
        text = _short(title, 90)
        if told and len(text) + 2 > room:
            break
        told.append(text)
        room -= len(text) + 2
    more = f"; and {len(ordered) - len(told)} more" if len(ordered) > len(told) else ""
    return f"{head}: {'; '.join(told)}{more}.{tail}"


def joined_summary(said: str | None, counted: str | None) -> str | None:
    """What somebody said of the session, then what its commits tell."""
    if said and counted:
        said = f"{said}{'' if said.endswith(_STOPS) else '.'} {counted}"
    text = said or counted
    return text and _short(text, MAX_SUMMARY)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

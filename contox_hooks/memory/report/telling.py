"""Small forms that every report uses: a day, a commit, an item's lines worth telling.

Pure. Invariant: everything that comes out is one line of at most `one_line`'s length.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from contox_hooks.domain.item import EXTENT, IN_THE_CODE, Item
from contox_hooks.domain.line import one_line as one_line
from contox_hooks.domain.path import path_kind

DAY_S = 86_400
_FIRST_S, _LAST_S = 7 * DAY_S, 253_402_300_799
"""The second week of 1970, so that it has a Monday; the last second of 9999."""
_CHANGELOG = " (changelog)"
"""How the offline extractor marks what the project's own changelog says."""
_VAGUE = re.compile(r"\S+: changes `[^;]*|`[^`]*` \([^)]*\)")
"""A fact that only names what changed, or shows a signature that stayed: the title says more."""
_NOT_SAID = re.compile(r"[\W_]+")
_TRAILER = re.compile(r"(?:co-authored-by|signed-off-by|reviewed-by):|This reverts commit [0-9a-f]{7,40}", re.I)
_TEST_FACT = re.compile(r"(?P<path>\S+): ")


class Line(NamedTuple):
    text: str
    is_reason: bool


def day(at_utc: int) -> str:
    """`2024-01-31`, in UTC, so that everybody reads the same."""
    return _moment(at_utc).strftime("%Y-%m-%d")


def week(at_utc: int) -> str:
    """The Monday of its week."""
    at = _moment(at_utc)
    return (at - timedelta(days=at.weekday())).strftime("%Y-%m-%d")


def month(at_utc: int) -> str:
    """The first day of its month."""
    return _moment(at_utc).strftime("%Y-%m-01")


def iso(at_utc: int) -> str:
    return _moment(at_utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(at_utc: int) -> datetime:
    """Git stores any number as a date; a calendar ends with the year 9999."""
    return datetime.fromtimestamp(min(max(at_utc, _FIRST_S), _LAST_S), UTC)


def commit_of(item: Item) -> str | None:
    """The commit that the item ends with, twelve characters; None for what only a note says."""
    cited = next((entry.commit_sha for entry in item.evidence if entry.is_of_commit), "")
    return ((item.commit_range or "").rpartition("..")[2] or cited)[:12] or None


def telling_lines(item: Item) -> list[Line]:
    """Reasons first, then what the project's changelog says, then facts, each once; totals, headings, names alone, what
    only repeats the title, and of a change to more than tests what it did to tests, are none."""
    only_tests = all(path_kind(path) == "test" for path in item.files)
    title = _squeezed(item.title)
    seen: set[str] = set()
    found: list[tuple[int, Line]] = []
    for text, is_reason in ((item.rationale or "", True), (item.facts, False)):
        for raw in text.split("\n"):
            whole = raw.strip().removeprefix("- ")
            line = one_line(whole.removesuffix(_CHANGELOG))
            same = _squeezed(line)
            if same in title or same in seen or _says_nothing(line) or (_is_of_a_test(line) and not only_tests):
                continue
            seen.add(same)
            rank = 0 if is_reason else 1 if whole.endswith(_CHANGELOG) else 2
            found.append((rank, Line(line, is_reason)))
    return [line for _, line in sorted(found, key=lambda entry: entry[0])]


def _says_nothing(line: str) -> bool:
    if line == IN_THE_CODE:
        return True
    return any(pattern.match(line) for pattern in (EXTENT, _TRAILER)) or _VAGUE.fullmatch(line) is not None


def _is_of_a_test(line: str) -> bool:
    found = _TEST_FACT.match(line)
    return found is not None and path_kind(found["path"]) == "test"


def _squeezed(text: str) -> str:
    return _NOT_SAID.sub("", text.casefold())


def counted(number: int, noun: str, several: str = "") -> str:
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"

"""Settings that a patch to a configuration file sets, changes or removes, and single lines that replace each other.

Knows `key = value` and `key: value`; must not know any tool's meaning of them. Invariant: shows lines as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from contox_hooks.pipeline.fact import MAX_NAMES, Fact, Topic, code, names
from contox_hooks.pipeline.patch import FilePatch
from contox_hooks.pipeline.quote import added_quote, removed_quote

MAX_SHOWN_LINE = 110
"""A replaced line longer than this is not shown."""
_MAX_REPLACEMENTS = 3

_KEY = re.compile(r"""\s*["']?(?P<key>[A-Za-z_][\w.-]{0,60})["']?\s*(?:=|:)\s+?(?P<value>\S.{0,90}?),?\s*""")
_NOISE = frozenset(("uses", "rev", "sha256", "integrity", "resolved", "hash", "checksum", "version", "__version__"))
_RUNTIME = frozenset(("requires-python", "python_requires", "node", "rust-version"))
_NOT_TELLING = re.compile(r"(?:from|import) |__version__|@|[\W\d_]*$|#|//")


def setting_facts(patch: FilePatch, told: set[str]) -> Iterator[Fact]:
    """`told`: lines that other facts have told already, white space stripped."""
    before, after = _pairs(patch.removed, told), _pairs(patch.added, told)
    facts: list[Fact] = []
    for key, (value, line) in after.items():
        topic: Topic = "runtime" if key.lower() in _RUNTIME else "config"
        if key not in before:
            shown = f"{key}: {value}" if ":" in line.partition(value)[0] else f"{key} = {value}"
            facts.append(Fact(patch.path, f"sets {code(shown)}", 4, added_quote(line), topic))
        elif before[key][0] != value:
            text = f"`{key}` goes from {code(before[key][0])} to {code(value)}"
            facts.append(Fact(patch.path, text, 5, added_quote(line), topic))
    gone = [key for key in before if key not in after]
    if gone:
        quote = removed_quote(before[gone[0]][1])
        facts.append(Fact(patch.path, f"removes {names(gone)}", 4, quote, "config"))
    yield from facts[:MAX_NAMES]
    if not facts:
        yield from replacement_facts(patch, told)


def moves_runtime(patch: FilePatch) -> bool:
    """Whether it says which version of its language the project needs."""
    matches = (_KEY.fullmatch(line.text) for line in patch.lines if line.mark in "+-")
    return any(match["key"].lower() in _RUNTIME for match in matches if match)


def _pairs(lines: Sequence[str], told: set[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in lines:
        match = _KEY.fullmatch(line)
        if match and line.strip() not in told and match["key"].lower() not in _NOISE:
            found.setdefault(match["key"], (match["value"], line.strip()))
    return found


def replacement_facts(patch: FilePatch, told: set[str]) -> Iterator[Fact]:
    """Single lines that took a single line's place."""
    lines = patch.lines
    shown = 0
    for place, line in enumerate(lines[:-1]):
        after = lines[place + 1]
        if line.mark != "-" or after.mark != "+" or shown == _MAX_REPLACEMENTS:
            continue
        around = (lines[place - 1].mark if place else "@", lines[place + 2].mark if place + 2 < len(lines) else "@")
        old, new = line.text.strip(), after.text.strip()
        same = "".join(old.split()) == "".join(new.split())
        if same or not set(around).isdisjoint("+-") or max(len(old), len(new)) > MAX_SHOWN_LINE or new in told:
            continue
        if not _NOT_TELLING.match(old) and not _NOT_TELLING.match(new):
            shown += 1
            yield Fact(patch.path, f"{code(old)} becomes {code(new)}", 3, added_quote(new), "line")

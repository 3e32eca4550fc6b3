"""Secrets out of a text, before the first byte of it is stored (invariant 5).

Pure. Must not know where the text goes. Invariants: `redact` of its own result changes nothing; a text without any
rule's anchor costs a substring search an anchor and no regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contox_hooks.domain.secret_rule import RULES, SecretRule
from contox_hooks.domain.secret_value import runs_of_key_lines

EDGE_CHARACTERS: Final = 512
"""A text that was cut may end within a secret too short by then to be known as one: whoever cut it drops this many
characters from the end of what `redact` gives. No rule needs more of a secret to see it."""


@dataclass(frozen=True, slots=True)
class Redacted:
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    name: str


def redact(text: str) -> Redacted:
    """The text with each secret replaced by `[redacted:<rule>]`, and how many there were."""
    count = 0
    for _ in range(_MAX_ROUNDS):
        clean = _redacted_once(text)
        if not clean.count:
            break
        text, count = clean.text, count + clean.count
    return Redacted(text, count)


_MAX_ROUNDS: Final = 4
"""Where one secret is gone, its neighbour may be plain to see; two rounds, the second in vain, are what is usual."""


def _redacted_once(text: str) -> Redacted:
    spans = _spans(text)
    if not spans:
        return Redacted(text, 0)
    pieces: list[str] = []
    done = count = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.start < done:
            # Overlaps what is gone already: its tail goes too, as part of the same secret.
            done = max(done, span.end)
            continue
        pieces += (text[done : span.start], f"[redacted:{span.name}]")
        done = span.end
        count += 1
    pieces.append(text[done:])
    return Redacted("".join(pieces), count)


def redact_all(texts: Sequence[str]) -> tuple[list[str], int]:
    """Each text redacted, and the count of all. One look suffices when none of them holds a secret."""
    if not _spans("\n\0\n".join(texts)):  # a rule that looks at whole lines sees each text's own
        return list(texts), 0
    done = [redact(text) for text in texts]
    return [each.text for each in done], sum(each.count for each in done)


_LOWER_ASCII: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_GUARDS: Final = (
    "_key", "-key", "key", "secret", "token", "pass", "-----", "k_live_", "k_test_", "hooks", "gh", "gl", "auth", "shp",
    "_pat_", "=", "",
)  # fmt: skip
"""Pieces that several anchors have in common: where one is missing, those need not be looked for (half the time)."""

_Anchored = tuple[str, bool, tuple[SecretRule, ...]]


def _by_guard() -> tuple[tuple[str, tuple[_Anchored, ...]], ...]:
    groups: dict[str, list[_Anchored]] = {guard: [] for guard in _GUARDS}
    for anchor in dict.fromkeys(anchor for rule in RULES for anchor in rule.anchors):
        guard = next(guard for guard in _GUARDS if guard in anchor.lower())
        rules = tuple(rule for rule in RULES if anchor in rule.anchors)
        groups[guard].append((anchor, any(char.isupper() for char in anchor), rules))
    return tuple((guard, tuple(anchors)) for guard, anchors in groups.items())


_BY_GUARD: Final = _by_guard()


def _spans(text: str) -> list[_Span]:
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is two characters would shift every position after it
        low = text.translate(_LOWER_ASCII)
    found = [_Span(start, end, "private-key") for start, end in runs_of_key_lines(text)]
    for guard, anchors in _BY_GUARD:
        if guard in low:
            for anchor, exact, rules in anchors:
                where = text if exact else low
                first = where.find(anchor)
                if first >= 0:
                    for rule in rules:
                        found += _matches(rule, anchor, text, where, first)
    return found


_SHORTEST_BOUND: Final = 64
_REST_OF_VALUE: Final = re.compile(r"[\w+/=.~%-]*+")
"""What a secret goes on with beyond the most that its rule's pattern takes."""


def _matches(rule: SecretRule, anchor: str, text: str, where: str, at: int) -> list[_Span]:
    """`at`: where the anchor first is."""
    found = []
    while at >= 0:
        match = rule.pattern.match(text, at)
        after = at + len(anchor)
        if match is not None and (rule.accepts is None or rule.accepts(match)):
            start, end = _secret_span(rule, match)
            if end - start >= _SHORTEST_BOUND:
                end = _REST_OF_VALUE.match(text, end).end()  # type: ignore[union-attr]  # matches nothing at least
            if start >= 0 and not text.startswith("[redacted:", start):
                found.append(_Span(start, end, rule.name))
            after = max(after, end)
        at = where.find(anchor, after)
    return found


def _secret_span(rule: SecretRule, match: re.Match[str]) -> tuple[int, int]:
    if rule.begins is not None:
        return rule.begins(match), match.end()
    for name in ("secret", "bare"):
        if name in match.re.groupindex and match[name] is not None:
            return match.span(name)
    return match.span()

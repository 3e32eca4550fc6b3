"""What sort of memory a topic is, how much it matters and how sure we may be: decisions over what was read of it.

Pure tables and rules; must not build text. Invariant: the first rule that fits wins, and the order is the list's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from contox_hooks.domain.item import ItemType
from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.fact import Fact
from contox_hooks.pipeline.message import Message


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_AREA = r"(?:[\w./*{},+-]{1,40}(?:\([\w, ]{1,30}\))?: ){0,2}(?:\[[\w -]{1,20}\] )?"
"""`diff: fix …`, `t/lib-httpd: fix …`, `doc: git-add: fix …`: areas before the verb."""
_ABOUT_DOCS = _any_of(r"\b(?:docs?|docstrings?|documentation|readme|comments?|changelog)\b")
_FIX = _any_of(
    rf"{_AREA}(?:(?:bug|hot)?-?fix(?:e[sd]|ing|up)?\b|correct(?:s|ed)?\b|plug\b.{{0,60}}\bleaks?\b)",
    r".*\b(?:memory leak|segfault|use-after-free|buffer overflow|null pointer dereference)s?\b",
)
_FAULT = (
    r"(?:crash|error|exception|deadlock|hang|hung|fail|race|leak|panic|overflow|underflow|segfault|corrupt|infinite|"
    r"dereferenc|undefined|out[- ]of[- ]bounds|null|division|duplicat|collision|conflict|los[ses]|stale|wrong|invalid)"
)
"""What is avoided where avoiding mends something; to avoid work makes it faster."""
_BUG = _any_of(
    rf"{_AREA}(?:(?:bug|hot)?-?fix(?:e[sd]|ing|up)?\b|plug\b.{{0,60}}\bleaks?\b|"
    rf"resolve[sd]?\b|correct(?:s|ed|ly)?\b|repair|prevent[s ]|"
    rf"avoid(?:s|ed|ing)?\b.{{0,60}}\b{_FAULT}|don'?t\b|do not\b|handle[sd]?\b|ensure\b|work ?around\b|properly\b|"
    r"restore[sd]?\b|"
    r"allow .* again\b|stop \w+ing)",
    r".*\b(?:bug ?fix|(?<!add )regression(?!s? (?:\w+ )?(?:tests?|suite|benchmark)|s? in tests)|"
    r"crash(?:es|ed|ing)?|deadlock|race condition|memory leak|typeerror|keyerror|"
    r"attributeerror|valueerror|traceback|incorrect(?:ly)?|broken|wrong(?:ly)?)\b",
)
_DECISION = _any_of(
    rf"{_AREA}(?:drop(?:s|ped|ping)? (?:\S+ ){{0,3}}(?:support|python|py\d|node|dependenc\w+|compat\w*)|deprecat|"
    r"stop (?:using|supporting)|remov\w+ (?:\S+ ){0,3}(?:support|dependency|deprecat\w*)|require[sd]? |disallow|"
    r"only (?:support|allow)|make .+ (?:optional|required|mandatory|private|public|the default)|"
    r"(?:enable|disable|allow|use) .+ by default|end of life|py3?\d*\+|default to)",
    r".*\b(?:in favou?r of|by default|"
    r"no longer (?:support|required|allow)\w*|minimum (?:supported )?(?:python|version)|"
    r"drop(?:s|ped)? (?:python|support)|(?:add|support)(?:s|ed)? (?:for )?python 3\.\d+|license|breaking change|"
    r"backwards?[- ]incompatible)\b",
)
_CHOICE = _any_of(
    rf"{_AREA}(?:drop(?:s|ped|ping)?\b|switch(?:e[sd])? (?:to|from|over)|migrat|replace[sd]? .+ (?:with|by)|"
    r"prefer|adopt|(?:un)?pin\b)",
)
"""A choice where it binds (a dependency, a setting, what is public) or explained, else only how a line is written."""
_NAMED_CHOICE = _any_of(rf"{_AREA}use .+ (?:instead|rather than|over|for)\b", r".*\b(?:instead of|rather than)\b")
_CONVENTION = _any_of(
    r"\b(?:ruff|flake8|black|mypy|pyright|pylint|isort|eslint|prettier|clippy|gofmt|editorconfig|pyupgrade|"
    r"pre-commit (?:hook|config)\w*|lint(?:er|ing)? (?:rule|config)\w*|code ?style|coding (?:style|standard)|"
    r"style guide|naming|contributing|contribution guide\w*|code of conduct|code ?owners|convention|"
    r"type (?:hints?|annotations?|checking)|strict(?:er)? typing|commit message|coverage (?:threshold|requirement)|"
    r"docstring (?:style|convention))\b"
)
_ARCHITECTURE = _any_of(
    rf"{_AREA}(?:refactor|restructur|reorgani[sz]|split\b|extract\b|separate\b|decouple|consolidat|re-?architect|"
    r"rewrite|re-?design|modulari[sz]e|"
    r"introduce[sd]?\b.{0,60}\b(?:module|package|layer|abstraction|interface|trait|protocol|base class|crate)s?\b|"
    r"mov(?:e[sd]?|ing)\b.+\b(?:to|into|from|out)\b|"
    r"merge .+ (?:into|and)\b|rename[sd]? .+ (?:module|package|to)\b|inline\b|port .+ to\b|src layout)"
)
_MOVED_ON = _any_of(rf"{_AREA}(?:bump|upgrade|update|refresh|pin|unpin)\w*\b")
_TEMPLATE = re.compile(r"(?:^|/)\.github/(?:issue_template|pull_request_template)", re.IGNORECASE)
"""Forms for those who report, no convention of the code."""
_TODO = _any_of(r"(?:todo|fixme|wip)\b")


_BINDING = frozenset(
    ("api", "cli", "config", "constant", "dependency", "deprecation", "env", "removed", "runtime", "schema")
)


def binds(facts: Sequence[Fact]) -> bool:
    """Whether others have to reckon with the change: it shows outside of the code that it was made in."""
    return any(fact.topic in _BINDING for fact in facts)


def _comes_or_goes(facts: Sequence[Fact]) -> bool:
    """Whether there is another dependency than before, not only another version."""
    return any(fact.topic == "dependency" and not fact.text.startswith("moves") for fact in facts)


def item_type(message: Message, paths: Collection[str], facts: Sequence[Fact]) -> ItemType:
    """The type of what a message and its facts tell."""
    kinds = {path_kind(path) for path in paths}
    topics = {fact.topic for fact in facts}
    title = message.title
    without_code = bool(kinds) and kinds <= {"test", "doc", "asset", "lock", "other"}
    if message.reverts or message.breaking:
        return "decision"
    if _TODO.match(title):
        return "todo"
    outward = any(fact.weight >= 4 for fact in facts)
    if _ABOUT_DOCS.search(title) and not outward and not message.kind:
        return "implementation"
    if not without_code and kinds != {"ci"} and (message.kind == "fix" or (not message.kind and _FIX.match(title))):
        return "bug"
    if not without_code or "runtime" in topics:
        chosen = (_CHOICE.match(title) or _NAMED_CHOICE.match(title)) and (binds(facts) or message.why)
        if _DECISION.match(title) or chosen:
            return "decision"
        if {"runtime", "deprecation"} & topics and message.kind not in ("feat", "fix"):
            return "decision"
    ruled = [
        path for path in paths if path_kind(path) in ("config", "ci", "doc", "source") and not _TEMPLATE.search(path)
    ]
    if _CONVENTION.search(title) and ruled and not _BUG.match(title) and not _MOVED_ON.match(title):
        return "convention"
    if message.kind in ("docs", "test") or without_code:
        return "implementation"
    if kinds <= {"ci"} or message.kind in ("ci", "build", "chore"):
        return "decision" if _comes_or_goes(facts) else "implementation"
    if _BUG.match(title) and message.kind not in ("feat", "refactor", "perf"):
        return "bug"
    if "dependency" in topics and "source" not in kinds:
        return "implementation" if _MOVED_ON.match(title) and not _comes_or_goes(facts) else "decision"
    moved = sum(fact.topic == "renamed" for fact in facts)
    sources = sum(path_kind(path) == "source" for path in paths)
    if (message.kind == "refactor" and sources > 1) or _ARCHITECTURE.match(title) or moved >= 3:
        return "architecture"
    return "implementation"


IMPORTANCE: dict[ItemType, int] = {
    "decision": 4, "convention": 3, "architecture": 3, "implementation": 2, "bug": 3, "todo": 2,
}  # fmt: skip
"""1 to 5, before anything else is known of it."""


def importance(
    item_type: ItemType, message: Message, *, breaking: bool, facts: Sequence[Fact], paths: Collection[str], lines: int
) -> int:
    """1 to 5. What binds later work stands high, what only tests or documents say stands low; so does a decision that
    neither shows outside nor is known by its words or given a reason."""
    kinds = {path_kind(path) for path in paths}
    if breaking:
        return 5
    if kinds and kinds <= {"test", "doc", "ci", "asset", "lock", "other"}:
        return 2 if lines >= 100 or item_type in ("decision", "convention") else 1
    base = IMPORTANCE[item_type]
    outward = any(fact.weight >= 5 for fact in facts)
    firm = bool(message.why or message.reverts) or binds(facts) or _DECISION.match(message.title) is not None
    if item_type in ("implementation", "architecture") and outward:
        base += 1
    if (lines < 6 and not outward and item_type != "decision") or (item_type == "decision" and not (outward or firm)):
        base -= 1
    return max(1, min(5, base))


def confidence(message: Message, facts: Sequence[Fact], *, diff_seen: bool, vague: bool) -> float:
    """How sure the reading is: told in a known form, with a reason, and shown by the diff. CONTRACT.md section 6 has
    the bands: 0.90 safe to approve, 0.70 skim, 0.50 careful; rules alone never claim the first."""
    score = 0.62
    score += 0.08 if message.kind else 0.0
    score += 0.07 if message.why or message.breaking_note else 0.0
    score += 0.04 if message.prose or message.bullets else 0.0
    score += 0.08 if any(fact.weight >= 3 for fact in facts) else 0.0
    score -= 0.12 if vague else 0.0
    score -= 0.06 if not diff_seen else 0.0
    return round(max(0.3, min(0.89, score)), 2)

"""A model's answer, read as what it is: text that may be anything. It becomes drafts, or precise complaints.

Pure. Owns the reading of the form (answer_form.py) and what an answer may refer to: commits and files of its chunk,
known items that it was shown. Must not know quotes' truth (quote.py). Invariant: raises nothing but AnswerInvalid.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import (
    ITEM_TYPES,
    MAX_FACTS,
    MAX_FILES,
    MAX_IMPACT,
    MAX_RATIONALE,
    MAX_TAGS,
    MAX_TITLE,
    RELATION_KINDS,
    Draft,
    Evidence,
    Relation,
)
from contox_hooks.domain.shown import visible
from contox_hooks.pipeline.answer_form import MAX_EVIDENCE, MAX_ITEMS, MAX_QUOTE, MAX_REASON, MIN_QUOTE, VERDICTS
from contox_hooks.pipeline.quote import fold
from contox_hooks.pipeline.schema_key import schema_key
from contox_hooks.pipeline.summary import MAX_SUMMARY
from contox_hooks.pipeline.verdict import MAX_CONFIDENCE

MAX_TEXT = 400_000
"""Characters of an answer that is looked at: ten times what `max_tokens` lets through."""
MAX_COMPLAINTS = 20
"""A repair needs no more; the rest is counted."""

_BLOCK = "```"
"""Begins and ends an answer that is given as Markdown. No pattern: with several runs of white space in one, an answer
of newlines alone takes minutes."""
_KEY = re.compile(r"root(?:/[a-z0-9]+(?:-[a-z0-9]+)*){1,3}")
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_MAX_KEY, _MAX_TAG, _MAX_SLUG = 60, 40, 80

Value = TypeVar("Value")


class AnswerInvalid(Exception):
    """`complaints`: what is wrong and where, for a repair and for people."""

    def __init__(self, complaints: Sequence[str]) -> None:
        super().__init__("; ".join(complaints[:3]))
        self.complaints = tuple(complaints)


@dataclass(frozen=True, slots=True)
class Reading:
    """A well-formed answer. What its quotes are worth is proof.py's to say, and with it a draft's commits and time."""

    drafts: tuple[Draft, ...]
    summary: str | None
    refused: tuple[str, ...]
    """References to what the model was not shown (commits, known items); each was left out."""
    dropped: int
    """Items that had nothing left to stand on because of that, or were more than MAX_ITEMS."""


def read_answer(text: str, digests: Sequence[CommitDigest], known_ids: Collection[str]) -> Reading:
    """Raises AnswerInvalid when the answer has not the form. Wrong references do not: they are left out and told."""
    return _Reader(digests, known_ids).read(text)


@dataclass
class _Reader:
    digests: Sequence[CommitDigest]
    known_ids: Collection[str]
    complaints: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def read(self, text: str) -> Reading:
        answer = _parsed(text)
        if not isinstance(answer, dict):
            raise AnswerInvalid([f"the answer must be an object with items, not {_kind(answer)}"])
        summary = self._text(answer.get("executiveSummary"), "executiveSummary", MAX_SUMMARY, one_line=True)
        entries = answer.get("items")
        if not isinstance(entries, list):
            self._wrong("items", "a list", entries)
            entries = []
        drafts = [self._draft(entry, f"items[{number}]") for number, entry in enumerate(entries[:MAX_ITEMS])]
        if self.complaints:
            more = len(self.complaints) - MAX_COMPLAINTS
            told = self.complaints[:MAX_COMPLAINTS]
            raise AnswerInvalid([*told, f"and {more} more"] if more > 0 else told)
        kept = tuple(draft for draft in drafts if draft is not None and draft.evidence)
        return Reading(kept, summary or None, tuple(self.refused), len(entries) - len(kept))

    def _draft(self, entry: Any, at: str) -> Draft | None:
        """None with a complaint."""
        if not isinstance(entry, dict):
            self._wrong(at, "an object", entry)
            return None
        before = len(self.complaints)
        type_ = self._one_of(entry.get("type"), f"{at}.type", ITEM_TYPES)
        title = self._text(entry.get("title"), f"{at}.title", MAX_TITLE, required=True, one_line=True)
        facts = self._text(entry.get("facts"), f"{at}.facts", MAX_FACTS, required=True)
        rationale = self._text(entry.get("rationale"), f"{at}.rationale", MAX_RATIONALE)
        impact = self._text(entry.get("impact"), f"{at}.impact", MAX_IMPACT)
        key = self._text(entry.get("schemaKey"), f"{at}.schemaKey", MAX_TITLE, one_line=True)
        hint = self._text(entry.get("dedupHint"), f"{at}.dedupHint", MAX_TITLE, one_line=True)
        files = self._texts(entry.get("files"), f"{at}.files")
        tags = self._texts(entry.get("tags"), f"{at}.tags")
        importance = self._number(entry.get("importance"), f"{at}.importance", 1, 5)
        sureness = self._number(entry.get("confidence"), f"{at}.confidence", 0, 1)
        if importance is not None and importance != int(importance):
            self.complaints.append(f"{at}.importance must be a whole number, not {_shown(importance)}")
        evidence = tuple(self._evidence(entry.get("evidence"), f"{at}.evidence"))
        relations = self._relations(entry.get("verdict"), f"{at}.verdict")
        if len(self.complaints) > before or type_ is None or importance is None or sureness is None:
            return None
        paths = {change.path for digest in self.digests for change in digest.files}
        about = tuple(dict.fromkeys(path for path in files if path in paths))
        return Draft(
            type=type_,
            title=title,
            facts=facts,
            schema_key=key if _KEY.fullmatch(key) and len(key) <= _MAX_KEY else schema_key(type_, about, title),
            confidence=round(min(sureness, MAX_CONFIDENCE), 2),
            importance=int(importance),
            evidence=evidence,
            rationale=rationale or None,
            impact=impact or None,
            files=about,
            tags=tuple(dict.fromkeys(slug for tag in tags if (slug := _slug(tag, _MAX_TAG))))[:MAX_TAGS],
            dedup_hint=_hint(type_, hint),
            relations=relations,
        )

    def _evidence(self, entries: Any, at: str) -> Iterator[Evidence]:
        if not isinstance(entries, list) or not entries:
            self._wrong(at, "a list of at least one quote", entries)
            return
        for number, entry in enumerate(entries[:MAX_EVIDENCE]):
            where = f"{at}[{number}]"
            if not isinstance(entry, dict):
                self._wrong(where, "an object", entry)
                continue
            named = self._text(entry.get("commit"), f"{where}.commit", MAX_TITLE, required=True, one_line=True)
            path = self._text(entry.get("path"), f"{where}.path", MAX_FACTS)
            quote = self._text(entry.get("quote"), f"{where}.quote", MAX_FACTS, required=True)[:MAX_QUOTE].strip()
            digest = self._commit(named)
            if not named or not quote:
                continue
            if digest is None:
                self.refused.append(f"{where}.commit: {_shown(named)} is no commit of this chunk")
            elif len(fold(quote)) < MIN_QUOTE and fold(quote) != fold(digest.subject):
                self.refused.append(f"{where}.quote: {_shown(quote)} is too short to prove anything")
            else:
                yield Evidence(digest.sha, quote, path or None)

    def _commit(self, named: str) -> CommitDigest | None:
        """By the beginning of its id, at least seven digits, where only one begins so."""
        prefix = named.lower()
        found = [digest for digest in self.digests if len(prefix) >= 7 and digest.sha.startswith(prefix)]
        return found[0] if len(found) == 1 else None

    def _relations(self, entry: Any, at: str) -> tuple[Relation, ...]:
        if entry is None:
            return ()
        if not isinstance(entry, dict):
            self._wrong(at, "an object", entry)
            return ()
        kind = self._one_of(entry.get("kind"), f"{at}.kind", VERDICTS)
        item_id = self._text(entry.get("itemId"), f"{at}.itemId", MAX_TITLE, one_line=True)
        reason = self._text(entry.get("reason"), f"{at}.reason", MAX_REASON, one_line=True)
        if kind is None or kind == "new":
            return ()
        if item_id not in self.known_ids:
            self.refused.append(f"{at}.itemId: {_shown(item_id)} is none of known_items")
            return ()
        told = next(known for known in RELATION_KINDS if known == kind)
        return (Relation(told, item_id, reason or f"the model says that it {kind} it"),)

    def _text(self, value: Any, at: str, limit: int, *, required: bool = False, one_line: bool = False) -> str:
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            self._wrong(at, "a text" if required else "a text or null", value)
            return ""
        shown = visible(value[: limit * 2])
        text = (fold(shown) if one_line else shown.strip())[:limit].strip()
        if required and not text:
            self.complaints.append(f"{at} is empty")
        return text

    def _texts(self, value: Any, at: str) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(at, "a list of texts", value)
            return []
        return [self._text(entry, f"{at}[{number}]", MAX_FACTS) for number, entry in enumerate(value[:MAX_FILES])]

    def _number(self, value: Any, at: str, low: int, high: int) -> float | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(_small(value)):
            self._wrong(at, f"a number from {low} to {high}", value)
            return None
        if not low <= value <= high:
            self.complaints.append(f"{at} must be from {low} to {high}, not {_shown(value)}")
            return None
        return float(value)

    def _one_of(self, value: Any, at: str, choices: Sequence[Value]) -> Value | None:
        for choice in choices:
            if isinstance(value, str) and value == choice:
                return choice
        self.complaints.append(f"{at} must be one of {', '.join(map(str, choices))}, not {_shown(value)}")
        return None

    def _wrong(self, at: str, wanted: str, value: Any) -> None:
        self.complaints.append(f"{at} must be {wanted}, not {_kind(value)}")


def _parsed(text: str) -> Any:
    if len(text) > MAX_TEXT:
        raise AnswerInvalid([f"the answer has {len(text):,} characters; {MAX_TEXT:,} are read"])
    candidate = _unwrapped(text.strip()).strip().removeprefix("\ufeff")
    if not candidate:
        raise AnswerInvalid(["the answer is empty"])
    try:
        return json.loads(candidate, parse_constant=_no_number)
    except ValueError as error:
        first = error
    except RecursionError:
        raise AnswerInvalid(["the answer is nested too deeply"]) from None
    inner = candidate[candidate.find("{") : candidate.rfind("}") + 1]  # words around the object
    try:
        return json.loads(inner, parse_constant=_no_number)
    except (ValueError, RecursionError):
        told = first.msg if isinstance(first, json.JSONDecodeError) else str(first)
        at = f" at character {first.pos:,}" if isinstance(first, json.JSONDecodeError) else ""
        raise AnswerInvalid([f"the answer is not JSON: {visible(told)[:200]}{at}"]) from None


def _unwrapped(text: str) -> str:
    """Without the Markdown block around it and the block's word for its language."""
    language, newline, rest = text.partition("\n")
    if not (newline and language.startswith(_BLOCK) and rest.endswith(_BLOCK)):
        return text
    return rest.removesuffix(_BLOCK)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _small(value: float) -> float:
    """An integer too big for a float as infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _hint(type_: str, told: str) -> str | None:
    """`type:topic:key` in slugs; None where the answer's has not three parts."""
    parts = [_slug(part, _MAX_SLUG) for part in told.split(":")]
    return f"{type_}:{parts[1]}:{parts[2]}" if len(parts) == 3 and all(parts) else None


def _slug(text: str, limit: int) -> str:
    return _NO_SLUG.sub("-", text.lower()).strip("-")[:limit].strip("-")


_KINDS: Sequence[tuple[type, str]] = (
    (bool, "true or false"), (str, "a text"), (int, "a number"), (float, "a number"), (list, "a list"),
    (dict, "an object"),
)  # fmt: skip


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return next((f"{told} ({_shown(value)})" for kind, told in _KINDS if isinstance(value, kind)), "something else")


def _shown(value: Any) -> str:
    """A short beginning of what was found, on one line."""
    if isinstance(value, (list, dict)):
        return f"{len(value)} entries"
    text = fold(visible(str(value)[:120] if isinstance(value, str) else _number_text(value)))
    return json.dumps(text if len(text) <= 60 else f"{text[:57]}...", ensure_ascii=False)


def _number_text(value: Any) -> str:
    try:
        return repr(value)[:120]
    except ValueError:  # an integer of thousands of digits
        return "a huge number"

"""What a change to documents says: changelog entries, new headings, else one telling sentence.

Knows Markdown and reStructuredText as far as taking their markup off. Invariant: only added text is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from contox_hooks.domain.path import path_kind
from contox_hooks.pipeline.fact import MAX_NAMES, Fact, cut
from contox_hooks.pipeline.patch import FilePatch, Line
from contox_hooks.pipeline.quote import added_quote

_MAX_ENTRIES = 4
_LEAST_ENTRY = 15
_CHANGELOG = re.compile(
    r"(?:^|/)(?:changes|changelog|history|news|rel(?:ease)?[-_ ]?notes)[^/]*$|"
    r"(?:^|/)(?:newsfragments|changelog\.d|rel(?:ease)?[-_]?notes)/",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"(?:^|/)(?:(?:newsfragments|changelog\.d)/[^/]+|(?:news|changes|changelog)/[\w+.-]+\.[a-z]+\.(?:rst|md|txt))$",
    re.IGNORECASE,
)
"""A file for one entry, to be gathered at a release."""
_HEADING = re.compile(r"#{1,4} +(?P<title>\S.{2,90}?) *#*")
_UNDERLINE = re.compile(r"([=\-~^\"'`*+])\1{3,}\s*")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_ENTRY = re.compile(r"\s*(?:[-*+]|\d{1,3}\.) +(?P<text>\S.{14,})")
_SENTENCE = re.compile(r"[A-Z`*]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*])")
_ENTRY_MARK = re.compile(r"\s*(?:[-*+]|\d{1,3}\.) +")
_ROLE_REFERENCE = re.compile(r":(?:issue|pr|ghsa|user|pull):`[^`]{0,60}`")
_ROLE = re.compile(r":[a-z:]{1,30}:`~?\.?([^`<]{1,80}?)(?: <[^>`]{0,80}>)?`")
_LEADING_REFERENCE = re.compile(
    r"\s*(?:(?:\[[^\]\[]{0,60}#\d{1,7}[^\]\[]{0,20}\](?:\([^()\s]{1,200}\)|\[[^\]\[]{0,60}\])?|"
    r"(?:[A-Za-z]+ ){0,2}#\d{1,7}(?=\s*:))[\s,:]*)+"
)
"""`[BUG #12](address):` before an entry: where it is talked about, not what it says."""
_RST_LINK = re.compile(r"`([^`<>]{1,120}?)\s*<[^<>`\s]{1,300}>`_{1,2}")
_EMPTY_BRACKETS = re.compile(r"\s*[(\[][\s,;]*[)\]]")
_LINK = re.compile(r"\[([^\]\[]{1,120})\]\([^()\s]{1,200}\)")
_NUMBER = re.compile(r"\((?:(?:#|gh-)\d{1,7}(?:, )?)+\)|#\d{1,7}\b")


def is_changelog(path: str) -> bool:
    """By its name, if that is not the name of code (`history.c`)."""
    named = _CHANGELOG.search(path) or _FRAGMENT.search(path)
    return path_kind(path) in ("doc", "other") and named is not None


def changelog_facts(patch: FilePatch) -> Iterator[Fact]:
    """New entries with the lines they go on over."""
    lines = patch.lines
    fenced = False
    removed = {plain(match["text"]) for line in patch.removed if (match := _ENTRY.match(line))}
    told = 0
    for place, line in enumerate(lines):
        fenced = line.mark != "@" and fenced != (line.mark != "-" and _FENCE.match(line.text) is not None)
        match = _ENTRY.match(line.text) if line.mark == "+" and not fenced else None
        if match is None or told == _MAX_ENTRIES:
            continue
        text = match["text"]
        for following in lines[place + 1 : place + 6]:
            if following.mark != "+" or not following.text.startswith(" ") or _ENTRY.match(following.text):
                break
            if re.match(r"\s*(?:```|~~~)", following.text):
                break
            text += " " + following.text.strip()
        entry = plain(text)
        if entry and plain(match["text"]) not in removed:
            told += 1
            yield Fact(patch.path, entry, 6, added_quote(line.text), "changelog")
    text = [line for line in patch.added if line.strip()]
    if not told and text and _FRAGMENT.search(patch.path) and len(entry := plain(" ".join(text))) >= _LEAST_ENTRY:
        yield Fact(patch.path, entry, 6, added_quote(text[0]), "changelog")


def fitting_entries(facts: Sequence[Fact], numbers: Collection[str]) -> tuple[Fact, ...]:
    """Without changelog entries that name other issues than the commit's `numbers`, if any entry names one of them."""
    named = {fact: set(re.findall(r"#(\d{1,7})\b", fact.quote)) for fact in facts if fact.topic == "changelog"}
    if not any(found & set(numbers) for found in named.values()):
        return tuple(facts)
    return tuple(fact for fact in facts if fact not in named or named[fact] & set(numbers))


def document_facts(patch: FilePatch) -> Iterator[Fact]:
    titles = list(_headings(patch))
    if titles:
        shown = ", ".join(f"“{title}”" for title, _ in titles[:MAX_NAMES])
        more = f" and {len(titles) - MAX_NAMES} more" if titles[MAX_NAMES:] else ""
        yield Fact(patch.path, f"documents {shown}{more}", 3, added_quote(titles[0][1]), "doc")
        return
    sentence, line = max(_sentences(patch), key=lambda found: len(found[0]), default=("", ""))
    if sentence:
        yield Fact(patch.path, f"says “{cut(plain(sentence), 240)}”", 2, added_quote(line), "doc")


def _sentences(patch: FilePatch) -> Iterator[tuple[str, str]]:
    """(whole sentence, the line where it starts) of added prose: where a sentence neither starts nor ends in what was
    added, half of one says nothing."""
    block: list[str] = []
    for line in [*patch.lines, Line("@", "")]:
        starts_anew = _ENTRY_MARK.match(line.text)
        if line.mark == "+" and line.text.strip() and not starts_anew:
            block.append(line.text)
            continue
        if line.mark != "-":
            yield from _whole_sentences(block)
            block = [_ENTRY_MARK.sub("", line.text)] if line.mark == "+" and starts_anew else []
    yield from _whole_sentences(block)


def _whole_sentences(block: list[str]) -> Iterator[tuple[str, str]]:
    text = " ".join(line.strip() for line in block)[:4000]
    for sentence in _SENTENCE_END.split(text):
        if 30 <= len(sentence) <= 300 and _SENTENCE.match(sentence) and sentence.endswith((".", "!", "?", ":")):
            start = sentence[:12]
            yield sentence, next((line for line in block if start in line), block[0])


def _headings(patch: FilePatch) -> Iterator[tuple[str, str]]:
    """(title, line) of added headings; a `#` inside a code fence is none."""
    fenced = False
    previous = ""
    for line in patch.lines:
        if line.mark == "-":
            continue
        if line.mark == "@":
            fenced = False
        elif _FENCE.match(line.text):
            fenced = not fenced
        elif line.mark == "+" and not fenced:
            if match := _HEADING.fullmatch(line.text):
                yield plain(match["title"]), line.text
            elif _UNDERLINE.fullmatch(line.text) and 2 < len(previous.strip()) <= 90:
                yield plain(previous), previous
        previous = line.text if line.mark == "+" else ""


def plain(text: str) -> str:
    """Without roles, links, references to issues and doubled backticks; cut at 300 characters."""
    text = _LEADING_REFERENCE.sub("", text, count=1) if _LEADING_REFERENCE.match(text) else text
    text = _RST_LINK.sub(r"\1", _ROLE.sub(r"`\1`", _ROLE_REFERENCE.sub("", text)))
    text = _EMPTY_BRACKETS.sub("", _NUMBER.sub("", _LINK.sub(r"\1", text))).replace("``", "`")
    return cut(" ".join(text.split()).rstrip(" .,"), 300)

"""What a change to documents says: changelog entries, new headings, else one telling sentence.

Knows Markdown and reStructuredText as far as taking their markup off. Invariant: only added text is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contox_hooks.pipeline.fact import MAX_NAMES, Fact, cut
from contox_hooks.pipeline.patch import FilePatch
from contox_hooks.pipeline.quote import added_quote

_MAX_ENTRIES = 4
_CHANGELOG = re.compile(
    r"(?:^|/)(?:changes|changelog|history|news|release[-_ ]?notes)[^/]*$|(?:^|/)(?:newsfragments|changelog\.d)/",
    re.IGNORECASE,
)
_HEADING = re.compile(r"#{1,4} +(?P<title>\S.{2,90}?) *#*")
_UNDERLINE = re.compile(r"([=\-~^\"'`*+])\1{3,}\s*")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_ENTRY = re.compile(r"\s*(?:[-*+]|\d{1,3}\.) +(?P<text>\S.{14,})")
_SENTENCE = re.compile(r"\s*[A-Z`*].{30,}")
_ROLE_REFERENCE = re.compile(r":(?:issue|pr|ghsa|user|pull):`[^`]{0,60}`")
_ROLE = re.compile(r":[a-z:]{1,30}:`~?\.?([^`<]{1,80}?)(?: <[^>`]{0,80}>)?`")
_LINK = re.compile(r"\[([^\]\[]{1,120})\]\([^()\s]{1,200}\)")
_NUMBER = re.compile(r"\((?:(?:#|gh-)\d{1,7}(?:, )?)+\)|#\d{1,7}\b")


def is_changelog(path: str) -> bool:
    return _CHANGELOG.search(path) is not None


def changelog_facts(patch: FilePatch) -> Iterator[Fact]:
    """New entries with the lines they go on over."""
    lines = patch.lines
    removed = {plain(match["text"]) for line in patch.removed if (match := _ENTRY.match(line))}
    told = 0
    for place, line in enumerate(lines):
        match = _ENTRY.match(line.text) if line.mark == "+" else None
        if match is None or told == _MAX_ENTRIES:
            continue
        text = match["text"]
        for following in lines[place + 1 : place + 6]:
            if following.mark != "+" or not following.text.startswith(" ") or _ENTRY.match(following.text):
                break
            text += " " + following.text.strip()
        entry = plain(text)
        if entry and plain(match["text"]) not in removed:
            told += 1
            yield Fact(patch.path, entry, 6, added_quote(line.text), "changelog")


def document_facts(patch: FilePatch) -> Iterator[Fact]:
    titles = list(_headings(patch))
    if titles:
        shown = ", ".join(f"“{title}”" for title, _ in titles[:MAX_NAMES])
        more = f" and {len(titles) - MAX_NAMES} more" if titles[MAX_NAMES:] else ""
        yield Fact(patch.path, f"documents {shown}{more}", 3, added_quote(titles[0][1]), "doc")
        return
    sentence = max((line.strip() for line in patch.added if _SENTENCE.fullmatch(line)), key=len, default="")
    if sentence:
        yield Fact(patch.path, f"says “{cut(plain(sentence), 160)}”", 2, added_quote(sentence), "doc")


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
    text = _ROLE.sub(r"`\1`", _ROLE_REFERENCE.sub("", text))
    text = _NUMBER.sub("", _LINK.sub(r"\1", text)).replace("``", "`")
    return cut(" ".join(text.split()).rstrip(" .,"), 300)

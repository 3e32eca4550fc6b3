"""A commit message read for what it means: conventional or plain subject, prose, reasons, trailers, references.

Pure text work; must not know diffs or items. Invariants: `why`, `prose` and `bullets` are verbatim pieces of the
message (white space folded), so that they can be quoted; work is bounded whatever the message's size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from contox_hooks.pipeline.quote import fold, fold_message

MAX_BODY_READ = 20_000
"""Characters of a body that are looked at."""
MAX_PIECE = 600
"""A longer sentence or list entry is left out: it is a paste, not prose."""

_CONVENTIONAL = re.compile(
    r"(?P<kind>feat|feature|fix|bugfix|docs?|refactor|perf|tests?|build|ci|chore|style|revert|deps|release|security)"
    r"(?:\((?P<scope>[^()\n]{1,60})\))?(?P<breaking>!)?:\s+(?P<rest>\S.*)",
    re.IGNORECASE,
)
_KINDS = {"feature": "feat", "bugfix": "fix", "doc": "docs", "tests": "test"}
_NOISE = re.compile(
    r"\[(?:skip ci|ci skip|no ci)\]|(?<!\S):[a-z_]{3,30}:(?!\S)|"
    r"(?:\u200D?[\U0001F300-\U0001FAFF\u2600-\u27BF\uFE0F])+",
    re.IGNORECASE,
)
_TRAILING_REFERENCE = re.compile(
    r"(?:(?:\s*(?:and|&|,|;))?\s*[(\[]?(?:(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|refs?|see|issue|for)[:,]? +)?"
    r"(?:#|gh-|GH-)\d{1,7}[)\],]*)+\.?$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:(?<![\w/&])(?:#|gh-|GH-)|https?://[\w.-]{1,60}/[\w./-]{1,100}/(?:issues|pull|merge_requests)/)(\d{1,7})\b"
)
_CLOSES = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b:?\s+"
    r"(?:https?://\S{1,100}/(?:issues|pull|merge_requests)/|[\w./-]{0,80}#|gh-)(\d{1,7})\b",
    re.IGNORECASE,
)
_MERGED_REQUEST = re.compile(r"Merge pull request #(\d+) from (\S+)|Merge branch '([^']+)'|Merge\b")
_REVERT = re.compile(
    r'Revert(?:s|ed|ing)?:?\s+["“](?P<title>.+)["”]|Revert(?:s|ed|ing)?:?\s+(?P<plain>\S.*)', re.IGNORECASE
)
_REVERTED_SHA = re.compile(r"This reverts commit ([0-9a-f]{7,64})")
_FIXUP = re.compile(r"(?:fixup|squash|amend)!\s+(?P<title>\S.*)")
_TRAILER = re.compile(
    r"[A-Z][A-Za-z]*(?:-[A-Za-z]+)+: ?\S|(?:Link|Bug|Issue|Cc|Acked|Topic|Part-of): ?\S|\(cherry picked from|"
    r"Committed via "
    r"|(?:Close[sd]?|Fix(?:e[sd])?|Resolve[sd]?|Refs?|See|cc):? [#@(\w/:.-]*#?\d+\W*$"
)
_PASTED = re.compile(
    r"    |\t|>|```|~~~|---|===|#|\$ |\[?\d{4}-\d\d|Traceback|\s*File \"|\s+at \S+\(|[\w.]+(?:Error|Exception)\b: |\+ "
)
"""Lines of code, quotations, terminals, logs: not the author's own prose."""
_BREAKING = re.compile(r"BREAKING[ -]CHANGES?:\s*(.*)", re.DOTALL)
_BULLET = re.compile(r"\s*(?:[*•-]|\d{1,2}[.)])\s+(\S.*)")
_SENTENCE_END = re.compile(
    r"(?:(?<=[!?])|(?<=\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bcf\.))[\"')]?(?P<gap>\s+)(?=[A-Z`\"'(])"
    r"|(?<=[。！？])(?![」』）”。！？])"
)
_UNSPACED = re.compile(
    r"[\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u3040-\u30FF\u3400-\u9FFF\uF900-\uFAFF\U00020000-\U0003FFFF]"
)
"""Letters of scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_LEAST_UNSPACED = 6
"""Of them, about three words."""
_BLOCK = re.compile(r"\* (?P<title>\S.*)")
"""A commit's title in the body of those that were squashed into one."""
_WHY = re.compile(
    r"\b(?:because|so that|in order to|to (?:avoid|prevent|ensure|allow|make sure|support|keep)|otherwise|due to|"
    r"instead of|as a result|the reason|reason for|rather than|previously|since (?!v?\d)|"
    r"this (?:allows|lets|way|means|makes|prevents|avoids|ensures|caused|causes)|"
    r"which (?:caus|break|fail|mean|made)\w*|needed (?:to|for|because)|no longer (?:need|use|work|support)\w*|"
    r"(?:would|could|might) (?:fail|crash|break|hang|leak|raise|cause|lead)|leads? to|breaks?|regression)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    """As written, white space folded."""
    title: str
    """What it says without type prefix, references and decoration; first letter upper case."""
    kind: str = ""
    """Conventional type in its usual spelling (feat, fix, docs …); empty for a plain subject."""
    scope: str = ""
    breaking: bool = False
    breaking_note: str = ""
    prose: tuple[str, ...] = ()
    """Sentences that give no reason."""
    why: tuple[str, ...] = ()
    """Sentences that do."""
    bullets: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    """Numbers that the message closes or mentions, without the pull request's own at the subject's end."""
    closes: tuple[str, ...] = ()
    request: str | None = None
    """Number of the pull request that it came with."""
    is_merge: bool = False
    fixup_of: str | None = None
    """Title of the commit that it is to be squashed into."""
    reverts: str | None = None
    """Subject of the commit that it takes back."""
    reverts_sha: str | None = None


def read_message(subject: str, body: str) -> Message:
    body = body[:MAX_BODY_READ]
    flat = _clean(subject)
    kind = scope = ""
    breaking = False
    fixup = _FIXUP.match(flat)
    rest = fold(_NOISE.sub(" ", fixup["title"] if fixup else flat))
    request = _request_at_end(rest)
    rest = _without_reference(rest)
    if match := _CONVENTIONAL.fullmatch(rest):
        kind = _KINDS.get(match["kind"].lower(), match["kind"].lower())
        scope = _clean(match["scope"] or "").lower()
        breaking = bool(match["breaking"])
        rest = match["rest"]
    is_merge = bool(merged := _MERGED_REQUEST.match(flat))
    paragraphs = [part for part in re.split(r"\n\s*\n", body.replace("\r\n", "\n")) if part.strip()]
    if merged and merged[1]:
        request = merged[1]
        # GitHub puts the pull request's title in the body's first line.
        rest = _clean(paragraphs[0].splitlines()[0]) if paragraphs else rest
        rest = _without_reference(rest)
    pieces = _Pieces()
    for number, paragraph in enumerate(_of_own_block(paragraphs, rest)):
        if not (merged and merged[1] and number == 0):
            pieces.read(paragraph)
    closes = tuple(dict.fromkeys(_CLOSES.findall(f"{flat}\n{body}")))
    mentioned = dict.fromkeys((*closes, *_REFERENCE.findall(f"{rest}\n{body}")))
    mentioned.pop(request or "", None)
    revert = _REVERT.fullmatch(rest)
    sha = _REVERTED_SHA.search(body)
    return Message(
        subject=flat,
        title=_capitalised(rest.rstrip(" .")),
        kind=kind,
        scope=scope,
        breaking=breaking or bool(pieces.breaking),
        breaking_note=pieces.breaking,
        prose=tuple(pieces.prose),
        why=tuple(piece for piece in pieces.why if piece.casefold().rstrip(".") != rest.casefold().rstrip(".")),
        bullets=tuple(pieces.bullets),
        issues=tuple(mentioned),
        closes=closes,
        request=request,
        is_merge=is_merge,
        fixup_of=_clean(fixup["title"]) if fixup else None,
        reverts=_clean(revert["title"] or revert["plain"]) if revert and (sha or revert["title"]) else None,
        reverts_sha=sha[1] if sha else None,
    )


class _Pieces:
    """Sentences and list entries of a body, trailers, code and quotations left out."""

    def __init__(self) -> None:
        self.prose: list[str] = []
        self.why: list[str] = []
        self.bullets: list[str] = []
        self.breaking = ""
        self._in_bullet = False

    def read(self, paragraph: str) -> None:
        if match := _BREAKING.search(paragraph):
            self.breaking = _clean(match[1])[:MAX_PIECE]
            return
        if _is_paste(paragraph):
            return
        text: list[str] = []
        for line in paragraph.splitlines():
            if _TRAILER.match(line) or (_PASTED.match(line) and not self._goes_on(line)):
                self._flush(text)
            elif bullet := _BULLET.match(line):
                self._flush(text)
                text.append(bullet[1])
                self._in_bullet = True
            else:
                text.append(line)
        self._flush(text)

    def _goes_on(self, line: str) -> bool:
        """Whether an indented line belongs to the list entry before it."""
        return self._in_bullet and line.startswith("  ") and not line.startswith("       ") and ">" not in line[:8]

    def _flush(self, lines: list[str]) -> None:
        joined = _clean(" ".join(lines))
        lines.clear()
        if self._in_bullet:
            self._in_bullet = False
            self._add(self.why if _WHY.search(joined) else self.bullets, joined)
            return
        before = ""
        for sentence in _sentences(joined):
            if not _WHY.search(sentence):
                self._add(self.prose, sentence)
            elif not self.why and before in self.prose and len(before) + len(sentence) < MAX_PIECE:
                # The first reason comes with what it is the reason of.
                self.prose.remove(before)
                self._add(self.why, f"{before} {sentence}")
            else:
                self._add(self.why, sentence)
            before = sentence

    @staticmethod
    def _add(place: list[str], piece: str) -> None:
        words = piece.split()
        is_reference = all(word.startswith(("#", "http", "(#")) for word in words)
        if (
            words
            and not is_reference
            and not piece.endswith((":", ",", "：", "，", "i.e.", "e.g."))
            and len(piece) <= MAX_PIECE
            and piece not in place
            and (len(words) > 2 or is_unspaced(piece))
        ):
            place.append(piece)


def _sentences(text: str) -> list[str]:
    ends = [match.end() if match["gap"] is None else match.start("gap") for match in _SENTENCE_END.finditer(text)]
    return [text[start:end].strip() for start, end in pairwise([0, *ends, len(text)])]


def _is_paste(paragraph: str) -> bool:
    """A paragraph that is indented as a whole, or a table of figures."""
    lines = paragraph.splitlines()
    if all(line.startswith(("  ", "\t")) for line in lines) and not _BULLET.match(lines[0]):
        return True
    words = paragraph.split()
    figures = sum(word[0].isdigit() for word in words)
    return len(lines) > 1 and figures > 1 and figures * 3 >= len(words)


def _of_own_block(paragraphs: list[str], title: str) -> list[str]:
    """Of commits squashed into one, each a block under its title, the prose of that which the subject names; of the
    others their titles."""
    heads = [match["title"] if (match := _BLOCK.match(paragraph)) else "" for paragraph in paragraphs]
    own = [place for place, head in enumerate(heads) if head and plain_title(head) == plain_title(title)]
    if sum(map(bool, heads)) < 2 or not own:
        return paragraphs
    kept: list[str] = []
    inside = True
    for place, paragraph in enumerate(paragraphs):
        if heads[place]:
            inside = place in own
            kept.append(paragraph if inside else paragraph.split("\n", 1)[0])
        elif inside or _BREAKING.search(paragraph):
            kept.append(paragraph)
    return kept


def plain_title(text: str) -> str:
    """A subject without type, scope, references and its first letter's case: two that say the same are equal."""
    rest = _without_reference(fold(_NOISE.sub(" ", _clean(text))))
    match = _CONVENTIONAL.fullmatch(rest)
    return (match["rest"] if match else rest).rstrip(" .").casefold()


def _without_reference(text: str) -> str:
    """Without the issues at its end, unless that would tear a bracket."""
    short = _TRAILING_REFERENCE.sub("", text).strip()
    torn = short.count("(") > short.count(")") and text.count("(") <= text.count(")")
    return text if torn or not short else short


def is_unspaced(text: str) -> bool:
    """Whether it says something in a script without spaces, where words cannot be counted by them."""
    return len(_UNSPACED.findall(text)) >= _LEAST_UNSPACED


def _request_at_end(subject: str) -> str | None:
    match = re.search(r"\((?:#|gh-|GH-)(\d{1,7})\)\.?$", subject)
    return match[1] if match else None


def _clean(text: str) -> str:
    return fold_message(text[:4000])


def _capitalised(text: str) -> str:
    """A first word that is plain lower case gets its capital; names and code keep their spelling."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text

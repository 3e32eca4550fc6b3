"""The programmatic quote check: memory that cannot show its words in git does not enter (invariant 9).

Owns what "stands verbatim" means, here and for drift: white space folded, diff markers optional on added lines. Must
not know who proposed a draft. Invariant: what is kept is unchanged but for evidence that was taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.pipeline.patch import file_patches

_NO_TEXT = re.compile(
    r"\x1b\[[0-?]*[!-/]*[@-~]|\x1b\][^\s\x07\x1b]{0,300}(?:\x07|\x1b\\)|[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
    "|[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
"""Terminal sequences (ECMA-48, 5.4), control characters, what was no UTF-8; overrides of the direction and tags, with
which a text hides what it says. No white space in a sequence: a piece of a message loses what the whole one loses."""


def fold(text: str) -> str:
    """Runs of white space as one space, none at the ends."""
    return " ".join(text.split())


def fold_message(text: str) -> str:
    """A message as it is read and quoted: folded, without what is no text. Joiners and soft hyphens are text."""
    return fold(_NO_TEXT.sub("", fold(text)))


def cited_lines(quote: str) -> list[str]:
    """The lines that a quote says stand in the file: white space folded, no diff markers, removed lines left out.

    A line starting with `+` or `-` is read as a diff line, which is why an added line whose own text starts that way is
    quoted with its `+` (`added_quote`).
    """
    lines = []
    for line in quote.split("\n"):
        text = line.strip()
        if text.startswith("-"):
            continue
        folded = fold(text.removeprefix("+"))
        if folded:
            lines.append(folded)
    return lines


def added_quote(line: str) -> str:
    """How to quote an added line so that `cited_lines` reads it back: bare, unless it looks like a diff line itself."""
    text = line.strip()
    return f"+{text}" if text.startswith(("+", "-")) else text


def removed_quote(line: str) -> str:
    """How to quote a removed line: with its mark. It cites nothing that could still stand."""
    return f"-{line.strip()}"


def verified(drafts: Iterable[Draft], digests: Sequence[CommitDigest]) -> tuple[list[Draft], int]:
    """Drafts with only the evidence that is found in its commit, and how many drafts were left with none.

    Evidence with a path is looked for in that path's part of the commit's diff, without one in its message.
    """
    texts = CommitTexts(digests)
    kept: list[Draft] = []
    dropped = 0
    for draft in drafts:
        evidence = tuple(entry for entry in draft.evidence if texts.hold(entry))
        if not evidence:
            dropped += 1
        elif len(evidence) == len(draft.evidence):
            kept.append(draft)
        else:
            kept.append(replace(draft, evidence=evidence))
    return kept, dropped


class CommitTexts:
    """Folded texts of a chunk's commits, each made when first asked for."""

    def __init__(self, digests: Sequence[CommitDigest]) -> None:
        self._digests = {digest.sha: digest for digest in digests}
        self._messages: dict[str, str] = {}
        self._sides: dict[str, dict[str, tuple[str, str]]] = {}

    def hold(self, evidence: Evidence) -> bool:
        digest = self._digests.get(evidence.commit_sha)
        if digest is None or not evidence.quote.strip():
            return False
        if evidence.path is None:
            if digest.sha not in self._messages:
                self._messages[digest.sha] = fold_message(digest.message)
            quote = fold_message(evidence.quote)
            return bool(quote) and quote in self._messages[digest.sha]
        if digest.sha not in self._sides:
            self._sides[digest.sha] = _sides(digest)
        sides = self._sides[digest.sha].get(evidence.path)
        return sides is not None and _stands(evidence.quote, *sides)


def _sides(digest: CommitDigest) -> dict[str, tuple[str, str]]:
    """Per path the text after the commit, as far as the diff shows it, and the text that it removed."""
    return {
        patch.path: (
            fold("\n".join(line.text for line in patch.lines if line.mark in "+ ")),
            fold("\n".join(patch.removed)),
        )
        for patch in file_patches(digest.diff, max_line=None)
    }


def _stands(quote: str, after: str, removed: str) -> bool:
    """Whether the quote's runs of lines stand on their sides."""
    return all(text in (removed if is_removed else after) for is_removed, text in runs(quote))


def runs(quote: str) -> Iterator[tuple[bool, str]]:
    """A quote's lines, folded, by the side that they stand on: (True, removed ones), those with a `-`, or (False, those
    that are there after the commit)."""
    lines = [line.strip() for line in quote.split("\n") if line.strip()]
    for is_removed, run in groupby(lines, key=lambda line: line.startswith("-")):
        yield is_removed, fold("\n".join(line.removeprefix("-" if is_removed else "+") for line in run))

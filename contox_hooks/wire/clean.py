"""What others sent, made fit to be stored: without secrets and e-mail addresses, of bounded size.

Must not know what a payload means. Invariants: every text, names of fields too, has been redacted before its last cut;
what is cut says so; a failing redactor costs the texts, never the event.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any, Final

from contox_hooks.domain.digest import CommitDigest
from contox_hooks.domain.narrow import EVERYTHING, Narrow
from contox_hooks.domain.redaction import EDGE_CHARACTERS, redact, redact_all
from contox_hooks.wire.activity import narrowed, payload_shape, widest
from contox_hooks.wire.address import digest_without_addresses
from contox_hooks.wire.cut import Cut, utf16_units
from contox_hooks.wire.limit import Limits, limited

WITHHELD: Final = "[withheld: the redactor failed]"
CUT: Final = "contoxCut"
PAYLOAD_BYTES: Final = 256 * 1024
"""Of a payload as JSON: as much as our own client puts into one request (wire/capture.py)."""

_LIMITS: Final = Limits(body=64 * 1024, branch=1000, parents=64)
_ROUGH: Final = Limits(
    **{name: getattr(_LIMITS, name) + EDGE_CHARACTERS for name in ("diff", "subject", "body", "branch", "name")},
    parents=_LIMITS.parents,
)
"""Of what is looked at for secrets at all: a hostile text costs 20 microseconds a character."""
_PATH: Final = 4096
"""Characters; Linux' PATH_MAX."""
_CUT: Final = re.compile(r"\n?\[… (\d{1,12}) characters not sent\]\n?\Z")
"""The mark that `cut_text` leaves."""
_CUT_BY_SENDER: Final = "[… cut by the sender]"


def clean_payload(payload: object) -> dict[str, Any]:
    shape = payload_shape(payload)
    rough = _bounded(shape)
    try:
        clean = _redacted(rough)
    except Exception:
        return {CUT: WITHHELD}
    return _bounded(clean if rough is shape else _rows(_without_edges(clean)))


def clean_digest(digest: CommitDigest, narrow: Narrow = EVERYTHING) -> CommitDigest:
    """What `narrow` lets through; also of a commit whose texts its sender had cut before anybody looked for secrets
    (CONTRACT.md section 3)."""
    try:
        rough, cuts = _roughly(narrow.digest(_without_halves(digest)))
        clean = _redacted_digest(digest_without_addresses(rough))
        clean = _without_digest_edges(clean, {cut.what for cut in cuts}) if cuts else clean
    except Exception:
        nobody = replace(digest.author, name="", email="")
        clean = replace(
            digest, subject=WITHHELD, body="", diff="", diff_missing="withheld", files=(), branch=None,
            author=nobody, committer=replace(digest.committer, name="", email=""),
        )  # fmt: skip
    return limited(clean, _LIMITS)[0]


def _roughly(digest: CommitDigest) -> tuple[CommitDigest, list[Cut]]:
    """As much as can be left of it in the end."""
    files = tuple(file for file in digest.files if len(file.path) <= _PATH >= len(file.old_path or ""))
    return limited(digest if len(files) == len(digest.files) else replace(digest, files=files), _ROUGH)


def _without_digest_edges(digest: CommitDigest, cut: Collection[str]) -> CommitDigest:
    def whole(what: str, text: str) -> str:
        return _without_edge(text) if what in cut else text

    author, committer = digest.author, digest.committer
    return replace(
        digest, diff=whole("diff", digest.diff), subject=whole("subject", digest.subject),
        body=whole("body", digest.body), branch=digest.branch and whole("branch", digest.branch),
        author=replace(author, name=whole("author", author.name)),
        committer=replace(committer, name=whole("committer", committer.name)),
    )  # fmt: skip


def _without_edges(value: object) -> object:
    if isinstance(value, str):
        return _without_edge(value)
    if isinstance(value, list):
        return [_without_edges(row) for row in value]
    if isinstance(value, dict):
        return {name: _without_edges(field) for name, field in value.items()}
    return value


def _without_edge(text: str) -> str:
    """A text that was cut before anybody looked for secrets, without what may be the half of one."""
    mark = _CUT.search(text)
    if mark is None:
        return text
    kept = text[: mark.start()][:-EDGE_CHARACTERS]
    return kept + mark[0].replace(mark[1], str(int(mark[1]) + EDGE_CHARACTERS))


def _without_halves(digest: CommitDigest) -> CommitDigest:
    """No secret has white space in it, and none but a key block a line's end: what is left was whole."""
    subject, diff = digest.subject, digest.diff
    if _is_cut(subject, _LIMITS.subject):
        subject = f"{subject[: -len(_CUT_BY_SENDER)].rpartition(' ')[0]} {_CUT_BY_SENDER}"
    if _is_cut(diff, _LIMITS.diff):
        whole_lines = diff[: -len(_CUT_BY_SENDER) - 2].rpartition("\n")[0]
        diff = f"{whole_lines}\n{_CUT_BY_SENDER}\n"
    if subject is digest.subject and diff is digest.diff:
        return digest
    return replace(digest, subject=subject, diff=diff, diff_cut=digest.diff_cut or diff is not digest.diff)


def _is_cut(text: str, most_units: int) -> bool:
    """As JavaScript's `slice(0, most)` leaves a longer text; ours end with their mark."""
    return most_units - 2 <= utf16_units(text) <= most_units and not text.endswith(("\n", "]"))


def _redacted_digest(digest: CommitDigest) -> CommitDigest:
    files = digest.files
    texts = [digest.subject, digest.body, digest.diff, digest.author.name, digest.committer.name, digest.branch or ""]
    clean, count = redact_all([*texts, *(file.path for file in files), *(file.old_path or "" for file in files)])
    if not count:
        return digest
    paths, olds = clean[6 : 6 + len(files)], clean[6 + len(files) :]
    return replace(
        digest, subject=clean[0], body=clean[1], diff=clean[2], branch=clean[5] or digest.branch,
        author=replace(digest.author, name=clean[3]), committer=replace(digest.committer, name=clean[4]),
        files=tuple(
            replace(file, path=path, old_path=old or file.old_path)
            for file, path, old in zip(files, paths, olds, strict=True)
        ),
        redactions=digest.redactions + count,
    )  # fmt: skip


def _redacted(shape: dict[str, Any]) -> dict[str, Any]:
    texts: list[str] = []
    _each_text(shape, texts.append)
    clean, count = redact_all(texts)
    if not count:
        return shape
    rebuilt: dict[str, Any] = _rebuilt(shape, iter(clean))
    return rebuilt


def _each_text(value: object, take: Callable[[str], object]) -> None:
    """A text behind a name is looked at with it: `"password": "…"` is one by its name alone."""
    if isinstance(value, str):
        take(value)
    elif isinstance(value, list):
        for row in value:
            _each_text(row, take)
    elif isinstance(value, dict):
        for name, field in value.items():
            take(name)
            _each_text(field.join(_around(name, field)) if isinstance(field, str) else field, take)


def _rebuilt(value: Any, clean: Iterator[str]) -> Any:
    if isinstance(value, str):
        return next(clean)
    if isinstance(value, list):
        return [_rebuilt(row, clean) for row in value]
    if isinstance(value, dict):
        return {next(clean): _field(name, field, clean) for name, field in value.items()}
    return value


def _field(name: str, field: Any, clean: Iterator[str]) -> Any:
    found = _rebuilt(field, clean)
    if not isinstance(field, str):
        return found
    before, after = _around(name, field)
    is_whole = found.startswith(before) and found.endswith(after)
    return found[len(before) : len(found) - len(after)] if is_whole else redact(field).text


def _around(name: str, field: str) -> tuple[str, str]:
    """A quoted value is a secret by its name also where it is plainer than a bare one would have to be."""
    return (f"{name}: ", "") if '"' in field or "\n" in field else (f'"{name}": "', '"')


def _bounded(shape: dict[str, Any]) -> dict[str, Any]:
    most = whole = widest(shape)
    kept: Any = shape
    while len(json.dumps(kept)) > PAYLOAD_BYTES:
        most //= 2
        kept = {**_rows(narrowed(shape, most)), CUT: f"at most {most} of {whole} characters or rows in any one place"}
    return _rows(kept)


def _rows(value: object) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value

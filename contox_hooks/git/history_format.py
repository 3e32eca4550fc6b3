"""How we ask git for history, and what its bytes say. One place, so that reader and question cannot drift apart.

Invariant: the answer depends on the objects (and the repository's own attributes), not on the user's configuration.
"""

from __future__ import annotations

from typing import Final

from contox_hooks.domain.digest import Person

BIG_FILE_BYTES: Final = 2_000_000
"""Files from this size on count as binary: git's memory for a diff is about 13 times a file of 40-character lines, 30
times one of 5-character lines (2 MB: 59 MB), so that it stays under 100 MB."""

CONFIG: Final = (
    f"core.bigFileThreshold={BIG_FILE_BYTES}",
    "core.deltaBaseCacheLimit=24m",  # with the two below git.git is read within 97 MB, not 213, at the same speed
    "core.packedGitWindowSize=8m",
    "core.packedGitLimit=32m",
    "core.quotePath=true",
    "diff.renameLimit=1000",  # git's default since 2.34, so that older ones say the same
    "diff.suppressBlankEmpty=false",
    "diff.orderFile=/dev/null",
    "diff.relative=false",
    "diff.wsErrorHighlight=none",
    "log.showRoot=true",
    "log.showSignature=false",
    "log.mailmap=false",
    "log.follow=false",
    "log.diffMerges=dense-combined",
)

DIFF_OPTIONS: Final = (
    "-z", "-r", "-M", "-C", "--no-abbrev", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative",
    "--ignore-submodules=none", "--submodule=short", "--diff-algorithm=myers", "--indent-heuristic",
)  # fmt: skip

LOG_OPTIONS: Final = (
    "--root", "--cc", "--raw", "--numstat", "--encoding=UTF-8", "--date=raw", "--no-mailmap", "--no-notes",
    "--no-decorate", "--no-show-signature", "--no-graph", *DIFF_OPTIONS,
)  # fmt: skip

PATCH_OPTIONS: Final = ("-p", "-U3", "--inter-hunk-context=0", "--full-index", "--src-prefix=a/", "--dst-prefix=b/")

_FIELDS: Final = ("%H", "%P", "%an", "%ae", "%ad", "%cn", "%ce", "%cd", "%e", "%B")
HEADER_FIELDS: Final = len(_FIELDS)


def header_format(mark: str) -> str:
    """`--format` of a commit: the mark, then fields that each end with NUL (none of them can hold one)."""
    return "--format=" + mark + "".join(f"{field}%x00" for field in _FIELDS)


def decoded(raw: bytes, encoding: str = "") -> str:
    """Text of a message or name. git has converted what it could to UTF-8; else its declared encoding, else Latin-1,
    which never fails and is readable for most of what there is."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    if encoding:
        try:
            # Re-encoded to catch codecs that give lone surrogates, and those that are not of text.
            return str(raw, encoding).encode().decode().replace("\0", "\ufffd")
        except (LookupError, UnicodeError, ValueError, TypeError):
            pass
    return raw.decode("latin-1")


def decoded_path(raw: bytes) -> str:
    """A path; bytes that are not UTF-8 stay visible as `\\xe9`."""
    return raw.decode("utf-8", "backslashreplace")


def decoded_patch(raw: bytes) -> str:
    """Lines of a patch: UTF-8, perhaps cut within a character at its end, else Latin-1."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        text = raw[: error.start].decode() if error.start >= len(raw) - 3 else raw.decode("latin-1")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def person(name: str, email: str, date: bytes) -> Person:
    """`date` is git's raw form, `1700000000 +0130`; a broken one is the epoch."""
    seconds, _, zone = date.partition(b" ")
    try:
        at_utc = int(seconds)
        sign = -1 if zone[:1] == b"-" else 1
        offset_min = sign * (int(zone[1:3]) * 60 + int(zone[3:5])) if zone else 0
    except ValueError:
        at_utc, offset_min = 0, 0
    return Person(name, email, min(max(at_utc, 0), 2**53), offset_min)


def subject_and_body(message: str) -> tuple[str, str]:
    """As git has it: the subject is the first paragraph on one line. The body is trimmed at both ends."""
    message = message.strip()
    first, _, rest = message.partition("\n")
    if rest and not rest.startswith("\n"):
        lines = message.split("\n")
        end = next((index for index, line in enumerate(lines) if not line.strip()), len(lines))
        first, rest = " ".join(line.strip() for line in lines[:end]), "\n".join(lines[end:])
    return first.strip(), rest.strip()


_ESCAPES: Final = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13, b'"': 34, b"\\": 92}


def unquoted(name: bytes) -> bytes:
    """A path as the patch part writes it: C-quoted where it has to be (`-z` is not heard there)."""
    if not (name.startswith(b'"') and name.endswith(b'"')):
        return name
    out, at, name = bytearray(), 0, name[1:-1]
    while at < len(name):
        if name[at : at + 1] != b"\\":
            out += name[at : at + 1]
            at += 1
        elif name[at + 1 : at + 2] in _ESCAPES:
            out.append(_ESCAPES[name[at + 1 : at + 2]])
            at += 2
        else:
            out.append(int(name[at + 1 : at + 4], 8))
            at += 4
    return bytes(out)

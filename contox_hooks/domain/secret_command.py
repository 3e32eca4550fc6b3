"""Programs that take a password under an option whose name does not say so: `curl -u`, `mysql -p`, `redis-cli -a`.

Pure. Must not know where a text comes from, nor what a rule is. Invariant: every repetition is bounded. The options
are those of the programs' own manuals; options that say what they hold (`--password`) need no program: secret_value.py.
"""

from __future__ import annotations

import re
from typing import Final

from contox_hooks.domain.secret_value import MOST_JUDGED, SPLIT_QUOTE, can_be_password

_BETWEEN: Final = r"(?:\.exe)?(?=[ \t])(?P<between>(?:\\\r?\n|[^\n\0]){0,300}?)(?<=[ \t\n+])"
"""What stands before the option, lines that a backslash joins included."""
_QUOTED: Final = rf"(?P<quote>\\?[\"'])(?P<secret>(?:(?!(?P=quote))(?:\\[^\n\0]|[^\\\n\0])|{SPLIT_QUOTE}){{4,256}})"
_VALUE: Final = rf"(?!\[redacted:)(?:{_QUOTED}|(?P<bare>[^\s\"'`\0]{{4,256}}(?<!\))))"
_USER: Final = r"[^\s:\"'`\0]{0,128}:(?!\[redacted:)"
_CREDENTIALS: Final = (
    rf"(?:{_USER}{_QUOTED}|(?P<open>\\?[\"'])?{_USER}(?P<bare>(?(open)[^\"'`\\\n\0]|[^\s\"'`\0]){{4,256}}(?<!\))))"
)
"""`user:password`, all of it quoted, or its second half, or nothing."""


def _command(program: str, option: str, value: str = _VALUE) -> str:
    return rf"(?<![\w-]){program}{_BETWEEN}(?:{option}){value}"


COMMANDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("curl", _command("curl", r"-[a-z]{0,6}u[ \t]{0,4}|--(?:proxy-)?user[ \t=]{1,4}", _CREDENTIALS), "curl -u ada:"),
    ("sshpass", _command("sshpass", r"-p[ \t]{0,4}"), "sshpass -p "),
    (
        "mysql|mariadb",  # `-p name` asks for the password; `-p3306:3306` and `-port` are others'
        _command(r"m(?:ysql|ariadb)[\w-]{0,12}", r"(?-i:-p)(?=[^\s-])(?![\d.]{1,15}:|ort|assw|roto|lug)"),
        "mysql -u ada -p",
    ),
    (" login ", r" login" + _BETWEEN + r"(?:(?-i:-p)[ \t]{0,4})" + _VALUE, "docker login -u ada -p "),
    ("redis-cli", _command("redis-cli", r"-a[ \t]{1,4}"), "redis-cli -h db -a "),
    ("mongo", _command(r"mongo(?:sh|dump|restore|export|import)?", r"-p[ \t]{0,4}"), "mongosh -u ada -p "),
    ("secret set ", _command("secret set", r"(?:-b|--body)[ \t=]{1,4}"), "gh secret set A --body "),
)
"""Anchors, the pattern from there on, and a command but for its password."""

_QUOTED_WORD: Final = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_NEXT_COMMAND: Final = re.compile(r"[ \t](?:\|\|?|&&?)[ \t]|;[ \t\n]")


def is_command_secret(match: re.Match[str]) -> bool:
    """A password, and one of this command: none begins between the program's name and the option."""
    if _NEXT_COMMAND.search(_QUOTED_WORD.sub("", match["between"])):
        return False
    value = match["secret"] or match["bare"]
    return not value.startswith("-") and can_be_password(value[:MOST_JUDGED])

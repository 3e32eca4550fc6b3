"""A link of the vendor's dashboard, read: `vscode://contox.contox-vscode/setup?token&teamId&projectId&projectName`.

Pure. Invariant: a link comes from a web page, so it says what is asked for and never where anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import parse_qsl, urlsplit

from contox_hooks.cli.connect_wanted import checked_key, checked_text
from contox_hooks.domain.error import UsageError

SCHEMES = ("vscode", "cursor", "windsurf", "antigravity", "contox-hooks")
"""CONTRACT.md section 8, "Deep links", and our own."""
MAX_LINK = 8192
MAX_PARAMETERS = 20

Action = Literal["setup", "reconnect", "desync", "connect"]


@dataclass(frozen=True, slots=True)
class Asked:
    action: Action
    token: str = field(default="", repr=False)
    team_id: str = ""
    project_id: str = ""


def parse_link(text: str) -> Asked:
    """Raises UsageError, whose text repeats nothing of the link but its action.

    The project's name in it is not read: a page may write what it likes there, the server's own name counts.
    """
    text = text.strip()
    if len(text) > MAX_LINK or not text.isprintable() or " " in text:
        raise _wrong("is too long, or holds spaces or control characters")
    try:
        parts = urlsplit(text)
        pairs = parse_qsl(
            parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )  # fmt: skip
    except ValueError:  # UnicodeDecodeError is one
        raise _wrong("cannot be understood") from None
    if parts.scheme not in SCHEMES:
        raise _wrong(f"begins with none of {', '.join(f'{scheme}:' for scheme in SCHEMES)}")
    action = parts.path.strip("/") or parts.netloc  # contox-hooks:setup, contox-hooks:/setup, contox-hooks://setup
    if action not in get_args(Action):
        raise _wrong(f"asks for none of {', '.join(get_args(Action))}")
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _wrong("names a parameter twice")
    if action != "setup":
        return Asked(action)  # type: ignore[arg-type]
    token = checked_key(values.get("token", ""), "the link's token")
    team_id, project_id = (checked_text(values.get(name, ""), f"the link's {name}") for name in ("teamId", "projectId"))
    return Asked("setup", token, team_id, project_id)


def _wrong(what: str) -> UsageError:
    return UsageError(f"the link {what}", hint="copy it again from the dashboard")

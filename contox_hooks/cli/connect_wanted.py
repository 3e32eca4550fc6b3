"""What `connect` was given: by flags, the vendor's files and the environment, in this order. Nothing is asked here.

Invariant: a key or secret counts for the server that it was made for, and for no other.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from contox_hooks.credential import environment_key, environment_secret
from contox_hooks.domain.error import NotFound, UsageError
from contox_hooks.vendor import PROJECT_FILE, VendorAccount, VendorProject, read_project, read_rc
from contox_hooks.wire.endpoint import DEFAULT_URL, parse_endpoint
from contox_hooks.wire.token import MAX_KEY, MAX_SECRET, is_token

MAX_TEXT = 200
"""Characters of an id or a name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Empty where nobody says anything."""

    url: str
    team_id: str
    project_id: str
    project_name: str
    is_chosen: bool
    """A server or project was named for this call, not by the environment alone."""
    typed_key: str = field(repr=False)
    account: VendorAccount | None

    def key_for(self, url: str) -> str:
        if self.typed_key:
            return self.typed_key
        if self.account is not None and _is_same(self.account.api_url or DEFAULT_URL, url) and self.account.api_key:
            return checked_key(self.account.api_key, "~/.contoxrc")
        key = environment_key(url)
        return checked_key(key, "CONTOX_API_KEY") if key else ""

    def secret_for(self, url: str, project_id: str) -> str:
        """The project's HMAC secret, if it was given. Raises UsageError for what is none."""
        account = self.account
        if account is not None and account.hmac_secret and account.project_id in ("", project_id):
            is_meant = _is_same(account.api_url or DEFAULT_URL, url)
            return checked_secret(account.hmac_secret, "~/.contoxrc") if is_meant else ""
        secret = environment_secret(url, project_id)
        return checked_secret(secret, "CONTOX_HMAC_SECRET") if secret else ""


def wanted(
    *, url: str, team_id: str, project_id: str, project_name: str, key_stdin: bool, from_vendor: bool, folder: Path
) -> Wanted:
    """Raises UsageError, AccessRefused (a vendor's field that cannot be decrypted), NotFound (no vendor's file)."""
    given = {"--url": url, "--team": team_id, "--project": project_id, "--project-name": project_name}
    for name, value in given.items():
        checked_text(value, name)
    needs_key = not (key_stdin or os.environ.get("CONTOX_API_KEY"))
    account, found = _of_vendor(folder, needs_key=needs_key) if from_vendor else (None, None)
    typed_key = checked_key(line_of_stdin(MAX_KEY + 2), "--key-stdin") if key_stdin else ""
    wants_other = bool(project_id) and found is not None and project_id != found.project_id
    named = None if wants_other else found
    return Wanted(
        url=url
        or (account.api_url if account else "")
        or os.environ.get("CONTOX_API_URL", "")
        or (DEFAULT_URL if account else ""),
        team_id=team_id or (named.team_id if named else "") or _environment("CONTOX_TEAM_ID"),
        project_id=project_id
        or (named.project_id if named else "")
        or ("" if project_name else _environment("CONTOX_PROJECT_ID")),
        project_name=project_name,  # not what a file says: the server's own name counts
        is_chosen=from_vendor or bool(url or project_id or project_name or team_id),
        typed_key=typed_key,
        account=account,
    )


def _of_vendor(folder: Path, *, needs_key: bool) -> tuple[VendorAccount | None, VendorProject | None]:
    account, project = read_rc(needs_key=needs_key), read_project(folder)
    if account is None and project is None:
        raise NotFound(
            f"there is neither {PROJECT_FILE} here or above nor ~/.contoxrc",
            hint="contox-hooks connect asks for it all",
        )
    if project is None and account is not None and account.project_id:
        project = VendorProject(account.team_id, account.project_id)
    return account, project


def _environment(name: str) -> str:
    return checked_text(os.environ.get(name, ""), name)


def checked_text(text: str, where: str) -> str:
    """Raises UsageError for what is no id, name or URL of a line."""
    if len(text) > MAX_TEXT or not text.isprintable():
        raise UsageError(f"{where} is not a short line of text", hint=f"at most {MAX_TEXT} printable characters")
    return text


def checked_key(text: str, where: str) -> str:
    """Raises UsageError for what no header can carry; the text is not repeated."""
    if not text:
        raise UsageError(f"{where} holds no key", hint='printf %s "$KEY" | contox-hooks connect --key-stdin')
    if not is_token(text, MAX_KEY):
        raise UsageError(f"{where} holds something that is no key", hint="one line, printable ASCII, no spaces")
    return text


def checked_secret(text: str, where: str) -> str:
    """Raises UsageError for what signs nothing; the text is not repeated."""
    if not is_token(text, MAX_SECRET):
        hint = f"printable ASCII without spaces, at most {MAX_SECRET} characters"
        raise UsageError(f"{where} holds something that is no signing secret", hint=hint)
    return text


def line_of_stdin(limit: int) -> str:
    """At most `limit` characters. Raises UsageError for what is no text."""
    try:
        return sys.stdin.readline(limit).strip()
    except UnicodeDecodeError:
        raise UsageError("standard input is not UTF-8", hint="one line of text") from None


def _is_same(one: str, other: str) -> bool:
    try:
        return parse_endpoint(one, plain_http=True).base == parse_endpoint(other, plain_http=True).base
    except UsageError:
        return False

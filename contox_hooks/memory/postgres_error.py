"""What PostgreSQL's errors mean to a person, in one line without a password.

Must not know statements. The codes are of its manual, appendix A.
"""

from __future__ import annotations

from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from contox_hooks.domain.error import StoreError, UsageError

_HINT = "is it running, and is the URL right? postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
_BUSY = ("55P03", "40P01", "57014")
_FULL = ("53100", "53200")


def cannot_connect(error: psycopg.Error, url: str, where: str) -> StoreError:
    return StoreError(f"cannot connect to {where}: {_line(error, url)}", hint=_HINT)


def explained(error: psycopg.Error, where: str) -> Exception:
    """A broken constraint or a wrong statement is our own mistake, and stays what it is. UsageError for a path or a key
    that no index takes: some 2,700 bytes after compression, where SQLite knows no limit."""
    code = error.sqlstate or ""
    if code == "42501":
        hint = "grant the database's user CREATE on it: GRANT CREATE ON DATABASE … TO …"
        return StoreError(f"the database {where} does not let us: {_line(error)}", hint=hint)
    if isinstance(error, (psycopg.IntegrityError, psycopg.ProgrammingError)):
        return error
    if code == "54000":  # one commit's or one request's: the store is well, and other work goes on
        return UsageError(f"too long to be stored: {_line(error)}")
    if code in _BUSY:
        return StoreError(f"the memory store {where} is in use by another process", hint="try again in a moment")
    if code in _FULL:
        return StoreError(f"no room left for the memory store {where}", hint="free some space on the server")
    if code == "25006":
        return StoreError(f"cannot write the memory store {where}: {_line(error)}", hint="it is open for reading only")
    if not code or code.startswith(("08", "57P")):
        return StoreError(f"lost the connection to {where}: {_line(error)}", hint=_HINT)
    return StoreError(f"the memory store {where} failed: {_line(error)}", hint="contox-hooks doctor")


def _line(error: psycopg.Error, url: str = "") -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    for secret in _secrets(url):
        line = line.replace(secret, "…")
    return line


def _secrets(url: str) -> set[str]:
    """The password, as it stands in the URL and as it is; all of a URL that cannot be read."""
    if not url:
        return set()
    try:
        password = conninfo_to_dict(url).get("password")
    except psycopg.Error:
        return {url, *(part for part in url.replace("@", "/").replace(":", "/").split("/") if len(part) > 3)}
    return {str(password), quote(str(password), safe="")} if password else set()

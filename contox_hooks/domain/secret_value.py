"""Is this value a secret, or a placeholder, a type, a piece of code? The last look at what a pattern found.

Pure; bounded work a call. When in doubt about a quoted password it is one; when in doubt about a bare word it is code.
"""

from __future__ import annotations

import re
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLACEHOLDER: Final = re.compile(
    r"[xX*.•_\-?#0\s]+|(?:<|\$|%|\{|@|&|!).*|.*(?:\$\{|\$\(|\{\{|%\(|%s|\{[\w.]*\}|<[\w -]+>)|your[-_ ]?.*|"
    r"my[-_]?(?:secret|password|token|key).*|"
    r".*(?:example|placeholder|change[-_]?me|redacted|dummy|os\.environ|getenv|process\.env|env\[|secrets?\.|vars?\.).*",
    re.IGNORECASE,
)
_WORDS: Final = _words(
    """
    password passwd passphrase pwd secret secrets token tokens string str text none null nil true false undefined
    required optional hidden bearer basic digest csrf jwt session sessions key keys value values fake default
    username user bytes object number integer boolean any unknown never void char varchar type name label input form
    field auth oauth oauth2 header cookie query body path params args kwargs self this config settings options hash
    salt credentials credential apikey api_key api-key access_key private_key access_token refresh_token id_token
    client_secret authorization encrypted plaintext empty blank invalid missing expired error
    """
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*")
_NAME_LIKE: Final = re.compile(r"[A-Za-z]+(?:[_.:/ -][A-Za-z]+)+|[a-z]+(?:[A-Z][a-z]+)+")
_ENVIRONMENT_LINE: Final = re.compile(r"[ +-]?(?:export |ENV |ARG |set )?[A-Z][A-Z0-9_]*\Z")
_PLAIN_KEY: Final = re.compile(r"[ \t+-]*[\w.-]*")
_REST_OF_LINE: Final = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
_SIZED_TYPES: Final = _words(
    """
    int uint float complex utf sha md vec rsa aes base i u f str
    """
)
_QUERY_BEFORE: Final = re.compile(r"[?&;](?:amp;)?[\w.-]{0,40}\Z")
_WEAK_KEYS: Final = ("token", "secret", "credential")


_KEY_LINE: Final = re.compile(r"[ +-]{0,3}[A-Za-z0-9+/]{16,80}={0,2}[ \t\r]?")
_LAST_KEY_LINE: Final = re.compile(r"[ +-]{0,3}[A-Za-z0-9+/]{2,80}={0,2}[ \t\r]?")
_MAX_KEY_LINES: Final = 300


def start_of_key_lines(match: re.Match[str]) -> int:
    """Where the lines of base64 begin that stand right above a private key's END; -1 when none do."""
    text, start = match.string, -1
    line_start = text.rfind("\n", 0, match.start()) + 1
    for _ in range(_MAX_KEY_LINES):
        above = text.rfind("\n", max(0, line_start - 100), max(0, line_start - 1)) + 1
        pattern = _LAST_KEY_LINE if start < 0 else _KEY_LINE
        if line_start == 0 or pattern.fullmatch(text, above, line_start - 1) is None:
            break
        start = line_start = above
    return start


def _is_mixed(value: str) -> bool:
    """Letters and digits both: what a generated token has and a word of prose has not."""
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def is_placeholder(value: str) -> bool:
    return (
        value.startswith("[redacted:")
        or value.lower() in _WORDS
        or _PLACEHOLDER.fullmatch(value) is not None
        or len(set(value)) < 3
    )


def is_token(match: re.Match[str]) -> bool:
    """A generated token has digits among its letters; `sk-learn-something` and `bearer authentication` have not."""
    value = match["secret"] if "secret" in match.re.groupindex else match[0]
    return _is_mixed(value) and len(set(value)) > 5


def is_basic_credential(match: re.Match[str]) -> bool:
    """What HTTP's Basic scheme carries: base64 of `user:password`."""
    from binascii import Error, a2b_base64  # a C module of the standard library; needed almost never

    value = match["secret"]
    try:
        decoded = a2b_base64(value + "=" * (-len(value) % 4))
    except Error:
        return False
    return b":" in decoded and decoded.isascii() and decoded.decode("ascii").isprintable()


def is_password_in_url(match: re.Match[str]) -> bool:
    value = match["secret"]
    if match[0].startswith("://[redacted:"):
        return False
    return not (value[0] in "$<{%" or set(value) <= set("*x.X")) and "${" not in value


def is_query_secret(match: re.Match[str]) -> bool:
    """A value in a URL's query: only where `?` or `&` stands right before the name."""
    start = match.start()
    before = match.string[max(0, start - 48) : start]
    return _QUERY_BEFORE.search(before) is not None and not is_placeholder(match["secret"])


def is_assigned_secret(match: re.Match[str]) -> bool:
    key = match["key"].lower()
    quoted: str | None = match["secret"]
    if quoted is not None:
        return _is_quoted_secret(key, quoted)
    if match["end"] or match["type"]:
        return False
    return _is_bare_secret(match)


def _is_quoted_secret(key: str, value: str) -> bool:
    if is_placeholder(value):
        return False
    if key == "passphrase":
        return True
    if any(char.isspace() for char in value):
        return False
    if key.startswith(("passw", "pwd")):
        return len(value) >= 4 and not _NAME_LIKE.fullmatch(value)
    if _NAME_LIKE.fullmatch(value) or "://" in value:
        return False
    if key in _WEAK_KEYS:
        return len(value) >= 8 and (_is_mixed(value) or len(value) >= 20)
    return len(value) >= 8 and (_is_mixed(value) or len(value) >= 16)


def _is_bare_secret(match: re.Match[str]) -> bool:
    """Unquoted: an environment file's line, or a whole `key: value` line with a value that code would not have."""
    value, text = match["bare"], match.string
    start, end = match.start(), match.end()
    if match["op"] not in ("=", ":"):
        return False
    line = text[max(text.rfind("\n", max(0, start - 200), start) + 1, start - 200) : start]
    if (
        match["op"] == "="
        and match.end("op") == match.start("bare")
        and _ENVIRONMENT_LINE.fullmatch(line + match["key"])
    ):
        return not is_placeholder(value)
    if _PLAIN_KEY.fullmatch(line) is None or _REST_OF_LINE.match(text, end) is None:
        return False
    if "->" in value or "::" in value or value.endswith(("\\", ":", "|", "&", "+")) or not _is_mixed(value):
        return False
    if is_placeholder(value):
        return False
    if _IDENTIFIER.fullmatch(value) is None or sum(char.isdigit() for char in value) >= 3:
        return True
    # `password: hunter2` is a password; `token: int32`, `secret = token2` and `token: obj.attr2` are code.
    word = value.rstrip("0123456789").lower()
    is_entry = match["op"] == ":" or (match.start("op") + 1 == match.start("bare") and line[:1] not in (" ", "\t"))
    return is_entry and "." not in value and word not in _WORDS and word not in _SIZED_TYPES

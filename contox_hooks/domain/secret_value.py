"""Is this value a secret, or a placeholder, a type, a piece of code? The last look at what a pattern found.

Pure; bounded work a call. When in doubt about a quoted password it is one; when in doubt about a bare word it is code.
"""

from __future__ import annotations

import re
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLACEHOLDER: Final = re.compile(
    r"[xX*.•_\-?#0\s]+|%[a-z]|%\w+%|@(?:[a-z_]+|\w+@)|[*&!][a-z_-]+|"
    r"\$(?:(?-i:[A-Z_][A-Z0-9_]*)|[a-z_]+\d?|\d)(?:[-.:/\[>].*)?|"
    r"<.*>|\{.*\}|.*(?:\$\{|\$\(|\{\{|%\(|%s|\{[\w.]*\}|<[\w -]+>).*|"
    r"your(?:[-_ ]?[a-z]+)+|my[-_]?(?:secret|password|token|key)(?:[-_ ]?[a-z]+)*|"
    r".*(?:example|placeholder|change[-_]?me|redacted|dummy|os\.environ|getenv|process\.env|env\[|secrets?\.|vars?\.).*",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(
    r"<.*|\{.*|%(?:s|d|\(.*|\w+%|[A-Za-z_]+)|\$(?:\{.*|\(.*|[A-Z_][A-Z0-9_]*|[A-Za-z_]+\d?|\d)"
)
"""What stands for a password in a URL: `$PASSWORD`, `{password}`, `%s`. Not `%40dmin`, not `$ecret1234`."""
_WORDS: Final = _words(
    """
    password passwd passphrase pwd secret secrets token tokens string str text none null nil true false undefined
    required optional hidden bearer basic digest csrf jwt session sessions key keys value values fake
    username user bytes object number integer boolean any unknown never void char varchar type name label input form
    field auth oauth oauth2 header cookie query body path params args kwargs self this config settings options hash
    salt credentials credential apikey api_key api-key access_key private_key access_token refresh_token id_token
    client_secret authorization encrypted plaintext empty blank invalid missing expired error hashed plain input
    output schema default enabled disabled ignore inherit forbidden unauthorized prompt stdin external generate random
    always wrong confirm reset change update delete create display include exclude omit mandatory unset unchanged
    callable function return changed stored
    """
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*")
_NAME_LIKE: Final = re.compile(r"[A-Za-z]+(?:[_.:/ -][A-Za-z]+)+|[a-z]+(?:[A-Z][a-z]+)+")
_NUMBERED_NAMES: Final = re.compile(r"[/.~]*[A-Za-z]*\d{0,4}(?:[-_./: ]+[A-Za-z]*\d{0,4})+")
"""`tls-cert-2024`, `projects/1/secrets/x9`, `/run/secrets/db`: words with numbers at most behind them."""
_PATH: Final = re.compile(r"[.~]{0,2}(?:/[a-z0-9_.-]+)+/?")
_WORD: Final = re.compile(r"[a-z]{6,}")
_PASS_WORDS: Final = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+){3,}")
_CALL: Final = re.compile(r"[A-Za-z_$][\w$.:]*[(\[].*[)\]][,;)\]}]*|.*(?:->|::|=>|\(\)).*|.*[(\[{]")

SPLIT_QUOTE: Final = r"'(?:\"'\"|\\')'"
"""Pattern: how a shell's single-quoted word takes a single quote: `'it'"'"'s'`, `'it'\\''s'`."""

_ENVIRONMENT_NAME: Final = re.compile(r"(?:^|.*[\s\"'`;=])[ +-]?(?:[A-Z][A-Z0-9_]*)?\Z")
_NAMES_ITS_VALUE: Final = re.compile(
    r"(?:.*\b(?:get|getenv|setdefault|setenv|putenv|env|define|config|option|set|setProperty|header|setHeader|append)"
    r"\(\s{0,4}[\"'][\w.-]*)\Z",
    re.IGNORECASE,
)
"""`define('DB_PASSWORD', `, `os.environ.get("SECRET_KEY", `: a comma does not mean a value elsewhere."""
_SPACED: Final = re.compile(
    r"[ \t+-]*(?:#[ \t]*define|ENV|ARG|.*\bconfig(?:ure)? set|.*\bgit config(?: --\w{1,9})?)[ \t]+[\w.:/@-]*\Z"
)
_PLAIN_KEY: Final = re.compile(r"[ \t+-]*[\w.:/-]*")
_LOOSE_KEY: Final = re.compile(r"(?:^|.*[\s\"'`;&]|.*--[\w-]{1,20}=|.*--set[ =].*,)[+-]{0,3}[\w.-]*\Z")
_QUOTED_KEY: Final = re.compile(r".*[\"'][\w-]*\Z")
_REST_OF_LINE: Final = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
_SIZED_TYPES: Final = _words(
    """
    int uint float complex utf sha md vec rsa aes base i u f str
    """
)
_QUERY_BEFORE: Final = re.compile(r"[?&;](?:amp;)?[\w.-]{0,40}\Z")
_OPTION: Final = re.compile(r"\+?(?:.*[\s\"'`(\[{=,|])?--?[\w.-]*\Z")
_NOT_AN_OPTIONS_SECRET: Final = re.compile(
    r"-.*|[a-z_]{1,30}=.*|arn:.*|.*://.*|@.*|(?:.*/)?id_\w+|.*\.(?:pem|key|crt|cer|p8|p12|pfx|jks|json|ya?ml|toml|txt|env)",
    re.IGNORECASE,
)
"""Another option, `id=npmrc`, an address, a file."""
_AFTER_AN_OPTIONS_NAME: Final = _words(
    """
    option options flag flags argument arguments parameter parameters switch switches instead without because should
    cannot before rather prompts support handling requires through unless allows either while which there where until
    """
)
"""Words of sentences that speak of an option."""
_PASS_ARGUMENT: Final = re.compile(r".*[ \t]-pass(?:in|out)?[ \t]{1,4}[\"']?\Z")
_HEADER: Final = re.compile(r".*(?:-H|--header|\s(?=x-))[ \t=]?[\"']?[\w-]*\Z", re.IGNORECASE)
MOST_JUDGED: Final = 128
"""Characters of a value that are looked at: enough to tell, and little enough to do at every anchor of a bait."""
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


_BODY_LINE: Final = re.compile(r"[ +-]{0,3}[A-Za-z0-9+/]{60,76}[ \t\r]?")
_LEAST_BODY_LINES: Final = 3


def runs_of_key_lines(text: str) -> list[tuple[int, int]]:
    """Where three or more full lines of base64 follow each other: a private key whose BEGIN and END are out of view.

    Not what stands below the BEGIN of something public, and not hexadecimal.
    """
    runs: list[tuple[int, int]] = []
    if len(text) < 60 * _LEAST_BODY_LINES:
        return runs
    at = start = count = 0
    above = ""
    for line in (*text.split("\n"), ""):
        if 60 <= len(line) <= 80 and " " not in line[3:] and _BODY_LINE.fullmatch(line):
            if not count:
                start = at
            count += 1
        elif count:
            if count >= _LEAST_BODY_LINES and "-----BEGIN " not in above and _looks_random(text[start:at]):
                runs.append((start, at - 1))
            count = 0
            above = line
        else:
            above = line
        at += len(line) + 1
    return runs


def _looks_random(text: str) -> bool:
    return re.search(r"[g-z]", text) is not None and re.search(r"[G-Z]", text) is not None and len(set(text)) > 30


def _is_mixed(value: str) -> bool:
    """Letters and digits both: what a generated token has and a word of prose has not."""
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def is_placeholder(value: str) -> bool:
    return (
        "[redacted:" in value
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
    return not set(value) <= set("*x.X") and _REFERENCE.fullmatch(value) is None and "${" not in value


def is_query_secret(match: re.Match[str]) -> bool:
    """A value in a URL's query: only where `?` or `&` stands right before the name."""
    start, value = match.start(), match["secret"]
    before = match.string[max(0, start - 48) : start]
    if _QUERY_BEFORE.search(before) is None or is_placeholder(value):
        return False
    return match["key"].lower().endswith(("passwd", "password", "pwd")) or _is_generated(value)


def is_assigned_secret(match: re.Match[str]) -> bool:
    key = match["key"].lower()
    before = _line_before(match)
    if "[redacted:" in before[-40:] and "]" not in before[before.rindex("[redacted:") :]:
        return False  # the name of a rule
    quoted: str | None = match["secret"]
    if match["op"] == "," and _NAMES_ITS_VALUE.match(before) is None:
        return quoted is not None and _OPTION.match(before) is not None and _is_options_secret(match, key)
    if match["op"] == "" and _SPACED.match(before) is None:
        if _OPTION.match(before) is not None:
            return _is_options_secret(match, key)
        return key.startswith(("pass", "pwd")) and _is_strong(quoted or match["bare"].rstrip(",.;)"))
    if quoted is not None:
        return _is_quoted_secret(key, quoted[:MOST_JUDGED])
    if match["end"] or match["type"] or match["op"] == ",":
        return False
    return _is_bare_secret(match, key.startswith(("pass", "pwd")), before)


def _line_before(match: re.Match[str]) -> str:
    """The line up to the key, its last 200 characters."""
    text, start = match.string, match.start()
    return text[max(text.rfind("\n", max(0, start - 200), start) + 1, start - 200) : start]


def _is_generated(value: str) -> bool:
    """What no person would name a thing: letters and digits mixed up, or letters without end."""
    if _NUMBERED_NAMES.fullmatch(value) or _NAME_LIKE.fullmatch(value) or _PATH.fullmatch(value):
        return False
    return len(value) >= 8 and (_is_mixed(value) or len(value) >= 20)


def can_be_password(value: str) -> bool:
    """Where nothing but a password or something for one is expected: anything but a name, a path, a placeholder."""
    if is_placeholder(value):
        return False
    if _PASS_WORDS.fullmatch(value):
        return _WORDS.isdisjoint(value.lower().split("-"))
    return len(value) >= 4 and not _NAME_LIKE.fullmatch(value) and not _PATH.fullmatch(value)


def _is_options_secret(match: re.Match[str], key: str) -> bool:
    """`--token 9f8e…`, `["--password", "…"]`: what follows the name of a command's option."""
    is_passwords, quoted = key.startswith(("pass", "pwd")), match["secret"]
    value = (quoted or match["bare"].rstrip(",.;)"))[:MOST_JUDGED]
    if is_placeholder(value) or _NOT_AN_OPTIONS_SECRET.fullmatch(value):
        return False
    if not is_passwords:
        is_name = _IDENTIFIER.fullmatch(value) and sum(char.isdigit() for char in value) < 3 and len(value) < 20
        return not is_name and _is_generated(value) and not any(char.isspace() for char in value)
    if quoted is not None:
        return _is_quoted_secret(key, value) or (match["op"] == "" and " " in value and _is_mixed(value))
    if _is_mixed(value):
        return len(value) >= 5 and not _PATH.fullmatch(value)
    return not match["end"] and value not in _AFTER_AN_OPTIONS_NAME and _is_word_or_odd(value)


def _is_quoted_secret(key: str, value: str) -> bool:
    if is_placeholder(value):
        return False
    if key == "passphrase":
        return True
    if any(char.isspace() for char in value):
        return False
    if key.startswith(("pass", "pwd")):
        return can_be_password(value)
    if "://" in value or ("/" in value and _NUMBERED_NAMES.fullmatch(value)):
        return False
    if _NAME_LIKE.fullmatch(value):
        return False
    least = 20 if key in _WEAK_KEYS else 16
    return len(value) >= 8 and (_is_mixed(value) or len(value) >= least)


def _is_bare_secret(match: re.Match[str], is_password: bool, before: str) -> bool:
    """Unquoted: judged by what its place is, an environment's, a whole line, the middle of one."""
    op, whole = match["op"], match["bare"]
    is_cut = len(whole) == 512
    whole = whole[:MOST_JUDGED]
    value = whole.rstrip(",;)]}.")
    is_tight = match.end("op") == match.start("bare")
    if op == ":" and is_tight and _PASS_ARGUMENT.match(before):  # openssl's
        return can_be_password(value)
    if len(value) < 5 or is_placeholder(value) or _CALL.fullmatch(whole) or _PATH.fullmatch(value):
        return False
    is_whole = _PLAIN_KEY.fullmatch(before) is not None and (
        is_cut or _REST_OF_LINE.match(match.string, match.end()) is not None
    )
    is_shouted = match.string[match.start() : match.start("op")].rstrip().isupper() and bool(
        _ENVIRONMENT_NAME.match(before)
    )
    if op == "" or (is_shouted and ((op == "=" and is_tight) or (op in ("?=", ":=") and is_whole))):
        return whole[-1] not in ")]}" and (is_password or _is_generated(value))
    if op not in ("=", ":"):
        return False
    if is_whole:
        if whole[-1] in ",;)]}|&+:\\":
            return False
        return _is_whole_line_secret(match, value, is_password, before)
    if op == "=" and is_tight and whole[-1] not in ",)]}" and _LOOSE_KEY.match(before):
        if is_password and "--" in before and _OPTION.match(before) and _WORD.fullmatch(value):
            return True
        # A connection string's, a form's or a command's value ends where the next one begins.
        return _is_unlike_code(re.split(r"[;&,]", value, maxsplit=1)[0], is_password)
    if op == ":" and _QUOTED_KEY.match(before) and match.string[match.end() : match.end() + 1] in ('"', "'"):
        return _is_generated(value)
    return op == ":" and (_is_strong(value) or (_is_unlike_code(value, False) and _HEADER.match(before) is not None))


def _is_whole_line_secret(match: re.Match[str], value: str, is_password: bool, before: str) -> bool:
    if not _is_mixed(value):
        return is_password and _is_password_without_digits(match, value, before)
    if not is_password:
        return _is_generated(value) and sum(char.isdigit() for char in value) >= 3
    if _IDENTIFIER.fullmatch(value) is None or sum(char.isdigit() for char in value) >= 3:
        return True
    # `password: hunter2` is a password; `password: str2`, `password = value2` and `password: obj.attr2` are code.
    word = value.rstrip("0123456789").lower()
    is_entry = match["op"] == ":" or _is_tight_at_margin(match, before)
    return is_entry and "." not in value and word not in _WORDS and word not in _SIZED_TYPES


def _is_password_without_digits(match: re.Match[str], value: str, before: str) -> bool:
    """`password: swordfish` of a settings file; code would have a type, a name or a call there."""
    if match["op"] == "=" and not _is_tight_at_margin(match, before):
        return False
    return _is_word_or_odd(value)


def _is_word_or_odd(value: str) -> bool:
    return _WORD.fullmatch(value) is not None or (
        _IDENTIFIER.sub("", value, count=1)[:1] in tuple("!#%^@~$") or ("$" in value and "." not in value)
    )


def _is_tight_at_margin(match: re.Match[str], before: str) -> bool:
    return match.start("op") + 1 == match.start("bare") and before.lstrip("+-")[:1] not in (" ", "\t")


def _is_unlike_code(value: str, is_password: bool) -> bool:
    if len(value) < 5 or is_placeholder(value) or not _is_mixed(value):
        return False
    if _IDENTIFIER.fullmatch(value) and sum(char.isdigit() for char in value) < 3:
        return False
    return is_password or _is_generated(value)


def _is_strong(value: str) -> bool:
    """In the middle of a sentence or of code only what has everything that generators put in."""
    return (
        len(value) >= 10
        and value.isalnum()
        and sum(char.isdigit() for char in value) >= 2
        and any(char.isupper() for char in value)
        and any(char.islower() for char in value)
    )

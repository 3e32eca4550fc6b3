"""The shapes of secrets, one rule each, with a sample beside it.

Must not know where a text comes from. Invariants: every repetition in a pattern is bounded or possessive, so no text
can make one slow; a pattern is only tried where one of its anchors stands. Samples are put together from pieces, so
that no scanner takes this file for a leak. Shapes are those that the vendors document or that their tokens show.
Possessive are single characters only: of a group, Python before 3.11.5 takes one character too many.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from contox_hooks.domain.secret_command import COMMANDS, is_command_secret
from contox_hooks.domain.secret_value import (
    SPLIT_QUOTE,
    is_assigned_secret,
    is_basic_credential,
    is_password_in_url,
    is_query_secret,
    is_token,
    start_of_key_lines,
)


@dataclass(frozen=True, slots=True)
class SecretRule:
    name: str
    anchors: tuple[str, ...]
    """Where to try: with a capital in it, as it is; else in any case."""
    source: str
    """The pattern, matched from the anchor on. Its group `secret` is what goes, or all of it."""
    flags: int
    sample: str
    """A made-up text with a secret of this shape."""
    accepts: Callable[[re.Match[str]], bool] | None = None
    """A last look at a match that the pattern alone cannot judge."""
    begins: Callable[[re.Match[str]], int] | None = None
    """Where the secret begins when that is before the anchor; -1 when there is none."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when first tried: compiling all of them is a tenth of what a drain costs."""
        return _compiled(self.source, self.flags)


@cache
def _compiled(source: str, flags: int) -> re.Pattern[str]:
    return re.compile(source, flags)


def _rule(
    name: str, anchors: str, pattern: str, *sample: str, accepts: Callable[[re.Match[str]], bool] | None = None,
    begins: Callable[[re.Match[str]], int] | None = None,
) -> SecretRule:  # fmt: skip
    flags = 0 if any(char.isupper() for char in anchors) else re.IGNORECASE
    return SecretRule(name, tuple(anchors.split("|")), pattern, flags, "".join(sample), accepts, begins)


_A20, _A32, _A36 = "Zq3Vb9Lx0Kd7Rt2Mw5Yp", "b7c1f09e5d2a48638f7e1c0d9a5b3e42", "k7Qw2Zx9Lm4Vb8Nt1Rc6Yd3Hf5Js0Pg7Ue2A"
_KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"

# Between BEGIN and the key: line ends as they are or escaped, quotes, and the prefixes of diff lines.
_GAP = r"(?:[\s\"'+,.\\-]|\\[nr]){0,24}"

# Names of keys as they are written: `api_key`, `api-key`, `apiKey`.
_KEYS: Final = tuple(
    f"{kind}{between}key"
    for kind in ("api", "access", "private", "auth", "encryption", "signing", "master", "app")
    for between in ("_", "-", "")
)

RULES: Final[tuple[SecretRule, ...]] = (
    _rule(
        "private-key",
        "-----BEGIN ",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        rf"(?={_GAP}(?:[A-Za-z0-9+/=]{{8}}|Proc-Type|Version|Comment|Hash))"
        r"(?:[^\0]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[^\0]*)",
        "-----BEGIN RSA PRIVATE",
        " KEY-----\n",
        _KEY_LINE * 3,
        "-----END RSA PRIVATE",
        " KEY-----",
    ),
    _rule(  # a hunk that shows only the end of one
        "private-key",
        "-----END ",
        r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----",
        "+",
        _KEY_LINE,
        "+",
        _KEY_LINE,
        "+-----END PRIVATE",
        " KEY-----",
        begins=start_of_key_lines,
    ),
    _rule("age-secret-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[0-9A-Z]{50,64}", "AGE-SECRET", "-KEY-1", "Q" * 58),
    _rule(
        "aws-access-key",
        "AKIA|ASIA",
        r"(?<![A-Za-z0-9])A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])",
        "AK",
        "IA",
        "QYLPMN5HHHFPZAM2",
    ),
    _rule(
        "aws-secret-key",
        "secretaccesskey|secret_access_key|secret-access-key",
        r"secret[_-]?access[_-]?key[\"'\]]{0,2}\s{0,4}(?:=>|[:=])\s{0,4}[\"']?(?P<secret>[A-Za-z0-9/+]{40})(?![\w/+])",
        "aws_secret_access",
        "_key = ",
        "h7Gk2/Lq9ZpXw4VbN8tR1cY6dM3fJ5sK0aUeTiPo",
    ),
    _rule("gcp-api-key", "AIza", r"(?<![\w-])AIza[\w-]{35}(?![\w-])", "AI", "za", _A36[:35]),
    _rule("gcp-oauth-secret", "GOCSPX-", r"GOCSPX-[\w-]{24,40}", "GOC", "SPX-", _A36[:28]),
    _rule(
        "azure-key",
        "accountkey=|sharedaccesskey=",
        r"(?:accountkey|sharedaccesskey)=(?P<secret>[A-Za-z0-9+/]{40,100}={0,2})",
        "DefaultEndpointsProtocol=https;AccountName=a;Account",
        "Key=",
        _A36 * 2,
        "abcdefghijkl",
        "==",
    ),
    _rule(
        "github-token",
        "ghp_|gho_|ghu_|ghs_|ghr_",
        r"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{30,255}",
        "gh",
        "p_",
        _A36,
    ),
    _rule("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,255}", "github", "_pat_", _A36, _A36[:20]),
    _rule(
        "gitlab-token",
        "glpat-|gldt-|glrt-",
        r"gl(?:pat|dt|rt)-[\w-]{20,255}",
        "gl",
        "pat-",
        _A20,
    ),
    _rule("slack-token", "xox", r"xox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,255}", "xo", "xb-1234567890-", _A20),
    _rule("slack-token", "xapp-", r"xapp-\d-[A-Za-z0-9-]{20,255}", "xa", "pp-1-A0", _A32),
    _rule(
        "slack-webhook",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/]{20,120})",
        "https://hooks.slack",
        ".com/services/T0AB12CD3/B0AB12CD3/",
        _A20,
    ),
    _rule(
        "stripe-key",
        "sk_live_|rk_live_|sk_test_|rk_test_|whsec_",
        r"(?<![A-Za-z0-9])(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,255}",
        "sk_",
        "live_",
        _A20,
    ),
    _rule("anthropic-key", "sk-ant-", r"sk-ant-[\w-]{20,255}", "sk-", "ant-api03-", _A36),
    _rule(
        "openai-key",
        "sk-",
        r"(?<![A-Za-z0-9])sk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,255}|[A-Za-z0-9]{32,64})(?![\w-])",
        "sk",
        "-proj-",
        _A36,
        accepts=is_token,
    ),
    _rule("npm-token", "npm_", r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}", "npm", "_", _A36),
    _rule("pypi-token", "pypi-ag", r"pypi-Ag[\w-]{50,400}", "py", "pi-AgEIcHlwaS5vcmc", _A36, _A36),
    _rule("huggingface-token", "hf_", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,64}", "h", "f_", _A36[:34], accepts=is_token),
    _rule("sendgrid-key", "SG.", r"(?<![\w.])SG\.[\w-]{16,32}\.[\w-]{32,64}", "S", "G.", _A20, "ab.", _A36, "abcdefg"),
    _rule("mailgun-key", "key-", r"(?<![\w-])key-[0-9a-f]{32}(?![0-9a-f])", "ke", "y-", _A32),
    _rule("twilio-key", "SK", r"(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])", "S", "K", _A32),
    _rule("telegram-token", ":AA", r"(?<=\d{8}):AA[\w-]{32,36}(?![\w-])", "123456789", ":A", "A", _A36[:33]),
    _rule(
        "discord-token",
        "discord|bot ",
        r"(?:discord[^\n\0]{0,80}?|bot\s)(?<![\w-])(?P<secret>[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,40})(?![\w-])",
        "DISCORD = '",
        "MT",
        "A5Zq3Vb9Lx0Kd7Rt2Mw5Yp9w",
        ".Gx3kQz.",
        _A36[:30],
        "'",
        accepts=is_token,
    ),
    _rule(
        "discord-webhook",
        "/api/webhooks/",
        r"/api/webhooks/\d{10,24}/(?P<secret>[\w-]{40,100})",
        "https://discord.com/api/web",
        "hooks/123456789012345678/",
        _A36,
        _A20,
    ),
    _rule("contox-key", "contox_sk_", r"contox_sk_[\w-]{12,255}", "contox", "_sk_", _A20),
    _rule(
        "contox-key", "ctx_", r"(?<![A-Za-z0-9_])ctx_[A-Za-z0-9]{20,255}(?![\w(])", "ct", "x_", _A36, accepts=is_token
    ),
    _rule("digitalocean-token", "dop_v1_", r"dop_v1_[0-9a-f]{64}", "do", "p_v1_", _A32 * 2),
    _rule("shopify-token", "shpat_|shppa_|shpss_", r"shp(?:at|pa|ss)_[0-9a-f]{32}", "shp", "at_", _A32),
    _rule("docker-token", "dckr_pat_", r"dckr_pat_[\w-]{20,64}", "dckr", "_pat_", _A36[:27]),
    _rule("vault-token", "hvs.", r"(?<![\w.])hvs\.[\w-]{24,255}", "hv", "s.", _A36, accepts=is_token),
    _rule(
        "jwt",
        "eyJ",
        r"(?<![\w-])eyJ[\w-]{8,4096}+\.eyJ[\w-]{8,8192}+(?:\.[\w-]{0,2048}+)?",
        "ey",
        "JhbGciOiJIUzI1NiJ9.",
        "ey",
        "JzdWIiOiIxMjM0NTY3ODkwIn0.",
        _A36,
    ),
    _rule(
        "authorization",
        "authorization",
        r"authorization[\"'\]]{0,2}\s{0,4}[:=,]?\s{0,4}[bf]?[\"']?(?:basic|bearer|token|bot|apikey|digest)\s{1,4}"
        r"(?P<secret>[A-Za-z0-9_.~+/=-]{8,2048}+)",
        "Authorization: Bea",
        "rer ",
        _A36,
        accepts=is_token,
    ),
    _rule(  # a header of a command: the whole of it is quoted, and no scheme stands before the key
        "authorization",
        "authorization",
        r"authorization:[ \t]{0,4}(?P<secret>[A-Za-z0-9_.~+/=-]{16,2048}+)(?=[\"'])",
        "curl -H 'Authori",
        "zation: ",
        _A36,
        "'",
        accepts=is_token,
    ),
    _rule(
        "authorization",
        "bearer ",
        r"bearer\s{1,4}(?P<secret>[A-Za-z0-9_.~+/=-]{16,2048}+)",
        "curl -H 'bea",
        "rer ",
        _A36,
        accepts=is_token,
    ),
    _rule(
        "authorization",
        "basic ",
        r"basic\s{1,4}(?P<secret>[A-Za-z0-9+/]{8,512}+={0,2})",
        "Bas",
        "ic ",
        "YWRhOmh1bnRlcjIyMg==",
        accepts=is_basic_credential,
    ),
    _rule(
        "url-password",
        "://",
        r"://[^\s/?#:@\"'<>`\\\0]{0,128}+:(?P<secret>[^\s/?#\"'<>`\0]{1,256})@(?=[\w\[])",
        "postgres",
        "://ada:",
        "hunter",
        "22@db.example.org/app",
        accepts=is_password_in_url,
    ),
    _rule(
        "url-password",
        "://",
        r"://(?P<secret>[\w-]{20,256}+)@(?=[\w\[])",
        "https",
        "://",
        _A36,
        "@git.example.org/a.git",
        accepts=is_token,
    ),
    _rule(
        "authorization",
        '"auth"|_auth',
        r"(?:\"auth\"|_auth)[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?P<secret>[A-Za-z0-9+/]{8,512}+={0,2})",
        '"auth": "',
        "YWRhOmh1bnRlcjIyMg==",
        '"',
        accepts=is_basic_credential,
    ),
    _rule(
        "url-secret",
        "token=|key=|sig=|signature=|password=|passwd=|pwd=|secret=|auth=",
        r"(?P<key>[a-z]{3,9})=(?P<secret>[^\s&#\"'<>`,;(){}\[\]|\\\0]{6,512}+)",
        "https://api.example.org/v1?tok",
        "en=",
        _A20,
        accepts=is_query_secret,
    ),
    _rule(
        "assigned-secret",
        "|".join(("pass", "pwd", "secret", "token", "credential", *_KEYS)),
        r"(?P<key>passw(?:or)?d|passphrase|(?:(?<![a-z])|(?<=-store)|(?<=-key)|(?-i:(?<=[a-z])(?=P)))pass(?![a-z])|pwd|secret|token|credential|"
        rf"{'|'.join(_KEYS)})"
        r"(?:s|[_-]?(?:key|value|hash|salt|prod|production|dev|test|staging|live|base64|b64|base|text|string|\d{1,3})){0,2}"
        r"(?P<end>\\?[\"'`]?\]?)[ \t]{0,8}(?P<type>:[ \t]?[\w\[\], |.]{1,40}(?==))?"
        r"(?P<op>=>|[:?+]=|===?|!==?|=|:|,|(?<=[ \t]))[ \t]{0,8}"
        r"(?:[rbuf]{1,2}(?=[\"']))?(?:"
        r"(?P<quote>\\?[\"'`])(?P<secret>(?:(?!(?P=quote))(?:\\[^\n\0]|[^\\\n\0])|"
        rf"{SPLIT_QUOTE}){{3,512}})|"
        r"(?P<bare>[^\s\"'`\0]{5,512}+))",
        "DB_PASS",
        "WORD = '",
        "corr3ct-h0rse'",
        accepts=is_assigned_secret,
    ),
    *(
        _rule("command-secret", anchors, pattern, command, "corr3ct-h0rse", accepts=is_command_secret)
        for anchors, pattern, command in COMMANDS
    ),
)

"""Secrets go, code stays. Every rule's sample stands beside the rule; here are the ways they appear."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.redaction import EDGE_CHARACTERS, redact, redact_all
from contox_hooks.domain.secret_rule import RULES, SecretRule

TOKEN = "gh" + "p_" + "k7Qw2Zx9Lm4Vb8Nt1Rc6Yd3Hf5Js0Pg7Ue2A"
BEGIN, END = "-----BEGIN RSA PRIVATE" + " KEY-----", "-----END RSA PRIVATE" + " KEY-----"
LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("+x = '", "'\n"), ("İİ ", " more"), ("line\n", "\nline\n"), ("(", ")")]
)
def test_every_rule_knows_its_sample(rule: SecretRule, before: str, after: str) -> None:
    if rule.begins and not before.endswith("\n"):
        before = ""  # lines of a key begin at a line's start
    clean = redact(before + rule.sample + after)
    assert f"[redacted:{rule.name}]" in clean.text
    assert clean.count == 1
    assert clean.text.startswith(before)
    assert after.strip() in clean.text
    assert redact(clean.text).count == 0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_rule_needs_more_than_the_edge(rule: SecretRule) -> None:
    assert len(rule.sample) < EDGE_CHARACTERS


SECRETS = [
    "password = 'corr3ct-h0rse'", 'DB_PASSWORD="Tr0ub4dor"', "export DB_PASSWORD=hunter", "PASSWORD=letters", "password: hunter2",
    "  password: S3cure!pw", '"password": "p4ssw0rdX"', "'client_secret' => 'abcDEF123456'", "api_key: 0123456789abcdef0123",
    "apiKey = \"a1b2c3d4e5f6\"", "API_KEY=a1b2c3d4e5f6", "secret_key = 'django-insecure-4x$k2'", "mysql_pwd='zaq12wsx'",
    "+ACCESS_TOKEN=abcdef123456", '-  "secret": "9f8e7d6c5b4a3210",', "spring.datasource.password=hunter22x",
    "config['password'] = 'Zx81spectrum'", "passphrase: \"correct horse battery\"", "if password == 'Sup3rUser':",
    "password := \"g0lang-pass\"", "token = \"abcdefghijklmnopqrstuvwx\"", "password: str = 'typ3d-value'",
    'curl -u "x" -d \'{\\"password\\": \\"n0t-here-9\\"}\'', "redis://:s3cr3tpw@cache:6379/0", "postgres://u:p@ss:w0rd@db/x",
    "mongodb+srv://admin:hunter22@cluster.example.org", "https://x-access-token:abcdef@host/r.git", "ENV DB_PASSWORD=docker1",
    "?access_token=abcdef0123456789&x=1", "https://h/p?a=1&api_key=k9k8k7k6k5", "amqp://guest:guest@mq",
]  # fmt: skip

SECRETS += [
    "+  password: swordfish", "+  password: Pa$sw!rdX", "+app.datasource.password=sword$Fish", "SMTP_PASS=q1w2e3r4",
    "auth: { user: 'a', pass: 'q1w2e3r4' }", 'DB_PASS = "q1w2e3r4"', 'dbPass: "q1w2e3r4"', '  encryptionKey: "q1w2e3r4t5y6",',
    'signingKey = "q1w2e3r4t5y6"', 'privateKey: "0x4c0883a69102937d"', 'clientSecret: "q1w2e3r4t5y6"', "dump --password=q1w2e3r4 db",
    "docker run -e APP_PASSWORD=q1w2e3r4 image", "ENV APP_USER=app APP_PASSWORD=q1w2e3r4", "ENV APP_PASSWORD q1w2e3r4",
    'connect("host=db user=app password=q1w2e3r4 dbname=x")', '"Server=db;Password=q1w2e3r4;Timeout=3"', '"Server=db;Pwd=q1w2e3r4;"',
    'Environment="DB_PASSWORD=q1w2e3r4"', "Environment=DB_PASSWORD=q1w2e3r4", 'curl -H "X-Api-Key: q1w2e3r4t5y6" https://api',
    "//registry.example.org/:_authToken=3f1d9a52-7c3e-4b61-9d0f-aa12bb34cc56", "//registry.example.org/:_password=aHVudGVyMjI5OTk=",
    "DB_PASSWORD ?= q1w2e3r4", "DB_PASSWORD := swordfish", "password=q1w2e3r4 (rotate)", "temp password: Xk7mQ2pL9vR4, rotate later",
    "DB_PASSWORD=q1w2(e3r4)t5y6", "DB_PASSWORD=q1w2e3;r4t5y6", "DB_PASSWORD=q1w2e3,r4t5y6", 'password = "q1w2\'e3r4"',
    'password = "!Qaz2wsx#Edc"', "DB_PASSWORD=@dmin1234xyz", 'password = "MyPassw0rd!77"', "postgres://app:%40dmin1234@db/app",
    "postgres://app:$ecret1234@db/app", "postgres://app:!dmin1234@db/app", "define( 'DB_PASSWORD', 'q1w2e3r4' );",
    'os.environ.get("SECRET_KEY", "q1w2e3r4t5y6")', 'password = "correct-horse-battery-staple"', "      - POSTGRES_PASSWORD=swordfish",
    "    export DB_PASSWORD=swordfish", '#define DB_PASSWORD "q1w2e3r4"', '"auth": "YWRhOmh1bnRlcjIyMg=="', "aws_session_token = " + "IQoJb3" * 200,
    "AWS_SESSION_TOKEN=" + "IQoJb3" * 200, '"refresh_token": "' + "0AXkQ9mZ" * 200 + '"', "https://h/p?X-Amz-Security-Token=" + "IQoJb3" * 200,
    "hv" + "s." + "IQoJb3" * 100,
]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_in_assignments_and_urls_go(text: str) -> None:
    clean = redact(text)
    assert clean.count == 1, clean
    assert redact(clean.text) == (type(clean))(clean.text, 0)


CODE = [
    "password = os.environ['DB_PASSWORD']", "password = os.getenv('DB_PASSWORD', '')", "password: ${DB_PASSWORD}",
    "password = '<your-password>'", 'password = "${PASSWORD}"', "password = None", "password: str", "password: str | None = None",
    "token: string;", "password: SecretStr = Field(...)", "password = 'xxxx'", "PASSWORD=****", "password = ''", 'token = ""',
    "token = tokens[0]", "token = self.next_token()", "secret = get_secret('name')", "token_type = 'bearer'", "passwords = []",
    "tokenizer = 'cl100k_base'", "password=password,", "f(password=password)", "f(token=token2)", "token = token2", "int token = 12345678;",
    "if token == '(':", "elif token == 'AND':", "token = 'identifier'", "  password: Enter your password", '"password": "Enter your password"',
    "PASSWORD_RESET_TEMPLATE = 'auth/reset_2.html'", "API_KEY_HEADER = 'X-API-Key'", "secret_name: my-app-secret", "password_hash = hash(pw)",
    "api_key = settings.API_KEY", "password = '%s'", "password = '{password}'", 'password = "{{ vault_password }}"', "password: '{{ x }}'",
    "secrets: inherit", "token: ${{ secrets.GITHUB_TOKEN }}", "const password = req.body.password;", "password: process.env.PASSWORD,",
    "https://example.org:8080/path@v1", "http://user@host/x", "https://github.com/a/b?ref=main", "git@github.com:a/b.git",
    "npm_config_cache=/tmp", "hf_hub_download(repo)", "sk-learn", "sk-estimator-checks-for-all-of-them", "ctx_init(ctx)", "ctx_size_in_bytes_of_all",
    "AKIA", "Bearer token", "basic authentication", "Basic usage of the thing", "bearer authentication_is_required_here",
    f'if "{BEGIN}" in text:', f"{END}", "eyJ", "key-value", "sha256-abcdef", "xoxo", "://", "token: int32", "token: uint64", "secret: md5",
    "@pytest.mark.parametrize('password', ['a', 'b'])", "assert token.type == 'NAME'", "credential = Credential()", "<input type=\"password\" name='pwd'>",
    "password: example-password-1", "Authorization: Bearer <token>", "Authorization: Bearer ${TOKEN}", "headers['Authorization'] = f'Bearer {token}'",
    "keyring==25.6.0", "tokenize-rt==6.2.0", "integrity sha512-Zq3Vb9Lx0Kd7Rt2Mw5YpZq3Vb9Lx0Kd7Rt2Mw5Yp==", "get_token()", "PWD=$(pwd)", "pwd: /home",
    "index 95f0c380bc9ecce1da737a4095de1841f8dcecca", "export PATH=$PATH:/usr/bin", "def reset_password(password: str, *, token: str) -> None:",
]  # fmt: skip

CODE += [
    "+MAX_TOKENS=128000", "?sort_key=created_at", "?primary_key=customer_id", "+CREDENTIALS=include", "+token: v1beta1",
    "+  secret: tls-cert-2024", "+PASSWORD_RESET_TOKEN=route_name", "+  credential: aws-prod-1", "DB_PASSWORD=/run/secrets/db",
    "  access_key: s3AccessKeyId", "secret: projects/1/secrets/x9", "connect(host=host, password=password)", "    pass", "passed: 12",
    "    password=password1,", "bypass = 'abc123'", "password: Hashed", "password: bytes", "password: !secret db", "password: *anchor",
    "first_pass = run(x1)", "getattr(user, 'token', 'abc123def')", "password: $DB_PASSWORD", "https://ada:$PASSWORD@host/x",
    "https://ada:${PASSWORD}@host/x", "https://ada:{password}@host/x", "https://ada:%s@host/x", "password = '@PASSWORD@'",
    "password = PasswordField(max_length=20)", "token = request.args['token2']", "tokens=[token1]", "--token=TOKEN",
]  # fmt: skip


@pytest.mark.parametrize("text", CODE)
def test_ordinary_code_stays(text: str) -> None:
    assert redact(text).text == text


def key(prefix: str, *, begin: bool = True, end: bool = True) -> str:
    lines = [BEGIN] * begin + [LINE] * 5 + ["c0ffee=="] + [END] * end
    return "".join(f"{prefix}{line}\n" for line in lines)


@pytest.mark.parametrize("prefix", ["", "+", "-", " ", "    ", "++", "- "])
def test_private_keys_in_diffs(prefix: str) -> None:
    for begin, end in ((True, True), (True, False), (False, True)):
        clean = redact(f"@@ -1,3 +1,9 @@\n{key(prefix[:2], begin=begin, end=end)}")
        assert LINE not in clean.text
        assert "c0ffee" not in clean.text
        assert clean.count == 1
    assert redact(f"a\n{key(prefix)}b\n").text.endswith("]\nb\n")


@pytest.mark.parametrize("prefix", ["", "+", "-", " "])
def test_the_middle_of_a_private_key(prefix: str) -> None:
    body = f"{prefix}{LINE}\n"
    clean = redact(f"@@ -7,3 +7,3 @@\n{body * 3}a\n")
    assert clean.text == "@@ -7,3 +7,3 @@\n[redacted:private-key]\na\n"
    assert redact(body * 2).count == 0
    assert redact(f"-----BEGIN CERTIFICATE-----\n{body * 3}").count == 0
    assert redact(f"{prefix}{'c0ffee12' * 8}\n" * 3).count == 0


def test_nothing_of_a_long_or_odd_value_is_left() -> None:
    for text, left in [
        ("aws_session_token = " + "IQoJb3" * 2000, "aws_session_token = "),
        ("DB_PASSWORD=q1w2(e3r4)t5,y6;u7", "DB_PASSWORD="),
        ("token = '" + "IQoJb3" * 2000 + "'", "token = ''"),
        ('password = "q1w2\'e3r4"', 'password = ""'),
        ('\\"password\\": \\"q1w2e3r4\\", 1', '\\"password\\": \\"\\", 1'),
        ("gh" + "p_" + "IQoJb3" * 100, ""),
    ]:
        clean = redact(text).text
        assert clean.replace("[redacted:assigned-secret]", "").replace("[redacted:github-token]", "") == left


def test_private_keys_inside_a_string() -> None:
    text = (
        '{"type": "service_account", "private_key": "'
        + BEGIN
        + "\\n"
        + LINE
        + "\\n"
        + LINE
        + "\\n"
        + END
        + '\\n", "x": 1}'
    )
    clean = redact(text)
    assert LINE not in clean.text
    assert clean.text.endswith('"x": 1}')


@given(st.text())
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once.text) == type(once)(once.text, 0)


@given(
    st.lists(
        st.one_of(st.sampled_from([rule.sample for rule in RULES]), st.sampled_from(SECRETS), st.text(max_size=5)),
        max_size=6,
    )
)
def test_redacting_twice_changes_nothing_whatever_stands_side_by_side(parts: list[str]) -> None:
    once = redact("\n".join(parts))
    assert redact(once.text).text == once.text


@given(st.text(), st.text())
def test_a_token_is_found_anywhere(before: str, after: str) -> None:
    text = f"{before} {TOKEN} {after}"
    assert TOKEN not in redact(text).text


def test_overlapping_secrets_go_as_one() -> None:
    clean = redact(f"password = '{TOKEN}-and-more'")
    assert (clean.text, clean.count) == ("password = '[redacted:assigned-secret]'", 1)


def test_many_texts_at_once() -> None:
    assert redact_all(["a", "b"]) == (["a", "b"], 0)
    assert redact_all([BEGIN + "\n" + LINE, "kept", TOKEN]) == (
        ["[redacted:private-key]", "kept", "[redacted:github-token]"],
        2,
    )
    assert redact_all([]) == ([], 0)
    assert redact_all(["a", "password: swordfish", "b"])[1] == 1  # each text's lines are its own


@pytest.mark.timeout(60)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_much_bait_is_no_trap(rule: SecretRule) -> None:
    """Quadratic work on this much text takes minutes; what is meant takes well under a second."""
    for anchor in rule.anchors[:3]:
        redact(anchor + "a" * 400_000)
        redact(("A" * 70 + "\n") * 5_000 + anchor)
        for bait in (anchor, anchor + "a" * 600, anchor + "='", anchor + "\n", f"{anchor}: aB1 "):
            redact(bait * (80_000 // len(bait)))


def test_a_megabyte_of_every_bait() -> None:
    baits = "".join(anchor for rule in RULES for anchor in rule.anchors)
    redact(baits * (1_000_000 // len(baits)))

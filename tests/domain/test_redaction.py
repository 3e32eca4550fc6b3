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


HEX, WORD = "9f8e7d6c5b4a3928" + "1706ffee", "Tr0ub4" + "dor9xQ"

COMMANDS = [
    f"x {name} {HEX} y" for name in (
        "--token", "--api-key", "--apikey", "--secret", "--client-secret", "--access-token", "--auth-token", "--authtoken",
        "--private-key", "--accessToken", "--access-key", "-token", "--api_key", "'--token'",
    )
]  # fmt: skip
COMMANDS += [
    f"x --token '{HEX}'", f'x --token "{HEX}"', f'["x", "--token", "{HEX}"]', f"['x', '--client-secret', '{HEX}', 'y']", f"+  x --token {HEX} \\",
    f"x --password {WORD}", "x --password hunter2", "x --password swordfish y", "x --db-password=swordfish y", "x --password 'corr3ct h0rse' y",
    "x --password Pa$sw!rdX", "x --password 'it'\"'\"'s9x4b' y", "x --password 'it'\\''s9x4b' y", "x --passphrase 'correct horse battery'",
    "x --token 3f1d9a52-7c3e-4b61-9d0f-aa12bb34cc56", "x --token 1//0gXq9ZkLm3PvRtYw", f"x --password={WORD} y", f"x --set a=1,db.password={WORD}",
    f"kubectl create secret generic a --from-literal=password={WORD}", f"kubectl create secret generic a --from-literal=api-key={HEX} -n b",
    f"curl -u bob:{WORD} https://x", f"curl -sSLu bob:{WORD} https://x", f"curl -ubob:{WORD} https://x", f"curl --user bob:{WORD} https://x",
    f"curl --proxy-user=bob:{WORD} https://x", f"curl -X POST -d '{{\"a\": 1}}' -u 'bob:{WORD}' https://x", f"curl -u bob:'{WORD}' https://x",
    f"curl -u 'bob:{WORD} two words' https://x", f"curl 'https://x?a=1 & b' -u bob:{WORD}", f"curl https://x \\\n  -u bob:{WORD}", f"/usr/bin/curl -u :{WORD} x",
    f"+curl https://x \\\n+-u bob:{WORD}", f'{{"command": "curl -u \\"bob:{WORD}\\" https://x"}}', "curl -u admin:admin https://x",
    f"curl -H 'X-Api-Key: {HEX}' https://x", f"curl -H X-Auth-Token:{HEX} https://x", f"curl -H 'Authorization: {HEX}' https://x", f"http https://x X-Api-Key:{HEX}",
    f"sshpass -p {WORD} ssh x", f"sshpass -p{WORD} ssh x", f"sshpass -p '{WORD}' ssh x", f"mysql -u root -p{WORD} db", f"mysqldump -uroot -p'{WORD}' db",
    f"docker exec db mariadb -p{WORD}", f"mysql --password={WORD} db", f"mysql --password={WORD}", f"docker login -u bob -p {WORD} host",
    f"helm registry login host -u bob -p {WORD}", f"redis-cli -h db -a {WORD} ping", f"mongosh -u bob -p {WORD}",
    "openssl rsa -in a -passin pass:hunter22", f"keytool -list -storepass {WORD}", "openssl req -passout 'pass:swordfish' -x",
    f"gh secret set A --body {HEX}", f"npm config set //registry.example.org/:_authToken {HEX}", f"git config --global sendemail.smtpPass {WORD}",
    "aws configure set aws_secret_access_key h7Gk2/Lq9ZpXw4VbN8tR1cY6dM3fJ5sK0aUeTiPo", f"PGPASSWORD={WORD} psql -h db", "PGPASSWORD=swordfish psql -h db",
    f"export FOO_TOKEN={HEX}", f"FOO_TOKEN={HEX} x", f"env FOO_TOKEN={HEX} x", f"docker run -e FOO_TOKEN={HEX} x", f"docker run --env=FOO_TOKEN={HEX} x",
]  # fmt: skip


@pytest.mark.parametrize("text", COMMANDS)
def test_secrets_in_command_lines_go(text: str) -> None:
    clean = redact(text)
    assert clean.count == 1, clean
    left = ("hunter2", "swordfish", "h0rse", "horse", "rdX", "s9x4b", "7c3e", "0gXq", "words", "admin:admin", "Lq9Z")
    assert not [each for each in (HEX, WORD, *left) if each in clean.text], clean
    assert redact(clean.text) == (type(clean))(clean.text, 0)


def test_every_secret_of_one_command_goes() -> None:
    clean = redact(f"curl -u bob:{WORD} --proxy-user 'eve:{WORD}2' -H 'X-Api-Key: {HEX}' --pass {WORD} https://x")
    assert clean.text == (
        "curl -u bob:[redacted:command-secret] --proxy-user 'eve:[redacted:command-secret]' "
        "-H 'X-Api-Key: [redacted:assigned-secret]' --pass [redacted:assigned-secret] https://x"
    )


OTHER_COMMANDS = [
    "x --token $TOKEN y", "x --token '$TOKEN'", 'x --token "${TOKEN}"', "x --token <token>", "x --token TOKEN", "x --token YOUR_TOKEN", "x --token your-token",
    "x --token $(cat /run/token1)", "x --token `cat token1`", "x --token {{ token1 }}", "x --token %TOKEN1%", "x --token @token1.txt", "x --token --verbose1x",
    "x --password prompt", "x --password $DB_PASSWORD", "x --password-stdin", "x --password-file /run/secrets/db1", "x --password <password>", "x --password PASSWORD",
    "x --private-key ~/.ssh/id_ed25519", "x --private-key id_ed25519", "x --private-key ./keys/Server2.pem", "x --private-key /etc/ssl/Private/k9k8k7k6.key",
    "x --tokens 4096", "x --max-tokens 128000", "x --token-limit 128000k1", "docker build --secret id=npmrc1,src=.npmrc1 .", "x --secret-id prod/db/1",
    "x --secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2", "x --token https://a.example.org/t1", "x --secret tls-cert-2024",
    "x --api-key-name my_key_2 y", "x --token token2 y", "Pass `--token` or `--password` instead of the URL.", "the --password option and the --token flag",
    "--password argument is now 2fa", "instead of --password because it is", 'parser.add_argument("--token", help="a token")', '("--password", "db_password")',
    '@click.option("--token", "api_token", envvar="TOKEN1")', '"--token", "GitHub token of 2024"', "use --token where needed", "--token, -t",
    "curl -u $USER:$PASSWORD https://x", 'curl -u "$A:$B" https://x', "curl -u user:password https://x", "curl -u bob https://x", "curl -u <user>:<pass> https://x",
    "curl -u ${A}:${B} https://x", "curl https://x | docker run -u 1000:10001 y", "apt install curl && docker run -u root:wheel y", "curl -O https://x:8080/y",
    "curl --unix-socket /run/a:b1c2 x", "curl -u {user}:{password} x", "mysql -u root -p db", "mysql -u root -p", "docker run --name mysql -p3306:3306 x",
    "mysql -port1234 x", "apt install mysql && mkdir -pv9 x", "mysql -p$PASSWORD x", "mysql -p${PASSWORD} x", "the login page -p is", "docker login -u bob -p $PASSWORD",
    "docker login -u bob --password-stdin", "echo hello | docker login --password-stdin", "redis-cli -a $REDIS_PASSWORD", "sshpass -p $PASS ssh x", "sshpass -e ssh x",
    "sshpass -f /run/p1 ssh x", "ssh -p 2222 x", "mkdir -p abc123def", "libcurl -u a:b1c2d3", "openssl rsa -passin env:PASS1 -in a",
    "kubectl create secret generic a --from-literal=password=$PASSWORD", "git config credential.helper store", "git config --global user.name bob1", "npm config set registry x",
    "PGPASSWORD=$PASSWORD psql", "export FOO_TOKEN=$(x)", "gh secret set A --body $VALUE", "gh secret set A < file1.txt", "x --credentials creds9.json", "--pass 2", "-pass1x",
]  # fmt: skip


@pytest.mark.parametrize("text", OTHER_COMMANDS)
def test_ordinary_commands_stay(text: str) -> None:
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

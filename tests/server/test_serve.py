"""`contox-hooks serve` as a process: the first start, signals, and every way not to start."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from contox_hooks.cli.app import run
from contox_hooks.net.listening import certificate, check_address, url_of
from contox_hooks.server.patience import Patient
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture

Start = Callable[..., subprocess.Popen[str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def start() -> Iterator[Start]:
    """`start("--port", "0")`: the real program, killed at the end where it still runs."""
    begun: list[subprocess.Popen[str]] = []

    def started(*arguments: str, **env: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **env}
        line = [sys.executable, "-m", "contox_hooks", "serve", *arguments]
        begun.append(subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return begun[-1]

    yield started
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.stderr.read() if process.stderr else ""
    found: dict[str, Any] = json.loads(line)
    return found


def get(url: str, **options: Any) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10, **options)


def test_a_stranger_starts_it_clicks_and_stops_it(start: Start, sealed: Path) -> None:
    process = start("--port", "0")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert str(sealed / "data" / "memory.db") in lines[0]
    [key] = re.findall(r"contox_sk_\S+", lines[1])
    [link] = re.findall(r"http://127\.0\.0\.1:\d+/login\?token=\S+", lines[2])
    url = link.partition("/login")[0]
    assert get(f"{url}/ready").json() == {"status": "ready"}
    assert get(f"{url}/api/keys", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert get(link).status_code == 200
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as idle:
        idle.sendall(b"GET /hea")  # holds nobody up
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    out, err = process.communicate()
    assert out == ""
    assert "Traceback" not in err
    assert link.rpartition("=")[2] not in err
    assert key not in err


def test_the_link_works_once_and_later_starts_give_one_when_asked(start: Start) -> None:
    first = told(start("--port", "0", "--json"))
    assert first["owner_key"].startswith("contox_sk_")
    token = first["login_url"].rpartition("=")[2]
    origin = {"Origin": first["url"]}
    answers = [
        httpx.post(f"{first['url']}/login", data={"token": token}, headers=origin, trust_env=False) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [303, 401]
    assert "HttpOnly" in answers[0].headers["set-cookie"]
    assert "secure" not in answers[0].headers["set-cookie"].lower()

    later = (
        start("--port", "0", "--json"),
        start("--port", "0", "--json", "--login", "--base-url", "https://contox.example/"),
    )
    second, third = map(told, later)
    assert (second["owner_key"], second["login_url"], second["database"]) == (None, None, first["database"])
    assert third["url"] == "https://contox.example"
    assert third["login_url"].startswith("https://contox.example/login?token=")


def test_with_tls_it_speaks_only_tls_and_says_so_to_browsers(start: Start, tmp_path: Path) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made.cert_chain_pems[0].write_to_path(chain)
    made.private_key_pem.write_to_path(key)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    found = told(start("--port", "0", "--json", CONTOX_TLS_CERT=str(chain), CONTOX_TLS_KEY=str(key)))
    assert found["url"].startswith("https://127.0.0.1:")
    answer = get(f"{found['url']}/health", verify=context)
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_on_a_teams_database_servers_keep_nothing(start: Start, empty_postgres_url: str) -> None:
    both = [told(start("--port", "0", "--json", CONTOX_DATABASE_URL=empty_postgres_url)) for _ in range(2)]
    key = both[0]["owner_key"]
    assert both[1]["owner_key"] is None
    for found in both:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "once"}
        made = httpx.post(f"{found['url']}/api/projects", json={"name": "shop"}, headers=headers, trust_env=False)
        assert made.status_code == 201, made.text
        assert get(f"{found['url']}/ready").status_code == 200
    listed = get(f"{both[1]['url']}/api/projects", headers={"Authorization": f"Bearer {key}"}).json()
    assert [project["name"] for project in listed] == ["shop"]


def test_an_open_stream_holds_nobody_up(start: Start) -> None:
    process = start("--port", "0", "--json")
    found = told(process)
    headers = {"Authorization": f"Bearer {found['owner_key']}"}
    with httpx.Client(base_url=found["url"], headers=headers, trust_env=False) as client:
        project = client.post("/api/projects", json={"name": "shop"}).json()
        with client.stream("GET", f"/api/v2/projects/{project['id']}/stream") as answer:
            parts = answer.iter_raw()
            assert next(parts)
            process.terminate()
            assert process.wait(15) == 0
            list(parts)  # ended as it should, not torn off
    err = process.communicate()[1]
    assert "Traceback" not in err
    assert "ERROR" not in err


def left(url: str, *addresses: str) -> list[str]:
    """What remains of a minute after each request that a proxy passes on, all in one minute."""
    while True:
        told = [get(f"{url}/api/nonesuch", headers={"X-Forwarded-For": address}).headers for address in addresses]
        if len({headers["x-ratelimit-reset"] for headers in told}) == 1:
            return [headers["x-ratelimit-remaining"] for headers in told]
        addresses = tuple(f"{address}1" for address in addresses)  # of which nothing was counted yet


def test_a_proxy_is_believed_when_it_is_named(start: Start) -> None:
    url = told(start("--port", "0", "--json", "--trust-proxy", "127.0.0.1"))["url"]
    assert left(url, "203.0.113.1", "203.0.113.1", "203.0.113.2") == ["199", "198", "199"]


def test_json_logs_are_an_object_a_line(start: Start) -> None:
    process = start("--port", "0", "--json", "--log-format", "json")
    found = told(process)
    first, second = left(found["url"], "203.0.113.1", "203.0.113.2")
    assert int(first) == int(second) + 1, "no proxy was named: it is the same client"
    headers = {"Authorization": f"Bearer {found['owner_key']}"}
    get(f"{found['url']}/api/keys?x=hidden", headers=headers)
    process.terminate()
    assert process.wait(10) == 0
    lines = [json.loads(line) for line in process.communicate()[1].splitlines()]
    [line] = [line for line in lines if line.get("path") == "/api/keys"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert (line["method"], line["status"], line["level"]) == ("GET", 200, "info")
    assert len(line["key"]) == 26
    assert "hidden" not in json.dumps(lines)


def test_the_plan_stays_until_another_is_named(start: Start) -> None:
    found = told(start("--port", "0", "--json", CONTOX_PLAN_MODEL="small"))
    headers = {"Authorization": f"Bearer {found['owner_key']}"}
    with httpx.Client(headers=headers, trust_env=False) as client:
        project = client.post(f"{found['url']}/api/projects", json={"name": "shop"}).json()
        path = f"/api/v2/projects/{project['id']}/settings"
        later = told(
            start("--port", "0", "--json", "--trust-proxy", "10.0.0.0/8", "--allow-origin", "https://a.example")
        )
        for url in (found["url"], later["url"]):
            assert client.patch(url + path, json={"model": "medium"}).status_code == 403, "nobody goes beyond the plan"
        told(start("--port", "0", "--json", "--plan-model", "none"))
        for url in (found["url"], later["url"]):
            assert client.patch(url + path, json={"model": "medium"}).status_code == 200


def failing(call: Call, at: Path, *arguments: str) -> tuple[int, str]:  # noqa: F811
    found = call("serve", "--json", *arguments, at=at)
    assert found.code
    return found.code, found.error["message"]


def test_what_it_will_not_start_with(call: Call, tmp_path: Path) -> None:  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert failing(call, tmp_path, "--port", port) == (10, f"port {port} of 127.0.0.1 is in use")
    code, message = failing(call, tmp_path, "--host", "0.0.0.0")
    assert (code, "in the clear" in message) == (9, True)
    assert failing(call, tmp_path, "--host", "256.1.1.1", "--insecure-network")[0] == 2
    assert failing(call, tmp_path, "--host", "203.0.113.1", "--insecure-network")[0] == 2
    for url in ("contox.example", "https://x.example/path", "https://x.example?y", "https://", "https://u@x.example"):
        assert "no URL of a host" in failing(call, tmp_path, "--base-url", url)[1], url
    for origin in ("zzz", "app.example", "https://app.example/", "*", "https://*.example"):
        assert "no scheme://host" in failing(call, tmp_path, "--allow-origin", origin)[1], origin
    for proxy in ("zzz", "*", "proxy.example", "10.0.0.1/8"):
        assert "no address and no network" in failing(call, tmp_path, "--trust-proxy", proxy)[1], proxy
    assert failing(call, tmp_path, "--tls-cert", str(tmp_path / "x"))[0] == 2
    assert failing(call, tmp_path, "--database", "mysql://x")[0] == 6
    assert failing(call, tmp_path, "--port", "0", "--database", "sqlite:/proc/nowhere/x.db")[0] == 7
    assert failing(call, tmp_path, "--port", "0", "--database", "postgresql://127.0.0.1:1/x")[0] == 7
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    assert failing(call, tmp_path, "--tls-cert", str(bad), "--tls-key", str(bad))[0] == 6


def test_a_key_with_a_passphrase_is_not_waited_for(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    from contox_hooks.domain.error import SettingError

    made = trustme.CA().issue_cert("localhost")
    chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made.cert_chain_pems[0].write_to_path(chain)
    plain = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
    key.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
    )
    with pytest.raises(SettingError, match="passphrase"):
        certificate(chain, key)


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in [name for name in sys.modules if name.startswith(("contox_hooks.server.serving", "uvicorn"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run(["serve"]) == 6
    assert capsys.readouterr().err == (
        "contox-hooks: the server needs uvicorn\n  → pip install 'contox-hooks[server]'\n"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_this_machine_needs_no_tls(host: str) -> None:
    check_address(host, is_secure=False, is_insecure_allowed=False)


@pytest.mark.parametrize(
    ("host", "port", "is_secure", "url"),
    [
        ("127.0.0.1", 8787, False, "http://127.0.0.1:8787"), ("::1", 443, True, "https://[::1]"),
        ("0.0.0.0", 80, False, "http://127.0.0.1"), ("contox.example", 443, False, "http://contox.example:443"),
    ],
)  # fmt: skip
def test_what_a_browser_types(host: str, port: int, is_secure: bool, url: str) -> None:
    assert url_of(host, port, is_secure=is_secure) == url


def test_a_head_that_does_not_end_is_not_waited_for(start: Start, tmp_path: Path) -> None:
    script = "from contox_hooks.server import patience; from contox_hooks.cli import app; patience.Patient.head_s = 0.3; app.main()"
    line = [sys.executable, "-c", script, "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        line, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            port = int(told(process)["url"].rpartition(":")[2])
            whole = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            for sent in ((b"",), (b"GET /hea",), (whole, b"GET /hea")):
                with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
                    for part in sent[:-1]:
                        client.sendall(part)
                        answer = b""
                        while not answer.endswith(b'{"status":"alive"}'):
                            answer += client.recv(65536)
                    client.sendall(sent[-1])
                    assert client.recv(65536) == b"", sent
        finally:
            process.kill()
            process.communicate()
    assert Patient.head_s > 5

"""The HTTP client against a server that misbehaves in every way it knows."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.error import AccessRefused, RemoteError
from contox_hooks.net.http import MAX_BODY_BYTES, Http, Reply, Unreachable, plain
from tests.contox import fault
from tests.contox.rate import RateLimit
from tests.contox.server import ContoxServer
from tests.net.client import KEY, OpenHttp, Speaker, spoken

Speak = Callable[..., Speaker]

PING = "/api/contexts/__ping__"
PROXY_WORD = "hunter" + "2"
PATIENT_S = 20.0
"""No test is about speed: what takes so long hangs."""


def why_of(http: Http, path: str = PING, **request: object) -> str:
    with pytest.raises(Unreachable) as caught:
        http.request("GET", path, **request)  # type: ignore[arg-type]
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value.why


# -- faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("met", "why"),
    [
        (fault.CLOSE_BEFORE_BODY, "closed"),
        (fault.CLOSE_AFTER_BODY, "closed"),
        (fault.RESET, "closed"),
        (fault.ANSWER_CUT, "closed"),
        (fault.SLOW_HEAD, "timeout"),
        (fault.SLOW_BODY, "timeout"),
        (fault.SILENCE, "timeout"),
        (fault.oversized(), "too-large"),
        (fault.bomb(), "too-large"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_fault_ends_in_its_reason_and_the_next_request_passes(
    contox_server: ContoxServer, open_http: OpenHttp, met: fault.Fault, why: str
) -> None:
    http = open_http(contox_server.url, contox_server.key, total_s=1.0)
    contox_server.faults.script([met], where=fault.EVERY)
    begun = time.monotonic()
    assert why_of(http) == why
    assert time.monotonic() - begun < PATIENT_S
    assert http.request("GET", PING).status == 404


def test_a_body_of_just_the_bound_passes(speak: Speak, open_http: OpenHttp) -> None:
    body = b'"' + b"x" * (MAX_BODY_BYTES - 2) + b'"'
    assert open_http(speak(spoken(body=body)).url).request("GET", PING).body == body


def test_a_bomb_is_not_unpacked_to_its_size(speak: Speak, open_http: OpenHttp) -> None:
    http = open_http(speak(spoken(body=gzip.compress(b" " * (64 << 20)), content_encoding="gzip")).url)
    tracemalloc.start()
    try:
        assert why_of(http) == "too-large"
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX_BODY_BYTES
    finally:
        tracemalloc.stop()


def test_a_packed_answer_is_unpacked(speak: Speak, open_http: OpenHttp) -> None:
    packed = spoken(body=gzip.compress(b'{"a":1}'), content_encoding="gzip")
    assert open_http(speak(packed).url).request("GET", PING).json() == {"a": 1}


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"{}" * 99, mtime=0)[:20]])
def test_an_answer_that_cannot_be_unpacked_is_an_error(speak: Speak, open_http: OpenHttp, body: bytes) -> None:
    with pytest.raises(RemoteError):
        open_http(speak(spoken(body=body, content_encoding="gzip")).url).request("GET", PING).json()


@pytest.mark.parametrize(
    "garbage", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x16" + b"\n" * 9]
)
def test_what_is_not_http_is_an_error(speak: Speak, open_http: OpenHttp, garbage: bytes) -> None:
    assert why_of(open_http(speak(garbage).url, total_s=2.0)) in ("closed", "timeout")


def test_connections_are_kept(speak: Speak, open_http: OpenHttp) -> None:
    speaker = speak(spoken())
    http = open_http(speaker.url)
    for _ in range(5):
        http.request("POST", PING, body=b"{}")
    assert speaker.connections == 1


# -- networks -----------------------------------------------------------------------------------------------------------


def test_an_unknown_name(open_http: OpenHttp) -> None:
    assert why_of(open_http("http://nowhere.invalid", plain_http=True)) == "dns"


def test_nobody_listens(open_http: OpenHttp) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert why_of(open_http(f"http://127.0.0.1:{port}")) == "connect"


def test_a_resolver_that_hangs_holds_up_neither_the_request_nor_the_close(
    open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def hang(*_: object) -> list[object]:
        released.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begun = time.monotonic()
    http = open_http("http://nowhere.invalid", plain_http=True, total_s=0.3)
    assert why_of(http) == "timeout"
    http.close()
    assert time.monotonic() - begun < PATIENT_S
    released.set()


def test_a_certificate_that_nobody_vouches_for(open_http: OpenHttp) -> None:
    with ContoxServer(tls=True) as server:
        assert why_of(open_http(server.url, server.key)) == "tls"
        assert server.requests == []


def test_a_certificate_that_the_environment_vouches_for(
    open_http: OpenHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ContoxServer(tls=True) as server:
        (tmp_path / "ca.pem").write_bytes(server.ca_pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert open_http(server.url, server.key).request("GET", PING).status == 404


def test_a_certificate_of_another_name(open_http: OpenHttp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ContoxServer(tls=True, tls_names=("elsewhere.example",)) as server:
        (tmp_path / "ca.pem").write_bytes(server.ca_pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert why_of(open_http(server.url, server.key)) == "tls"


def test_certificates_that_are_not_there(open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(Unreachable):
        open_http("https://nowhere.invalid").request("GET", PING)


def test_a_handshake_that_fails(open_http: OpenHttp) -> None:
    with ContoxServer(tls=True) as server:
        server.fail_handshakes()
        assert why_of(open_http(server.url, server.key)) == "tls"


# -- where the key goes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [300, 301, 302, 303, 307, 308])
def test_no_redirect_is_followed(contox_server: ContoxServer, open_http: OpenHttp, code: int) -> None:
    contox_server.faults.script([fault.redirect(contox_server.trap.url, code)] * 2, where=fault.EVERY)
    http = open_http(contox_server.url, contox_server.key)
    assert why_of(http) == "redirect"
    with pytest.raises(Unreachable, match=r"a redirect to 127\.0\.0\.1 "):
        http.request("POST", "/api/v2/ingest", body=b"{}")
    assert contox_server.trap.caught == []


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://login.example/?next=1", "login.example"),
        ("//login.example", "login.example"),
        ("/other", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("http://[", "elsewhere"),
        ("http://a\x1b[31mb.example", "a[31mb.example"),
    ],
)
def test_a_redirect_names_its_host_harmlessly(speak: Speak, open_http: OpenHttp, location: str, named: str) -> None:
    http = open_http(speak(spoken("302 Found", location=location)).url)
    with pytest.raises(Unreachable) as caught:
        http.request("GET", PING)
    assert caught.value.why in ("redirect", "closed")  # h11 refuses the escape before we see it
    if caught.value.why == "redirect":
        assert f"redirect to {named} " in caught.value.message
    assert caught.value.message.isprintable()


def test_not_modified_is_no_redirect(speak: Speak, open_http: OpenHttp) -> None:
    http = open_http(speak(b'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n').url)
    assert http.request("GET", PING).headers["etag"] == '"x"'


def test_netrc_has_no_say(
    contox_server: ContoxServer, open_http: OpenHttp, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = sealed / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\ndefault login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    open_http(contox_server.url, contox_server.key).request("GET", PING)
    assert contox_server.requests[0].headers["authorization"] == f"Bearer {contox_server.key}"


def test_a_proxy_never_sees_what_goes_to_this_machine(
    contox_server: ContoxServer, open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", contox_server.trap.url)
    monkeypatch.setenv("ALL_PROXY", contox_server.trap.url)
    assert open_http(contox_server.url, contox_server.key).request("GET", PING).status == 404
    assert contox_server.trap.caught == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_never_sees_what_goes_in_the_clear(
    contox_server: ContoxServer, open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, contox_server.trap.url)
    assert why_of(open_http("http://nowhere.invalid", plain_http=True)) == "dns"
    assert contox_server.trap.caught == []


def test_the_way_through_a_proxy_to_https_does_not_show_it_the_key(
    contox_server: ContoxServer, open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", contox_server.trap.url)
    with pytest.raises(Unreachable):  # the trap's answer to CONNECT begins no TLS
        open_http("https://nowhere.invalid", total_s=5.0).request("GET", PING)
    assert contox_server.trap.caught
    assert KEY.encode() not in b"".join(contox_server.trap.caught)


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://127.0.0.1:1",
        f"nonsense://user:{PROXY_WORD}@h",
        f"socks5://user:{PROXY_WORD}@127.0.0.1:1",
        "http://[",
        "http://127.0.0.1:1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_an_error_that_hides_its_password(
    open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(Unreachable) as caught:
        open_http("https://nowhere.invalid").request("GET", PING)
    assert caught.value.why in ("connect", "dns")
    assert PROXY_WORD not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "path", ["", "api", "@evil.example/x", ".evil.example/x", ":1/x", "http://evil.example/", "\\evil"]
)
def test_a_path_cannot_become_another_host(contox_server: ContoxServer, open_http: OpenHttp, path: str) -> None:
    with pytest.raises(RemoteError):
        open_http(contox_server.url, contox_server.key).request("GET", path)
    assert contox_server.requests == []


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/../../x", "/\r\nhost: evil.example", "/\x00", "/ä b", "/http://evil.example/"]
)
def test_whatever_a_path_holds_only_our_server_is_asked(
    contox_server: ContoxServer, open_http: OpenHttp, path: str
) -> None:
    try:
        reply = open_http(contox_server.url, contox_server.key).request("GET", path)
    except RemoteError:
        return
    assert reply.status == 404
    assert contox_server.requests[0].headers["host"] == contox_server.url.removeprefix("http://")


def test_cookies_are_not_kept(speak: Speak, open_http: OpenHttp) -> None:
    speaker = speak(spoken(set_cookie="a_session=1; Path=/"))
    http = open_http(speaker.url)
    http.request("GET", PING)
    http.request("GET", PING)
    assert b"cookie" not in speaker.heard[1].lower()


@pytest.mark.parametrize("key", ["", " ", "a\nb", "a\r\nx-other: 1", "ключ", "a\x00", " a", "\x7f"])
def test_a_key_that_no_header_carries_is_refused_and_not_repeated(open_http: OpenHttp, key: str) -> None:
    with pytest.raises(AccessRefused) as caught:
        open_http("http://127.0.0.1:1", key)
    assert not key.strip() or key not in caught.value.message


def test_a_server_that_repeats_the_key_does_not_get_it_into_messages(speak: Speak, open_http: OpenHttp) -> None:
    body = json.dumps({"error": f"bad key {KEY}"}).encode()
    http = open_http(speak(spoken("401 Unauthorized", body=body)).url)
    reply = http.request("GET", PING)
    assert reply.error_text() == "bad key [key]"
    assert KEY not in repr(reply)
    assert KEY not in repr(http) + str(http)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"error": f"bad key {KEY}"}).replace("contox_sk", "cont\\u006fx_\\u0073k").encode(),
        json.dumps({"error": f"bad key {KEY.upper()}"}).encode(),
        json.dumps({"error": f"bad key {KEY[:9]}\u200b{KEY[9:]}"}).encode(),
        json.dumps({"error": f"{'x' * 190} {KEY}"}).encode(),
    ],
)
def test_however_a_server_writes_the_key_it_is_masked(speak: Speak, open_http: OpenHttp, body: bytes) -> None:
    said = open_http(speak(spoken("401 Unauthorized", body=body)).url).request("GET", PING).error_text()
    assert said
    assert KEY[:9] not in said.lower()


def test_the_key_as_a_host_or_a_type_is_masked(speak: Speak, open_http: OpenHttp) -> None:
    key = "Contox" + "Key0123456789"
    moved = open_http(speak(spoken("302 Found", location=f"https://{key}.example/")).url, key)
    with pytest.raises(Unreachable, match=r"a redirect to \[key\]\.example "):
        moved.request("GET", PING)
    typed = open_http(speak(spoken(body=b"{}", content_type=f"text/{key}")).url, key).request("GET", PING)
    with pytest.raises(RemoteError, match=r"text/\[key\]"):
        typed.json()


# -- packed requests ----------------------------------------------------------------------------------------------------

LONG, SHORT = b'"' + b"x" * 2000 + b'"', b"{}"


def encodings(speaker: Speaker) -> list[bool]:
    return [b"content-encoding: gzip" in head.lower() for head in speaker.heard]


def test_a_long_body_is_packed_once_the_origin_has_said_so(contox_server: ContoxServer, open_http: OpenHttp) -> None:
    contox_server.accepts_gzip = True
    http = open_http(contox_server.url, contox_server.key)
    for body in (LONG, LONG, SHORT):
        http.request("POST", "/api/v2/sessions", body=body)
    seen = contox_server.requests
    assert ["content-encoding" in one.headers for one in seen] == [False, True, False]
    assert gzip.decompress(seen[1].body) == LONG
    assert {one.headers["content-type"] for one in seen} == {"application/json"}


@pytest.mark.parametrize("said", ["", "identity", "br, gzip;q=0", "gzip; q=0.0"])
def test_without_the_word_nothing_is_packed(speak: Speak, open_http: OpenHttp, said: str) -> None:
    speaker = speak(spoken(accept_encoding=said))
    http = open_http(speaker.url)
    for _ in range(2):
        http.request("POST", PING, body=SHORT + b" " * 1500)
    assert encodings(speaker) == [False, False]


def test_packing_that_is_refused_is_given_up(speak: Speak, open_http: OpenHttp) -> None:
    yes = {"accept_encoding": "deflate, GZIP;q=0.5"}
    speaker = speak(spoken(**yes), spoken("415 Unsupported Media Type", **yes), spoken("202 Accepted", **yes))
    http = open_http(speaker.url)
    assert http.request("GET", PING).status == 200
    assert http.request("POST", PING, body=LONG).status == 202
    assert http.request("POST", PING, body=LONG).status == 202
    heads = [head for head in speaker.heard if b"HTTP/1.1" in head]
    assert [b"content-encoding: gzip" in head.lower() for head in heads] == [False, True, False, False]


# -- replies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"{}"),
        ("image/png", b"{}"),
        ("application/json", b"<html>"),
        ("application/json", b""),
        ("application/json", b"\xff\xfe\xfd"),
        ("application/json", b"[" * 200_000),
        ("text/\x1b[31mevil", b"{}"),
    ],
)
def test_what_is_not_json_is_refused_in_one_clean_line(content_type: str, body: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        Reply(200, {"content-type": content_type}, body).json()
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/problem+json", "Application/JSON", ""]
)
def test_what_is_json_is_read(content_type: str) -> None:
    assert Reply(200, {"content-type": content_type}, b'{"a":[1]}').json() == {"a": [1]}


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{}", b'{"error":{"a":1}}', b'{"error":null}', b"<p>", b"null"])
def test_an_error_without_text_says_nothing(body: bytes) -> None:
    assert Reply(500, {}, body).error_text() == ""


@given(st.text())
def test_text_from_outside_is_one_harmless_line(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= 200
    assert shown.isprintable()


# -- pace and interruption ----------------------------------------------------------------------------------------------


def test_the_pace_is_kept_before_anything_is_sent(contox_server: ContoxServer, open_http: OpenHttp) -> None:
    http = open_http(contox_server.url, contox_server.key, per_minute=2, patience_s=0.0)
    http.request("GET", PING)
    http.request("GET", PING)
    with pytest.raises(Unreachable) as caught:
        http.request("GET", PING)
    assert caught.value.why == "rate"
    assert 50 < (caught.value.wait_s or 0) <= 62
    assert len(contox_server.requests) == 2


def test_silence_that_the_server_asks_for_is_kept(contox_server: ContoxServer, open_http: OpenHttp) -> None:
    contox_server.faults.script([fault.throttled(120)], where=fault.EVERY)
    http = open_http(contox_server.url, contox_server.key)
    assert http.request("GET", PING).status == 429
    assert why_of(http) == "rate"
    assert len(contox_server.requests) == 1


def test_a_server_with_a_lower_limit_is_not_asked_more_often(contox_server: ContoxServer, open_http: OpenHttp) -> None:
    contox_server.rate = RateLimit(3, window_s=30)
    http = open_http(contox_server.url, contox_server.key, patience_s=0.0)
    for _ in range(3):
        http.request("GET", PING)
    with pytest.raises(Unreachable) as caught:
        http.request("GET", PING)
    assert 20 < (caught.value.wait_s or 0) <= 62
    assert contox_server.rate.refused == 0


_INTERRUPTED = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs this in the background ignores it
from contox_hooks.net.http import Http
from contox_hooks.net.pace import Pace
from contox_hooks.wire.endpoint import parse_endpoint
http = Http(parse_endpoint(sys.argv[1]), "k" * 9, pace=Pace(Path(sys.argv[2]), 100), total_s=60)
try:
    if sys.argv[3] == "request":
        http.request("GET", "/x")
    for chunk in http.chunks("/x", quiet_s=60):
        print(chunk)
except KeyboardInterrupt:
    http.close()
    print("left")
"""


@pytest.mark.parametrize("asked", ["request", "stream"])
def test_an_interrupt_leaves_at_once_and_cleanly(speak: Speak, tmp_path: Path, asked: str) -> None:
    head = spoken(content_type="text/event-stream").replace(b"content-length: 2", b"content-length: 99")
    speaker = speak(head if asked == "stream" else b"HTTP/1.1 200 OK\r\n")
    process = subprocess.Popen(
        [sys.executable, "-W", "default", "-c", _INTERRUPTED, speaker.url, str(tmp_path / "pace.json"), asked],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    deadline = time.monotonic() + PATIENT_S
    while not speaker.heard and time.monotonic() < deadline:
        time.sleep(0.02)
    assert speaker.heard
    time.sleep(0.1)  # into the wait for the rest
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENT_S)
    assert (out.splitlines()[-1], err, process.returncode) == ("left", "", 0)


_HANGING = """
import socket, sys, time
from pathlib import Path
from contox_hooks.net.http import Http, Unreachable
from contox_hooks.net.pace import Pace
from contox_hooks.wire.endpoint import parse_endpoint
socket.getaddrinfo = lambda *_: time.sleep(600)
http = Http(parse_endpoint("https://nowhere.invalid"), "k" * 9, pace=Pace(Path(sys.argv[1]), 100), total_s=0.2)
try:
    http.request("GET", "/x")
except Unreachable as error:
    http.close()
    print(error.why)
"""


def test_a_process_ends_while_its_resolver_hangs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HANGING, str(tmp_path / "pace.json")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENT_S, cwd=Path(__file__).parents[2], check=False
    )
    assert (done.stdout, done.stderr) == ("timeout\n", "")

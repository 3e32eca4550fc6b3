from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.error import UsageError
from contox_hooks.wire.endpoint import DEFAULT_URL, Endpoint, parse_endpoint


@pytest.mark.parametrize(
    ("text", "base", "host", "is_loopback"),
    [
        (DEFAULT_URL, "https://contox.dev", "contox.dev", False),
        (" https://Contox.Dev/ ", "https://contox.dev", "contox.dev", False),
        ("HTTPS://contox.dev:443", "https://contox.dev", "contox.dev", False),
        ("https://a.example:8443/team/", "https://a.example:8443/team", "a.example", False),
        ("http://localhost:3000/", "http://localhost:3000", "localhost", True),
        ("http://LOCALHOST", "http://localhost", "localhost", True),
        ("http://127.0.0.1:80", "http://127.0.0.1", "127.0.0.1", True),
        ("http://127.255.0.9", "http://127.255.0.9", "127.255.0.9", True),
        ("http://[::1]:8080/x", "http://[::1]:8080/x", "::1", True),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]", "2001:db8::1", False),
    ],
)
def test_parts(text: str, base: str, host: str, is_loopback: bool) -> None:
    assert parse_endpoint(text) == Endpoint(base, host, is_loopback)
    assert parse_endpoint(base) == Endpoint(base, host, is_loopback)


@pytest.mark.parametrize(
    "text",
    [
        "", "contox.dev", "//contox.dev", "ftp://contox.dev", "file:///etc/passwd", "https://", "https:///api",
        "https://contox.dev?", "https://contox.dev/?a=1", "https://contox.dev/#", "https://contox.dev#a",
        "https://ada@contox.dev", "https://ada:pw@contox.dev", "https://@contox.dev", "https://contox.dev\\@evil.example",
        "https://con tox.dev", "https://contox.dev/\nx", "https://contox.dev\x00", "https://contóx.dev",
        "https://contox.dev:99999", "https://contox.dev:x", "https://[::1", "https://[fe80::1%25eth0]", "https://[v1.x]",
        "https://-", "https://.", "javascript:alert(1)", "https:ada:pw@contox.dev", "https:/ada:pw@contox.dev/",
        "https:///ada:pw@contox.dev", "http:/ada:pw@contox.dev", "ada:pw@contox.dev", "https://contox.dev/pw@x", "https://a%40pw",
        "https://contox.dev:0", "http://127.0.0.1:0",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_endpoint(text)
    assert caught.value.hint
    assert "pw" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    "host",
    ["contox.dev", "10.0.0.1", "0.0.0.0", "127.1", "0127.0.0.1", "2130706433", "127.0.0.1.evil.example",
     "localhost.evil.example", "[::2]", "[::ffff:127.0.0.1]"],
)  # fmt: skip
def test_plain_http_leaves_the_machine_only_when_allowed(host: str) -> None:
    with pytest.raises(UsageError, match="in the clear"):
        parse_endpoint(f"http://{host}")
    endpoint = parse_endpoint(f"http://{host}", plain_http=True)
    assert not endpoint.is_loopback
    assert endpoint.base == f"http://{host}"


@given(st.text(max_size=30) | st.text(max_size=30).map(lambda text: f"https://{text}"))
def test_gives_an_endpoint_or_a_usage_error(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except UsageError:
        return
    assert parse_endpoint(endpoint.base) == endpoint
    assert not endpoint.base.endswith("/")

"""Which host a header names, and that nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.net.host import host_of, host_of_origin


@pytest.mark.parametrize(
    ("netloc", "host"),
    [
        ("localhost", "localhost"), ("LOCALHOST.:8788", "localhost"), ("[::1]:80", "::1"), ("127.0.0.1:", "127.0.0.1"),
        ("localhost:80@evil.example", ""), ("evil.example@localhost", ""), ("127.0.0.1:evil.example", ""),
        ("localhost:99999", ""), ("localhost:-1", ""), ("localhost/x", ""), ("localhost\t", ""), ("[", ""), ("", ""),
    ],
)  # fmt: skip
def test_hosts(netloc: str, host: str) -> None:
    assert host_of(netloc) == host
    assert host_of_origin(f"http://{netloc}") == host_of_origin(f"https://{netloc}") == host
    assert host_of_origin(netloc) == host_of_origin(f"file://{netloc}") == ""


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_whatever_it_is_it_is_decided(text: str) -> None:
    assert not set(host_of(text)) & set("@/")

"""The scanner gives exact slices, and refuses what a signature could not be checked over."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contox.raw_json import members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_a_slice_is_the_very_text_of_the_value(data: dict[str, object], ascii_only: bool, indent: object) -> None:
    def text(value: object) -> bytes:
        return json.dumps(value, ensure_ascii=ascii_only).encode(errors="backslashreplace")

    body = b" {" + b" , ".join(text(name) + b" :\n" + text(value) for name, value in data.items()) + b"}\r\n"
    assert members(body) == {name: text(value) for name, value in data.items()}
    whole = json.dumps(data, indent=indent).encode()  # type: ignore[arg-type]
    assert {name: json.loads(raw) for name, raw in members(whole).items()} == data


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"{",
        b'{"a"}',
        b'{"a":}',
        b'{"a":1,}',
        b'{"a":1}x',
        b'{"a":1 "b":2}',
        b'{"a":1,"a":1}',
        b'{"a":NaN}',
        b'{"a":"\xff"}',
        b"{'a':1}",
    ],
)
def test_what_is_not_one_strict_object_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        members(body)

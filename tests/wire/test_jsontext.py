from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.wire.jsontext import SAFE_INTEGER, stringify

texts = st.text(st.characters(codec=None, exclude_categories=[]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts.map(lambda key: f"k{key}"), inner, max_size=4),
    max_leaves=12,
)

# What JSON.stringify of Node.js 20 wrote for these; every row was compared with it by hand.
AS_JAVASCRIPT = [
    ("\x00\x01\x1f", r'"\u0000\u0001\u001f"'),
    ("\b\t\n\f\r\x0b", r'"\b\t\n\f\r\u000b"'),
    ('"\\/', '"\\"\\\\/"'),
    ("\x7f\x80\x9f\xad", '"\x7f\x80\x9f\xad"'),
    ("\u2028\u2029\ufeff\uffff", '"\u2028\u2029\ufeff\uffff"'),
    ("é漢😀", '"é漢😀"'),
    ("\ud83d", r'"\ud83d"'),
    ("\ude00\ud83d", r'"\ude00\ud83d"'),
    ("\udfff\ud800x\udbff", r'"\udfff\ud800x\udbff"'),
    ("\ud83d\ude00", '"😀"'),
    ({"b": 1, "a": [None, True, False, -0, 9007199254740991]}, '{"b":1,"a":[null,true,false,0,9007199254740991]}'),
    ({"1": 0, "10": 0, "x": 0, "01": 0, "-1": 0, "4294967295": 0}, '{"1":0,"10":0,"x":0,"01":0,"-1":0,"4294967295":0}'),
    ([0.5, -0.25, 0.0001, 123456.789], "[0.5,-0.25,0.0001,123456.789]"),
    ({}, "{}"),
    (("a",), '["a"]'),
    ({"\ud83d": "é"}, '{"\\ud83d":"é"}'),
]


@pytest.mark.parametrize(("value", "text"), AS_JAVASCRIPT)
def test_writes_what_javascript_writes(value: object, text: str) -> None:
    assert stringify(value) == text


@pytest.mark.parametrize(
    "value",
    [
        math.nan, math.inf, -math.inf, 1.0, -0.0, 1e16, 1e-5, 1.5e300, SAFE_INTEGER + 1, -SAFE_INTEGER - 1,
        {"a": 0, "1": 0}, {"2": 0, "1": 0}, {1: 0}, {None: 0}, b"bytes", {1, 2}, object(),
    ],
)  # fmt: skip
def test_refuses_what_javascript_writes_otherwise(value: object) -> None:
    with pytest.raises(ValueError):
        stringify([value])


@given(values)
def test_is_utf8_and_stable_through_a_parser(value: object) -> None:
    text = stringify(value)
    text.encode()
    assert stringify(json.loads(text)) == text


@given(texts)
def test_escapes_only_what_must_be(text: str) -> None:
    written = stringify(text)
    plain = [character for character in text if character >= " " and character not in '"\\' and not _is_half(character)]
    assert all(character in written for character in plain)
    assert written.count("\\u") <= sum(character < " " or _is_half(character) for character in text) + text.count("\\")


def _is_half(character: str) -> bool:
    return 0xD800 <= ord(character) <= 0xDFFF

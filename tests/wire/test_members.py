"""The slice of a body that was signed (wire/members.py): against json, and against what parsers read differently."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.wire.members import Malformed, members

blanks = st.text(" \t\n\r", max_size=3)
texts = st.text(max_size=8) | st.sampled_from(["event", "\\", '"', "{", '"event":{}', "\ud83d", "\0", "}", "é😀"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.just("event"), inner, max_size=3),
    max_leaves=8,
)


@given(
    fields=st.dictionaries(texts, values, max_size=5), event=values, escaped=st.booleans(), gaps=st.lists(blanks, min_size=9),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_each_value_is_found_as_it_was_written(
    fields: dict[str, Any], event: Any, escaped: bool, gaps: list[str], seed: int
) -> None:
    rng = random.Random(seed)
    separators = (f"{rng.choice(gaps)},{rng.choice(gaps)}", f"{rng.choice(gaps)}:{rng.choice(gaps)}")
    wanted = {**fields, "event": event}
    names = list(wanted)
    rng.shuffle(names)
    # Lone surrogates can only be sent as escapes.
    raw = {name: _sendable(json.dumps(wanted[name], ensure_ascii=escaped, separators=separators)) for name in names}
    gap = rng.choice(gaps)
    inner = ",".join(
        f"{gap}{_sendable(json.dumps(name, ensure_ascii=escaped))}{gap}:{gap}{raw[name]}{gap}" for name in names
    )
    body = f"{gap}{{{inner}}}{gap}".encode()
    found = members(body)
    assert {name: member.text for name, member in found.items()} == raw
    assert {name: member.value for name, member in found.items()} == json.loads(body)
    assert found["event"].text.encode() in body


def _sendable(text: str) -> str:
    return "".join(f"\\u{ord(sign):04x}" if "\ud800" <= sign <= "\udfff" else sign for sign in text)


def test_escapes_and_lone_surrogates_stay_as_they_were_sent() -> None:
    body = rb'{"\u0065vent" : {"a":"\ud83d","b":1.50,"c":1e2,"d":"\u00e9\/"} }'
    assert members(body)["event"].text == r'{"a":"\ud83d","b":1.50,"c":1e2,"d":"\u00e9\/"}'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"event":{},"event":{}}', "event is there twice"),
        (rb'{"event":{},"\u0065vent":{}}', "event is there twice"),
        (b'{"projectId":"a","event":{},"projectId":"b"}', "projectId is there twice"),
        (b"", "it is not JSON"),
        (b"[]", "it is not JSON"),
        (b'{"event":{}} {}', "it is not JSON"),
        (b'{"event":{},}', "it is not JSON"),
        (b'{"event":01}', "it is not JSON"),
        (b'{"event":NaN}', "it is not JSON"),
        (b'{"event":[-Infinity]}', "it is not JSON"),
        (b'{"event":"a\nb"}', "it is not JSON"),
        (b'{"event":' + b"1" * 5000 + b"}", "it is not JSON"),
        (b'\xef\xbb\xbf{"event":{}}', "it is not JSON"),
        ('{"event":{}}'.encode("utf-16"), "it is not UTF-8"),
        (b'{"event":"\xff"}', "it is not UTF-8"),
        (b'{"event":"\xed\xa0\xbd"}', "it is not UTF-8"),
        (b'{"event":' + b"[" * 200_000, "it is nested too deep"),
        (b'{"event":' + b'{"a":' * 200_000 + b"1" + b"}" * 200_001, "it is nested too deep"),
    ],
)
def test_what_two_parsers_may_read_differently_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        members(body)


@given(st.binary(max_size=40) | st.text(' {}[]":,\\\nntea01', max_size=30).map(str.encode))
def test_it_takes_what_json_takes(body: bytes) -> None:
    try:
        expected = json.loads(body.decode(), parse_constant=_refused)
    except ValueError:
        expected = None
    try:
        found = members(body)
    except Malformed as refused:
        problem = str(refused)
    else:
        problem = ""
        assert {name: member.value for name, member in found.items()} == expected
    assert problem == "" or not isinstance(expected, dict) or "twice" in problem


def _refused(constant: str) -> None:
    raise ValueError(constant)

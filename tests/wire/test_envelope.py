from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.wire.envelope import content_hash, envelope, iso_ms
from contox_hooks.wire.jsontext import stringify

HEAD = {"source": "cli", "timestamp": "2026-01-02T03:04:05.678Z", "nonce": "n", "signature": "s"}


def test_form_a() -> None:
    event = '{"type":"vscode_capture","commits":[{"message":"é \\ud83d"}]}'
    body = envelope(project_id="p", event_text=event, skip_enrichment=False, **HEAD)
    assert body.decode() == (
        '{"source":"cli","timestamp":"2026-01-02T03:04:05.678Z","nonce":"n","signature":"s","projectId":"p",'
        '"event":{"type":"vscode_capture","commits":[{"message":"é \\ud83d"}]}}'
    )


@given(st.text(st.characters(codec=None, exclude_categories=[])), st.booleans())
def test_the_event_stands_in_it_as_it_was_signed(text: str, skip: bool) -> None:
    event = stringify({"type": "x", "text": text})
    body = envelope(project_id=text, event_text=event, skip_enrichment=skip, **HEAD)
    assert b'"event":' + event.encode() in body
    read = json.loads(body)
    assert read.get("skipEnrichment", False) is skip
    assert ("skipEnrichment" in read) is skip
    assert stringify(read) == body.decode()


def test_content_hash() -> None:
    assert content_hash("p", "cli", '{"é":1}') == hashlib.sha256('p\ncli\n{"é":1}'.encode()).hexdigest()
    assert content_hash("p", "cli", "{}") != content_hash("p", "vscode", "{}")


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (1767323045.678, "2026-01-02T03:04:05.678Z"),
        (1767323045, "2026-01-02T03:04:05.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (0.9996, "1970-01-01T00:00:01.000Z"),
        (-5, "1970-01-01T00:00:00.000Z"),
        (1e18, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_iso_ms(at: float, text: str) -> None:
    assert iso_ms(at) == text

"""The client asked of a server that is no Contox server: other hints, and no key where none is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from contox_hooks.domain.error import AccessRefused, RemoteError
from contox_hooks.net.http import CONTOX, Http, Peer, Unreachable
from contox_hooks.net.pace import Pace
from contox_hooks.wire.endpoint import parse_endpoint
from tests.net.client import KEY, Speaker, spoken

OTHER = Peer("is it a well?", "dig", "follow the water", may_be_keyless=True)
Speak = Callable[..., Speaker]


def opened(url: str, folder: Path, key: str, peer: Peer) -> Http:
    return Http(parse_endpoint(url), key, pace=Pace(folder / "pace.json", 1_000_000), peer=peer)


def test_without_a_key_none_is_sent_and_only_where_peer_and_place_allow(speak: Speak, tmp_path: Path) -> None:
    speaker = speak(spoken())
    http = opened(speaker.url, tmp_path, "", OTHER)
    assert http.request("GET", "/").status == 200
    http.close()
    assert b"authorization" not in speaker.heard[0].lower()
    for url, peer, hint in (("https://well.example", OTHER, "dig"), (speaker.url, CONTOX, "contox-hooks connect")):
        with pytest.raises(AccessRefused) as caught:
            opened(url, tmp_path, "", peer)
        assert caught.value.hint == hint


def test_hints_are_the_peers(speak: Speak, tmp_path: Path) -> None:
    nonsense = speak(spoken(body=b"<p>", content_type="text/html"))
    http = opened(nonsense.url, tmp_path, KEY, OTHER)
    with pytest.raises(RemoteError) as told:
        http.request("GET", "/").json()
    assert told.value.hint == "is it a well?"
    http.close()
    away = opened(speak(spoken("302 Found", location="http://elsewhere.example/")).url, tmp_path, KEY, OTHER)
    with pytest.raises(Unreachable) as moved:
        away.request("GET", "/")
    assert moved.value.hint == "follow the water"
    away.close()

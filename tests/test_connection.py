"""A repository's connection: kept whole, read tolerantly, without a secret in it."""

from __future__ import annotations

import json
import stat
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.connection import (
    Connection,
    connection_path,
    forget_connection,
    keep_connection,
    read_connection,
)
from contox_hooks.domain.error import AccessRefused, NotConnected, StoreError
from contox_hooks.link import link_of
from tests.test_whole import full_disk

HERE = Connection("https://contox.dev", "team_1", "proj_1", "Näme", source="laptop", paused=True, connected_at=7)


def test_kept_and_read_it_is_the_same(tmp_path: Path) -> None:
    assert read_connection(tmp_path) is None
    keep_connection(tmp_path, HERE)
    assert read_connection(tmp_path) == HERE
    assert stat.S_IMODE(connection_path(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["connection.json"]
    forget_connection(tmp_path)
    forget_connection(tmp_path)
    assert read_connection(tmp_path) is None


def test_it_holds_no_field_for_a_secret() -> None:
    assert not {"key", "secret", "token", "api_key", "hmac_secret"} & set(asdict(HERE))


def test_its_id_tells_servers_and_projects_apart() -> None:
    ids = {
        Connection(url, "t", project).id for url in ("https://a.example", "https://b.example") for project in ("p", "q")
    }
    assert len(ids) == 4


def test_what_a_newer_program_added_is_passed_over(tmp_path: Path) -> None:
    connection_path(tmp_path).write_text(json.dumps(asdict(HERE) | {"later": 1}))
    assert read_connection(tmp_path) == HERE


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "{}", '{"url": "https://contox.dev"}'])
def test_a_damaged_file_is_told_with_what_to_type(tmp_path: Path, text: str) -> None:
    connection_path(tmp_path).write_text(text)
    with pytest.raises(StoreError, match=r"connection\.json cannot be read") as caught:
        read_connection(tmp_path)
    assert "contox-hooks connect" in caught.value.hint


@given(st.binary(max_size=100))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_no_content_raises_anything_else(tmp_path: Path, content: bytes) -> None:
    connection_path(tmp_path).write_bytes(content)
    with pytest.raises(StoreError):
        read_connection(tmp_path)


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    keep_connection(tmp_path, HERE)
    with full_disk(), pytest.raises(StoreError, match="cannot be written"):
        keep_connection(tmp_path, Connection("https://other.example", "t", "p"))
    assert read_connection(tmp_path) == HERE


def test_the_link_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotConnected):
        link_of(tmp_path)
    keep_connection(tmp_path, HERE)
    with link_of(tmp_path) as link, pytest.raises(AccessRefused, match="no key for Näme"):
        _ = link.credentials


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", 5), ("url", None), ("url", ""), ("url", "https://ada:" + "hunter2@contox.dev"), ("url", "file:///etc"),
        ("team_id", 7), ("project_id", 5), ("project_id", ""), ("project_name", 7), ("source", None), ("paused", "no"), ("paused", 1),
        ("plain_http", None), ("requests_per_minute", "x"), ("requests_per_minute", None), ("requests_per_minute", 0),
        ("requests_per_minute", True), ("batching", 0), ("connected_at", "x"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_told_and_not_repeated(tmp_path: Path, name: str, value: object) -> None:
    connection_path(tmp_path).write_text(json.dumps(asdict(HERE) | {name: value}))
    with pytest.raises(StoreError, match=f"cannot be read.*{name}") as caught:
        read_connection(tmp_path)
    assert "hunter2" not in caught.value.message

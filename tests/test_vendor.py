"""The vendor's files: what its own programs wrote is read; what a stranger wrote is not trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contox_hooks.domain.error import AccessRefused, Error, Refused, UsageError
from contox_hooks.vendor import (
    Machine,
    VendorProject,
    check_writable,
    read_project,
    read_rc,
    this_machine,
    write_project,
)

MACHINE = Machine("workbench.local", "ada", "/home/ada")
# Made with Node's crypto (createCipheriv aes-256-gcm) for that machine, with fixed nonces.
SEALED_KEY = "enc:AAECAwQFBgcICQoL:FHPf90QUSQS5bOktoiG3hw==:J020YWmJINxZK0FiNbJLCe37"
SEALED_SECRET = "enc:8PHy8/T19vf4+fr7:TQNTrH6Fg7a1oVw4GQ5B1Q==:1KxbKci9mRScqt7Adjls8w=="
KEY, SECRET = "ctx_" + "example_key_é", "hmac-" + "test-secret"

RC = {
    "apiKey": SEALED_KEY, "apiUrl": "https://contox.dev", "hmacSecret": SEALED_SECRET, "teamId": "team_1",
    "projectId": "proj_1",
}  # fmt: skip


def rc(folder: Path, values: object) -> Path:
    path = folder / "rc"
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return path


def test_fields_that_node_encrypted_are_read(tmp_path: Path) -> None:
    found = read_rc(rc(tmp_path, RC), MACHINE)
    assert found is not None
    assert (found.api_key, found.hmac_secret) == (KEY, SECRET)
    assert (found.api_url, found.team_id, found.project_id) == ("https://contox.dev", "team_1", "proj_1")
    assert KEY not in repr(found)
    assert SECRET not in repr(found)


def test_plain_fields_are_read(tmp_path: Path) -> None:
    found = read_rc(rc(tmp_path, {"apiKey": KEY}), MACHINE)
    assert found is not None
    assert (found.api_key, found.hmac_secret, found.api_url, found.project_id) == (KEY, "", "", "")


@pytest.mark.parametrize(
    "machine",
    [
        Machine("renamed", "ada", "/home/ada"),
        Machine("workbench.local", "eve", "/home/ada"),
        Machine("workbench.local", "ada", "/home/eve"),
    ],
)
def test_a_renamed_machine_user_or_home_is_named(tmp_path: Path, machine: Machine) -> None:
    with pytest.raises(AccessRefused, match=r"apiKey in .*rc cannot be decrypted: this machine's name") as caught:
        read_rc(rc(tmp_path, RC), machine)
    assert "contox login" in caught.value.hint
    assert "contox-hooks connect" in caught.value.hint


@pytest.mark.parametrize(
    "value",
    ["enc:", "enc:a:b", "enc:a:b:c:d", "enc:!!:!!:!!", SEALED_KEY.replace("AAECAwQFBgcICQoL", "AAEC"), "enc:::"],
)
def test_a_field_that_is_no_ciphertext_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(AccessRefused, match=r"hmacSecret in .* is damaged"):
        read_rc(rc(tmp_path, RC | {"hmacSecret": value}), MACHINE)


def test_a_changed_ciphertext_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AccessRefused, match="cannot be decrypted"):
        read_rc(rc(tmp_path, RC | {"apiKey": SEALED_KEY.replace(":J020", ":K020")}), MACHINE)


def test_who_has_another_key_does_without_what_cannot_be_decrypted(tmp_path: Path) -> None:
    found = read_rc(rc(tmp_path, RC), Machine("renamed", "ada", "/home/ada"), needs_key=False)
    assert found is not None
    assert (found.api_key, found.hmac_secret) == ("", "")
    assert (found.api_url, found.project_id) == ("https://contox.dev", "proj_1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "[]",
        "[" * 100_000,
        '{"apiKey": 7}',
        '{"projectId": {}}',
        '"\ud800"'.encode("utf-8", "surrogatepass").decode("latin-1"),
        '{"apiUrl": "a\\u001b[2J"}',
    ],
)
def test_what_is_no_account_is_a_usage_error_that_quotes_nothing(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_rc(rc(tmp_path, text), MACHINE)
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 300


def test_an_account_in_home_is_found_and_none_is_none(sealed: Path) -> None:
    assert read_rc() is None
    (sealed / ".contoxrc").write_text(json.dumps({"apiKey": KEY}))
    found = read_rc()
    assert found is not None
    assert found.api_key == KEY


def test_the_machine_is_named_as_node_does(sealed: Path) -> None:
    assert this_machine().home == str(sealed)
    assert this_machine().host


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_content_raises_anything_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rc").write_bytes(content)
    (tmp_path / ".contox.json").write_bytes(content)
    for read in (lambda: read_rc(tmp_path / "rc", MACHINE), lambda: read_project(tmp_path)):
        try:
            read()
        except Error:
            pass


# .contox.json


def test_the_nearest_project_within_twenty_parents_counts(tmp_path: Path) -> None:
    deep = tmp_path.joinpath("a", *(f"d{n}" for n in range(20)))
    deep.mkdir(parents=True)
    (tmp_path / "a" / ".contox.json").write_text('{"teamId": "t", "projectId": "p", "projectName": "P"}')
    found = read_project(deep)
    assert found == VendorProject("t", "p", "P")
    assert found.path == tmp_path / "a" / ".contox.json"
    (deep / "one-more").mkdir()
    assert read_project(deep / "one-more") is None
    assert read_project(deep, parents=3) is None


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    project = VendorProject("t", "p", "Näme")
    assert write_project(tmp_path, project)
    assert read_project(tmp_path) == project
    assert list(json.loads((tmp_path / ".contox.json").read_text())) == ["teamId", "projectId", "projectName"]
    assert not write_project(tmp_path, project)
    assert [path.name for path in tmp_path.iterdir()] == [".contox.json"]


def test_a_file_that_names_the_project_already_stays_byte_for_byte(tmp_path: Path) -> None:
    text = '{"projectId":"p","teamId":"t","more":1}'
    (tmp_path / ".contox.json").write_text(text)
    check_writable(tmp_path, VendorProject("t", "p", "P"))
    assert not write_project(tmp_path, VendorProject("t", "p", "P"))
    assert (tmp_path / ".contox.json").read_text() == text


def test_another_project_is_refused(tmp_path: Path) -> None:
    write_project(tmp_path, VendorProject("t", "p", "Other"))
    with pytest.raises(Refused, match="another project: Other") as caught:
        check_writable(tmp_path, VendorProject("t", "q"))
    assert "--yes" in caught.value.hint


def test_a_link_out_of_the_tree_is_neither_read_nor_written_through(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside.json"
    tree.mkdir()
    text = '{"teamId": "t", "projectId": "p"}'
    outside.write_text(text)
    (tree / ".contox.json").symlink_to(outside)
    with pytest.raises(UsageError, match="link to somewhere else"):
        read_project(tree)
    with pytest.raises(Refused):
        check_writable(tree, VendorProject("t", "q"))
    assert write_project(tree, VendorProject("t", "q"))
    assert outside.read_text() == text
    assert not (tree / ".contox.json").is_symlink()


def test_what_could_block_or_fill_memory_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".contox.json")
    with pytest.raises(UsageError, match="no small regular file"):
        read_project(tmp_path)
    (tmp_path / ".contox.json").unlink()
    (tmp_path / ".contox.json").write_text(" " * 70_000 + "{}")
    with pytest.raises(UsageError, match="no small regular file"):
        read_project(tmp_path)


@pytest.mark.parametrize(
    "text", ["{}", '{"teamId": "t"}', '{"projectId": 5}', '{"projectId": "a\\nb"}', f'{{"projectId": "{"x" * 300}"}}']
)
def test_a_file_that_names_no_usable_project_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / ".contox.json").write_text(text)
    with pytest.raises(UsageError):
        read_project(tmp_path)


def test_a_folder_of_that_name_is_refused_whatever_is_agreed_to(tmp_path: Path) -> None:
    (tmp_path / ".contox.json").mkdir()
    for replace in (False, True):
        with pytest.raises(Refused, match="is a folder") as caught:
            check_writable(tmp_path, VendorProject("t", "q"), replace=replace)
        assert "move it away" in caught.value.hint


def test_what_is_agreed_to_is_replaced(tmp_path: Path) -> None:
    write_project(tmp_path, VendorProject("t", "p", "Other"))
    check_writable(tmp_path, VendorProject("t", "q"), replace=True)

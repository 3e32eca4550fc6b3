"""Credentials: one record a server and project, kept where others cannot read, shown nowhere."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import pytest

from contox_hooks.credential import (
    Credentials,
    credentials_of,
    forget_credentials,
    keep_credentials,
    keep_secret,
    kept_credentials,
)
from contox_hooks.domain.error import Busy, StoreDamaged, StoreError
from contox_hooks.lock import FileLock

URL, KEY, SECRET = "https://contox.dev", "ctx_" + "key-of-ada", "hmac-" + "of-ada"
ADA = Credentials(KEY, SECRET)


class Memory(keyring.backend.KeyringBackend):
    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.fails = False

    def _check(self) -> None:
        if self.fails:
            raise RuntimeError("locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        del self.kept[(service, username)]


@pytest.fixture(autouse=True)
def _off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_KEYRING", "off")


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    monkeypatch.delenv("CONTOX_KEYRING")
    before, memory = keyring.get_keyring(), Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def file(sealed: Path) -> Path:
    return sealed / "config" / "credentials.json"


def test_kept_in_a_file_for_the_owner_alone(file: Path) -> None:
    assert credentials_of(URL, "p") is None
    assert str(file) in keep_credentials(URL, "p", ADA)
    assert credentials_of(URL, "p") == ADA
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert {path.name for path in file.parent.iterdir()} == {"credentials.json", "credentials.lock"}


def test_one_projects_secret_is_never_anothers_nor_another_servers() -> None:
    keep_credentials(URL, "p", ADA)
    keep_credentials(URL, "q", Credentials("k2", "s2"))
    keep_credentials("http://127.0.0.1:1", "p", Credentials("k3", "s3"))
    assert credentials_of(URL, "p") == ADA
    assert credentials_of(URL, "q") == Credentials("k2", "s2")
    assert credentials_of("http://127.0.0.1:1", "p") == Credentials("k3", "s3")
    assert credentials_of("http://127.0.0.1:2", "p") is None
    forget_credentials(URL, "p")
    assert credentials_of(URL, "p") is None
    assert credentials_of(URL, "q") is not None


def test_a_new_secret_leaves_the_key() -> None:
    keep_credentials(URL, "p", ADA)
    keep_secret(URL, "p", "new")
    assert credentials_of(URL, "p") == Credentials(KEY, "new")


def test_nothing_is_shown() -> None:
    assert KEY not in f"{ADA} {ADA!r}"
    assert SECRET not in f"{ADA} {ADA!r}"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"records": []}', '{"records": {"a": 1}}', f'{{"records": {{"a": "{KEY}"']
)
def test_a_damaged_file_is_told_without_its_text_and_set_aside(file: Path, content: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(content)
    with pytest.raises(StoreError, match="is damaged") as caught:
        credentials_of(URL, "p")
    assert KEY not in caught.value.message
    assert caught.value.__cause__ is None
    assert file.read_text() == content
    with pytest.raises(StoreError):
        forget_credentials(URL, "p")
    assert file.read_text() == content
    assert "the damaged one is now" in keep_credentials(URL, "p", ADA)
    [aside] = file.parent.glob("credentials.json.damaged-*")
    assert aside.read_text() == content
    assert credentials_of(URL, "p") == ADA


def test_a_record_of_wrong_types_is_as_good_as_none(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"records": {f"{URL}#p": {"key": 5, "secret": None}}}))
    assert credentials_of(URL, "p") is None


def test_writers_at_the_same_time_lose_nothing() -> None:
    def write(number: int) -> None:
        keep_credentials(URL, f"p{number}", Credentials(f"k{number}", "s"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [credentials_of(URL, f"p{n}") for n in range(12)] == [Credentials(f"k{n}", "s") for n in range(12)]


def test_a_lock_that_is_never_freed_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contox_hooks.credential._PATIENCE_S", 0.0)
    file.parent.mkdir(parents=True)
    with FileLock(file.with_suffix(".lock")) as lock:
        assert lock.take()
        with pytest.raises(Busy, match=r"credentials\.json"):
            keep_credentials(URL, "p", ADA)


# The environment


def test_the_environments_key_is_for_the_server_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTOX_API_KEY", "from-env")
    assert credentials_of(URL, "p") == Credentials("from-env", "")
    assert credentials_of("https://contox.example", "p") is None
    monkeypatch.setenv("CONTOX_API_URL", "https://contox.example/")
    assert credentials_of(URL, "p") is None
    assert credentials_of("https://contox.example", "p") == Credentials("from-env", "")
    monkeypatch.setenv("CONTOX_API_URL", "no url at all")
    assert credentials_of(URL, "p") is None


def test_the_environments_key_counts_before_the_kept_one(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_credentials(URL, "p", ADA)
    monkeypatch.setenv("CONTOX_API_KEY", "from-env")
    assert credentials_of(URL, "p") == Credentials("from-env", SECRET)


@pytest.mark.parametrize(("named", "is_meant"), [("p", True), ("", True), ("q", False)])
def test_the_environments_secret_is_for_the_project_that_it_names(
    monkeypatch: pytest.MonkeyPatch, named: str, is_meant: bool
) -> None:
    keep_credentials(URL, "p", ADA)
    monkeypatch.setenv("CONTOX_HMAC_SECRET", "from-env")
    monkeypatch.setenv("CONTOX_PROJECT_ID", named)
    assert credentials_of(URL, "p") == Credentials(KEY, "from-env" if is_meant else SECRET)
    monkeypatch.setenv("CONTOX_API_URL", "https://contox.example")
    assert credentials_of(URL, "p") == ADA


# The keyring


def test_a_real_keyring_is_used_and_no_file_is_written(chain: Memory, file: Path) -> None:
    assert keep_credentials(URL, "p", ADA) == "the system keyring"
    assert [name for _, name in chain.kept] == [f"{URL}#p"]
    assert credentials_of(URL, "p") == ADA
    assert not file.exists()
    keep_secret(URL, "p", "new")
    assert credentials_of(URL, "p") == Credentials(KEY, "new")
    forget_credentials(URL, "p")
    assert chain.kept == {}
    forget_credentials(URL, "p")


def test_what_a_file_held_moves_into_the_keyring(chain: Memory, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setenv("CONTOX_KEYRING", "off")
        keep_credentials(URL, "p", Credentials("old", "old"))
    keep_credentials(URL, "p", ADA)
    assert credentials_of(URL, "p") == ADA
    assert "old" not in file.read_text()


def test_a_keyring_that_fails_is_as_good_as_none(chain: Memory, file: Path) -> None:
    keep_credentials(URL, "p", Credentials("old", "old"))
    chain.fails = True
    assert credentials_of(URL, "p") is None
    assert str(file) in keep_credentials(URL, "p", ADA)
    chain.fails = False
    assert credentials_of(URL, "p") == ADA, "the keyring's old record came back"


def test_forgetting_is_not_claimed_when_the_keyring_refuses(chain: Memory) -> None:
    keep_credentials(URL, "p", ADA)
    chain.fails = True
    with pytest.raises(StoreError, match="did not forget"):
        forget_credentials(URL, "p")


@pytest.mark.parametrize("priority", [0, -1, 0.5])
def test_backends_that_keep_nothing_or_plain_text_do_not_count(
    chain: Memory, file: Path, monkeypatch: pytest.MonkeyPatch, priority: float
) -> None:
    monkeypatch.setattr(Memory, "priority", priority)
    keep_credentials(URL, "p", ADA)
    assert file.exists()
    assert chain.kept == {}


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring])
def test_the_packages_own_dummies_do_not_count(chain: Memory, file: Path, backend: type) -> None:
    keyring.set_keyring(backend())
    keep_credentials(URL, "p", ADA)
    assert credentials_of(URL, "p") == ADA
    assert file.exists()


def test_a_keyring_that_forgets_at_once_does_not_count(
    chain: Memory, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Memory, "set_password", lambda *_: None)
    keep_credentials(URL, "p", ADA)
    assert credentials_of(URL, "p") == ADA


# What is no key and no secret


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("", SECRET), Credentials("a b", SECRET), Credentials("k" * 5000, SECRET), Credentials("schlüssel", SECRET),
        Credentials(KEY, "é" * 1000), Credentials(KEY, "x" * 513), Credentials(KEY, "a\n"), Credentials(KEY, "\ud800abc"),
    ],
)  # fmt: skip
def test_what_a_server_made_up_is_not_written(file: Path, credentials: Credentials) -> None:
    keep_credentials(URL, "q", ADA)
    before = file.read_bytes()
    with pytest.raises(StoreError) as caught:
        keep_credentials(URL, "p", credentials)
    assert not credentials.key or credentials.key not in caught.value.message
    with pytest.raises(StoreError):
        keep_secret(URL, "q", "x" * 2_000_000)
    assert file.read_bytes() == before


def test_no_file_is_written_that_would_not_be_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_credentials(URL, "p", ADA)
    monkeypatch.setattr("contox_hooks.credential._MAX_BYTES", len(file.read_bytes()) + 50)
    with pytest.raises(StoreError, match="is full"):
        keep_credentials(URL, "q", ADA)
    assert credentials_of(URL, "p") == ADA


def test_what_is_kept_is_told_apart_from_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_credentials(URL, "p", ADA)
    monkeypatch.setenv("CONTOX_API_KEY", "from-env")
    assert credentials_of(URL, "p") == Credentials("from-env", SECRET)
    assert kept_credentials(URL, "p") == ADA


def test_a_damaged_file_does_not_keep_the_keyring_from_forgetting(chain: Memory, file: Path) -> None:
    keep_credentials(URL, "p", ADA)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{")
    with pytest.raises(StoreDamaged):
        forget_credentials(URL, "p")
    assert chain.kept == {}

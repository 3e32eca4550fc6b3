"""Keeps what a server asks for: the API key and the HMAC secret, one record for each URL and project.

In the system's keyring where there is a real one, else in `credentials.json` (0600) in the user's configuration
folder. Must not know the CLI or HTTP. Invariant: what belongs to one project never stands in for another's, and no
value is shown.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contox_hooks.domain.error import Busy, StoreDamaged, StoreError, UsageError
from contox_hooks.lock import FileLock
from contox_hooks.place import config_dir
from contox_hooks.whole import write_whole
from contox_hooks.wire.token import MAX_KEY, MAX_SECRET, is_token

_SERVICE = "contox-hooks"
_REAL = 1
"""keyring's own line: backends of a lower priority keep nothing, or keep it as plain text."""
_PATIENCE_S = 10.0
_POLL_S = 0.02
_MAX_BYTES = 4 * 1024 * 1024

_Records = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Credentials:
    key: str = field(repr=False)
    """The API key: the user's right to the server."""
    secret: str = field(repr=False)
    """The project's HMAC secret; empty when it is not known yet (the first refusal fetches it)."""


def credentials_of(url: str, project_id: str) -> Credentials | None:
    """None without a key. The environment counts before what is kept. Raises StoreError for a damaged file."""
    kept = kept_credentials(url, project_id) or Credentials("", "")
    key = environment_key(url) or kept.key
    return Credentials(key, environment_secret(url, project_id) or kept.secret) if key else None


def environment_key(url: str) -> str | None:
    """CONTOX_API_KEY, if it is for this server: CONTOX_API_URL says which, else the vendor's own."""
    return os.environ.get("CONTOX_API_KEY") or None if _is_meant(url) else None


def environment_secret(url: str, project_id: str) -> str | None:
    """CONTOX_HMAC_SECRET, if it is for this server and CONTOX_PROJECT_ID names no other project."""
    is_ours = _is_meant(url) and os.environ.get("CONTOX_PROJECT_ID", "") in ("", project_id)
    return os.environ.get("CONTOX_HMAC_SECRET") or None if is_ours else None


def _is_meant(url: str) -> bool:
    from contox_hooks.wire.endpoint import DEFAULT_URL, parse_endpoint

    try:
        meant = parse_endpoint(os.environ.get("CONTOX_API_URL") or DEFAULT_URL, plain_http=True)
        return meant.base == parse_endpoint(url, plain_http=True).base
    except UsageError:
        return False


def keep_credentials(url: str, project_id: str, credentials: Credentials) -> str:
    """Where they are now, for people. Raises StoreError (also for what is no key or secret), Busy."""
    if not is_token(credentials.key, MAX_KEY) or (credentials.secret and not is_token(credentials.secret, MAX_SECRET)):
        raise StoreError(
            f"what is to be kept for {url} is no key, or no signing secret", hint="contox-hooks connect, with another"
        )
    name = _name(url, project_id)
    record = {"key": credentials.key, "secret": credentials.secret}
    keyring = _keyring()
    if keyring is not None and _is_kept_in(keyring, name, record):
        if _path().exists():
            with _changing() as (records, _):
                records.pop(name, None)  # the file's record would count before the keyring's
        return "the system keyring"
    with _changing(mend=True) as (records, aside):
        records[name] = record
    told = f"{_path()} (readable by you alone)"
    return f"{told}; the damaged one is now {aside}" if aside else told


def keep_secret(url: str, project_id: str, secret: str) -> None:
    """The project's secret changed; its key stays. Raises StoreError, Busy."""
    kept = kept_credentials(url, project_id)
    if kept is not None and kept.secret != secret:  # with the environment's key alone nothing is kept
        keep_credentials(url, project_id, replace(kept, secret=secret))


def forget_credentials(url: str, project_id: str) -> None:
    """From wherever they are; nothing happens when there are none. Raises Busy, StoreError; StoreDamaged: nothing but
    the file's record is left."""
    name = _name(url, project_id)
    keyring = _keyring()
    if keyring is not None:
        try:
            if keyring.get_password(_SERVICE, name) is not None:
                keyring.delete_password(_SERVICE, name)
        except Exception as error:  # backends raise what their systems raise
            raise StoreError(
                f"the system keyring did not forget {name}: {type(error).__name__}", hint="unlock it and repeat"
            ) from error
    if _path().exists():
        with _changing() as (records, _):
            records.pop(name, None)


def _name(url: str, project_id: str) -> str:
    return f"{url.rstrip('/')}#{project_id}"


def kept_credentials(url: str, project_id: str) -> Credentials | None:
    """What is kept, whatever the environment says; None without a key. Raises StoreError for a damaged file.

    The file counts first: it holds what a keyring did not take, and most machines with one have no file.
    """
    name = _name(url, project_id)
    record: Any = _records().get(name)
    keyring = None if record is not None else _keyring()
    if keyring is not None:
        try:
            text = keyring.get_password(_SERVICE, name)
            record = None if text is None else json.loads(text)
        except Exception:  # locked, gone, damaged: as if it were not there
            record = None
    if not isinstance(record, dict):
        return None
    key, secret = record.get("key"), record.get("secret")
    if not (isinstance(key, str) and is_token(key, MAX_KEY)):
        return None
    return Credentials(key, secret if isinstance(secret, str) and is_token(secret, MAX_SECRET) else "")


# The system's keyring


def _keyring() -> Any:
    """The backend, or None: switched off (CONTOX_KEYRING=off), not installed, not real, broken."""
    if os.environ.get("CONTOX_KEYRING", "").lower() == "off":
        return None
    try:
        import keyring

        backend = keyring.get_keyring()
        # A chain writes to its first member.
        first = next(iter(getattr(backend, "backends", ())), backend)
        return backend if first.priority >= _REAL else None
    except Exception:
        return None


def _is_kept_in(keyring: Any, name: str, record: dict[str, str]) -> bool:
    """Whether the keyring gives back what it was given; some accept and forget."""
    text = json.dumps(record)
    try:
        keyring.set_password(_SERVICE, name, text)
        return bool(keyring.get_password(_SERVICE, name) == text)
    except Exception:
        return False


# The file


def _path() -> Path:
    return config_dir() / "credentials.json"


def _records() -> _Records:
    """Raises StoreError when the file cannot be read or understood."""
    path = _path()
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError
        records = json.loads(path.read_bytes())["records"]
        if not isinstance(records, dict) or not all(isinstance(record, dict) for record in records.values()):
            raise ValueError
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        # Not the error's own text or cause: it could quote a secret.
        raise StoreDamaged(
            f"{path} is damaged", hint="contox-hooks connect sets it aside and asks for the key"
        ) from None
    return records


@contextmanager
def _changing(*, mend: bool = False) -> Iterator[tuple[_Records, Path | None]]:
    """The records, written back whole afterwards; one process at a time. With `mend` a damaged file is set aside:
    the second value says where it is now."""
    path, aside = _path(), None
    try:
        with FileLock(path.with_suffix(".lock")) as lock:
            _wait_for(lock, path)
            try:
                records = _records()
            except StoreDamaged:
                if not mend:
                    raise
                records, aside = {}, path.with_name(f"{path.name}.damaged-{time.time_ns()}")
                path.replace(aside)
            yield records, aside
            text = json.dumps({"version": 1, "records": records}, indent=2)
            if len(text) > _MAX_BYTES:  # ASCII; it would not be read again
                raise StoreError(f"{path} is full", hint="contox-hooks disconnect --forget, where it is not needed")
            write_whole(path, text)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder and try again"
        ) from error


def _wait_for(lock: FileLock, path: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not lock.take():
        if time.monotonic() > until:
            raise Busy(f"another process is changing {path}", hint="try again when it is done")
        time.sleep(_POLL_S)

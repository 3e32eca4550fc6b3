"""Where the user's own files are: data (the memory store) and configuration.

Folders are made 0700 on first use, files in them are for the user alone. `CONTOX_DATA_DIR` and `CONTOX_CONFIG_DIR`
override the platform's folders.
"""

from __future__ import annotations

import os
from pathlib import Path

from contox_hooks.domain.error import SettingError, StoreError

_NAME = "contox-hooks"


def data_dir() -> Path:
    return _folder("CONTOX_DATA_DIR", "user_data_path")


def config_dir() -> Path:
    return _folder("CONTOX_CONFIG_DIR", "user_config_path")


def memory_path() -> Path:
    """The embedded memory store; it may not exist yet."""
    return data_dir() / "memory.db"


def database(named: str | None = None) -> Path | str:
    """Where a server, its workers and its verbs find the memory store: `postgresql://…`, or a file of SQLite
    (`sqlite:PATH` or the path alone). What was named, else CONTOX_DATABASE_URL, else the user's own.

    Raises SettingError for another kind of address."""
    text = (named or os.environ.get("CONTOX_DATABASE_URL") or "").strip()
    if not text:
        return memory_path()
    scheme, colon, rest = text.partition(":")
    if scheme in ("postgresql", "postgres") and colon:
        return text
    if scheme == "sqlite" and colon:
        text = rest.removeprefix("//") or rest
    elif "://" in text:
        hint = "postgresql://user@host/name, or sqlite:PATH"
        raise SettingError(f"{scheme}:// is no database that memory can be in", hint=hint)
    return Path(text).expanduser().absolute()


def _folder(variable: str, platform_name: str) -> Path:
    """Raises StoreError when the folder cannot be made."""
    named = os.environ.get(variable)
    if named:
        path = Path(named).expanduser().absolute()
    else:
        import platformdirs

        path = getattr(platformdirs, platform_name)(_NAME, appauthor=False)
    if not path.is_dir():
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            hint = f"make it writable, or set {variable} to a folder that is"
            raise StoreError(f"cannot make the folder {path}: {error.strerror}", hint=hint) from error
    return path

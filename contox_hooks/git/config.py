"""git's own configuration: values as git sees them, and changes to one repository's file that can be taken back.

Knows no key of ours. Writes nothing outside the repository's `config`, and that only through git or git's lock file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from contox_hooks.domain.error import Busy
from contox_hooks.git.run import run


def git_version() -> tuple[int, int]:
    """Major and minor number of the git on PATH; (0, 0) when it does not say."""
    found = re.search(rb"(\d+)\.(\d+)", run(None, "version"))
    return (int(found[1]), int(found[2])) if found else (0, 0)


def config_values(git_dir: Path, key: str, *, local: bool = False, as_path: bool = False) -> list[str]:
    """All values of `key`, the one that counts last. `local`: only the repository's file; `as_path`: `~/` expanded."""
    scope = ["--local"] if local else []
    kind = ["--type=path"] if as_path else []
    out = run(git_dir, "config", "-z", *scope, *kind, "--get-all", key, ok=(0, 1))
    return [os.fsdecode(value) for value in out.split(b"\0")[:-1]]


def config_value(git_dir: Path, key: str, *, local: bool = False, as_path: bool = False) -> str | None:
    values = config_values(git_dir, key, local=local, as_path=as_path)
    return values[-1] if values else None


def config_keys(git_dir: Path, pattern: str, *, local: bool = False) -> list[str]:
    """Names of the keys that match a POSIX extended regular expression, in the order git reads them."""
    scope = ["--local"] if local else []
    out = run(git_dir, "config", "-z", *scope, "--name-only", "--get-regexp", pattern, ok=(0, 1))
    return [os.fsdecode(name) for name in out.split(b"\0")[:-1]]


def set_config(common_dir: Path, key: str, *values: str) -> None:
    """Make `values` the only ones of `key` in the repository's file; none at all takes the key away."""
    if config_values(common_dir, key, local=True):
        run(common_dir, "config", "--local", "--unset-all", key)
    for value in values:
        run(common_dir, "config", "--local", "--add", key, value)


def config_file(common_dir: Path) -> Path:
    return Path(os.path.realpath(common_dir / "config"))


def config_bytes(common_dir: Path) -> bytes:
    """The repository's file as it is; empty when there is none."""
    try:
        return config_file(common_dir).read_bytes()
    except FileNotFoundError:
        return b""


def replace_config(common_dir: Path, content: bytes) -> None:
    """Put the whole file back, under git's own lock. Raises Busy while another git changes it, OSError."""
    path = config_file(common_dir)
    lock = path.with_name(path.name + ".lock")
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    try:
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise Busy(f"another git is changing {path}", hint=f"try again; if no git runs, delete {lock}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        lock.replace(path)
    except BaseException:
        lock.unlink(missing_ok=True)
        raise

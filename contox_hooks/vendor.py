"""Reads and writes the vendor's own files: `.contox.json` in a work tree, `~/.contoxrc` with its encrypted fields.

CONTRACT.md section 8, "Config formats". What a `.contox.json` says connects nothing: it comes with a stranger's
clone, holds no URL, and is read only when `connect` is asked to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contox_hooks.domain.error import AccessRefused, Refused, StoreError, UsageError
from contox_hooks.whole import write_whole

PROJECT_FILE = ".contox.json"
PARENTS = 20
"""How far up the vendor's CLI and MCP server look."""
_MAX_BYTES = 64 * 1024
_MAX_FIELD = 200
"""Characters of an id or a name; longer is something else."""
_SEALED = "enc:"


@dataclass(frozen=True, slots=True)
class VendorProject:
    team_id: str
    project_id: str
    project_name: str = ""
    path: Path | None = field(default=None, compare=False)
    """Where it was read."""


@dataclass(frozen=True, slots=True)
class VendorAccount:
    api_key: str = field(repr=False)
    api_url: str
    hmac_secret: str = field(repr=False)
    team_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What the vendor's key is made of: Node's os.hostname(), os.userInfo().username and os.homedir()."""

    host: str
    user: str
    home: str

    @property
    def key(self) -> bytes:
        return hashlib.sha256(f"contox:{self.host}:{self.user}:{self.home}".encode()).digest()


def this_machine() -> Machine:
    if os.name == "posix":
        import pwd

        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # a container's number without a name
            user = ""
    else:
        import getpass

        user = getpass.getuser()
    return Machine(socket.gethostname(), user, os.path.expanduser("~"))  # noqa: PTH111 (as Node: not normalised)


# .contox.json


def read_project(folder: Path, parents: int = PARENTS) -> VendorProject | None:
    """The project that `folder`, or the nearest folder above it, names. Raises UsageError for a file that is none."""
    for place in (folder, *folder.parents[:parents]):
        found = _project_at(place)
        if found is not None:
            return found
    return None


def _project_at(folder: Path) -> VendorProject | None:
    path = folder / PROJECT_FILE
    values = _values_at(path, within=folder)
    if values is None:
        return None
    team_id, project_id = (_identifier(values, name, path) for name in ("teamId", "projectId"))
    if not project_id:
        raise UsageError(f"{path} names no project (projectId)", hint=_mend(path))
    return VendorProject(team_id, project_id, _identifier(values, "projectName", path), path)


def check_writable(folder: Path, project: VendorProject, *, replace: bool = False) -> None:
    """Raises Refused when `.contox.json` there is another project's, unless `replace`; and when it is a folder."""
    path = folder / PROJECT_FILE
    if path.is_dir() and not path.is_symlink():
        raise Refused(f"{path} is a folder", hint="move it away, then repeat")
    if replace:
        return
    try:
        known = _project_at(folder)
    except UsageError as error:
        raise Refused(f"{error.message}: it is left as it is", hint="--yes replaces it") from error
    if known is not None and known.project_id != project.project_id:
        raise Refused(
            f"{path} names another project: {known.project_name or known.project_id}",
            hint="--yes replaces it, or connect to that project",
        )


def write_project(folder: Path, project: VendorProject) -> bool:
    """Write `.contox.json`; False when it names this project already: then it stays as it is. Raises StoreError.

    Replaces what stands there, so ask `check_writable` first.
    """
    path = folder / PROJECT_FILE
    try:
        known = _project_at(folder)
    except UsageError:
        known = None
    if known is not None and known.project_id == project.project_id:
        return False
    try:
        write_whole(path, project_text(project), mode=None)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder and try again"
        ) from error
    return True


def project_text(project: VendorProject) -> str:
    """The file's text, in the vendor's order."""
    values = {"teamId": project.team_id, "projectId": project.project_id}
    if project.project_name:
        values["projectName"] = project.project_name
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


# ~/.contoxrc


def read_rc(
    path: Path | None = None, machine: Machine | None = None, *, needs_key: bool = True
) -> VendorAccount | None:
    """The account that the vendor's CLI signed in to; None without the file; absent fields are empty.

    Raises UsageError for a file that is none, AccessRefused for a field that this machine cannot decrypt: that one is
    empty for who has another key (`needs_key` False).
    """
    path = path or Path.home() / ".contoxrc"
    values = _values_at(path)
    if values is None:
        return None
    key = (machine or this_machine()).key

    def opened(name: str) -> str:
        try:
            return _opened(values, name, path, key)
        except AccessRefused:
            if needs_key:
                raise
            return ""

    return VendorAccount(
        api_key=opened("apiKey"),
        api_url=_identifier(values, "apiUrl", path),
        hmac_secret=opened("hmacSecret"),
        team_id=_identifier(values, "teamId", path),
        project_id=_identifier(values, "projectId", path),
    )


def _opened(values: Mapping[str, Any], name: str, path: Path, key: bytes) -> str:
    """A field's text, decrypted where it is encrypted."""
    value = values.get(name) or ""
    if not isinstance(value, str):
        raise UsageError(f"{name} in {path} is no text", hint=_mend(path))
    if not value.startswith(_SEALED):
        return value
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    hint = "contox login there writes it anew; or: contox-hooks connect, and paste the key"
    try:
        iv, tag, sealed = (base64.b64decode(part, validate=True) for part in value.removeprefix(_SEALED).split(":"))
        if len(iv) != 12 or len(tag) != 16:
            raise ValueError
    except (ValueError, binascii.Error):
        raise AccessRefused(f"{name} in {path} is damaged", hint=hint) from None
    try:
        return AESGCM(key).decrypt(iv, sealed + tag, None).decode()
    except (InvalidTag, UnicodeDecodeError):
        raise AccessRefused(
            f"{name} in {path} cannot be decrypted: this machine's name, your user name or your home folder is another"
            " than when it was written",
            hint=hint,
        ) from None


# Both


def _values_at(path: Path, within: Path | None = None) -> dict[str, Any] | None:
    """The JSON object in a file of reasonable size; None without the file. A link must not lead out of `within`."""
    try:
        if within is not None and path.is_symlink() and not path.resolve().is_relative_to(within.resolve()):
            raise UsageError(f"{path} is a link to somewhere else", hint=_mend(path))
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_BYTES:
            raise UsageError(f"{path} is no small regular file", hint=_mend(path))
        values = json.loads(path.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
    except (ValueError, RecursionError):  # its text is not repeated: it may hold a key
        raise UsageError(f"{path} is not JSON", hint=_mend(path)) from None
    if not isinstance(values, dict):
        raise UsageError(f"{path} holds no object", hint=_mend(path))
    return values


def _identifier(values: Mapping[str, Any], name: str, path: Path) -> str:
    """A short text without control characters; empty when it is absent."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_FIELD or not value.isprintable():
        raise UsageError(f"{name} in {path} is not a short text", hint=_mend(path))
    return value


def _mend(path: Path) -> str:
    return f"mend {path.name}, or move it away"

"""Projects: which repository is which, their names and settings.

A project is a repository wherever it is cloned: the same git directory, or the same root commit with the same remote.
Invariant: asking again never makes a second one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from contox_hooks.domain.error import NotFound, Refused, UsageError
from contox_hooks.domain.redaction import redact
from contox_hooks.memory.sql import project as sql
from contox_hooks.memory.store import Row, Store

Visibility = Literal["private", "public"]
"""Public: every person of the server may read it."""


@dataclass(frozen=True, slots=True)
class Project:
    id: str
    name: str
    root_commit: str | None
    """None while the repository has no commit."""
    remote: str | None
    """Normalised: `host/path`; None for a repository without one."""
    settings: Mapping[str, Any]
    """Only what was set for this project; defaults and other layers are configuration's work."""
    created_at: int
    updated_at: int
    description: str | None = None
    visibility: Visibility = "private"
    status: str = "active"
    """Of the wire (CONTRACT.md section 1.5): active or archived."""
    repo_url: str | None = None
    """For people: where the repository is. What is read deeply comes from clones (`clones`)."""
    hmac_secret: str | None = field(default=None, repr=False)
    """What its events are signed with; None before `Access.rotate_secret`. Admins are shown it (`ensure_secret`)."""


class Projects:
    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, project_id: str) -> Project:
        """Raises NotFound."""
        row = self._store.row(sql.BY_ID, id=project_id)
        if row is None:
            raise NotFound(f"there is no project {project_id}", hint="contox-hooks init")
        return _project(row)

    def all(self) -> list[Project]:
        return [_project(row) for row in self._store.rows(sql.ALL)]

    def of_clone(self, common_dir: Path | str) -> Project | None:
        """The project that a common git directory was found to be; None before the first `find_or_create`."""
        row = self._store.row(sql.BY_CLONE, common_dir=str(common_dir))
        return None if row is None else _project(row)

    def clones(self, project_id: str) -> list[Path]:
        """Common git directories on this machine, the latest found first; some may be gone."""
        return [Path(row["common_dir"]) for row in self._store.rows(sql.CLONES, project_id=project_id)]

    def unlink_clone(self, common_dir: Path | str) -> None:
        with self._store.transaction():
            self._store.run(sql.UNLINK_CLONE, common_dir=str(common_dir))

    def find_or_create(
        self,
        *,
        common_dir: Path | str,
        root_commit: str | None,
        remote: str | None,
        name: str,
        is_new_here: bool = False,
    ) -> Project:
        """The project of a repository. `remote` is the URL as git has it; what was unknown before is filled in.

        With `is_new_here` the git directory holds nothing of ours: where its root commit is not the known project's,
        another repository stands in a folder that was used before, and must not see the old one's memory.
        """
        normalised = normalised_remote(remote)
        store = self._store
        known = store.row(sql.BY_CLONE, common_dir=str(common_dir))
        is_other = is_new_here and known is not None and root_commit and known["root_commit"] not in (None, root_commit)
        if known is not None and not is_other and _is_complete(known, root_commit, normalised):
            return _project(known)
        with store.transaction():
            if is_other:
                store.run(sql.UNLINK_CLONE, common_dir=str(common_dir))
            row = store.row(sql.BY_CLONE, common_dir=str(common_dir)) or self._same(root_commit, remote, normalised)
            if row is None:
                project_id = store.new_id()
                store.run(
                    sql.INSERT, id=project_id, name=name.strip() or "unnamed", root_commit=root_commit,
                    remote=normalised, created_at=store.now(),
                )  # fmt: skip
            else:
                project_id = row["id"]
                store.run(sql.COMPLETE, id=project_id, root_commit=root_commit, remote=normalised)
            store.run(sql.LINK_CLONE, common_dir=str(common_dir), project_id=project_id, seen_at=store.now())
            return self.get(project_id)

    def _same(self, root_commit: str | None, remote: str | None, normalised: str | None) -> Row | None:
        if root_commit is None:
            return None if normalised is None else self._store.row(sql.BY_REMOTE, remote=normalised)
        candidates = self._store.rows(sql.BY_ROOT, root_commit=root_commit)
        equal = [row for row in candidates if normalised is not None and row["remote"] == normalised]
        without = [row for row in candidates if normalised is None or row["remote"] is None]
        return next(iter(equal + without), None)

    def create(self, name: str, *, description: str | None = None) -> Project:
        """A project that no repository on this machine stands for. Raises UsageError for an empty name."""
        if not name.strip():
            raise UsageError("a project's name cannot be empty")
        with self._store.transaction():
            project_id = self._store.new_id()
            self._store.run(
                sql.INSERT, id=project_id, name=redact(name.strip()).text[:200], root_commit=None, remote=None,
                created_at=self._store.now(),
            )  # fmt: skip
            return self.change(project_id, description=description)

    def change(self, project_id: str, **values: str | None) -> Project:
        """Set any of name, description, visibility, status, repo_url; those not named stay. Secrets do not.

        Raises NotFound, UsageError for an empty name.
        """
        with self._store.transaction():
            project = self.get(project_id)
            fields = ("name", "description", "visibility", "status", "repo_url")
            now = {name: values.get(name, getattr(project, name)) for name in fields}
            now = {name: None if text is None else redact(text.strip()).text for name, text in now.items()}
            if not now["name"]:
                raise UsageError("a project's name cannot be empty")
            self._store.run(sql.CHANGE, id=project_id, now=self._store.now(), **now)
            return self.get(project_id)

    def link(self, project_id: str, common_dir: Path | str) -> None:
        """This clone is the project's as well. Raises NotFound; Refused for another project's."""
        with self._store.transaction():
            project = self.get(project_id)
            known = self.of_clone(common_dir)
            if known is not None and known.id != project.id:
                hint = "one clone is one project's: link another clone of the repository"
                raise Refused(f"{common_dir} is captured as project {known.name!r}", hint=hint)
            values = {"project_id": project_id, "seen_at": self._store.now()}
            self._store.run(sql.LINK_CLONE, common_dir=str(common_dir), **values)

    def rename(self, project_id: str, name: str) -> Project:
        if not name.strip():
            raise UsageError("a project's name cannot be empty")
        with self._store.transaction():
            self._store.run(sql.RENAME, id=project_id, name=name.strip())
            return self.get(project_id)

    def set_setting(self, project_id: str, key: str, value: Any | None) -> Project:
        """Set one value, or with None go back to the other layers'. Values are JSON; checking them is the caller's."""
        with self._store.transaction():
            settings = dict(self.get(project_id).settings)
            settings.pop(key, None)
            if value is not None:
                settings[key] = value
            self._store.run(sql.SET_SETTINGS, id=project_id, settings=json.dumps(settings, sort_keys=True))
            return self.get(project_id)


_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SCP = re.compile(r"^(?:[^/@\s]+@)?([^/:\s]{2,}):(?!//)(.+)$")
"""`user@host:path` (git-clone(1)); one letter before the colon is a drive."""


def normalised_remote(url: str | None) -> str | None:
    """`host/path` of a remote, the same for ssh, https and git URLs, without credentials; None for a local path.

    The host is lower case, ports, `.git` and slashes at the end are gone; so are query and fragment, which can hold
    credentials too.
    """
    text = re.split(r"[?#]", (url or "").strip(), maxsplit=1)[0]
    if _SCHEME.match(text):
        scheme, _, rest = text.partition("://")
        if scheme.lower() == "file":
            return None
        host, slash, path = rest.partition("/")
        if not slash:
            return None
        host = re.sub(r":\d*$", "", host.rpartition("@")[2])
    elif scp := _SCP.match(text):
        host, path = scp.groups()
    else:
        return None
    path = path.strip("/").removesuffix(".git").rstrip("/")
    return f"{host.lower()}/{path}" if host and path else None


def _is_complete(row: Row, root_commit: str | None, remote: str | None) -> bool:
    return not (row["root_commit"] is None and root_commit) and (remote is None or row["remote"] == remote)


def _project(row: Row) -> Project:
    return Project(
        row["id"], row["name"], row["root_commit"], row["remote"], json.loads(row["settings"]), row["created_at"],
        row["updated_at"] or row["created_at"], row["description"], row["visibility"], row["status"], row["repo_url"],
        row["hmac_secret"],
    )  # fmt: skip

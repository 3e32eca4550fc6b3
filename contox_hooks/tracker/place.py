"""Where a tracker keeps its files: `.context/` of the project's root, of which git is told that it is nobody's work.

Must not know what is in them. Invariants: the folder is a real one: a link or a file of that name, which a stranger's
clone may bring, is refused and never followed; nothing is written into one that git tracks, for what is private would
go into commits.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from contox_hooks.domain.error import Refused, RepositoryError, StoreError, UsageError
from contox_hooks.git.repository import Repository, locate

FOLDER = ".context"
_IGNORED = {b".context", b".context/", b"/.context", b"/.context/"}


@dataclass(frozen=True, slots=True)
class Place:
    root: Path
    """Absolute; said by git or by the user, once."""
    repo: Repository | None = None
    """What holds the root; None where a named folder is in no repository."""

    @property
    def folder(self) -> Path:
        return self.root / FOLDER

    @property
    def log(self) -> Path:
        return self.folder / "session.md"

    @property
    def state(self) -> Path:
        return self.folder / "session_state.json"

    @property
    def pid(self) -> Path:
        """For people and scripts: nothing here reads it."""
        return self.folder / "session.pid"

    @property
    def stop(self) -> Path:
        """There while a tracker is asked to end that no signal reaches."""
        return self.folder / "session.stop"

    @property
    def summary(self) -> Path:
        return self.folder / "session_summary.md"

    @property
    def sessions(self) -> Path:
        """One file a closed session."""
        return self.folder / "sessions"

    @property
    def lock(self) -> Path:
        """A running tracker holds it for life: this, and nothing that is written anywhere, says that there is one."""
        return self.folder / "session.lock"

    @property
    def writing(self) -> Path:
        """Held for as long as a line takes, by whoever writes to the log or looks at `lock`."""
        return self.folder / "writing.lock"

    def check(self) -> None:
        """Before anything in the folder is opened; it need not exist. Raises StoreError."""
        for path in (self.folder, self.sessions):
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise StoreError(f"{path} is no folder of its own", hint=f"move it away: {path}")

    def refuse_tracked(self) -> None:
        """Raises Refused when git's index has files of the folder."""
        from contox_hooks.git.tracked import tracked

        if self.repo is None or self.repo.work_tree is None or not self.folder.exists():
            return
        folder = os.path.relpath(os.path.realpath(self.root), os.path.realpath(self.repo.work_tree))
        if not folder.startswith("..") and tracked(self.repo, [(Path(folder) / FOLDER).as_posix()]):
            from shlex import quote  # a stranger named this folder

            hint = f"git -C {quote(str(self.root))} rm -r -q --cached {FOLDER}"
            raise Refused(f"git tracks {self.folder}: what is private would go into commits", hint=hint)

    def create(self) -> None:
        """The folder, for its owner alone, and git's ignoring of it. Raises StoreError, Refused."""
        self.check()
        self.refuse_tracked()
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            if self.repo is not None:
                _keep_ignored(self.repo.common_dir)
        except OSError as error:
            raise unwritable(self.folder, error) from error


def place_of(root: Path | None = None) -> Place:
    """The work tree that the working directory is in, or the folder named; git's own folder is neither. Raises
    RepositoryError, UsageError."""
    try:
        path = Path.cwd() if root is None else root.resolve()
        is_folder = path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # a folder that is gone, a NUL byte, a loop of links
        where = "the working directory" if root is None else repr(str(root))
        raise UsageError(f"{where} is no folder", hint="cd into one that exists") from error
    if not is_folder:
        raise UsageError(f"{root} is no folder")
    try:
        repo = locate(path)
    except RepositoryError:
        if root is None:
            raise
        return Place(path)
    if repo.work_tree is None:
        hint = "cd into a work tree, or name a folder of one: contox-hooks tracker start DIR"
        raise RepositoryError(f"there are no files to follow in {path}", hint=hint)
    return Place(repo.work_tree if root is None else path, repo)


def unwritable(path: Path, error: OSError) -> StoreError:
    hint = "free some space, or check its permissions"
    return StoreError(f"{error.filename or path} cannot be written: {error.strerror or error}", hint=hint)


def _keep_ignored(common_dir: Path) -> None:
    """For all worktrees, without touching a file that is committed. Raises OSError."""
    exclude = common_dir / "info" / "exclude"
    text = exclude.read_bytes() if exclude.exists() else b""
    if _IGNORED.isdisjoint(line.strip() for line in text.splitlines()):
        exclude.parent.mkdir(exist_ok=True)
        with exclude.open("ab") as file:
            file.write((b"" if text.endswith(b"\n") or not text else b"\n") + FOLDER.encode() + b"/\n")

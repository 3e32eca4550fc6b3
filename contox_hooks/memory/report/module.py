"""What people call a module: a folder of sources, or a single file that stands beside such folders.

Pure. Invariant: every path has exactly one module; only sources and migrations make modules, the rest has its kind.
"""

from __future__ import annotations

from collections.abc import Iterable

from contox_hooks.domain.path import path_kind

_MAKING = ("source", "migration")


def is_code(path: str) -> bool:
    return path_kind(path) in _MAKING


class Modules:
    def __init__(self, tracked: Iterable[str]) -> None:
        """`tracked`: the files that there are. A path of a file that is gone gets its folder's answer."""
        folders = {path.rpartition("/")[0] for path in tracked if is_code(path)}
        above = {"/".join(parts[:size]) for parts in map(_parts, folders) for size in range(len(parts))}
        # With one folder in all, folders tell nothing apart.
        self._split = folders if len(folders) == 1 else folders & above

    def of(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        return path if folder in self._split or not folder else folder


def _parts(folder: str) -> list[str]:
    return folder.split("/") if folder else []

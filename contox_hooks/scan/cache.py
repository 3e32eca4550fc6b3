"""What blobs were found to say, kept in the repository's state folder so that a scan reads only what changed.

One SQLite file that may be deleted at any time: it is made anew. Must not know what the rows mean. Invariant: a cache
that cannot be read or written costs time, never a scan.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from contox_hooks import __version__
from contox_hooks.git.listing import Entry
from contox_hooks.scan.said import Said

FORMAT: Final = 2
_STAMP: Final = zlib.crc32(f"{FORMAT} {__version__}".encode()) >> 1
"""What another version of the program read is read anew: its readers may say something else of the same bytes."""
_KEPT_TREES: Final = 4
"""Times the files of the present tree that are kept: other branches come back."""


class Cache:
    """Rows by blob id and path, since a file's name says how it is read."""

    def __init__(self, path: Path | None) -> None:
        """Without a path nothing is known and nothing kept."""
        self._db = None if path is None else _opened(path)

    def known(self, wanted: Iterable[Entry]) -> dict[str, list[Said]]:
        """By path, what is known of these very contents."""
        if self._db is None:
            return {}
        try:
            rows = self._db.execute("SELECT path, blob, said FROM said").fetchall()
        except sqlite3.Error:
            return {}
        by_path = {(path, blob): said for path, blob, said in rows}
        found = {}
        for entry in wanted:
            said = by_path.get((_text(entry.path), entry.blob_id))
            if said is not None:
                found[entry.path] = [Said(*row) for row in json.loads(said)]
        return found

    def keep(self, found: Mapping[Entry, list[Said]]) -> None:
        self._change(
            "INSERT OR REPLACE INTO said VALUES (?, ?, ?)",
            [(_text(entry.path), entry.blob_id, json.dumps(rows)) for entry, rows in found.items()],
        )

    def shrink(self, present: Iterable[Entry]) -> None:
        """`present`: all that the tree has now. What no tree of late had goes."""
        if self._db is None:
            return
        here = {(_text(entry.path), entry.blob_id) for entry in present}
        with suppress(sqlite3.Error):
            kept = set(self._db.execute("SELECT path, blob FROM said"))
            if len(kept) > _KEPT_TREES * len(here):
                self._change("DELETE FROM said WHERE path = ? AND blob = ?", kept - here)

    def _change(self, statement: str, rows: Iterable[tuple[str, ...]]) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error), self._db:
                self._db.executemany(statement, rows)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()


def _opened(path: Path) -> sqlite3.Connection | None:
    for _ in range(2):
        try:
            db = sqlite3.connect(path, timeout=2.0)
            path.chmod(0o600)
            if db.execute("PRAGMA user_version").fetchone()[0] != _STAMP:
                db.execute("DROP TABLE IF EXISTS said")
                db.execute(
                    "CREATE TABLE said (path TEXT, blob TEXT, said TEXT NOT NULL, PRIMARY KEY (path, blob))"
                    " WITHOUT ROWID"
                )
                db.execute(f"PRAGMA user_version = {_STAMP}")
                db.commit()
            return db
        except sqlite3.OperationalError:  # locked by another scan, a full disk
            return None
        except (sqlite3.DatabaseError, OSError):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                return None
    return None


def _text(path: str) -> str:
    """SQLite takes no surrogates, with which bytes that are no UTF-8 come from git."""
    return path.encode("utf-8", "backslashreplace").decode()

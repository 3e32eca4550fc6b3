"""Files are written whole or not at all."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contox_hooks.whole import write_whole


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow any more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_cannot_be_written_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file é"
    write_whole(path, "before \udcff")
    with full_disk(), pytest.raises(OSError):
        write_whole(path, "after")
    assert path.read_bytes() == b"before \xff"
    assert os.listdir(tmp_path) == ["file é"]  # noqa: PTH208


def test_modes(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        for mode, seen in ((0o600, 0o600), (0o755, 0o755), (None, 0o640)):
            write_whole(tmp_path / "file", b"x", mode=mode, durable=False)
            assert (tmp_path / "file").stat().st_mode & 0o777 == seen
    finally:
        os.umask(before)


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    (tmp_path / "link").symlink_to(elsewhere)
    write_whole(tmp_path / "link", "ours")
    assert elsewhere.read_text() == "theirs"
    assert (tmp_path / "link").read_text() == "ours"

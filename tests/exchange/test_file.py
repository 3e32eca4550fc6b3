"""Where an export may be written, and how much is read from a pipe (exchange/file.py)."""

from __future__ import annotations

import io
import os
import stat
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from contox_hooks.domain.error import Refused, UsageError
from contox_hooks.exchange import file as exchange_file
from contox_hooks.exchange.file import readable, write


def test_a_link_is_followed_and_a_file_replaced(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "real").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to("deep/real")
    write([b"a", b"b"], link)
    assert link.is_symlink()
    assert (tmp_path / "deep" / "real").read_bytes() == b"ab"
    assert stat.S_IMODE((tmp_path / "deep" / "real").stat().st_mode) == 0o600


def test_a_pipe_stays_what_it_is(tmp_path: Path) -> None:
    pipe, found = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write([b"x" * 100_000], pipe)
    reader.join()
    assert found == [b"x" * 100_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["memory.db", ".git/config", "state/queue"])
def test_a_programs_own_state_is_not_replaced(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"SQLite format 3\0 and more" if name == "memory.db" else b"own")
    before = path.read_bytes()
    with pytest.raises(Refused):
        write([b"x"], path, never=[tmp_path / "state"])
    assert path.read_bytes() == before


def test_a_full_disk_behind_standard_output_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(flush=lambda: None, buffer=full))
        with pytest.raises(UsageError, match="standard output"):
            write([b"x"], None)


@pytest.mark.parametrize("text", [b"y\n" * 9, b"{" + b"x" * 99 + b"\n", b"{}\n" * 99])
def test_what_never_ends_is_not_kept(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_file, "MAX_BYTES", 200)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    with pytest.raises(UsageError, match="no export"), readable("-", longest_line=50):
        pass

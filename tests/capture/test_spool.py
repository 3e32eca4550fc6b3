from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.capture.spool import hints_since

A, B = "a" * 40, "b" * 64


def test_records_are_read_once(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_text(f"\n1 post-commit {A} -\n\n1 post-rewrite {A} - rebase\n1 pair rebase {A} {B}\n")
    hints = hints_since(spool, 0)
    assert (hints.heads, hints.pairs, hints.records) == (frozenset({A}), ((A, B),), 3)
    assert hints_since(spool, hints.offset).records == 0


def test_a_half_written_line_waits_for_its_end(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_text("\n1 post-commit aaaa")
    hints = hints_since(spool, 0)
    assert hints.records == 0
    with spool.open("a") as file:
        file.write(f"\n1 post-commit {A} -\n")
    assert hints_since(spool, hints.offset).heads == {A}


def test_an_emptied_spool_is_read_from_its_start(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_text(f"\n1 post-commit {A} -\n")
    assert hints_since(spool, 5000).heads == {A}


def test_only_hooks_that_make_commits_name_one(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_text(f"\n1 post-checkout {A} - x y 1\n\n1 post-merge {A} - 0\n")
    assert hints_since(spool, 0).heads == frozenset()


@given(st.binary(max_size=400))
def test_garbage_is_passed_over(tmp_path_factory: object, data: bytes) -> None:
    spool = tmp_path_factory.mktemp("spool") / "spool"  # type: ignore[attr-defined]
    spool.write_bytes(data + f"\n1 post-commit {A} -\n".encode())
    hints = hints_since(spool, 0)
    assert A in hints.heads
    assert hints.offset == len(data) + len(f"\n1 post-commit {A} -\n")

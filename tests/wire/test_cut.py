from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.wire.cut import cut_text, utf16_units

texts = st.text(st.sampled_from("a\né漢😀\ud83d\ude00"), max_size=200)
LONGEST_MARK = len("\n[… 200 characters not sent]\n")


@given(texts, st.integers(0, 250), st.booleans())
def test_a_cut_is_bounded_told_and_splits_no_character(text: str, most: int, at_line: bool) -> None:
    cut, kept = cut_text(text, most, at_line=at_line)
    if utf16_units(text) <= most:
        assert (cut, kept) == (text, len(text))
        return
    assert utf16_units(cut) <= max(most, LONGEST_MARK)
    assert cut.startswith(text[:kept])
    assert cut[kept:].strip() == f"[… {len(text) - kept} characters not sent]"


@given(texts, st.integers(0, 250))
def test_no_more_is_cut_than_must(text: str, most: int) -> None:
    cut, kept = cut_text(text, most)
    if kept < len(text) and most > LONGEST_MARK:
        assert utf16_units(cut) >= most - 4  # a pair that did not fit, and a shorter number in the mark


def test_units_are_those_of_javascript() -> None:
    assert [utf16_units(text) for text in ("", "abc", "é漢", "😀", "\ud83d")] == [0, 3, 2, 2, 1]


def test_a_pair_stays_whole() -> None:
    text = "😀" * 50
    for most in range(LONGEST_MARK, 100):
        cut, kept = cut_text(text, most)
        assert cut.startswith("😀" * kept + "[…")


def test_at_a_line() -> None:
    assert cut_text("first line\n" + "x" * 100, 60, at_line=True) == ("first line\n[… 101 characters not sent]\n", 10)
    assert cut_text("x" * 100, 60, at_line=True)[0].endswith("x\n[… 69 characters not sent]\n")

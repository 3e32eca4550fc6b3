"""The budget of a diff: never exceeded, spent fairly, every cut marked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.diff import FilePatch, patch_header, shares, spend_budget, spent_files
from contox_hooks.domain.path import PathKind


def patch(path: str, hunks: list[str], kind: PathKind = "source", omitted: tuple[int, int] = (0, 0)) -> FilePatch:
    return FilePatch(path, kind, patch_header(path, path) + "".join(hunks), *omitted)


def hunk(number: int, lines: int, width: int = 20) -> str:
    return f"@@ -{number},{lines} +{number},{lines} @@\n" + f"+{'x' * (width - 1)}\n" * lines


KINDS: list[PathKind] = ["source", "test", "doc", "config", "ci", "migration", "lock", "generated", "asset", "other"]
PATCHES = st.lists(
    st.builds(
        patch,
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=90),
        st.lists(st.builds(hunk, st.integers(1, 99), st.integers(1, 40), st.integers(2, 900)), min_size=1, max_size=6),
        st.sampled_from(KINDS),
        st.one_of(st.just((0, 0)), st.tuples(st.integers(1, 10**9), st.integers(0, 50))),
    ),
    max_size=12,
)


@given(PATCHES, st.integers(0, 6000), st.integers(0, 30_000))
def test_the_result_never_exceeds_the_budget(patches: list[FilePatch], budget: int, more: int) -> None:
    spent = spend_budget(patches, budget, more_files=more)
    assert len(spent.text) <= budget
    whole = "".join(each.text for each in patches)
    is_whole = not more and not any(each.omitted_bytes for each in patches)
    assert spent.cut == (not is_whole or len(whole) > budget)
    if not spent.cut:
        assert sorted(spent.text) == sorted(whole)
    elif budget >= 60:
        assert re.search(r"^\[… .* not shown\]$", spent.text, re.MULTILINE)


@given(PATCHES, st.integers(100, 6000), st.integers(0, 30))
def test_every_file_is_shown_or_counted(patches: list[FilePatch], budget: int, more: int) -> None:
    spent = spend_budget(patches, budget, more_files=more)
    shown = len(list(spent_files(spent.text)))
    counted = re.findall(r"^\[… (\d+) more files? not shown\]$", spent.text, re.MULTILINE)
    assert shown + sum(map(int, counted)) == len(patches) + more


@given(PATCHES, st.integers(100, 6000))
def test_nothing_is_shown_that_was_not_there(patches: list[FilePatch], budget: int) -> None:
    lines = {line for each in patches for line in each.text.split("\n")} | {""}
    for line in spend_budget(patches, budget).text.split("\n"):
        cut_within = any(whole.startswith(line) for whole in lines)
        assert cut_within or re.fullmatch(r"\[… .* not shown\]", line)


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 2)), max_size=40), st.integers(0, 9000))
def test_shares_are_level(wanted: list[tuple[int, int]], budget: int) -> None:
    sizes, ranks = [size for size, _ in wanted], [rank for _, rank in wanted]
    granted = shares(sizes, ranks, budget)
    assert sum(granted) <= budget
    assert all(0 <= share <= size for share, size in zip(granted, sizes, strict=True))
    for rank in (0, 1, 2):
        cut = [
            share for share, size, each in zip(granted, sizes, ranks, strict=True) if each == rank and 0 < share < size
        ]
        assert not cut or max(cut) - min(cut) <= len(sizes)
    if sum(sizes) <= budget:
        assert granted == sizes


def test_no_file_starves_the_others() -> None:
    small = [patch(f"s{number}.py", [hunk(1, 3)]) for number in range(5)]
    spent = spend_budget([patch("big.py", [hunk(n, 50) for n in range(50)]), *small], 3000)
    assert all(each.text in spent.text for each in small)
    assert re.search(r"\[… 4\d hunks, 5\d\.\d kB of big.py not shown\]\n", spent.text)
    assert len(spent.text) > 1500


def test_sources_come_first_and_generated_files_last() -> None:
    lock = patch("package-lock.json", [hunk(1, 400)], "lock")
    test = patch("tests/test_a.py", [hunk(1, 400)], "test")
    source = patch("a.py", [hunk(1, 400)], "source")
    text = spend_budget([lock, test, source], 3000).text
    assert [path for path, _ in spent_files(text)] == ["a.py", "tests/test_a.py"]
    parts = dict(spent_files(text))
    assert len(parts["a.py"]) > 2 * len(parts["tests/test_a.py"]) > 1000
    assert "[… 1 more file not shown]\n" in text
    assert [path for path, _ in spent_files(spend_budget([lock], 3000).text)] == ["package-lock.json"]


def test_whole_hunks_are_kept_while_they_fit() -> None:
    each = patch("a.py", [hunk(1, 5), hunk(50, 5), hunk(90, 200)])
    spent = spend_budget([each], 600)
    assert spent.text == each.text[: each.text.index("@@ -90")] + "[… 1 hunk, 4.2 kB of a.py not shown]\n"


def test_a_first_hunk_that_is_too_long_is_cut_at_a_line() -> None:
    spent = spend_budget([patch("a.py", [hunk(1, 300), hunk(400, 1)])], 500)
    body, mark = spent.text[:-1].rsplit("\n", 1)
    assert set(body.split("\n")[3:]) == {"+" + "x" * 19}
    assert mark == "[… 1 hunk, 6.0 kB of a.py not shown]"


def test_a_line_that_is_too_long_is_cut_inside() -> None:
    spent = spend_budget([patch("a.py", [f"@@ -1 +1 @@\n+{'x' * 5000}\n"])], 500)
    assert re.search(r"\n\+x{100,}\n\[… 4\.\d kB of a.py not shown\]\n\Z", spent.text)


def test_what_was_never_kept_is_counted_too() -> None:
    spent = spend_budget([patch("a.py", [hunk(1, 3), hunk(9, 3)], omitted=(200_000_000, 7))], 3000)
    assert spent.text.endswith("[… 8 hunks, 200.0 MB of a.py not shown]\n")
    assert spent.cut


@pytest.mark.parametrize("budget", [0, 1, 10, 25])
def test_a_budget_too_small_for_anything(budget: int) -> None:
    assert spend_budget([patch("a.py", [hunk(1, 3)])], budget).text == ""


def test_a_newline_in_a_name_stays_on_one_line() -> None:
    spent = spend_budget([patch("a\n+++ b/other\n@@ x.py", [hunk(1, 300)])], 700)
    assert [path for path, _ in spent_files(spent.text)] == ["a\\n+++ b/other\\n@@ x.py"]


def test_the_way_back_gives_each_files_text() -> None:
    one, two = patch("a.py", [hunk(1, 2)]), FilePatch("b.py", "source", patch_header("b.py", None) + hunk(1, 1))
    assert list(spent_files(one.text + two.text)) == [("a.py", one.text), ("b.py", two.text)]
    assert list(spent_files("")) == []

"""Which files are read, and how folders divide a project into parts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contox_hooks.domain.path import Exclusions
from contox_hooks.git.listing import Entry
from contox_hooks.scan.choice import choose, is_aside
from contox_hooks.scan.part import MOST_PARTS, parts_of
from contox_hooks.scan.tree import about


def test_every_entry_is_read_or_counted_under_a_reason() -> None:
    paths = [
        "src/a.py", "package.json", ".github/workflows/ci.yml", "README.md", "tests/test_a.py", "examples/b.py",
        "poetry.lock", "vendor/x.go", "logo.png", "notes.md", "app.vue", "x/migrations/0001.py", "db/1.sql", "private/k.py",
    ]  # fmt: skip
    entries = [Entry(path, f"{number:040x}", True) for number, path in enumerate(paths)]
    chosen = choose([*entries, Entry("link.py", "f" * 40, False)], Exclusions(["private/"]))
    read = {entry.path: role for entry, role in chosen.read}
    assert read == {
        "src/a.py": "source", "package.json": "manifest", ".github/workflows/ci.yml": "practice", "README.md": "readme",
        "db/1.sql": "source",
    }  # fmt: skip
    assert sum(chosen.skipped.values()) + len(read) == len(paths) + 1
    assert "private/k.py" not in chosen.tracked
    assert chosen.sources == ["src/a.py", "app.vue", "db/1.sql"]


@pytest.mark.parametrize(
    ("path", "aside"),
    [
        ("examples/a.py", True), ("packages/x/examples/a.py", True), ("docs/conf.py", True),
        ("src/main/java/org/samples/shop/Shop.java", False), ("lib/docs/a.rb", False), ("documents/a.py", False),
    ],
)  # fmt: skip
def test_what_stands_aside(path: str, aside: bool) -> None:
    assert is_aside(path) is aside


@pytest.mark.parametrize("folder", ["www", "demo", "contrib", "samples/shop"])
def test_what_would_stand_aside_is_the_project_where_there_is_no_other_code(folder: str) -> None:
    def sources(*paths: str) -> list[str]:
        return choose([Entry(path, "0" * 40, True) for path in paths], Exclusions([])).sources

    assert sources(f"{folder}/a.py", "README.md", "tests/test_a.py") == [f"{folder}/a.py"]
    assert sources(f"{folder}/a.py", "b.py") == ["b.py"]


def test_a_folder_that_holds_nothing_but_one_other_is_that_one() -> None:
    parts = parts_of([f"src/shop/{name}.py" for name in "abc"])
    assert [(part.path, len(part.files)) for part in parts] == [("src/shop", 3)]


def test_the_largest_folder_is_divided_and_the_small_ones_of_very_many_stay_together() -> None:
    many = [f"app/m{folder:02}/f{number}.py" for folder in range(40) for number in range(folder + 1)]
    parts = parts_of([*many, "app/main.py"])
    assert len(parts) <= MOST_PARTS
    [rest] = [part for part in parts if part.path == "app"]
    assert rest.is_rest
    assert {"app/main.py", "app/m00/f0.py"} <= set(rest.files)
    assert "app/m39" in {part.path for part in parts}


@settings(max_examples=25, deadline=None)
@given(
    st.sets(st.lists(st.sampled_from(["a", "b", "src", "x y", "ä"]), min_size=1, max_size=5).map("/".join), max_size=60)
)
def test_every_file_is_in_exactly_one_part(folders: set[str]) -> None:
    files = sorted({f"{folder}/f{number}.py" for folder in folders for number in range(3)})
    parts = parts_of(files)
    assert sorted(path for part in parts for path in part.files) == files
    assert len({part.path for part in parts}) == len(parts)
    assert all(path.startswith(f"{part.path}/") for part in parts if part.path for path in part.files)


def test_counts_are_rounded_so_that_one_file_more_changes_nothing() -> None:
    assert [about(count) for count in (1, 9, 14, 36, 349, 2624)] == [
        "1",
        "9",
        "about 10",
        "about 40",
        "about 300",
        "about 3,000",
    ]

"""Where a quote stands (pipeline/citation.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.pipeline.citation import AROUND, cited_lines_of
from contox_hooks.pipeline.quote import verified
from tests.pipeline.digests import digest

COMMIT = digest(
    "Add  paging to\tlists",
    "Rows come\nin pages.",
    hunks={
        "a.py": " def rows():\n-    return all()\n+    return page(1)\n+    # - not a removed line\n+    x = 1",
        "b.md": "+- first point\n+second",
    },
)


def cited(quote: str, path: str | None) -> list[str] | None:
    lines = cited_lines_of(Evidence(COMMIT.sha, quote, path), COMMIT)
    return None if lines is None else [line.mark + line.text.strip() for line in lines if line.is_cited]


@pytest.mark.parametrize(
    ("quote", "path", "found"),
    [
        ("return page(1)", "a.py", ["+return page(1)"]),
        ("def rows():\nreturn page(1)", "a.py", [" def rows():", "+return page(1)"]),
        ("- return all()\n+ return page(1)", "a.py", ["-return all()", "+return page(1)"]),
        ("(1)\n# - not", "a.py", ["+return page(1)", "+# - not a removed line"]),
        ("+- first point", "b.md", ["+- first point"]),
        ("Rows come in", None, [" Rows come", " in pages."]),
        ("return all()", "a.py", None),
        ("- return all()\nreturn nothing", "a.py", None),
        ("return page(1)", "c.py", None),
        ("return page(1)", None, None),
        ("", "a.py", None),
        ("  \n ", None, None),
    ],
)
def test_a_quote_is_found_in_the_lines_that_it_cites(quote: str, path: str | None, found: list[str] | None) -> None:
    assert cited(quote, path) == found


def test_only_lines_around_it_are_shown_and_the_others_are_counted() -> None:
    lines = [f"+line {number}" for number in range(100)]
    commit = digest("many", hunks={"a.py": "\n".join(lines)})
    shown = cited_lines_of(Evidence(commit.sha, "line 50", "a.py"), commit)
    assert shown is not None
    assert [line.text for line in shown if line.mark == "…"] == [
        f"{51 - AROUND} more lines",
        f"{49 - AROUND} more lines",
    ]
    assert len(shown) == 2 * AROUND + 3


@given(
    st.lists(
        st.sampled_from(["+a b", "+c", "-a b", "-d", " c", " e  f", "@@ -1 +1 @@", "+", "[… 3 hunks"]),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.sampled_from(["a b", "+c", "-a b", "-d", "c", "e f", "b", "a b c"]), max_size=4),
)
def test_it_finds_what_the_check_lets_in_and_nothing_else(patch: list[str], quote: list[str]) -> None:
    commit = digest("s", hunks={"a.py": "\n".join(["@@ -1,9 +1,9 @@", *patch])})
    evidence = Evidence(commit.sha, "\n".join(quote), "a.py")
    kept, _ = verified([Draft("bug", "t", "f", "root/bugs", 0.5, 3, (evidence,))], [commit])
    assert (cited_lines_of(evidence, commit) is not None) == bool(kept)

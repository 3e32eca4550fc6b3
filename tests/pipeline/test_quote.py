from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contox_hooks.domain.item import Draft, Evidence
from contox_hooks.pipeline.quote import added_quote, cited_lines, fold, removed_quote, verified
from tests.pipeline.digests import digest

COMMIT = digest(
    "Add  paging to\tlists",
    "Rows come\nin pages.",
    hunks={
        "a.py": " def rows():\n-    return all()\n+    return page(1)\n+    # - not a removed line",
        "b.md": "+- first point\n+second",
    },
)
DRAFT = Draft("bug", "t", "f", "root/bugs", 0.5, 3, ())


@pytest.mark.parametrize(
    ("quote", "path", "stands"),
    [
        ("Add paging to lists", None, True),
        ("Rows come in pages.", None, True),
        ("add paging", None, False),
        ("return page(1)", None, False),
        ("return page(1)", "a.py", True),
        ("+    return page(1)", "a.py", True),
        ("def rows():\nreturn page(1)", "a.py", True),
        ("- return all()\n+ return page(1)", "a.py", True),
        ("return all()", "a.py", False),
        ("-return page(1)", "a.py", False),
        ("return page(1)", "b.md", False),
        ("+- first point", "b.md", True),
        ("- first point", "b.md", False),
        ("return page(1)", "c.py", False),
        ("@@ -1,9 +1,9 @@", "a.py", False),
        ("", None, False),
        (" \n ", "a.py", False),
        ("Add \x1b[1mpaging\x1b[0m to lists", None, True),
        ("\x1b[1m", None, False),
    ],
)
def test_what_stands(quote: str, path: str | None, stands: bool) -> None:
    draft = replace(DRAFT, evidence=(Evidence(COMMIT.sha, quote, path),))
    assert verified([draft], [COMMIT]) == (([draft], 0) if stands else ([], 1))


def test_only_the_false_quote_goes() -> None:
    true, false = Evidence(COMMIT.sha, "Add paging"), Evidence(COMMIT.sha, "Remove paging")
    unknown = Evidence("f" * 40, "Add paging")
    kept, dropped = verified([replace(DRAFT, evidence=(false, true, unknown))], [COMMIT])
    assert ([draft.evidence for draft in kept], dropped) == ([(true,)], 0)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda text: bool(text.strip())))
def test_quoted_lines_read_back(line: str) -> None:
    first = next(part for part in line.splitlines() if part.strip())
    text = fold(first)
    # A line that is nothing but marks cites nothing.
    assert cited_lines(added_quote(first)) in ([text], [])
    assert cited_lines(added_quote(first)) == [text] or not text.lstrip("+")
    assert cited_lines(removed_quote(first)) == []
